/**
 * Surprise: the unsupervised detector of a channel.
 *
 * Several views of the signal (its value, a short mean, that mean's distance from a slower one, the season, the form of
 * the last stretch, the length of a run of equal values) each have a tail of what was seen so far, which turns a
 * statistic into −log10 of its probability. A member (a setting of the windows) is as surprised as its most surprised
 * view, and a little more when the signal moves unusually much or little; the channel's surprise is the root mean
 * square over its members, 0 to {@linkcode SURPRISE_MOST}. Strictly causal: it scores first and learns then.
 *
 * One {@linkcode Surprise} is a plan for any number of channels and has no state of its own but the last answer. A
 * channel's state is a slice of a Float32Array and one of a Float64Array, all zero before the first reading; saving is
 * a copy, restoring a view. Nothing is allocated for a reading. Values are taken relative to the first one and in a
 * unit that fits Float32, so that neither a great offset nor a great magnitude costs precision.
 *
 * @module
 */
import { type Band, BAND_DOUBLES, bandStep } from "../band.ts";
import { BOXCAR_DOUBLES, boxcarFull, boxcarPush } from "./boxcar.ts";
import { Member, MEMBER_DOUBLES, type Windows } from "./member.ts";
import { SEASONAL_DOUBLES, seasonalFloats, seasonalStep, usualValue } from "./seasonal.ts";
import { tailLength, tailShape, tailStep } from "./tail.ts";
import { type Direction, twoSidedLength, twoSidedStep } from "./two_sided.ts";

/** How much a plan remembers and computes. */
export interface SurpriseSettings {
  /** At least one. */
  readonly members: readonly Windows[];
  /** Forms that each member remembers. */
  readonly prototypes: number;
  /** Whether there is a profile of the week beside that of the day. */
  readonly weekly: boolean;
}

/** Everything: about 11 KiB a channel. */
export const FULL: SurpriseSettings = {
  members: [
    { kept: 30, mean: 12, short: 4, long: 64, scale: 4 },
    { kept: 40, mean: 16, short: 8, long: 128, scale: 8 },
    { kept: 60, mean: 24, short: 12, long: 256, scale: 16 },
  ],
  prototypes: 32,
  weekly: true,
};

/** One member, fewer forms, no profile of the week: less than 4 KiB a channel and half the time. */
export const LIGHT: SurpriseSettings = { members: [FULL.members[1]], prototypes: 12, weekly: false };

/** The views, in the order of {@linkcode Surprise.views}. */
export const VIEWS = ["value", "mean", "residual", "seasonal", "shape", "run", "activity"] as const;
/** Name of a view. */
export type View = typeof VIEWS[number];
const VALUE = 0, MEAN = 1, RESIDUAL = 2, SEASONAL = 3, SHAPE = 4, RUN = 5, ACTIVITY = 6;

/** The greatest surprise. */
export const SURPRISE_MOST = 10;

const VALUE_TAIL = tailShape(1, 40);
const RUN_TAIL = tailShape(64, 40);
const SEASON_TAIL = tailShape(4, 40, 1, 60);
const ACTIVITY_WIDTH = 16;
const ACTIVITY_TAIL = tailShape(ACTIVITY_WIDTH, 40);
/** Least mean excess of a run's tail, in readings, and what its surprise is corrected by. */
const RUN_FLOOR = 4, RUN_OFFSET = -0.5;
/** Least mean excess of the season's tail, as a part of the signal's range. */
const SEASON_FLOOR = 0.02;
/** What activity adds: this part of its surprise, which counts up to a bound. */
const ACTIVITY_WEIGHT = 0.15, ACTIVITY_MOST = 5;
/** Change that is none, as a part of the mean deviation; and the logarithm's guard for a signal without any. */
const STILL = 1e-3, NOTHING = 1e-30;
/** Readings that mean and mean deviation look back on, at most. */
const MEMORY = 20_000;
/** Magnitude in the channel's own unit beyond which a value counts as this: squares of floats stay finite. */
const MAGNITUDE = 1e18;

const AGE = 0, ORIGIN = 1, UNIT = 2, LEAST = 3, GREATEST = 4, LEVEL = 5, DEVIATION = 6, LAST = 7, RUN_LENGTH = 8;
const ACTIVITY_AT = 9,
  SEASON_AT = ACTIVITY_AT + BOXCAR_DOUBLES,
  BAND_AT = SEASON_AT + SEASONAL_DOUBLES,
  MEMBERS_AT = BAND_AT + BAND_DOUBLES;

