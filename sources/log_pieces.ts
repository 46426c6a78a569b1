/**
 * Lines that wait to be written to the log, as the pieces that it takes.
 *
 * @module
 */
import type { Piece } from "../actors/log.ts";
import { hashText } from "../models/hash.ts";

/** The partition that a sensor's readings go to. */
export function partitionOf(sensor: string, partitions: number): number {
  return partitions === 1 ? 0 : hashText(sensor) % partitions;
}

/** Gathers lines by partition. */
export class LogPieces {
  readonly #lines = new Map<number, Uint8Array[]>();
  #bytes = 0;

  /**
   * @param partitions of the log
   * @param pieceBytes greatest piece; no line may be longer
   */
  constructor(private readonly partitions: number, private readonly pieceBytes: number) {}

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a line with its newline. */
  add(sensor: string, line: Uint8Array): void {
    const partition = partitionOf(sensor, this.partitions), lines = this.#lines.get(partition);
    if (lines === undefined) this.#lines.set(partition, [line]);
    else lines.push(line);
    this.#bytes += line.length;
  }

  /** Hands over what waits. */
  take(): Piece[] {
    const pieces: Piece[] = [];
    for (const [partition, lines] of this.#lines) {
      for (let from = 0; from < lines.length;) {
        const piece = pieceFrom(partition, lines, from, this.pieceBytes);
        pieces.push(piece);
        from += piece.count;
      }
    }
    this.#lines.clear();
    this.#bytes = 0;
    return pieces;
  }
}

/** As many lines from `from` on as go into one piece. */
function pieceFrom(partition: number, lines: readonly Uint8Array[], from: number, pieceBytes: number): Piece {
  let to = from, size = 0;
  while (to < lines.length && size + lines[to].length <= pieceBytes) size += lines[to++].length;
  const bytes = new Uint8Array(size);
  for (let i = from, at = 0; i < to; at += lines[i++].length) bytes.set(lines[i], at);
  return { partition, bytes, count: to - from };
}
