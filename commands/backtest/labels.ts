/**
 * Labelled windows of a backtest: when something was known to be wrong, file by file.
 *
 * ```json
 * { "line1/press.csv": [["2026-01-03 10:00:00", "2026-01-03 14:30:00"], [18200, 18350]] }
 * ```
 *
 * A key is the end of a file's path, or its name with or without its endings. A window's ends are times, written as in
 * the file, or numbers of data rows from 0; both belong to it. The telemetry sets' own shape is read as well: a list of
 * `{"channel": "E-9", "anomalies": [[from, to]]}`, which labels `E-9.csv` and `E-9_test.csv`.
 *
 * @module
 */
import { z } from "zod";
import { parseTime } from "../../actors/reading.ts";
import { isZoneless, Stamps } from "../../sources/stamps.ts";
import { fileStem } from "../../sources/parser.ts";
import type { Zone } from "../../models/zone.ts";
import { UsageError } from "../process/errors.ts";

const end = z.union([z.string().min(1), z.number().int().min(0)]);
const windows = z.array(z.tuple([end, end]));
const labelsSchema = z.union([
  z.record(z.string().min(1), windows),
  z.array(z.object({ channel: z.string().min(1), anomalies: windows })),
]);

/** A labelled window: rows or times, both ends included. */
export interface LabelWindow {
  readonly by: "row" | "time";
  readonly from: number;
  readonly to: number;
}

/** All windows by key. */
export class Labels {
  readonly #windows: ReadonlyMap<string, readonly LabelWindow[]>;

  /** @param windows by key, see this module */
  constructor(windows: ReadonlyMap<string, readonly LabelWindow[]>) {
    this.#windows = windows;
  }

  /**
   * The key that means a file; undefined if none does.
   *
   * @param path with `/` or `\` between folders
   */
  keyOf(path: string): string | undefined {
    const plain = path.replaceAll("\\", "/"), stem = fileStem(plain);
    let found: string | undefined;
    for (const key of this.#windows.keys()) {
      const fits = plain === key || plain.endsWith(`/${key}`) || stem === key || stem === `${key}_test` ||
        plain.replace(/\.gz$/i, "").endsWith(`/${key}`);
      if (fits && key.length > (found?.length ?? -1)) found = key;
    }
    return found;
  }

  /** A file's windows in order; undefined if the labels do not know it. */
  of(path: string): readonly LabelWindow[] | undefined {
    const key = this.keyOf(path);
    return key === undefined ? undefined : this.#windows.get(key);
  }
}

/**
 * Reads labels.
 *
 * @param text JSON
 * @param zone of times that name none
 * @throws {UsageError} one sentence, where it is not JSON of that shape or a time cannot be read
 */
export function parseLabels(text: string, path: string, zone: Zone | undefined): Labels {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--labels: ${path} must be JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = labelsSchema.safeParse(record);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0];
    throw new UsageError(
      `--labels: ${path} must hold lists of [from, to] by file name: ${at.join(".") || "top"}: ${message}`,
    );
  }
  const entries: [string, [string | number, string | number][]][] = Array.isArray(parsed.data)
    ? parsed.data.map(({ channel, anomalies }) => [channel, anomalies])
    : Object.entries(parsed.data);
  const stamps = new Stamps("iso", zone), all = new Map<string, LabelWindow[]>();
  for (const [key, ends] of entries) {
    const own = ends.map(([from, to]) => windowOf(from, to, stamps, `${path}: ${key}`));
    all.set(key, [...all.get(key) ?? [], ...own].sort((a, b) => a.from - b.from));
  }
  return new Labels(all);
}

function windowOf(from: string | number, to: string | number, stamps: Stamps, where: string): LabelWindow {
  if (typeof from !== typeof to) throw new UsageError(`--labels: ${where}: a window's ends must be both times or rows`);
  const window: LabelWindow = typeof from === "number" && typeof to === "number"
    ? { by: "row", from, to }
    : { by: "time", from: timeOf(String(from), stamps, where), to: timeOf(String(to), stamps, where) };
  if (window.to < window.from) {
    throw new UsageError(`--labels: ${where}: a window must end after ${from}, not at ${to}`);
  }
  return window;
}

function timeOf(text: string, stamps: Stamps, where: string): number {
  const time = isZoneless(text) ? stamps.read(text) : parseTime(text);
  if (!Number.isNaN(time)) return time;
  throw new UsageError(`--labels: ${where}: ${stamps.problem(text)}`);
}
