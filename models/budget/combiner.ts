/**
 * The surprises of a sensor's channels as one number.
 *
 * z = Σ ln⁺(held surprise / 3) over the channels: Fisher's sum of logarithms of probabilities, under the tail that
 * surprise has on real sensors, where s is passed about s^−1.5 often. A surprise fades instead of ending with its
 * reading, so that channels that are off one after the other count together; and z is 0 unless some channel is unusual
 * now, so that nothing is raised by a fading alone. The order of the held surprises explains an alarm.
 *
 * @module
 */

/** Surprise below which a channel adds nothing. */
export const KNEE = 3;
/** What is left of a held surprise a reading later. */
const HOLD = 0.95;
/** Products of factors above 1 are taken apart here, long before a double overflows. */
const PRODUCT_MOST = 1e100;

/**
 * Takes the surprises of one reading in.
 *
 * @param held held surprises from `at` on, one a channel, 0 at the beginning
 * @param surprises those of this reading from `from` on; NaN for a channel without a value
 * @returns z, 0 or greater
 */
export function combine(
  held: Float64Array,
  at: number,
  channels: number,
  surprises: ArrayLike<number>,
  from = 0,
): number {
  let product = 1, sum = 0, now = false; // one logarithm a reading, not one a channel
  for (let c = 0; c < channels; c++) {
    const surprise = surprises[from + c], faded = held[at + c] * HOLD;
    if (surprise >= KNEE) now = true;
    const value = held[at + c] = surprise > faded ? surprise : faded;
    if (value <= KNEE) continue;
    product *= value / KNEE;
    if (product > PRODUCT_MOST) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return now ? sum + Math.log(product) : 0;
}
