/**
 * `deno task import FILE`: reads a savepoint into an empty data directory, or into KV servers that are empty.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";
import { StoreError } from "../store/checkpoint/chain.ts";
import { FleetKv } from "../store/nodes/fleet.ts";
import type { KvPort } from "../store/kv.ts";
import { DataDirError } from "../store/lock.ts";
import { importSavepoint } from "../store/savepoint/savepoint.ts";
import { sensorsOfSavepoint } from "../store/savepoint/sensors.ts";
import { systemClock } from "./process/clock.ts";
import { openDatabase, serverUrls } from "./instance/database.ts";
import { CommandError, EXIT } from "./process/errors.ts";
import { saySavepoint } from "./export.ts";
import { takeDataDir } from "./instance/instance.ts";
import { progressBar } from "./process/progress.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";
import { stopSignal } from "./process/signals.ts";

const settings = { dataDir: COMMON.dataDir, kv: COMMON.kv };

const command: Command<typeof settings> = {
  name: "import",
  summary: "Reads a savepoint into an empty data directory, or into empty KV servers; a start goes on from there.",
  positional: { what: "FILE", least: 1, most: 1 },
  settings,
  examples: [
    { line: "deno task import sensorium.savepoint", does: "into .sensorium, which must be empty" },
    { line: "deno task import plant.savepoint --data-dir .sensorium/copy", does: "into another data directory" },
    {
      line: "deno task import plant.savepoint --kv http://kv1:4512,http://kv2:4512",
      does: "into KV servers that nothing was stored on yet, however many the savepoint came from",
    },
  ],
  notes: ["It is all or nothing: one that is cut off leaves nothing, and after a kill only importing again helps."],
};

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns the exit code
 * @throws {CommandError} one sentence, where it cannot be done
 */
export async function importData(args: readonly string[]): Promise<number> {
  const { values: { dataDir, kv }, positional: [path] } = await readSettings(command, args), stop = stopSignal();
  const bar = progressBar("reading in"), where = serverUrls(kv).length > 0 ? "the KV servers" : dataDir;
  try {
    const { size } = await Deno.stat(path);
    await using taken = await takeStore(dataDir, kv);
    const { store } = taken, passes = store instanceof FleetKv ? 2 : 1;
    let read = 0, note = "";
    const bytes = async () =>
      (await Deno.open(path)).readable.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform(piece, out) {
            stop.signal.throwIfAborted();
            bar.update((read += piece.length) / (passes * size), note);
            out.enqueue(piece);
          },
        }),
      );
    if (store instanceof FleetKv) {
      note = "which sensors it holds";
      const sensors = await sensorsOfSavepoint(await bytes());
      store.partitionOf = (sensor) => sensors.get(sensor);
    }
    const wrote = (entries: number) => void (note = `${entries.toLocaleString("en")} entries`);
    const savepoint = await importSavepoint(store, await bytes(), { signal: stop.signal, wrote });
    bar.stop();
    const written = new Date(savepoint.created).toISOString(), { leftOut } = savepoint;
    const later = leftOut === 0 ? "" : `; ${leftOut} of them, windows and histories of new sensors, are left out`;
    console.log(`read into ${where}: ${saySavepoint(savepoint)}, written at ${written}${later}`);
    return EXIT.done;
  } catch (error) {
    bar.stop();
    if (stop.signal.aborted) throw new CommandError(`stopped; ${where} is empty again`, { cause: error });
    if (error instanceof Deno.errors.NotFound) throw new CommandError(`there is no ${path}`, { cause: error });
    const known = error instanceof DataDirError || error instanceof StoreError || error instanceof StoreAwayError;
    throw known ? new CommandError(error.message, { cause: error }) : error;
  } finally {
    stop.release();
  }
}

/** The KV servers, or the data directory with its file. */
async function takeStore(dataDir: string, kv: string | undefined): Promise<{ store: KvPort } & AsyncDisposable> {
  const isFleet = serverUrls(kv).length > 0, lock = isFleet ? undefined : await takeDataDir(dataDir);
  try {
    const store = await openDatabase(dataDir, kv, systemClock);
    return {
      store,
      [Symbol.asyncDispose]: async () => {
        store.close();
        await lock?.release();
      },
    };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}
