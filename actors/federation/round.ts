/**
 * One round: participants in a canonical order, their weights to be averaged, and the record of what came out.
 *
 * Pure. How weights are averaged is passed in, so that the record is the same for every method.
 *
 * @module
 */
import { type AveragingMethod, FEDERATION_LIMITS, type RoundParticipant, type RoundRecord } from "./port.ts";
import { networkModel } from "./group.ts";
import { weightNorm, wrongWeight } from "./weights.ts";

/** What one participant brings. */
export interface Contribution {
  readonly id: string;
  readonly kind: "sensor" | "device";
  /** Readings that it learnt from since its last round, 1 or more: what it weighs. */
  readonly readings: number;
  readonly loss?: number;
  readonly weights: Float32Array;
}

/**
 * Averages weights; participants come in canonical order.
 *
 * @param weights one row a participant, all of the same length
 * @param readings what each weighs
 */
export type Average = (
  weights: readonly Float32Array[],
  readings: readonly number[],
  method: AveragingMethod,
) => Float32Array;

/** What a round is made of. */
export interface RoundInput {
  readonly group: string;
  readonly round: number;
  /** Event time of the epoch's end. */
  readonly time: number;
  readonly method: AveragingMethod;
  /** In any order; an id and kind that comes twice counts once, with the greater number of readings. */
  readonly contributions: readonly Contribution[];
  /** How many weights the network has; contributions with others are left out. */
  readonly weightCount: number;
  /** The global weights before. */
  readonly before?: Float32Array;
  readonly average: Average;
}

/** What a round comes to; the version is added when it is registered. */
export interface RoundOutcome {
  readonly weights: Float32Array;
  readonly record: Omit<RoundRecord, "version" | "validation_loss" | "local_loss">;
}

/**
 * Makes a round. The same contributions, in whatever order they come, give the same bits.
 *
 * @returns undefined if nobody took part whose weights can be used
 */
export function makeRound(input: RoundInput): RoundOutcome | undefined {
  const { group, round, time, method, before } = input;
  const { taken, leftOut } = canonical(input);
  if (taken.length === 0) return undefined;
  const weights = input.average(taken.map((one) => one.weights), taken.map(({ readings }) => readings), method);
  const wrong = wrongWeight(weights);
  if (wrong >= 0) {
    throw new RangeError(`cannot make round ${round} of ${group}: weight ${wrong} came out as ${weights[wrong]}`);
  }
  return {
    weights,
    record: {
      group,
      round,
      time,
      method,
      participants: named(taken),
      participant_count: taken.length,
      readings: taken.reduce((sum, { readings }) => sum + readings, 0),
      left_out: leftOut,
      model: networkModel(group),
      norm: weightNorm(weights),
      ...(before === undefined ? {} : { moved: weightNorm(weights.map((weight, at) => weight - before[at])) }),
    },
  };
}

/** Those that take part, sensors before devices, each in order of id; and how many do not. */
function canonical({ contributions, weightCount }: RoundInput): { taken: Contribution[]; leftOut: number } {
  const byName = new Map<string, Contribution>();
  let leftOut = 0;
  for (const one of contributions) {
    if (one.weights.length !== weightCount || !(one.readings >= 1) || wrongWeight(one.weights) >= 0) {
      leftOut++;
      continue;
    }
    const key = `${one.kind === "sensor" ? 0 : 1}${one.id}`, known = byName.get(key);
    if (known === undefined || one.readings > known.readings) {
      byName.set(key, { ...one, readings: Math.min(one.readings, FEDERATION_LIMITS.readings) });
    }
  }
  const keys = [...byName.keys()].sort();
  return { taken: keys.flatMap((key) => byName.get(key) ?? []), leftOut };
}

function named(taken: readonly Contribution[]): RoundParticipant[] {
  return taken
    .toSorted((a, b) => b.readings - a.readings || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .slice(0, FEDERATION_LIMITS.participants)
    .map(({ id, kind, readings, loss, weights }) => ({
      id,
      kind,
      readings,
      ...(loss === undefined ? {} : { loss }),
      norm: weightNorm(weights),
    }));
}
