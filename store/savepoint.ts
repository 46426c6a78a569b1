/**
 * A savepoint: everything of a store as one file, to go on from elsewhere.
 *
 * The file is gzip of lines of JSON: a head, a line `[key, value]` for each entry (see `plain.ts`), and an end with the
 * number of entries and the SHA-256 of the lines before, so that a file that was cut off is known as such. Written and
 * read in bounded memory: a few entries at a time.
 *
 * While a savepoint is read in, the store holds the key `meta, importing`; one that holds it is not started with.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Clock, Json } from "../actors/ports.ts";
import { keySize } from "./bytes.ts";
import { KV_LIMITS, type KvPort } from "./kv.ts";
import { toPlain } from "./plain.ts";
import { type Entry, kindOf, readSavepoint, type Savepoint, SavepointError, VERSION } from "./savepoint_reader.ts";

/** How a savepoint is written. */
export interface ExportOptions {
  readonly clock: Clock;
  /** Holds back whatever writes to the store, as long as `work` takes. Absent: nothing else writes. */
  readonly paused?: (work: () => Promise<void>) => Promise<void>;
  /** Longest time that a reader may leave the store waiting, ms; then the export fails. Default {@linkcode STALL_MS}. */
  readonly stallMs?: number;
  readonly signal?: AbortSignal;
}

/** Longest time that a reader may leave the store waiting, ms. */
export const STALL_MS = 30_000;

const IMPORTING: Deno.KvKey = ["meta", "importing"];
/** Bytes that are compressed at a time. */
const PIECE_BYTES = 64 * 1024;
const encoder = new TextEncoder();

/**
 * Everything of a store, as the bytes of a savepoint. Reading drives it; the stream fails if the store does. Nothing is
 * done, and nobody paused, before the first byte is asked for: whoever answers with it may still have to write.
 *
 * Nothing may write meanwhile: see {@linkcode ExportOptions.paused}.
 */
export function exportSavepoint(kv: KvPort, options: ExportOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { paused = (work) => work(), signal } = options, gzip = new CompressionStream("gzip");
  const writer = gzip.writable.getWriter(), stop = () => void writer.abort(signal?.reason).catch(() => {});
  const work = async () => {
    signal?.throwIfAborted();
    for await (const piece of pieces(kv, options.clock)) await taken(writer.write(piece), options);
    await taken(writer.close(), options);
  };
  const begin = () => {
    signal?.addEventListener("abort", stop, { once: true });
    paused(work).catch((error) => writer.abort(error).catch(() => {})) // the reader is told
      .finally(() => signal?.removeEventListener("abort", stop));
  };
  return begunByReading(gzip.readable, begin);
}

