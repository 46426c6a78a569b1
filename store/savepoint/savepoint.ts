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
import type { Clock, Json } from "../../actors/ports.ts";
import { readMeta } from "../../actors/sensor/snapshot.ts";
import { keyBytes, keySize, textBytes } from "../bytes.ts";
import { isHeld } from "../checkpoint/chain.ts";
import { FleetKv } from "../nodes/fleet.ts";
import { KEYS } from "../keys.ts";
import { KV_LIMITS, type KvPort } from "../kv.ts";
import { SERVER_KEYS } from "../nodes/places.ts";
import { toPlain } from "../plain.ts";
import { type Entry, kindOf, readSavepoint, type Savepoint, SavepointError, VERSION } from "./reader.ts";
import { aboutIn } from "../checkpoint/snapshots.ts";
import { TimedKv } from "../nodes/timed_kv.ts";

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
const STALL_MS = 30_000;

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
    if (isServers(key)) continue;
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

/** A savepoint that was read in. */
export interface Imported extends Savepoint {
  /**
   * Entries that were left out: windows and histories of sensors that had no snapshot yet (of a minute, as each gets one
   * within that), of which a data directory's savepoint does not say on which KV server they belong.
   */
  readonly leftOut: number;
}

/**
 * Reads a savepoint into an empty store; over several KV servers each entry goes to its partition's, for which
 * {@linkcode FleetKv.partitionOf} must know the savepoint's sensors: see `sensors.ts`.
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
): Promise<Imported> {
  const stores = storesOf(kv);
  await makeEmpty(stores);
  for (const store of stores) await store.atomic().set(IMPORTING, true).commit();
  try {
    let group: Entry[] = [], size = 0, keys = 0, entries = 0, leftOut = 0;
    const write = async () => {
      let atomic = kv.atomic();
      for (const { key, value } of group) atomic = atomic.set(key, isFence(key) && isHeld(value) ? "" : value);
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
      if (isServers(entry.key)) continue; // as earlier versions wrote
      if (kv instanceof FleetKv && !kv.isPlaced(entry.key)) {
        leftOut++;
        continue;
      }
      const sensor = kv instanceof FleetKv ? toldOf(entry) : undefined;
      const full = group.length >= KV_LIMITS.mutations - 1 || size + entry.bytes > KV_LIMITS.atomicBytes;
      if (full || keys + keySize(entry.key) > KV_LIMITS.keysBytes) await write();
      for (const one of sensor ? [entry, sensor] : [entry]) {
        group.push(one);
        size += one.bytes;
        keys += keySize(one.key);
      }
    }
    if (group.length > 0) await write();
    for (const store of stores) await store.atomic().delete(IMPORTING).commit();
    return { ...next.value, leftOut };
  } catch (error) {
    for (const store of stores) await clear(store);
    throw error;
  }
}

/** What nodes are told of a sensor, from the beginning of its snapshot: a data directory's savepoint does not say it. */
function toldOf({ key: [kind, name, , part], value }: Entry): Entry | undefined {
  const isSnapshot = kind === KEYS.sensors()[0] || (kind === KEYS.sensorPartsAll()[0] && part === 0);
  if (!isSnapshot || !(value instanceof Uint8Array)) return undefined;
  const about = aboutIn(value);
  return {
    key: KEYS.sensorOf(readMeta(value).partition, String(name)),
    value: about,
    bytes: keyBytes(String(name)) + textBytes(about),
  };
}

/** Whether it is a partition's fence. One that an export or a move holds is nobody's elsewhere. */
function isFence(key: Deno.KvKey): boolean {
  return key.length === 3 && String(key) === String(KEYS.fence(String(key[1])));
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
  const stores = storesOf(kv), marks = await Promise.allSettled(stores.map((store) => store.get(IMPORTING)));
  const failed = marks.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected" && stores.length === 1) throw failed.reason; // of several one may be away
  if (marks.every((mark) => mark.status === "rejected" || mark.value.value === null)) return;
  throw new SavepointError("an import into this store was interrupted: import again, then start");
}

function storesOf(kv: KvPort): readonly KvPort[] {
  return kv instanceof FleetKv ? kv.servers : [kv];
}

async function makeEmpty(stores: readonly KvPort[]): Promise<void> {
  const marks = await Promise.all(stores.map((store) => store.get(IMPORTING)));
  if (marks.some(({ value }) => value !== null)) {
    for (const store of stores) await clear(store); // of an interrupted import: nothing else has run
    return;
  }
  for (const store of stores) {
    for await (const { key } of store.list({ prefix: [] }, { batchSize: 10 })) {
      if (store instanceof TimedKv && (isServers(key) || String(key) === String(KEYS.format()))) continue;
      const example = JSON.stringify(toPlain([...key]));
      throw new SavepointError(
        store instanceof TimedKv
          ? `a savepoint is read into empty KV servers only; ${store.name} holds ${example}: give it a fresh file`
          : `a savepoint is read into an empty data directory only; this one holds ${example}: choose another`,
      );
    }
  }
}

/** Removes everything but what a KV server says of itself, the mark of an import last. */
async function clear(kv: KvPort): Promise<void> {
  let keys: Deno.KvKey[] = [];
  const write = async () => {
    let atomic = kv.atomic();
    for (const key of keys) atomic = atomic.delete(key);
    await atomic.commit();
    keys = [];
  };
  for await (const { key } of kv.list({ prefix: [] }, { batchSize: 100 })) {
    if (String(key) === String(IMPORTING) || (kv instanceof TimedKv && isServers(key))) continue;
    keys.push(key);
    if (keys.length === KV_LIMITS.mutations) await write(); // keys that are deleted do not count for their bytes
  }
  keys.push(IMPORTING);
  await write();
}

/** Whether a KV server says it of itself: that is in no savepoint, and there before one is read in. */
function isServers(key: Deno.KvKey): boolean {
  return Object.values(SERVER_KEYS).some((own) => String(own) === String(key));
}
