/**
 * The rows of a recorded file, each as it stood there and as the reading that replay makes of it.
 *
 * @module
 */
import type { Reading, Refusal } from "../actors/reading.ts";
import { inspectFile } from "../sources/inspect.ts";
import { readBlocks } from "../sources/file_text.ts";
import type { MappingHints } from "../sources/detect.ts";
import type { Mapping } from "../sources/mapping.ts";
import { makeParser, type RecordParser } from "../sources/parser.ts";
import { BATCH_SIZE } from "../sources/replay_partition.ts";
import { type Columns, columnsIn } from "./backtest_columns.ts";

/** One row of the input. */
export interface InputRow {
  /** The record's text; for one that could not be cut out, the beginning of it. */
  readonly text: string;
  readonly item: Reading | Refusal;
  /** Data rows before it. */
  readonly index: number;
}

/** An opened file. */
export interface InputFile {
  readonly columns: Columns;
  /** Pieces of the file, in order. */
  blocks(signal: AbortSignal): AsyncGenerator<{ readonly rows: readonly InputRow[]; readonly done: number }>;
}

/** Keeps every record's text beside what was made of it, and rows of a long layout apart. */
class KeepingParser implements RecordParser {
  readonly joins = false;
  readonly texts = new Map<Reading | Refusal, string>();

  constructor(private readonly inner: RecordParser) {}

  parse(text: string, row: number, index: number): Reading | Refusal {
    const item = this.inner.parse(text, row, index);
    this.texts.set(item, text);
    return item;
  }
}

/**
 * Opens a file that replay can read.
 *
 * @throws {SourceError} as replay does
 */
export async function openInput(path: string, mapping: Mapping | undefined, hints: MappingHints): Promise<InputFile> {
  const shape = await inspectFile(path, mapping);
  const inner = makeParser(shape, mapping, hints), parser = new KeepingParser(inner);
  const file = { path, shape, parser };
  return {
    columns: columnsIn(shape, mapping, hints),
    async *blocks(signal) {
      const from = { mark: { position: 0, rows: 0 }, from: 0, before: 0, batchSize: BATCH_SIZE, signal };
      for await (const { items, indexes, done } of readBlocks(file, from)) {
        const rows = items.map((item, i) => {
          const text = parser.texts.get(item) ?? ("sample" in item ? item.sample : "");
          return { text, item, index: indexes[i] };
        });
        parser.texts.clear(); // whatever was parsed is in this block
        yield { rows, done };
      }
    },
  };
}
