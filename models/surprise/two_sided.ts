/**
 * Both tails of a statistic: too great or too small, whichever is more surprising.
 *
 * @module
 */
import { tailLength, type TailShape, tailStep } from "./tail.ts";

/** Which deviations count. */
export type Direction = "above" | "below" | "both";

/** Floats that two tails take. */
export function twoSidedLength(shape: TailShape): number {
  return 2 * tailLength(shape);
}

/**
 * Scores on both sides, then learns on both.
 *
 * @param direction the side that counts; the other one is learnt all the same
 * @returns the greater surprise, see {@linkcode tailStep}
 */
export function twoSidedStep(
  state: Float32Array,
  at: number,
  shape: TailShape,
  value: number,
  floor = 0,
  flat = 1e-9,
  direction: Direction = "both",
): number {
  const above = tailStep(state, at, shape, value, floor, flat);
  const below = tailStep(state, at + tailLength(shape), shape, -value, floor, flat);
  if (direction === "above") return above;
  return direction === "below" || below > above ? below : above;
}