const RUN_FLOATS = twoSidedLength(VALUE_TAIL), SEASON_FLOATS = RUN_FLOATS + tailLength(RUN_TAIL);
const ACTIVITY_FLOATS = SEASON_FLOATS + twoSidedLength(SEASON_TAIL);
const STEPS_FLOATS = ACTIVITY_FLOATS + twoSidedLength(ACTIVITY_TAIL);
const PROFILE_AT = STEPS_FLOATS + ACTIVITY_WIDTH;

/** A plan of the detector, and what it said last. */
export class Surprise {
  /** Floats of a channel's state. */
  readonly floats: number;
  /** Doubles of a channel's state. */
  readonly doubles: number;
  /** Surprise of the last reading, 0 to {@linkcode SURPRISE_MOST}. */
  surprise = 0;
  /** What each of {@linkcode VIEWS} said of the last reading, 0 or greater; of members' views the greatest. */
  readonly views: Float64Array = new Float64Array(VIEWS.length);

  /** What was expected of the last reading, in the unit of the channel; NaN while too little was seen. */
  readonly band: Band = { expected: NaN, low: NaN, high: NaN };

  readonly #members: readonly Member[];
  readonly #membersAt: readonly number[];
  readonly #weekly: boolean;

  /** Lays its state out. @throws {RangeError} if there is no member or fewer than 4 forms */
  constructor(settings: SurpriseSettings = FULL) {
    if (settings.members.length === 0) throw new RangeError("cannot make a surprise of 0 members: there must be 1");
    if (!(settings.prototypes >= 4)) {
      throw new RangeError(`cannot remember ${settings.prototypes} forms: there must be at least 4`);
    }
    this.#members = settings.members.map((windows) => new Member(windows, settings.prototypes));
    this.#weekly = settings.weekly;
    let at = PROFILE_AT + seasonalFloats(settings.weekly);
    this.#membersAt = this.#members.map((member) => (at += member.floats) - member.floats);
    this.floats = at;
    this.doubles = MEMBERS_AT + this.#members.length * MEMBER_DOUBLES;
  }

  /**
   * Scores one reading of a channel, then learns it. The answer lies in `surprise`, `views` and `band`.
   *
   * @param local epoch ms as the clock on the wall of the sensor's zone shows it, for the season
   * @param value finite; the caller has refused anything else
   * @param direction the side that counts
   * @returns the surprise, 0 to {@linkcode SURPRISE_MOST}
   */
  step(
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    local: number,
    value: number,
    direction: Direction = "both",
  ): number {
    const age = ++doubles[d + AGE];
    if (age === 1) begin(doubles, d, value);
    const x = relative(doubles, d, value);
    follow(doubles, d, x, age);
    const deviation = doubles[d + DEVIATION];
    const flat = 1e-9 + 1e-3 * Math.abs(doubles[d + ORIGIN] / doubles[d + UNIT]);

    this.#expect(floats, f + PROFILE_AT, doubles, d, local, x);
    const { views } = this;
    views[VALUE] = twoSidedStep(floats, f, VALUE_TAIL, x, 0, flat, direction);
    views[SEASONAL] = this.#seasonal(floats, f, doubles, d, local, x, direction);
    const same = age > 1 && value === doubles[d + LAST];
    const run = doubles[d + RUN_LENGTH] = same ? doubles[d + RUN_LENGTH] + 1 : 0;
    const long = Math.max(0, tailStep(floats, f + RUN_FLOATS, RUN_TAIL, run, RUN_FLOOR) + RUN_OFFSET);
    views[RUN] = doubles[d + GREATEST] > doubles[d + LEAST] ? long : 0; // what never changed surprises nobody so
    const change = relative(doubles, d, doubles[d + LAST]) - x;
    views[ACTIVITY] = age > 1 ? activity(floats, f, doubles, d, Math.abs(change), deviation) : 0;
    doubles[d + LAST] = value;
    return this.#join(floats, f, doubles, d, x, age, deviation, flat, direction);
  }

  /** Readings that the channel was seen for. */
  age(doubles: Float64Array, d: number): number {
    return doubles[d + AGE];
  }

  /** Readings in a row, up to now, that were equal to the one before them. */
  run(doubles: Float64Array, d: number): number {
    return doubles[d + RUN_LENGTH];
  }

