/**
 * A participant's part in a round of federated learning: its weights, and what they were learnt from.
 *
 * Judged before anything is computed from it: one weight that is no number would spoil every average that it enters.
 *
 * @module
 */

/** What a sensor, or a device outside, sends at the end of an epoch. Not changed by whoever takes it. */
export interface LocalUpdate {
  /** Who: a sensor's or device's name; one update each in a round. */
  readonly id: string;
  /** The network's weights, as many as all participants of the round have. */
  readonly weights: Float32Array;
  /** Readings learnt since the last round, a whole number from 1 to {@linkcode UPDATE_READINGS_MOST}. */
  readonly readings: number;
  /** Its running training loss, 0 or greater; absent if it has none. */
  readonly loss?: number;
}

/** Greatest magnitude of a weight in an update; sensors' own stay well within it. */
export const UPDATE_WEIGHT_MOST = 1_000;
/** Readings that an update may stand for. */
const UPDATE_READINGS_MOST = 1e9;

/** An update that cannot be taken; the message says whose, what was wrong, and what is allowed. */
export class UpdateError extends RangeError {
  override name = "UpdateError";
}

/**
 * Judges an update.
 *
 * @param weights how many it must have
 * @throws {UpdateError} naming the update, the value and the allowed range
 */
export function checkUpdate(update: LocalUpdate, weights: number): void {
  const refuse = (what: string): never => {
    throw new UpdateError(`cannot take the update of ${JSON.stringify(update.id)}: ${what}`);
  };
  if (update.id === "") refuse("the id must not be empty");
  if (update.weights.length !== weights) refuse(`there must be ${weights} weights, not ${update.weights.length}`);
  const at = update.weights.findIndex((weight) => !(Math.abs(weight) <= UPDATE_WEIGHT_MOST)); // NaN fails it, too
  if (at >= 0) refuse(`weight ${at} must be from -1000 to 1000, not ${update.weights[at]}`);
  if (!(Number.isInteger(update.readings) && update.readings >= 1 && update.readings <= UPDATE_READINGS_MOST)) {
    refuse(`readings must be a whole number from 1 to ${UPDATE_READINGS_MOST}, not ${update.readings}`);
  }
  const { loss = 0 } = update;
  if (!(loss >= 0 && loss < Infinity)) refuse(`loss must be 0 or greater and finite, not ${loss}`);
}

/**
 * The updates of a round in their canonical order, by id, so that whatever is computed from them does not depend on the
 * order in which they came.
 *
 * @param weights how many each must have
 * @throws {UpdateError} for one that is unsound, or a second one of the same id
 */
export function inOrder(updates: readonly LocalUpdate[], weights: number): LocalUpdate[] {
  for (const update of updates) checkUpdate(update, weights);
  const sorted = updates.toSorted(byId), twice = sorted.find(({ id }, at) => sorted[at + 1]?.id === id);
  if (twice) {
    throw new UpdateError(`cannot take the update of ${JSON.stringify(twice.id)}: it came twice in this round`);
  }
  return sorted;
}

/** The canonical order: by the code units of the ids, whatever the language of the machine. */
function byId(a: LocalUpdate, b: LocalUpdate): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
