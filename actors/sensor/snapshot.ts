/**
 * A sensor's snapshot: its state and unfinished history as bytes, with a header that says what they are.
 *
 *     u32 magic | u16 version | u16 0 | u32 bytes of meta | u32 doubles of state | u32 doubles of rows | u32 bytes of the
 *     packed state | f64 wake
 *     meta (JSON, padded to 8) | packed state, see `packing.ts` | rows of the history since the last whole chunk
 *
 * Little-endian, as every machine that runs Deno. An unknown magic or version is refused; version 1, in which the state was
 * not packed, is read.
 *
 * @module
 */
import { CHUNK_ROWS, History } from "./history.ts";
import { HEADER, makePlan, moveState, type Plan, sameWindows } from "./layout.ts";
import type { Judging } from "../config.ts";
import type { SensorActor } from "./actor.ts";
import { packedMost, packState, unpackState } from "./packing.ts";
import { wakeTime } from "./transition.ts";

const MAGIC = 0x52534e53; // "SNSR"
/** The version that is written. */
export const SNAPSHOT_VERSION = 2;
/** The version whose state is not packed. */
const UNPACKED = 1;
const HEAD_BYTES = 32;
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** Who the bytes belong to. */
export interface SnapshotMeta {
  readonly name: string;
  readonly partition: string;
  readonly type?: string;
  readonly location?: string;
  readonly channels: readonly string[];
  readonly windows: Judging["windows"];
  readonly latenessMs: number;
}

/** A snapshot is not one that this program can read; the message says why. */
export class SnapshotError extends Error {
  override name = "SnapshotError";
}

/**
 * The actor as bytes.
 *
 * @param applied everything before this position is in it
 */
