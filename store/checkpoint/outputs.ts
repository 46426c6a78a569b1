/**
 * What comes out of a partition as values of the store: windows, histories, alerts and their steps, what was not accepted.
 *
 * @module
 */
import type { AlertRecord } from "../../actors/alerts/fold.ts";
import { placeOf } from "../../actors/alerts/ids.ts";
import type { CheckpointOutputs } from "../../actors/checkpoint.ts";
import type { Json } from "../../actors/ports.ts";
import { keyBytes, textBytes } from "../bytes.ts";
import type { Mutation } from "./chain.ts";
import { KEYS } from "../keys.ts";
import { pack, type Packed, packedBytes } from "./packed.ts";
import type { Written } from "../retention/written.ts";

/** A window's value. Its sensor, length, hop and start are in its key. */
export interface WindowValue {
  readonly type?: string;
  readonly location?: string;
  readonly revision: number;
  readonly scoreMax?: number;
  readonly channels: readonly string[];
  readonly statistics: Float64Array;
}

/** A history chunk's value. */
export interface ChunkValue {
  readonly channels: readonly string[];
  readonly rows: Float64Array;
}

/** What is stored beside outputs. */
export interface OutputsValue {
  readonly cut: number;
  readonly sinks: Readonly<Record<string, Json>>;
  readonly counts: CheckpointOutputs["counts"];
  readonly sourceTime: number;
  readonly training?: Packed<NonNullable<CheckpointOutputs["training"]>>;
}

/** How outputs are stored. */
export interface OutputsOptions {
  /** Chunks of a sensor's history that are kept; an older one goes when a new one comes. */
  readonly historyChunks: number;
  /** Where entries are counted for retention. */
  readonly written?: Written;
}

/** Everything that came out up to a cut. @param alerts as they stand with the steps among the outputs, by their ids */
export function* outputMutations(
  { windows, history, alerts: steps, quarantine }: CheckpointOutputs,
  alerts: ReadonlyMap<string, AlertRecord>,
  { historyChunks, written }: OutputsOptions,
): Generator<Mutation> {
  for (const window of windows) yield* windowMutations(window, written);
  for (const { sensor, chunk, channels, rows } of history) {
    const value: ChunkValue = { channels, rows };
    const bytes = keyBytes(sensor) + rows.byteLength + textBytes(channels.join());
    yield { key: KEYS.readingsChunk(sensor, chunk), value, bytes };
    const old = chunk - historyChunks;
    if (old >= 0) yield { key: KEYS.readingsChunk(sensor, old), bytes: keyBytes(sensor) };
  }
  for (const { transition: value } of steps) {
    const { id, partition, position } = value, key = KEYS.transition(partition, position, placeOf(value));
    yield { key, value, bytes: keyBytes(id) + textBytes(JSON.stringify(value)) };
    written?.note(KEYS.transitions(partition));
  }
  for (const [id, alert] of alerts) {
    const bytes = keyBytes(id) + textBytes(JSON.stringify(alert));
    yield { key: KEYS.alertAt(alert.raised_at, id), value: alert, bytes };
    yield { key: KEYS.alert(id), value: alert.raised_at, bytes: keyBytes(id) };
    if (alert.state === "active") written?.note(KEYS.alertTimes());
  }
  for (const item of quarantine) {
    const { partition, position, reason } = item, bytes = keyBytes(partition) + textBytes(JSON.stringify(item));
    yield { key: KEYS.quarantine(partition, position, reason), value: item, bytes };
    written?.note(KEYS.quarantinesOf(partition));
  }
}

function* windowMutations(
  { sensor, lengthMs, hopMs, start, scoreMax, ...rest }: CheckpointOutputs["windows"][number],
  written: Written | undefined,
): Generator<Mutation> {
  const { type, location, revision, channels, statistics } = rest, score = scoreMax === undefined ? {} : { scoreMax };
  const value: WindowValue = { type, location, revision, ...score, channels, statistics };
  const bytes = keyBytes(sensor) + statistics.byteLength + textBytes(channels.join() + (type ?? "") + (location ?? ""));
  yield { key: KEYS.window(sensor, lengthMs, hopMs, start), value, bytes };
  // With every revision: retention may have taken the window, and finds it by this key alone.
  yield { key: KEYS.windowAt(lengthMs, start, sensor, hopMs), value: 0, bytes: keyBytes(sensor) };
  if (revision === 0) written?.note(KEYS.windowTimes(lengthMs));
}

/** What is stored with the last of them: the cut that they are complete up to. */
export function outputsRecord(
  partition: string,
  { cut, sinks, counts, sourceTime, training }: CheckpointOutputs,
): Mutation {
  const rest = { cut, sinks, counts, sourceTime }, packed = training && pack(training);
  const value: OutputsValue = { ...rest, ...(packed ? { training: packed } : {}) };
  const bytes = keyBytes(partition) + textBytes(JSON.stringify(rest)) + packedBytes(packed ?? {});
  return { key: KEYS.outputs(partition), value, bytes };
}
