/**
 * A sensor's snapshot: its state and unfinished history as bytes, with a header that says what they are.
 *
 *     u32 magic | u16 version | u16 doubles of lives | u32 bytes of meta | u32 doubles of state | u32 doubles of rows |
 *     u32 bytes of the packed state | f64 wake | u32 floats | u32 bytes of the packed floats
 *     meta (JSON, padded to 8) | packed state | packed floats, see `packing.ts` | rows of the history since the last whole
 *     chunk | lives of alerts that are not quiet
 *
 * Little-endian, as every machine that runs Deno. An unknown magic or version is refused. Older versions are read: 2 had no
 * floats, in 1 the state was not packed either; see `upgrade.ts`.
 *
 * @module
 */
import { Lives } from "../alerts/lives.ts";
import type { Judging } from "../config.ts";
import type { SensorActor } from "./actor.ts";
import { CHUNK_ROWS, History, upgradeRows } from "./history.ts";
import { emptyFloats, moveFloats, moveState, sameJudges, sameWindows } from "./state.ts";
import { HEADER } from "./layout.ts";
import { makePlan, type Plan } from "./plan.ts";
import { packedFloatsMost, packedMost, packFloats, packState, shapeOf, unpackFloats, unpackState } from "./packing.ts";
import { wakeTime } from "./tick.ts";
import { oldShape, upgradeLives, upgradeState } from "./upgrade.ts";

const MAGIC = 0x52534e53; // "SNSR"
/** The version that is written. */
export const SNAPSHOT_VERSION = 3;
/** The version whose state is not packed, and the first one with floats. */
const UNPACKED = 1, LEARNING = 3;
/** Bytes of the header since there are floats, and before. */
const HEAD_BYTES = 40, OLD_HEAD_BYTES = 32;
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
  /** Version of the configuration that it was written under; absent for 0. */
  readonly configuration?: number;
  /** Absent before version 3: rules alone. */
  readonly detectors?: Judging["detectors"];
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
  const { plan, state, floats, lives } = actor, text = encoder.encode(metaOf(actor));
  const stateAt = HEAD_BYTES + Math.ceil(text.length / 8) * 8;
  const next = state[HEADER.rows], history = historyOf(actor), rows = history?.copy(next - next % CHUNK_ROWS, next);
  const most = stateAt + packedMost(state.length) + packedFloatsMost(floats.length) + (rows?.byteLength ?? 0) +
    (lives?.data.byteLength ?? 0);
  if (scratch.length < most) scratch = new Uint8Array(2 * most);
  const before = state[HEADER.applied];
  state[HEADER.applied] = applied; // in the snapshot alone
  const floatsAt = packState(state, shapeOf(plan), scratch, stateAt), rowsAt = packFloats(floats, scratch, floatsAt);
  state[HEADER.applied] = before;
  if (rows) new Float64Array(scratch.buffer).set(rows, rowsAt / 8);
  const livesAt = rowsAt + (rows?.byteLength ?? 0), livesLength = lives?.data.length ?? 0;
  if (lives) new Float64Array(scratch.buffer).set(lives.data, livesAt / 8);
  const bytes = scratch.slice(0, livesAt + 8 * livesLength), head = new DataView(bytes.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint16(4, SNAPSHOT_VERSION, true);
  head.setUint16(6, livesLength, true); // at most 10 conditions of 50 channels, 19 doubles each
  head.setUint32(8, text.length, true);
  head.setUint32(12, state.length, true);
  head.setUint32(16, rows?.length ?? 0, true);
  head.setUint32(20, floatsAt - stateAt, true);
  head.setFloat64(24, wakeTime(actor), true);
  head.setUint32(32, floats.length, true);
  head.setUint32(36, rowsAt - floatsAt, true);
  bytes.set(text, HEAD_BYTES);
  bytes.fill(0, HEAD_BYTES + text.length, stateAt);
  return bytes;
}

