/**
 * One round: sensors and outside devices in a canonical order, their weights averaged, and the record of what came out.
 *
 * Pure, and the same bits in whatever order participants come.
 *
 * @module
 */
import { aggregate, type Aggregation } from "../../models/federation/aggregate.ts";
import { checkUpdate, type LocalUpdate, UpdateError } from "../../models/federation/update.ts";
import { networkModel } from "./group.ts";
import { FEDERATION_LIMITS, type RoundParticipant, type RoundRecord } from "./port.ts";
import { weightNorm } from "./weights.ts";

/** What one participant brings; its id is one among those of its kind. */
export interface Contribution extends LocalUpdate {
  /** A sensor of ours, or a device that sent its weights. */
  readonly kind: "sensor" | "device";
}

/** What a round is made of. */
export interface RoundInput {
  readonly group: string;
  readonly round: number;
  /** Event time of the epoch's end. */
  readonly time: number;
  readonly method: Aggregation;
  /** For `trimmed`: share cut off at each end, 0 to 0.5. */
  readonly trim?: number;
  /** In any order. */
  readonly contributions: readonly Contribution[];
  /** How many weights the network has; contributions with others are left out. */
  readonly weightCount: number;
  /** The global weights before. */
  readonly before?: Float32Array;
}

/** What a round comes to; the version, and losses on other readings, are added when it is registered. */
export interface RoundOutcome {
  readonly weights: Float32Array;
  readonly record: Omit<RoundRecord, "version" | "validation_loss" | "local_loss">;
}

/**
 * Makes a round.
 *
 * @returns undefined if nobody took part whose weights can be used
 * @throws {RangeError} for a share to trim that is out of range
 */
export function makeRound(input: RoundInput): RoundOutcome | undefined {
  const { group, round, time, method, trim, contributions, weightCount, before } = input;
  const accepted = soundOnes(contributions.map(toUpdate), weightCount);
  if (accepted.length === 0) return undefined;
  const { weights, norm, readings, loss } = aggregate(accepted, {
    method,
    ...(trim === undefined ? {} : { trim }),
  });
  return {
    weights,
    record: {
      group,
      round,
      time,
      method,
      participants: accepted.map((one): RoundParticipant => participantOf(one, weights))
        .sort((a, b) => b.readings - a.readings || byText(a.kind, b.kind) || byText(a.id, b.id))
        .slice(0, FEDERATION_LIMITS.participants),
      participant_count: accepted.length,
      readings,
      ...(loss === undefined ? {} : { loss }),
      left_out: contributions.length - accepted.length,
      model: networkModel(group),
      norm,
      ...(before?.length === weightCount
        ? { moved: weightNorm(weights.map((weight, at) => weight - before[at])) }
        : {}),
    },
  };
}

/** Those that can be taken; of two with one id the one of more readings. */
function soundOnes(updates: readonly LocalUpdate[], weights: number): LocalUpdate[] {
  const sound = new Map<string, LocalUpdate>();
  for (const update of updates) {
    try {
      checkUpdate(update, weights);
    } catch (error) {
      if (error instanceof UpdateError) continue;
      throw error;
    }
    const known = sound.get(update.id);
    if (known === undefined || update.readings > known.readings) sound.set(update.id, update);
  }
  return [...sound.values()];
}

function participantOf({ id, readings, loss, weights }: LocalUpdate, global: Float32Array): RoundParticipant {
  const distance = weightNorm(weights.map((weight, at) => weight - global[at]));
  const known = loss === undefined ? {} : { loss };
  return { ...ofKey(id), readings, ...known, norm: weightNorm(weights), distance };
}

/** A device and a sensor of one name are two; none stands for more than its share. */
function toUpdate({ kind, id, weights, readings, loss }: Contribution): LocalUpdate {
  return {
    id: id === "" ? "" : `${kind}/${id}`,
    weights,
    readings: Math.min(readings, FEDERATION_LIMITS.readings),
    loss,
  };
}

function ofKey(key: string): Pick<RoundParticipant, "id" | "kind"> {
  const kind = key.startsWith("device/") ? "device" : "sensor";
  return { id: key.slice(kind.length + 1), kind };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
