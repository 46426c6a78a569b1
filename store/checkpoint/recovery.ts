/**
 * From where a partition goes on: its position as it is stored, and what a new owner makes of everything that was found.
 *
 * @module
 */
import type { Cut, Recovery } from "../../actors/checkpoint.ts";
import type { StoredCommands } from "../../actors/commands/queue.ts";
import type { StoredSample } from "../../actors/training/group_samples.ts";
import { keyBytes } from "../bytes.ts";
import { KEYS } from "../keys.ts";
import type { TrainedValue } from "./begun.ts";
import type { Mutation } from "./chain.ts";
import type { OutputsValue } from "./outputs.ts";
import { pack, type Packed, packedBytes, unpack } from "./packed.ts";

/** The position's value. */
export interface PositionValue {
  /** The oldest alone, from which reading goes on: all of them, with the models of many types in each, would fit no value. */
  readonly cuts: Packed<readonly Cut[]>;
  readonly finished: boolean;
}

/** What was found of a partition; null where there is nothing. */
export interface StoredPartition {
  readonly outputs: OutputsValue | null;
  readonly position: PositionValue | null;
  readonly samples: readonly StoredSample[];
  readonly commands?: StoredCommands;
  /** Position up to which outputs had begun. */
  readonly begun: number | null;
  readonly trained: TrainedValue | null;
}

/** What stores the position. */
export function positionRecord(partition: string, cuts: readonly Cut[], finished: boolean): Mutation {
  const packed = pack(cuts.slice(0, 1)), value: PositionValue = { cuts: packed, finished };
  return { key: KEYS.position(partition), value, bytes: keyBytes(partition) + packedBytes(packed) };
}

/** What a new owner goes on from; undefined where nothing was begun. */
export function readRecovery(
  { outputs, position, samples, commands, begun, trained }: StoredPartition,
): Recovery | undefined {
  if (!outputs && !commands && begun === null) return undefined;
  // Before the first position there is nothing that snapshots cover: from the beginning.
  const from: Cut = (position ? unpack(position.cuts)[0] : undefined) ?? {
    position: 0,
    router: {
      sourceTime: { time: -1, lastTick: -1, ahead: [] },
      counts: { readings: 0, refused: 0, refusedHash: 0, future: 0, foreign: 0 },
    },
  };
  const outputsCut = outputs?.cut ?? 0, trainedTo = Math.max(outputsCut, trained?.at ?? 0);
  const training = trained && trained.at > outputsCut ? trained.record : outputs?.training;
  return {
    outputsCut,
    outputsBegun: Math.max(outputsCut, begun ?? 0),
    finished: position?.finished ?? false,
    sinks: outputs?.sinks ?? {},
    ...(training ? { training: unpack(training) } : {}),
    trainedTo,
    samples,
    ...(commands ? { commands } : {}),
    from,
  };
}
