/**
 * `deno task export FILE`: writes everything that is stored into one file, a savepoint; or tables of a period.
 *
 * Of a data directory that runs the running instance writes it, between two of its checkpoints; tables are made of that.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";
import { join } from "../std/path.ts";
import { FleetKv } from "../store/nodes/fleet.ts";
import { learnSensors, whileHeld } from "../store/nodes/hold.ts";
import type { KvPort } from "../store/kv.ts";
import { DataDirError, lockState } from "../store/lock.ts";
import { writeModelFiles } from "../store/model_files.ts";
import { type ExportOptions, exportSavepoint, importSavepoint, verifySavepoint } from "../store/savepoint/savepoint.ts";
import { type Savepoint, SavepointError } from "../store/savepoint/reader.ts";
import { systemClock } from "./process/clock.ts";
import { holdOptions, KV_FILE, openDatabase } from "./instance/database.ts";
import { CommandError, EXIT, UsageError } from "./process/errors.ts";
import { EXPORT_TABLES, exportTables, type TablesWanted, type TablesWritten } from "./export/tables.ts";
import { withModels } from "./instance/models.ts";
import { readInstance, takeDataDir } from "./instance/instance.ts";
import { toggle } from "./settings/setting.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";
import { stopSignal } from "./process/signals.ts";

const settings = {
  dataDir: COMMON.dataDir,
  kv: COMMON.kv,
  models: toggle({ fallback: false, help: "write the models alone, as files below the folder FILE" }),
  ...EXPORT_TABLES,
};

const command: Command<typeof settings> = {
  name: "export",
  summary: "Writes everything that is stored into one file, a savepoint; while it runs, too.",
  positional: { what: "FILE", least: 0, most: 1 },
  settings,
  examples: [
    { line: "deno task export sensorium.savepoint", does: "everything of .sensorium" },
    { line: "deno task export plant.savepoint --data-dir .sensorium/plant", does: "of another data directory" },
    { line: "deno task export --models", does: "every version of every model into models/local and models/global" },
    {
      line: "deno task export march --format parquet --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z",
      does: "readings, verdicts, windows and alerts of a month as tables",
    },
  ],
  notes: [
    "Batch files are not in it: copy their folder beside it. The file is checked before it gets its name.",
  ],
};

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns the exit code
 * @throws {CommandError} one sentence, where it cannot be done
 */
export async function exportData(args: readonly string[]): Promise<number> {
  const { values, positional: [path] } = await readSettings(command, args);
  if (values.models) return await exportModels(values, path ?? "models");
  if (path === undefined) throw new UsageError("export needs FILE: --help shows how");
  const { format } = values, stop = stopSignal();
  try {
    if (await exists(path)) throw new CommandError(`${path} is there already: remove it, or choose another name`);
    if (format !== "savepoint") {
      const written = await writeTables(values, path, { ...values, format }, stop.signal);
      const counts = Object.entries(written).map(([kind, count]) => `${count.toLocaleString("en")} ${kind}`);
      console.log(`written below ${path}: ${counts.join(", ") || "nothing is stored of that period"}`);
      return EXIT.done;
    }
    const savepoint = await lockState(values.dataDir) === "held"
      ? await exportLive(values.dataDir, path, stop.signal)
      : await exportAtRest(values.dataDir, values.kv, path, stop.signal);
    console.log(`written: ${path}, ${saySavepoint(savepoint)}`);
    return EXIT.done;
  } catch (error) {
    if (stop.signal.aborted) throw new CommandError("stopped; nothing was written", { cause: error });
    const known = error instanceof SavepointError || error instanceof DataDirError || error instanceof StoreAwayError;
    throw known ? new CommandError(error.message, { cause: error }) : error;
  } finally {
    stop.release();
  }
}

