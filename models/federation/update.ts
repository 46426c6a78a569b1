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
  /** Its running training loss, 0 or greater. */
  readonly loss: number;
}

/** Greatest magnitude of a weight in an update; sensors' own stay well within it. */
export const UPDATE_WEIGHT_MOST = 1_000;
/** Readings that an update may stand for. */
export const UPDATE_READINGS_MOST = 1e9;

/** An update that cannot be taken; the message says whose, what was wrong, and what is allowed. */
export class UpdateError extends RangeError {
  override name = "UpdateError";
}

/** An update that was refused, and why. */
export interface RefusedUpdate {
  readonly id: string;
  readonly reason: string;
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
  if (!(update.loss >= 0 && update.loss < Infinity)) refuse(`loss must be 0 or greater and finite, not ${update.loss}`);
}

/**
 * Sorts out what a round can use: sound updates in the canonical order, by id, so that whatever is computed from them
 * does not depend on the order in which they came; of two with one id the second to come is refused.
 *
 * @param weights how many each must have
 */
export function sortUpdates(
  updates: Iterable<LocalUpdate>,
  weights: number,
): { readonly accepted: readonly LocalUpdate[]; readonly refused: readonly RefusedUpdate[] } {
  const accepted = new Map<string, LocalUpdate>(), refused: RefusedUpdate[] = [];
  for (const update of updates) {
    try {
      checkUpdate(update, weights);
      if (accepted.has(update.id)) {
        throw new UpdateError(
          `cannot take the update of ${JSON.stringify(update.id)}: there is one in this round already`,
        );
      }
      accepted.set(update.id, update);
    } catch (error) {
      if (!(error instanceof UpdateError)) throw error;
      refused.push({ id: update.id, reason: error.message });
    }
  }
  return { accepted: [...accepted.values()].sort(byId), refused };
}

/** The canonical order: by the code units of the ids, whatever the language of the machine. */
function byId(a: LocalUpdate, b: LocalUpdate): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
