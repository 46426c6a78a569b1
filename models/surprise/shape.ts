/**
 * How unlike the latest stretch of the signal is to every stretch seen before.
 *
 * A stretch is the last 8 means of `scale` readings each, less its own mean, so that its form counts and not its level.
 * It is compared with a small set of prototypes that follows the signal: a stretch that is far from all of them becomes
 * one itself, in place of the one that was not met for longest; otherwise the nearest moves towards it.
 * (Leader clustering, J. A. Hartigan 1975; with a least recently used place.)
 *
 * @module
 */

/** Means of a stretch. */
const MEANS = 8;
/** Farther than this part of the signal's mean deviation, a stretch is a new prototype. */
const VIGILANCE = 0.3;
/** How far the nearest prototype moves. */
const RATE = 0.1;

const SUM = 0, IN_SUM = 1, STRETCHES = 2, PROTOTYPES = 3;

/** Doubles that a view of shapes takes. */
export const SHAPE_DOUBLES = 4;

/** Floats that a view of shapes takes: the stretch, the prototypes, and when each was met last. */
export function shapeFloats(prototypes: number): number {
  return MEANS + prototypes * (MEANS + 1);
}

/** Prototypes there must be before a distance means something. */
const PROTOTYPES_LEAST = 4;

/**
 * Takes a value in; every `scale` of them a stretch is complete.
 *
 * @param floats its stretch and prototypes lie at `from`
 * @param most prototypes at most
 * @param deviation mean |value − mean| of the signal
 * @returns root mean square distance to the nearest prototype, in the unit of the value; NaN if no stretch is complete
 * or too few were seen
 */
export function shapeStep(
  floats: Float32Array,
  from: number,
  doubles: Float64Array,
  at: number,
  scale: number,
  most: number,
  deviation: number,
  value: number,
): number {
  const sum = doubles[at + SUM] + value, inSum = doubles[at + IN_SUM] + 1;
  doubles[at + SUM] = inSum < scale ? sum : 0;
  doubles[at + IN_SUM] = inSum < scale ? inSum : 0;
  if (inSum < scale) return NaN;
  for (let i = from; i < from + MEANS - 1; i++) floats[i] = floats[i + 1];
  floats[from + MEANS - 1] = sum / scale;
  const stretches = ++doubles[at + STRETCHES];
  return stretches < MEANS ? NaN : compare(floats, from, doubles, at, most, deviation);
}

function compare(
  floats: Float32Array,
  from: number,
  doubles: Float64Array,
  at: number,
  most: number,
  deviation: number,
): number {
  let mean = 0;
  for (let i = from; i < from + MEANS; i++) mean += floats[i];
  mean /= MEANS;
  const first = from + MEANS, count = doubles[at + PROTOTYPES], met = first + most * MEANS;
  let nearest = -1, least = Infinity;
  for (let p = 0; p < count; p++) {
    const distance = squareDistance(floats, from, mean, first + p * MEANS, least);
    if (distance < least) {
      least = distance;
      nearest = p;
    }
  }
  const distance = nearest < 0 ? 0 : Math.sqrt(least / MEANS);
  let rate = RATE;
  if (nearest < 0 || distance > VIGILANCE * deviation) {
    nearest = count < most ? count : longestUnmet(floats, met, most);
    if (count < most) doubles[at + PROTOTYPES] = count + 1;
    rate = 1;
  }
  for (let i = 0; i < MEANS; i++) {
    const place = first + nearest * MEANS + i, form = floats[from + i] - mean;
    floats[place] = rate === 1 ? form : floats[place] + rate * (form - floats[place]);
  }
  floats[met + nearest] = doubles[at + STRETCHES];
  return count >= PROTOTYPES_LEAST ? distance : NaN;
}

/** Sum of squares between the stretch and a prototype, or something not below `least`. */
function squareDistance(floats: Float32Array, from: number, mean: number, prototype: number, least: number): number {
  let sum = 0;
  for (let i = 0; i < MEANS && sum < least; i += 2) {
    const a = floats[from + i] - mean - floats[prototype + i];
    const b = floats[from + i + 1] - mean - floats[prototype + i + 1];
    sum += a * a + b * b;
  }
  return sum;
}

function longestUnmet(floats: Float32Array, met: number, count: number): number {
  let place = 0;
  for (let p = 1; p < count; p++) if (floats[met + p] < floats[met + place]) place = p;
  return place;
}
