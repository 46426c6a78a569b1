/**
 * From fetched batches to messages: from the wanted offset on, without markers and without what was aborted.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { RawMessage } from "./messages.ts";
import { safeOffset } from "./positions.ts";

/** A batch as the client decodes it; as much of it as is needed. */
export interface Batch {
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly attributes: number;
  readonly firstTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly producerId: bigint;
  readonly records: readonly {
    readonly offsetDelta: number;
    readonly timestampDelta: bigint;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
  }[];
}

/** A transaction that was given up, from an offset on until its producer's marker. */
export interface Aborted {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** Bits of a batch's attributes, as Kafka's protocol has them. */
const APPEND_TIME = 0x08, TRANSACTIONAL = 0x10, CONTROL = 0x20;
/** In the key of a marker: version (2 bytes), then 0 for an abort. */
const ABORT = 0;

/**
 * The messages at `from` and behind it, in order, and the offset that follows.
 *
 * A broker gives whole batches: the first may begin before `from`. Offsets of markers, and of what compaction removed,
 * are passed over.
 *
 * @throws {SourceError} for offsets beyond what positions hold
 */
export function messagesOf(
  batches: readonly Batch[],
  aborted: readonly Aborted[],
  from: number,
): { readonly messages: RawMessage[]; readonly next: number } {
  const messages: RawMessage[] = [], givenUp = new Set<bigint>();
  const begins = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  let next = from;
  for (const batch of batches) {
    const { firstOffset, lastOffsetDelta, attributes, producerId, records } = batch;
    const first = safeOffset(firstOffset), last = safeOffset(firstOffset + BigInt(lastOffsetDelta));
    while (begins.length > 0 && begins[0].firstOffset <= firstOffset + BigInt(lastOffsetDelta)) {
      givenUp.add(begins[0].producerId);
      begins.shift();
    }
    if (last + 1 > next) next = last + 1;
    if (attributes & CONTROL) {
      if (records[0]?.key?.readInt16BE(2) === ABORT) givenUp.delete(producerId);
      continue;
    }
    if (attributes & TRANSACTIONAL && givenUp.has(producerId)) continue;
    const base = Number(batch.firstTimestamp), appended = Number(batch.maxTimestamp);
    for (const { offsetDelta, timestampDelta, key, value, headers } of records) {
      const offset = first + offsetDelta;
      if (offset < from) continue;
      const timestamp = attributes & APPEND_TIME ? appended : base + Number(timestampDelta);
      messages.push({ offset, key, value, timestamp, headers });
    }
  }
  return { messages, next };
}