  /** The band of this reading, from what came before it. */
  #expect(floats: Float32Array, profile: number, doubles: Float64Array, d: number, local: number, x: number): void {
    const { band } = this, unit = doubles[d + UNIT], origin = doubles[d + ORIGIN];
    const day = usualValue(floats, profile, "day", local);
    const week = this.#weekly ? usualValue(floats, profile, "week", local) : NaN;
    bandStep(doubles, d + BAND_AT, day, week, x, band);
    band.expected = origin + unit * band.expected;
    band.low = origin + unit * band.low;
    band.high = origin + unit * band.high;
  }

  #seasonal(
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    local: number,
    x: number,
    direction: Direction,
  ): number {
    const residual = seasonalStep(floats, f + PROFILE_AT, doubles, d + SEASON_AT, this.#weekly, local, x);
    if (residual !== residual) return 0;
    const floor = SEASON_FLOOR * (doubles[d + GREATEST] - doubles[d + LEAST]);
    return twoSidedStep(floats, f + SEASON_FLOATS, SEASON_TAIL, residual, floor, 1e-9, direction);
  }

  /** Asks the members, and joins all into one surprise. */
  #join(
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    x: number,
    age: number,
    deviation: number,
    flat: number,
    direction: Direction,
  ): number {
    const { views } = this;
    const common = Math.max(views[VALUE], views[SEASONAL], views[RUN]);
    const bonus = ACTIVITY_WEIGHT * Math.min(ACTIVITY_MOST, views[ACTIVITY]);
    views[MEAN] = views[RESIDUAL] = views[SHAPE] = 0;
    let squares = 0;
    for (let m = 0; m < this.#members.length; m++) {
      const member = this.#members[m], at = d + MEMBERS_AT + m * MEMBER_DOUBLES;
      member.step(floats, f + this.#membersAt[m], doubles, at, x, age, deviation, flat, direction);
      const own = Math.min(SURPRISE_MOST, Math.max(common, member.mean, member.residual, member.shape) + bonus);
      squares += own * own;
      if (member.mean > views[MEAN]) views[MEAN] = member.mean;
      if (member.residual > views[RESIDUAL]) views[RESIDUAL] = member.residual;
      if (member.shape > views[SHAPE]) views[SHAPE] = member.shape;
    }
    return this.surprise = Math.sqrt(squares / this.#members.length);
  }
}

/** Sets what values are relative to: the first one, and a unit only where floats would be too coarse or too small. */
function begin(doubles: Float64Array, d: number, value: number): void {
  const magnitude = Math.abs(value);
  doubles[d + ORIGIN] = value;
  const fits = magnitude === 0 || (magnitude < 1e12 && magnitude > 1e-12);
  doubles[d + UNIT] = fits ? 1 : 2 ** Math.floor(Math.log2(Math.max(magnitude, 1e-300)));
}

/** A value less the first one, in the channel's unit. */
function relative(doubles: Float64Array, d: number, value: number): number {
  const x = (value - doubles[d + ORIGIN]) / doubles[d + UNIT];
  return x > MAGNITUDE ? MAGNITUDE : x < -MAGNITUDE ? -MAGNITUDE : x;
}

/** Range, mean and mean deviation. */
function follow(doubles: Float64Array, d: number, x: number, age: number): void {
  if (x < doubles[d + LEAST]) doubles[d + LEAST] = x; // both begin at 0, where the first value lies
  else if (x > doubles[d + GREATEST]) doubles[d + GREATEST] = x;
  const weight = 1 / Math.min(age, MEMORY);
  const level = doubles[d + LEVEL] += (x - doubles[d + LEVEL]) * weight;
  doubles[d + DEVIATION] += (Math.abs(x - level) - doubles[d + DEVIATION]) * weight;
}

/** How surprising the mean change from reading to reading is. */
function activity(
  floats: Float32Array,
  f: number,
  doubles: Float64Array,
  d: number,
  change: number,
  deviation: number,
): number {
  const mean = boxcarPush(floats, f + STEPS_FLOATS, doubles, d + ACTIVITY_AT, ACTIVITY_WIDTH, change);
  if (!boxcarFull(doubles, d + ACTIVITY_AT, ACTIVITY_WIDTH)) return 0;
  const moved = Math.log(mean + STILL * deviation + NOTHING);
  return twoSidedStep(floats, f + ACTIVITY_FLOATS, ACTIVITY_TAIL, moved);
}