/** Writes tables; of a running instance from a copy of its store, which is there as long as that takes. */
async function writeTables(
  { dataDir, kv }: { dataDir: string; kv: string | undefined },
  path: string,
  wanted: TablesWanted,
  signal: AbortSignal,
): Promise<TablesWritten> {
  if (await lockState(dataDir) !== "held") {
    await storePath(dataDir, kv);
    return await exportTables({ dataDir, ...(kv === undefined ? {} : { kv }) }, path, wanted, signal);
  }
  const copy = `${path}.store`;
  try {
    await Deno.mkdir(copy, { recursive: true });
    await exportLive(dataDir, join(copy, "savepoint"), signal);
    const store = await Deno.openKv(join(copy, KV_FILE));
    try {
      await importSavepoint(store, (await Deno.open(join(copy, "savepoint"))).readable, { signal });
    } finally {
      store.close();
    }
    return await exportTables({ dataDir: copy }, path, wanted, signal);
  } finally {
    await Deno.remove(copy, { recursive: true }).catch(() => {});
  }
}

/** Writes the models as files. */
async function exportModels(values: { dataDir: string; kv: string | undefined }, folder: string): Promise<number> {
  const { dataDir, kv } = values;
  if (await lockState(dataDir) !== "held") await storePath(dataDir, kv);
  const { models, versions, bytes } = await withModels(dataDir, kv, (reader) => writeModelFiles(reader, folder));
  console.log(`written below ${folder}: ${models} models, ${versions} versions, ${bytes.toLocaleString("en")} bytes`);
  return EXIT.done;
}

/** What a savepoint holds, for a person. */
export function saySavepoint({ entries, kinds }: Savepoint): string {
  const counts = Object.entries(kinds).sort(([a], [b]) => a < b ? -1 : 1).map(([kind, count]) => `${kind} ${count}`);
  return `${entries} entries${counts.length > 0 ? ` (${counts.join(", ")})` : ""}`;
}

/** Where the store is. @throws {CommandError} if there is none, so that asking does not make one */
async function storePath(dataDir: string, kv: string | undefined): Promise<string> {
  const path = kv ?? join(dataDir, KV_FILE);
  if (/^https?:/.test(path) || await exists(path)) return path;
  throw new CommandError(`nothing is stored in ${dataDir}: there is no ${path}`);
}

async function exportAtRest(dataDir: string, kv: string | undefined, path: string, signal: AbortSignal) {
  const kvPath = await storePath(dataDir, kv);
  const lock = await takeDataDir(dataDir);
  try {
    const store = await openDatabase(dataDir, kvPath, systemClock);
    try {
      return await writeWhole(path, exportSavepoint(store, { clock: systemClock, signal, ...heldIn(store) }));
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

/** Several KV servers are read while nobody writes to their partitions: nodes elsewhere may run. */
function heldIn(store: KvPort): Pick<ExportOptions, "paused"> {
  if (!(store instanceof FleetKv)) return {};
  return {
    paused: (work) =>
      whileHeld(store, holdOptions(systemClock), async () => {
        await learnSensors(store);
        await work();
      }),
  };
}

async function exportLive(dataDir: string, path: string, signal: AbortSignal): Promise<Savepoint> {
  const instance = await readInstance(dataDir);
  if (instance === undefined) {
    throw new CommandError(
      `the data directory ${dataDir} is held by a command that serves no address, such as a replay: wait for its end`,
    );
  }
  let answer: Response;
  try {
    answer = await fetch(`${instance.url}/admin/export`, {
      headers: { authorization: `Bearer ${instance.token}` },
      redirect: "error", // the token is for this address alone
      signal,
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || signal.aborted) throw error;
    throw new CommandError(`process ${instance.pid} does not answer at ${instance.url}`, { cause: error });
  }
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    throw new CommandError(`the instance at ${instance.url} refused to export (HTTP ${answer.status})`);
  }
  return await writeWhole(path, answer.body);
}

/** Writes the file under another name, checks it, and gives it its name. */
async function writeWhole(path: string, bytes: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Savepoint> {
  const part = `${path}.part`;
  try {
    const file = await Deno.open(part, { write: true, create: true, truncate: true });
    await bytes.pipeTo(file.writable);
    const savepoint = await verifySavepoint((await Deno.open(part)).readable);
    await Deno.rename(part, path);
    return savepoint;
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