/** The history with all channels of the actor: one that came with no row is not in it yet. */
function historyOf({ plan, state, history }: SensorActor): History | undefined {
  const channels = plan.channels.length;
  return history && channels > history.channels ? history.widened(channels, state[HEADER.rows]) : history;
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
      detectors: plan.detectors,
      ...(plan.configuration === 0 ? {} : { configuration: plan.configuration }),
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
  const head = headOf(bytes), at = headBytes(head);
  return JSON.parse(decoder.decode(bytes.subarray(at, at + head.getUint32(8, true))));
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
  const head = headOf(bytes), meta = readMeta(bytes), version = head.getUint16(4, true), learns = version >= LEARNING;
  const stateAt = headBytes(head) + Math.ceil(head.getUint32(8, true) / 8) * 8, length = head.getUint32(12, true);
  const floatsAt = stateAt + (version === UNPACKED ? 8 * length : head.getUint32(20, true));
  const rowsLength = head.getUint32(16, true), rowsAt = floatsAt + (learns ? head.getUint32(36, true) : 0);
  const livesAt = rowsAt + 8 * rowsLength;
  if (bytes.length !== livesAt + 8 * head.getUint16(6, true)) {
    throw new SnapshotError(`the snapshot of ${meta.name} has ${bytes.length} bytes, not as many as its header says`);
  }
  const plan = planOf(meta.type, meta.channels), { windows, latenessMs, type, channels } = meta;
  const detectors = meta.detectors ?? judging.detectors;
  const written = isLaidOutFor(meta, judging)
    ? plan
    : makePlan({ ...judging, windows, latenessMs, detectors }, type, channels);
  const parts = {
    state: bytes.slice(stateAt, floatsAt),
    floats: bytes.slice(floatsAt, rowsAt),
    lives: bytes.slice(livesAt),
  };
  const learnt = readLearnt(parts, version, written, meta.name), { lives } = learnt;
  let { state, floats } = learnt;
  if (!sameWindows(written, plan) || !sameJudges(written, plan)) {
    state = moveState(state, written, plan);
    floats = moveFloats(floats, written, plan);
  }
  const actor: SensorActor = {
    id,
    name: meta.name,
    partition: meta.partition,
    location: meta.location,
    place: -1,
    plan,
    state,
    floats,
    ...(lives.isEmpty ? {} : { lives }),
  };
  if (keepHistory) {
    const old = new Float64Array(bytes.slice(rowsAt, livesAt).buffer);
    actor.history = new History(channels.length);
    const rows = learns ? old : upgradeRows(old, channels.length);
    actor.history.restore(state[HEADER.rows] - rows.length / actor.history.width, rows);
  }
  return actor;
}

/** State, floats and lives as they were written, in today's layout. */
function readLearnt(
  { state, floats, lives }: { readonly [part in "state" | "floats" | "lives"]: Uint8Array<ArrayBuffer> },
  version: number,
  plan: Plan,
  name: string,
): { readonly state: Float64Array; readonly floats: Float32Array; readonly lives: Lives } {
  try {
    if (version >= LEARNING) {
      return {
        state: unpackState(state, shapeOf(plan)),
        floats: unpackFloats(floats, plan.floats),
        lives: new Lives(new Float64Array(lives.buffer)),
      };
    }
    const old = version === UNPACKED ? new Float64Array(state.buffer) : unpackState(state, oldShape(plan));
    return { state: upgradeState(old, plan), floats: emptyFloats(plan), lives: upgradeLives(old, plan) };
  } catch (error) {
    throw new SnapshotError(
      `the snapshot of ${name} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Bytes of the header. */
function headBytes(head: DataView): number {
  return head.getUint16(4, true) >= LEARNING ? HEAD_BYTES : OLD_HEAD_BYTES;
}

/** Whether the snapshot was written under the windows, lateness and detectors of today: at a start most are, and need no plan made. */
function isLaidOutFor({ windows, latenessMs, detectors }: SnapshotMeta, judging: Judging): boolean {
  return (detectors === undefined || detectors === judging.detectors) && latenessMs === judging.latenessMs &&
    windows.length === judging.windows.length &&
    windows.every((w, i) => w.lengthMs === judging.windows[i].lengthMs && w.hopMs === judging.windows[i].hopMs);
}

function headOf(bytes: Uint8Array): DataView {
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < OLD_HEAD_BYTES || head.getUint32(0, true) !== MAGIC) {
    throw new SnapshotError(`these ${bytes.length} bytes are no sensor's snapshot`);
  }
  const version = head.getUint16(4, true);
  if (version < UNPACKED || version > SNAPSHOT_VERSION) {
    throw new SnapshotError(`a snapshot of version ${version} cannot be read, only up to version ${SNAPSHOT_VERSION}`);
  }
  return head;
}