/** A stream whose source begins with the first piece that is asked for. */
function begunByReading<T>(stream: ReadableStream<T>, begin: () => void): ReadableStream<T> {
  const reader = stream.getReader();
  let isBegun = false;
  return new ReadableStream<T>({
    async pull(controller) {
      if (!isBegun) begin();
      isBegun = true;
      const { value, done } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Waits until the reader has taken what was written, but not for ever: the store waits too. */
async function taken(written: Promise<void>, { clock, stallMs = STALL_MS }: ExportOptions): Promise<void> {
  const done = new AbortController();
  const stalled = clock.sleep(stallMs, done.signal).then(() => {
    throw new SavepointError(`the export was given up: nobody has read on for ${stallMs / 1000} s`);
  });
  stalled.catch(() => {});
  try {
    await Promise.race([written, stalled]);
  } finally {
    written.catch(() => {});
    done.abort();
  }
}

async function* pieces(kv: KvPort, clock: Clock): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  await checkImported(kv);
  const hash = createHash("sha256"), kinds: Record<string, number> = {};
  let entries = 0,
    text = line({ sensorium: "savepoint", version: VERSION, created: new Date(clock.now()).toISOString() });
  for await (const { key, value } of kv.list({ prefix: [] }, { batchSize: 100 })) {
    text += line([toPlain([...key]), plainOf(key, value)]);
    entries++;
    kinds[kindOf(key)] = (kinds[kindOf(key)] ?? 0) + 1;
    if (text.length < PIECE_BYTES) continue;
    const piece = encoder.encode(text);
    hash.update(piece);
    yield piece;
    text = "";
  }
  const last = encoder.encode(text);
  hash.update(last);
  yield last;
  yield encoder.encode(line({ entries, kinds, sha256: hash.digest("hex") }));
}

function line(json: Json): string {
  return JSON.stringify(json) + "\n";
}

function plainOf(key: Deno.KvKey, value: unknown): Json {
  try {
    return toPlain(value);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new SavepointError(`cannot export ${JSON.stringify(toPlain([...key]))}: ${why}`);
  }
}

/**
 * Reads a savepoint into an empty store.
 *
 * If it fails, what was written is removed again; if the process dies, the store says so ({@linkcode checkImported}) and
 * the next import begins anew.
 *
 * @param wrote told after each write how many entries there are
 * @throws {SavepointError} if the store is not empty, or the savepoint is not whole
 */
export async function importSavepoint(
  kv: KvPort,
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  { signal, wrote }: { readonly signal?: AbortSignal; readonly wrote?: (entries: number) => void } = {},
): Promise<Savepoint> {
  await makeEmpty(kv);
  await kv.atomic().set(IMPORTING, true).commit();
  try {
    let group: Entry[] = [], size = 0, keys = 0, entries = 0;
    const write = async () => {
      let atomic = kv.atomic();
      for (const { key, value } of group) atomic = atomic.set(key, value);
      await atomic.commit();
      wrote?.(entries += group.length);
      group = [];
      size = keys = 0;
    };
    const reader = readSavepoint(bytes);
    let next = await reader.next();
    for (; !next.done; next = await reader.next()) {
      signal?.throwIfAborted();
      const entry = next.value;
      const full = group.length === KV_LIMITS.mutations || size + entry.bytes > KV_LIMITS.atomicBytes;
      if (full || keys + keySize(entry.key) > KV_LIMITS.keysBytes) await write();
      group.push(entry);
      size += entry.bytes;
      keys += keySize(entry.key);
    }
    if (group.length > 0) await write();
    await kv.atomic().delete(IMPORTING).commit();
    return next.value;
  } catch (error) {
    await clear(kv);
    throw error;
  }
}

/** Reads a savepoint to its end and says what it holds. @throws {SavepointError} if it is not whole */
export async function verifySavepoint(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Savepoint> {
  const reader = readSavepoint(bytes);
  let next = await reader.next();
  while (!next.done) next = await reader.next();
  return next.value;
}

/**
 * Whether the store is whole: not one that an interrupted import left.
 *
 * @throws {SavepointError} if it is
 */
export async function checkImported(kv: KvPort): Promise<void> {
  if ((await kv.get(IMPORTING)).value === null) return;
  throw new SavepointError("an import into this data directory was interrupted: import again, then start");
}

async function makeEmpty(kv: KvPort): Promise<void> {
  if ((await kv.get(IMPORTING)).value !== null) return await clear(kv); // of an interrupted import: nothing else has run
  for await (const { key } of kv.list({ prefix: [] }, { limit: 1 })) {
    const example = JSON.stringify(toPlain([...key]));
    throw new SavepointError(
      `a savepoint is read into an empty data directory only; this one holds ${example}: choose another`,
    );
  }
}

/** Removes everything, the mark of an import last. */
async function clear(kv: KvPort): Promise<void> {
  let keys: Deno.KvKey[] = [];
  const write = async () => {
    let atomic = kv.atomic();
    for (const key of keys) atomic = atomic.delete(key);
    await atomic.commit();
    keys = [];
  };
  for await (const { key } of kv.list({ prefix: [] }, { batchSize: 100 })) {
    if (key.length === IMPORTING.length && key.every((part, i) => part === IMPORTING[i])) continue;
    keys.push(key);
    if (keys.length === KV_LIMITS.mutations) await write(); // keys that are deleted do not count for their bytes
  }
  keys.push(IMPORTING);
  await write();
}
