/**
 * The rows of a recorded file, each as it stood there and as the reading that replay makes of it.
 *
 * @module
 */
import type { ReadingsChunk } from "../../actors/ports.ts";
import type { Reading, Refusal } from "../../actors/reading.ts";
import type { MappingHints } from "../../sources/detect.ts";
import { readBlocks } from "../../sources/file_text.ts";
import { inspectFile } from "../../sources/inspect.ts";
import type { Mapping } from "../../sources/mapping.ts";
import { makeParser, type RecordParser } from "../../sources/parser.ts";
import { BATCH_SIZE } from "../../sources/replay_partition.ts";
import { type Columns, columnsIn } from "./columns.ts";

/** One row of the input. */
export interface InputRow {
  /** The record's text; for one that could not be cut out, the beginning of it. */
  readonly text: string;
  /** The reading that it is, or is a part of. */
  readonly item: Reading | Refusal;
  /** Data rows before it. */
  readonly index: number;
  /** Whether it is the first row of its reading; rows of a long layout may be joined into one. */
  readonly first: boolean;
}

/** A piece of a file. */
export interface InputBlock {
  readonly rows: readonly InputRow[];
  /** The readings of the rows, as a replay of the file hands them out. */
  readonly chunk: ReadingsChunk;
  /** Part of the file that is done, 0..1. */
  readonly done: number;
}

/** An opened file. */
export interface InputFile {
  readonly columns: Columns;
  /** Pieces of the file, in order. */
  blocks(signal: AbortSignal): AsyncGenerator<InputBlock>;
}

/** Keeps the text of every record beside what is made of it, by its number. */
class KeepingParser implements RecordParser {
  readonly joins: boolean;
  readonly #texts = new Map<number, string>();

  constructor(private readonly inner: RecordParser) {
    this.joins = inner.joins;
  }

  parse(text: string, row: number, index: number): Reading | Refusal {
    this.#texts.set(index, text);
    return this.inner.parse(text, row, index);
  }

  /** The rows of a reading: that with the number `from`, and those behind it up to `to` that were parsed. */
  *rowsOf(item: Reading | Refusal, from: number, to: number): Generator<InputRow> {
    const own = this.#texts.get(from) ?? ("sample" in item ? item.sample : "");
    this.#texts.delete(from);
    yield { text: own, item, index: from, first: true };
    for (let index = from + 1; index < to; index++) {
      const text = this.#texts.get(index);
      if (text === undefined) continue;
      this.#texts.delete(index);
      yield { text, item, index, first: false };
    }
  }
}

/**
 * Opens a file that replay can read.
 *
 * @throws {SourceError} as replay does
 */
export async function openInput(path: string, mapping: Mapping | undefined, hints: MappingHints): Promise<InputFile> {
  const shape = await inspectFile(path, mapping);
  const parser = new KeepingParser(makeParser(shape, mapping, hints)), file = { path, shape, parser };
  return {
    columns: columnsIn(shape, mapping, hints),
    async *blocks(signal) {
      const from = { mark: { position: 0, rows: 0 }, from: 0, before: 0, batchSize: BATCH_SIZE, signal };
      for await (const { items, positions, indexes, next, done } of readBlocks(file, from)) {
        const end = next.rows - (shape.header && next.rows > 0 ? 1 : 0);
        const rows = items.flatMap((item, i) => [...parser.rowsOf(item, indexes[i], indexes[i + 1] ?? end)]);
        yield { rows, chunk: { kind: "readings", items, positions, next: next.position }, done };
      }
    },
  };
}
