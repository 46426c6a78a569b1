/**
 * `deno task import FILE`: reads a savepoint into an empty data directory.
 *
 * @module
 */
import { join } from "../std/path.ts";
import { DataDirError } from "../store/lock.ts";
import { importSavepoint } from "../store/savepoint.ts";
import { SavepointError } from "../store/savepoint_reader.ts";
import { KV_FILE } from "./database.ts";
import { CommandError, EXIT } from "./errors.ts";
import { saySavepoint } from "./export.ts";
import { takeDataDir } from "./instance.ts";
import { progressBar } from "./progress.ts";
import { type Command, COMMON, readSettings } from "./settings.ts";
import { stopSignal } from "./signals.ts";

const settings = { dataDir: COMMON.dataDir, kv: COMMON.kv };

const command: Command<typeof settings> = {
  name: "import",
  summary: "Reads a savepoint into an empty data directory; a start goes on from there.",
  positional: { what: "FILE", least: 1, most: 1 },
  settings,
  examples: [
    { line: "deno task import sensorium.savepoint", does: "into .sensorium, which must be empty" },
    { line: "deno task import plant.savepoint --data-dir .sensorium/copy", does: "into another data directory" },
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
  const bar = progressBar("reading in");
  try {
    const file = await openFile(path), { size } = await file.stat();
    let read = 0;
    const counted = file.readable.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(piece, out) {
          read += piece.length;
          out.enqueue(piece);
        },
      }),
    );
    const lock = await takeDataDir(dataDir);
    try {
      const store = await Deno.openKv(kv ?? join(dataDir, KV_FILE));
      try {
        const wrote = (entries: number) => bar.update(read / size, `${entries.toLocaleString("en")} entries`);
        const savepoint = await importSavepoint(store, counted, { signal: stop.signal, wrote });
        bar.stop();
        const written = new Date(savepoint.created).toISOString();
        console.log(`read into ${dataDir}: ${saySavepoint(savepoint)}, written at ${written}`);
      } finally {
        store.close();
      }
    } finally {
      lock.release();
    }
    return EXIT.done;
  } catch (error) {
    bar.stop();
    if (stop.signal.aborted) throw new CommandError(`stopped; ${dataDir} is empty again`, { cause: error });
    throw error instanceof SavepointError || error instanceof DataDirError
      ? new CommandError(error.message, { cause: error })
      : error;
  } finally {
    stop.release();
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new CommandError(`there is no ${path}`, { cause: error });
    throw error;
  }
}