export function encodeSnapshot(actor: SensorActor, applied: number): Uint8Array<ArrayBuffer> {
  const { plan, state, history } = actor, text = encoder.encode(metaOf(actor));
  const stateAt = HEAD_BYTES + Math.ceil(text.length / 8) * 8;
  const next = state[HEADER.rows], rows = history?.copy(next - next % CHUNK_ROWS, next);
  const most = stateAt + packedMost(state.length) + (rows?.byteLength ?? 0);
  if (scratch.length < most) scratch = new Uint8Array(2 * most);
  const before = state[HEADER.applied];
  state[HEADER.applied] = applied; // in the snapshot alone
  const rowsAt = packState(state, plan, scratch, stateAt);
  state[HEADER.applied] = before;
  if (rows) new Float64Array(scratch.buffer).set(rows, rowsAt / 8);
  const bytes = scratch.slice(0, rowsAt + (rows?.byteLength ?? 0)), head = new DataView(bytes.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint16(4, SNAPSHOT_VERSION, true);
  head.setUint16(6, 0, true);
  head.setUint32(8, text.length, true);
  head.setUint32(12, state.length, true);
  head.setUint32(16, rows?.length ?? 0, true);
  head.setUint32(20, rowsAt - stateAt, true);
  head.setFloat64(24, wakeTime(actor), true);
  bytes.set(text, HEAD_BYTES);
  bytes.fill(0, HEAD_BYTES + text.length, stateAt);
  return bytes;
}

/** Where a snapshot is put together before it is copied. */
let scratch = new Uint8Array(1 << 14);

/** The meta as JSON. What sensors of a plan have in common is written once. */
function metaOf({ name, partition, location, plan }: SensorActor): string {
  let common = COMMON.get(plan);
  if (common === undefined) {
    const meta: Omit<SnapshotMeta, "name" | "partition"> = {
      ...(plan.type === undefined ? {} : { type: plan.type }),
      channels: plan.channels,
      windows: plan.windows.map(({ lengthMs, hopMs }) => ({ lengthMs, hopMs })),
      latenessMs: plan.latenessMs,
    };
    COMMON.set(plan, common = JSON.stringify(meta).slice(1));
  }
  const own = JSON.stringify({ name, partition, ...(location === undefined ? {} : { location }) });
  return `${own.slice(0, -1)},${common}`;
}

const COMMON = new WeakMap<Plan, string>();

/** The least tick that changes the sensor, without decoding the rest: see `wakeTime()`. */
export function readWake(bytes: Uint8Array): number {
  return headOf(bytes).getFloat64(24, true);
}

/**
 * The meta of a snapshot.
 *
 * @throws {SnapshotError} for bytes that are no snapshot, or one of an unknown version
 */
export function readMeta(bytes: Uint8Array): SnapshotMeta {
  const head = headOf(bytes);
  return JSON.parse(decoder.decode(bytes.subarray(HEAD_BYTES, HEAD_BYTES + head.getUint32(8, true))));
}

/**
 * The actor that was written.
 *
 * @param planOf gives the plan of a type and channels under the present configuration
 * @param keepHistory whether readings are kept in memory
 * @returns its place is for the shard to number
 * @throws {SnapshotError} for bytes that are no snapshot, or one of an unknown version
 */
export function decodeSnapshot(
  bytes: Uint8Array,
  id: number,
  judging: Judging,
  planOf: (type: string | undefined, channels: readonly string[]) => Plan,
  keepHistory: boolean,
): SensorActor {
  const head = headOf(bytes), meta = readMeta(bytes);
  const stateAt = HEAD_BYTES + Math.ceil(head.getUint32(8, true) / 8) * 8, length = head.getUint32(12, true);
  const stateBytes = head.getUint16(4, true) === UNPACKED ? 8 * length : head.getUint32(20, true);
  const rowsLength = head.getUint32(16, true), rowsAt = stateAt + stateBytes;
  if (bytes.length !== rowsAt + 8 * rowsLength) {
    throw new SnapshotError(`the snapshot of ${meta.name} has ${bytes.length} bytes, not as many as its header says`);
  }
  const plan = planOf(meta.type, meta.channels), { windows, latenessMs, type, channels } = meta;
  const written = isLaidOutFor(meta, judging) ? plan : makePlan({ ...judging, windows, latenessMs }, type, channels);
  let state = readState(bytes.slice(stateAt, rowsAt), head.getUint16(4, true), written, meta.name);
  if (!sameWindows(written, plan)) state = moveState(state, written, plan);
  const actor: SensorActor = {
    id,
    name: meta.name,
    partition: meta.partition,
    location: meta.location,
    place: -1,
    plan,
    state,
  };
  if (keepHistory) {
    const next = state[HEADER.rows];
    actor.history = new History(meta.channels.length);
    const rows = new Float64Array(bytes.slice(rowsAt).buffer);
    actor.history.restore(next - rowsLength / actor.history.width, rows);
  }
  return actor;
}

/** The state as it was written. */
function readState(bytes: Uint8Array<ArrayBuffer>, version: number, plan: Plan, name: string): Float64Array {
  if (version === UNPACKED) return new Float64Array(bytes.buffer);
  try {
    return unpackState(bytes, plan);
  } catch (error) {
    throw new SnapshotError(
      `the snapshot of ${name} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Whether the snapshot was written under the windows and lateness of today: at a start most are, and need no plan made. */
function isLaidOutFor({ windows, latenessMs }: SnapshotMeta, judging: Judging): boolean {
  return latenessMs === judging.latenessMs && windows.length === judging.windows.length &&
    windows.every((w, i) => w.lengthMs === judging.windows[i].lengthMs && w.hopMs === judging.windows[i].hopMs);
}

function headOf(bytes: Uint8Array): DataView {
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD_BYTES || head.getUint32(0, true) !== MAGIC) {
    throw new SnapshotError(`these ${bytes.length} bytes are no sensor's snapshot`);
  }
  const version = head.getUint16(4, true);
  if (version < UNPACKED || version > SNAPSHOT_VERSION) {
    throw new SnapshotError(`a snapshot of version ${version} cannot be read, only up to version ${SNAPSHOT_VERSION}`);
  }
  return head;
}
