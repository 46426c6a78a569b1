/**
 * Where a running instance's backtests are kept: a folder each below `backtests` in the data directory.
 *
 * | file | what |
 * |---|---|
 * | `backtest.json` | how it stands |
 * | `input/NAME` | what was sent or made; removed when it is over |
 * | `out/...` | what the command would write |
 *
 * @module
 */
import { BACKTEST_STATES, type BacktestPart, BacktestRefused, type BacktestView } from "../../actors/backtests/port.ts";
import type { Clock } from "../../actors/ports.ts";
import { basename, join, relative } from "../../std/path.ts";
import { OUTPUT_FILES } from "./paths.ts";
import { openOutput } from "./writer.ts";

/** Longest wait for more of an upload, ms. */
const IDLE_MS = 60_000;
const STATE_FILE = "backtest.json";
const TYPES = { csv: "text/csv", ndjson: "application/x-ndjson", parquet: "application/vnd.apache.parquet" } as const;

/** Folders of the data directory whose files may be judged by name; others hold what is nobody's to read. */
const INPUT_FOLDERS: readonly string[] = ["uploads", "datasets"];

/** One backtest's folder. */
export class BacktestFolder {
  /** @param path its folder; made by {@linkcode make} */
  constructor(readonly path: string) {}

  /** Output folder of the backtest. */
  get out(): string {
    return join(this.path, "out");
  }

  /** Makes it, with the folder for its input. */
  async make(): Promise<void> {
    await Deno.mkdir(join(this.path, "input"), { recursive: true });
  }

  /** Where what is sent or made under a name lies. */
  input(name: string): string {
    return join(this.path, "input", name);
  }

  /** Writes down how it stands: the old state or the new one is there, never half of one. */
  async save(view: BacktestView): Promise<void> {
    const output = await openOutput(join(this.path, STATE_FILE));
    await output.write(JSON.stringify(view) + "\n");
    await output.finish();
  }

  /** How it stood; undefined for a folder that holds none. */
  async load(): Promise<BacktestView | undefined> {
    try {
      const view = JSON.parse(await Deno.readTextFile(join(this.path, STATE_FILE)));
      return BACKTEST_STATES.includes(view?.state) && view.id === basename(this.path) ? view : undefined;
    } catch {
      return undefined; // never got so far, or is no folder of ours
    }
  }

  /**
   * Stores what is sent.
   *
   * @returns how many bytes it has
   * @throws {BacktestRefused} for nothing at all, for more than `most`, or when nothing comes for a minute
   */
  async store(name: string, body: ReadableStream<Uint8Array>, most: number, clock: Clock): Promise<number> {
    const output = await openOutput(this.input(name)), reader = body.getReader();
    let bytes = 0;
    try {
      for (let piece = await next(reader, clock); piece !== undefined; piece = await next(reader, clock)) {
        bytes += piece.length;
        if (bytes > most) throw new BacktestRefused("too_large", `a file has at most ${most} bytes`);
        await output.write(piece);
      }
    } finally {
      await output.finish();
      await reader.cancel().catch(() => {}); // what is left of it, if anything, is not wanted
    }
    if (bytes === 0) throw new BacktestRefused("invalid", "a recording must be sent, or JSON name one", "body");
    return bytes;
  }

  /** A file that was written. */
  async open(part: BacktestPart, view: BacktestView) {
    const verdicts = part === "verdicts" ? await this.#verdicts() : undefined;
    const name = part === "alerts" ? OUTPUT_FILES.alerts : part === "page" ? OUTPUT_FILES.report : verdicts;
    if (name === undefined) return undefined;
    const type = part === "alerts" ? TYPES.ndjson : part === "page" ? "text/html" : TYPES[view.format];
    try {
      const file = await Deno.open(join(this.out, name)), { size } = await file.stat();
      return { name, type, size, body: file.readable };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** What the report's figures are. */
  async figures(): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(join(this.out, OUTPUT_FILES.figures));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Removes what was judged, or everything. */
  async remove(what: "input" | "out" | "all"): Promise<void> {
    try {
      await Deno.remove(what === "all" ? this.path : join(this.path, what), { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #verdicts(): Promise<string | undefined> {
    const others: readonly string[] = Object.values(OUTPUT_FILES);
    try {
      for await (const { name, isFile } of Deno.readDir(this.out)) {
        if (isFile && !others.includes(name) && !name.endsWith(".part")) return name;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** The next piece of a body; undefined at its end. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>, clock: Clock): Promise<Uint8Array | undefined> {
  const giveUp = new AbortController();
  try {
    const late = clock.sleep(IDLE_MS, giveUp.signal).then(() => "late" as const);
    late.catch(() => {}); // it came in time
    const read = await Promise.race([reader.read(), late]);
    if (read === "late") throw new BacktestRefused("slow", `nothing came for ${IDLE_MS / 1000} s`);
    return read.done ? undefined : read.value;
  } finally {
    giveUp.abort();
  }
}

/** A name as a file may have it: its last part, of plain characters, not hidden. */
export function plainName(name: string): string {
  return basename(name.replaceAll("\\", "/")).replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(-100) ||
    "upload";
}

/**
 * The path of a file of the data directory that may be judged.
 *
 * @param name below the data directory, or in `uploads`
 * @throws {BacktestRefused} if there is none of that name in {@linkcode INPUT_FOLDERS}
 */
export async function fileBelow(dataDir: string, name: string): Promise<string> {
  for (const path of [join(dataDir, "uploads", name), join(dataDir, name)]) {
    const real = await Deno.realPath(path).catch(() => undefined);
    if (real === undefined || !(await Deno.stat(real)).isFile) continue;
    for (const folder of INPUT_FOLDERS) {
      const root = await Deno.realPath(join(dataDir, folder)).catch(() => undefined);
      const way = root === undefined ? ".." : relative(root, real);
      if (!way.startsWith("..") && way !== "") return real;
    }
  }
  const where = INPUT_FOLDERS.join(" and ");
  throw new BacktestRefused("unknown", `there is no file ${JSON.stringify(name)} in ${where} of the data directory`);
}
