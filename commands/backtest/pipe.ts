/**
 * A backtest in a pipe: NDJSON comes in, verdicts go out as NDJSON, as soon as the lines that they belong to are there.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import { type Reading, type Refusal, refusal } from "../../actors/reading.ts";
import type { MappingHints } from "../../sources/detect.ts";
import type { FileShape } from "../../sources/inspect.ts";
import type { Mapping } from "../../sources/mapping.ts";
import { makeParser, type RecordParser } from "../../sources/parser.ts";
import { RECORD_BYTES_MAX } from "../../sources/text/records.ts";
import { ndjsonRow } from "./output.ts";
import { FileRun } from "./run.ts";

/** Where text goes to. */
interface Out {
  write(bytes: Uint8Array): Promise<number>;
}

/** Name of the partition that a pipe is. */
const PARTITION = "standard-input";

/**
 * Judges lines until the input ends, the signal is aborted or nobody reads the output any more.
 *
 * A line that is no reading is answered as well, with its errors: there is one line out for every line in that is not
 * blank, in the same order. A line of more than 65,536 characters is refused.
 *
 * @param mapping how records become readings; else it is seen from the lines that come first
 */
export async function judgePipe(
  judging: Judging,
  mapping: Mapping | undefined,
  hints: MappingHints,
  baselines: boolean,
  input: ReadableStream<Uint8Array>,
  out: Out,
  signal: AbortSignal,
): Promise<void> {
  const judge = new LineJudge(judging, mapping, hints, baselines), lines = new LineCutter();
  const reader = input.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (!signal.aborted) {
      const { value, done } = await reader.read();
      const text = await judge.judge(done ? lines.rest() : lines.cut(value ?? ""));
      if (text !== "" && !await put(out, text)) return;
      if (done) return;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** False once nobody reads. */
async function put(out: Out, text: string): Promise<boolean> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += await out.write(bytes.subarray(at));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

/** Whole lines out of pieces of text; holds at most one line that is not too long. */
class LineCutter {
  #carry = "";

  cut(text: string): string[] {
    const lines = (this.#carry + text).split("\n");
    this.#carry = lines.pop() ?? "";
    // What is too long is refused whatever follows: its beginning is enough for that.
    if (this.#carry.length > 2 * RECORD_BYTES_MAX) this.#carry = this.#carry.slice(0, RECORD_BYTES_MAX + 1);
    return lines;
  }

  rest(): string[] {
    return [this.#carry];
  }
}

/** Judges whole lines. A line's position is its number: there is no file to go back to. */
class LineJudge {
  readonly #run: FileRun;
  #parser: RecordParser | undefined;
  #row = 0;

  constructor(
    judging: Judging,
    private readonly mapping: Mapping | undefined,
    private readonly hints: MappingHints,
    baselines: boolean,
  ) {
    this.#run = new FileRun(PARTITION, judging, { windows: undefined, own: false }, { baselines, series: false });
  }

  async judge(lines: readonly string[]): Promise<string> {
    const filled = lines.filter((line) => line.trim() !== "");
    if (filled.length === 0) return "";
    const parser = this.#parser ??= makeParser(shapeOf(filled), this.mapping, this.hints), from = this.#row;
    const items = filled.map((line) => this.#parse(parser, line));
    const outcomes = await this.#run.judge({
      kind: "readings",
      items,
      positions: items.map((_, i) => from + i),
      next: this.#row,
    });
    let text = "";
    for (const [i, outcome] of outcomes.entries()) {
      const row = { text: filled[i], item: items[i], index: from + i, first: true };
      text += ndjsonRow(this.#run, { row, outcome, progress: this.#run.count(row, outcome)?.progress });
    }
    this.#run.takeAlerts(); // a pipe has no place for them: an alarm stands at its reading
    return text;
  }

  #parse(parser: RecordParser, line: string): Reading | Refusal {
    const index = this.#row++;
    return line.length > RECORD_BYTES_MAX
      ? refusal([{ field: "", message: `the record must have at most ${RECORD_BYTES_MAX} bytes` }], line, index + 1)
      : parser.parse(line, index + 1, index);
  }
}

/** What the first lines say of all. */
function shapeOf(lines: readonly string[]): FileShape {
  const objects = lines.slice(0, 100).flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? [value as Record<string, unknown>]
        : [];
    } catch {
      return []; // refused when it is judged
    }
  });
  const fields = [...new Set(objects.flatMap((one) => Object.keys(one)))], first = objects[0];
  const canonical = first === undefined || ("sensor" in first && "time" in first && typeof first.values === "object");
  const rows = objects.map((one) => fields.map((field) => one[field]));
  return {
    format: "ndjson",
    canonical,
    header: false,
    sample: { path: "standard input", fields, rows, json: true, unnamed: false },
  };
}
