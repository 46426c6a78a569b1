/**
 * One setting of the windows: a mean over some readings, its distance from a slower average, and the form of a stretch.
 *
 * Several members with windows of different lengths look at the same signal side by side; what only one of them finds
 * surprising weighs less than what all do.
 *
 * @module
 */
import { BOXCAR_DOUBLES, boxcarFull, boxcarPush } from "./boxcar.ts";
import { SHAPE_DOUBLES, shapeFloats, shapeStep } from "./shape.ts";
import { tailLength, type TailShape, tailShape, tailStep } from "./tail.ts";
import { type Direction, twoSidedLength, twoSidedStep } from "./two_sided.ts";

/** Windows of a member, in readings. */
export interface Windows {
  /** Block maxima that its tails keep. */
  readonly kept: number;
  /** Readings of the mean. */
  readonly mean: number;
  /** Readings of the mean whose distance from the slow average is the residual. */
  readonly short: number;
  /** Readings that the slow average looks back on: its rate is 2 / (long + 1). */
  readonly long: number;
  /** Readings in each of a stretch's 8 means. */
  readonly scale: number;
}

/** What a view's surprise is corrected by: a residual or a form is a little more telling than it looks. */
const RESIDUAL_OFFSET = 0.25, SHAPE_OFFSET = 0.25;
/** Stretches of a block, and readings before a form is judged. */
const SHAPE_BLOCK = 4, SHAPE_AGE = 50;

const MEAN = 0, SHORT = BOXCAR_DOUBLES, SLOW = 2 * BOXCAR_DOUBLES, BEGUN = SLOW + 1, SHAPE = BEGUN + 1;

/** Doubles that a member takes. */
export const MEMBER_DOUBLES = SHAPE + SHAPE_DOUBLES;

/** A member's plan: shared by all channels, without a state of its own. */
export class Member {
  /** Floats that a member takes. */
  readonly floats: number;
  /** What the views said of the last reading, corrected; 0 if nothing. */
  mean = 0;
  /** See {@linkcode Member.mean}. */
  residual = 0;
  /** See {@linkcode Member.mean}. */
  shape = 0;

  readonly #meanTail: TailShape;
  readonly #residualTail: TailShape;
  readonly #shapeTail: TailShape;
  readonly #meanAt: number;
  readonly #residualAt: number;
  readonly #shapeTailAt: number;
  readonly #valuesAt: number;
  readonly #shapeAt: number;
  readonly #slowRate: number;

  /** @param prototypes forms that are remembered */
  constructor(private readonly windows: Windows, private readonly prototypes: number) {
    this.#meanTail = tailShape(windows.mean, windows.kept);
    this.#residualTail = tailShape(windows.short, windows.kept);
    this.#shapeTail = tailShape(SHAPE_BLOCK, windows.kept, windows.scale);
    this.#meanAt = 0;
    this.#residualAt = twoSidedLength(this.#meanTail);
    this.#shapeTailAt = this.#residualAt + twoSidedLength(this.#residualTail);
    this.#valuesAt = this.#shapeTailAt + tailLength(this.#shapeTail);
    this.#shapeAt = this.#valuesAt + windows.mean + windows.short;
    this.floats = this.#shapeAt + shapeFloats(prototypes);
    this.#slowRate = 2 / (windows.long + 1);
  }

  /**
   * Scores a value in each view, then learns it.
   *
   * @param age readings of the channel, this one included
   * @param deviation mean |value − mean| of the channel
   * @param flat see {@linkcode tailStep}
   * @param direction the side that counts, for mean and residual
   */
  step(
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    value: number,
    age: number,
    deviation: number,
    flat: number,
    direction: Direction,
  ): void {
    const { mean, short, scale } = this.windows, values = f + this.#valuesAt;
    const level = boxcarPush(floats, values, doubles, d + MEAN, mean, value);
    this.mean = boxcarFull(doubles, d + MEAN, mean)
      ? twoSidedStep(floats, f + this.#meanAt, this.#meanTail, level, 0, flat, direction)
      : 0;
    const quick = boxcarPush(floats, values + mean, doubles, d + SHORT, short, value);
    this.residual = 0;
    if (doubles[d + BEGUN] === 0) {
      doubles[d + BEGUN] = 1;
      doubles[d + SLOW] = value;
    } else {
      const residual = quick - doubles[d + SLOW];
      doubles[d + SLOW] += this.#slowRate * (value - doubles[d + SLOW]);
      const at = f + this.#residualAt;
      const surprise = twoSidedStep(floats, at, this.#residualTail, residual, 0, 1e-9, direction);
      if (surprise > 0) this.residual = surprise + RESIDUAL_OFFSET;
    }
    const distance = shapeStep(
      floats,
      f + this.#shapeAt,
      doubles,
      d + SHAPE,
      scale,
      this.prototypes,
      deviation,
      value,
    );
    this.shape = 0;
    if (age > SHAPE_AGE && distance === distance) {
      const surprise = tailStep(floats, f + this.#shapeTailAt, this.#shapeTail, distance);
      if (surprise > 0) this.shape = surprise + SHAPE_OFFSET;
    }
  }
}
