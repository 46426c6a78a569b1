/**
 * The mean of the last few values.
 *
 * The values lie in a Float32Array, their sum in a double: sums of floats in a double are exact as long as the values
 * are within a factor of 2^29 of each other, and once a round the sum is taken afresh, so that nothing is left of a
 * value that was out of that range.
 *
 * @module
 */

/** Doubles that a boxcar takes: count, place of the next value, sum. Its values take `width` floats. */
export const BOXCAR_DOUBLES = 3;

/**
 * Takes a value in.
 *
 * @param width values of the mean, at least 1
 * @returns the mean of the last `width` values, of fewer while there are not so many
 */
export function boxcarPush(
  floats: Float32Array,
  values: number,
  doubles: Float64Array,
  at: number,
  width: number,
  value: number,
): number {
  const place = doubles[at + 1];
  const rounded = Math.fround(value);
  let sum = doubles[at + 2] + rounded - floats[values + place];
  floats[values + place] = rounded;
  if (doubles[at] < width) doubles[at]++;
  if (place + 1 < width) doubles[at + 1] = place + 1;
  else {
    doubles[at + 1] = 0;
    sum = 0;
    for (let i = values; i < values + width; i++) sum += floats[i];
  }
  doubles[at + 2] = sum;
  return sum / doubles[at];
}

/** Whether there are `width` values. */
export function boxcarFull(doubles: Float64Array, at: number, width: number): boolean {
  return doubles[at] === width;
}
