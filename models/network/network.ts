/**
 * A sensor's neural network: an autoencoder over the features of a reading, trained online on every one.
 *
 * It has learnt which values, rates, means, deviations and ranges of all channels go together at which hour; a reading
 * that it cannot reproduce by few hidden units is out of the ordinary. Features come in as the isolation forest's row,
 * are brought to the sensor's own scale ({@linkcode scaleChannel}), and their errors are taken relative to what is usual
 * of each. Strictly causal: it scores first and learns then. Why an autoencoder: `docs/decisions/0007-networks.md`.
 *
 * One {@linkcode Network} is a plan for any number of sensors with so many channels and has no state of its own but the
 * last answer. A sensor's state is a slice of a Float32Array and one of a Float64Array; of the floats, those from
 * `weightsAt` on are the weights that federation exchanges. Nothing is allocated for a reading.
 *
 * What protects it: errors that teach are bounded, and so are weights; a reading whose error is far out (twice the usual
 * one) teaches a tenth; where more were far out than were not, by `patience`, the change counts as lasting: scale and usual
 * errors look back on little then, and it learns as fast as a new one. A young network is less patient: by a quarter of
 * what it has seen.
 *
 * @module
 */
import { CHANNEL_FEATURES, HOUR_FEATURES } from "../forest_features.ts";
import { GUARD_DOUBLES, guardStep, LASTING_CHANGE } from "./guard.ts";
import { boundedWeight, EXAMPLES_FREE, Perceptron } from "./perceptron.ts";
import { followChannel, scaleChannel, SCALER_DOUBLES, SCALER_WARM, unscaled } from "./scaler.ts";
import { followErrors, judgeErrors } from "./usual_errors.ts";

/** How a network is built and learns. */
export interface NetworkSettings {
  /** Hidden units, 1 to 64; default 3 + channels, at most 12. */
  readonly hidden?: number;
  /** Readings far out, beyond those that are not, until a change counts as lasting; 1 to 1e6, default 1,000. */
  readonly patience?: number;
  /** Learning rate of a new network, above 0 and at most 0.1, default 0.02; a fifth of it is left in the end. */
  readonly rate?: number;
}

/** Channels that a network may have. */
export const NETWORK_CHANNELS_MOST = 50;
/**
 * Readings that a sensor must have learnt since its last round for the next one: with fewer it would come back to the
 * others faster than it learns what is its own.
 */
export const ROUND_READINGS = 300;
/** Readings with scaled features that it must have seen before it says anything. */
export const NETWORK_WARM = 30;

/** Greatest learning rate; the share of it that is left in the end, and a quarter of the readings until then. */
const RATE_MOST = 0.1, RATE_LEFT = 0.2, RATE_AGE = 1_000;
/** Experience with which a network begins whose weights are another's. */
const EXPERIENCED = 2_000;
/** Readings that scale and usual errors look back on, at most; and the training loss. */
const MEMORY = 10_000, ERROR_MEMORY = 5_000, LOSS_MEMORY = 300;
/** Scaled inputs go into the network within ± this: it cannot learn to follow a value out of all bounds. */
const INPUT_MOST = 3;
/** Root mean square of the errors beyond which they teach no more than at it: bounds the gradient. */
const TEACHING_MOST = 3;
/** Patience of a young network: a share of what it has seen, for it knows little yet; and the least. */
const YOUNG_PATIENCE = 0.25, PATIENCE_LEAST = 60;
/** What the scale looks back on after a lasting change, and how many readings then move it however far out they are. */
const CHANGED_AGE = 100, CHANGED_OPEN = 100;
const SEEN = 0,
  EXPERIENCE = 1,
  ERROR_AGE = 2,
  LEARNT = 3,
  LEARNT_ALL = 4,
  ROUNDS = 5,
  LOSS = 6,
  CHANGES = 7,
  OPEN = 8,
  GUARD_AT = 9;
const SCALER_AT = GUARD_AT + GUARD_DOUBLES;

/** A plan of the network, and what it said last. */
export class Network {
  /** Floats of a sensor's state. */
  readonly floats: number;
  /** Doubles of a sensor's state. */
  readonly doubles: number;
  /** Where in the floats the weights begin. */
  readonly weightsAt: number = 0;
  /** How many there are. */
  readonly weights: number;
  /** Dimensions of the weights: a row for each hidden unit and one for each output, the bias last. */
  readonly shapes: readonly (readonly number[])[];
  /** Inputs: the length of the row that {@linkcode step} reads. */
  readonly inputs: number;
  /**
   * What each input added to the square of the last error, which is their sum; in the order of the row, 0 for the hour
   * and for what is missing.
   */
  readonly contributions: Float64Array;
  /** Loss of the last reading: half the mean square of its errors, in deviations of the sensor's features. */
  lastLoss = 0;

  readonly #net: Perceptron;
  readonly #scaled: Float64Array;
  readonly #agesAt: number;
  readonly #errorsAt: number;
  readonly #patience: number;
  readonly #rate: number;

  /**
   * Lays its state out.
   *
   * @param channels 1 to {@linkcode NETWORK_CHANNELS_MOST}
   * @throws {RangeError} for a number of channels or a setting out of range
   */
  constructor(readonly channels: number, settings: NetworkSettings = {}) {
    checked("channels", channels, NETWORK_CHANNELS_MOST);
    const features = CHANNEL_FEATURES * channels;
    const hidden = checked("hidden units", settings.hidden ?? Math.min(12, 3 + channels), 64);
    this.#patience = checked("readings of patience", settings.patience ?? 1_000, 1e6);
    const rate = this.#rate = settings.rate ?? 0.02;
    if (!(rate > 0 && rate <= RATE_MOST)) {
      throw new RangeError(
        `cannot make a network of learning rate ${rate}: it must be above 0 and at most ${RATE_MOST}`,
      );
    }
    this.#net = new Perceptron(HOUR_FEATURES + features, hidden, features);
    this.inputs = HOUR_FEATURES + features;
    this.weights = this.#net.weights;
    this.shapes = [[hidden, this.#net.inputs + 1], [features, hidden + 1]];
    this.#errorsAt = this.weights;
    this.#agesAt = this.#errorsAt + features;
    this.floats = this.#agesAt + channels;
    this.doubles = SCALER_AT + SCALER_DOUBLES * channels;
    this.contributions = new Float64Array(this.inputs);
    this.#scaled = new Float64Array(features);
  }

  /**
   * Makes a sensor's state new, with random weights.
   *
   * @param seed whole, magnitude below 2^53; the same one for all sensors of a type, or their average means nothing
   */
  begin(floats: Float32Array, f: number, doubles: Float64Array, d: number, seed: number): void {
    floats.fill(0, f, f + this.floats);
    floats.fill(1, f + this.#errorsAt, f + this.#agesAt);
    doubles.fill(0, d, d + this.doubles);
    this.#net.begin(floats, f, seed);
  }

  /**
   * Makes a sensor's state new, with the weights of others of its type; it learns on at the rate of an experienced one.
   *
   * @param global as many weights as {@linkcode weights}, finite
   * @throws {RangeError} for another number of weights
   */
  beginFrom(floats: Float32Array, f: number, doubles: Float64Array, d: number, global: Float32Array): void {
    this.#checkWeights(global);
    this.begin(floats, f, doubles, d, 0);
    for (let i = 0; i < this.weights; i++) floats[f + i] = boundedWeight(global[i]);
    doubles[d + EXPERIENCE] = EXPERIENCED;
  }

  /**
   * Scores a reading, then learns it.
   *
   * @param row features as `models/forest_features.ts` writes them, from `at` on; NaN is missing
   * @param learn whether the state may change; a reading that is only scored leaves it as it was
   * @returns root mean square of the errors, each relative to its usual one: about 1 where all is usual, 0 or greater;
   *   0 while too little was seen and where all is missing
   */
  step(
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    row: Float64Array,
    at: number,
    learn: boolean,
  ): number {
    const warm = doubles[d + SEEN] >= NETWORK_WARM;
    const present = this.#answer(floats, f, floats, f, doubles, d, row, at);
    const error = judgeErrors(this.#net.errors, this.#scaled, floats, f + this.#errorsAt, this.contributions);
    if (learn) {
      const share = present === 0 ? 1 : this.#learn(floats, f, doubles, d, error, present);
      for (let c = 0; c < this.channels; c++) {
        const from = at + HOUR_FEATURES + c * CHANNEL_FEATURES;
        followChannel(
          floats,
          f + this.#agesAt + c,
          doubles,
          d + SCALER_AT + c * SCALER_DOUBLES,
          row,
          from,
          MEMORY,
          share,
          doubles[d + OPEN] === 0,
        );
      }
    }
    if (warm) return error;
    this.contributions.fill(0);
    return 0;
  }

  /**
   * Loss that other weights would have on a reading of this sensor, as {@linkcode lastLoss}; changes nothing of it.
   *
   * @param weights as many as {@linkcode weights}, from `w` on
   * @returns NaN where the reading says nothing: all is missing, or the sensor's scale is not known yet
   */
  validate(
    weights: Float32Array,
    w: number,
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    row: Float64Array,
    at: number,
  ): number {
    return this.#answer(weights, w, floats, f, doubles, d, row, at) > 0 ? this.lastLoss : NaN;
  }

  /** What the network makes of a channel's last value, in the unit of the channel; NaN while its scale is not known. */
  expected(floats: Float32Array, f: number, doubles: Float64Array, d: number, channel: number): number {
    if (floats[f + this.#agesAt + channel] < SCALER_WARM) return NaN;
    return unscaled(doubles, d + SCALER_AT + channel * SCALER_DOUBLES, 0, this.#net.y[channel * CHANNEL_FEATURES]);
  }

  /** Whether it has seen enough to say anything. */
  warm(doubles: Float64Array, d: number): boolean {
    return doubles[d + SEEN] >= NETWORK_WARM;
  }

  /** Running training loss: of the readings learnt in full, about the last 300; 0 before there is one. */
  loss(doubles: Float64Array, d: number): number {
    return doubles[d + LOSS];
  }

  /** Readings learnt in full since the last round. */
  learnt(doubles: Float64Array, d: number): number {
    return doubles[d + LEARNT];
  }

  /** Lasting changes that it has learnt. */
  changes(doubles: Float64Array, d: number): number {
    return doubles[d + CHANGES];
  }

  /** Whether it has learnt enough since the last round to take part in one, and to blend after it. */
  takesPart(doubles: Float64Array, d: number): boolean {
    return doubles[d + LEARNT] >= ROUND_READINGS;
  }

  /** Rounds that it took part in. */
  rounds(doubles: Float64Array, d: number): number {
    return doubles[d + ROUNDS];
  }

  /**
   * Ends a round: own weights become alpha · global + (1 − alpha) · own.
   *
   * @param alpha 0 to 1
   * @throws {RangeError} for another number of weights or an alpha out of range
   */
  blend(
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    global: Float32Array,
    alpha: number,
  ): void {
    this.#checkWeights(global);
    if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`cannot blend by ${alpha}: alpha must be from 0 to 1`);
    for (let i = 0; i < this.weights; i++) {
      floats[f + i] = boundedWeight(alpha * global[i] + (1 - alpha) * floats[f + i]);
    }
    doubles[d + ROUNDS]++;
    doubles[d + LEARNT] = 0;
  }

  /** Scales the row, lets the weights answer, and takes errors and loss. Returns how many features are present. */
  #answer(
    weights: Float32Array,
    w: number,
    floats: Float32Array,
    f: number,
    doubles: Float64Array,
    d: number,
    row: Float64Array,
    at: number,
  ): number {
    const net = this.#net, { x, y, errors } = net, scaled = this.#scaled, features = scaled.length;
    for (let c = 0; c < this.channels; c++) {
      const to = c * CHANNEL_FEATURES, scaler = d + SCALER_AT + c * SCALER_DOUBLES;
      scaleChannel(floats, f + this.#agesAt + c, doubles, scaler, row, at + HOUR_FEATURES + to, scaled, to);
    }
    x[0] = row[at];
    x[1] = row[at + 1];
    for (let i = 0; i < features; i++) {
      const value = scaled[i]; // NaN fails every comparison and becomes 0, the mean
      x[HOUR_FEATURES + i] = value > INPUT_MOST
        ? INPUT_MOST
        : value >= -INPUT_MOST
        ? value
        : value < 0
        ? -INPUT_MOST
        : 0;
    }
    net.forward(weights, w);
    let present = 0, squares = 0;
    for (let i = 0; i < features; i++) {
      const error = scaled[i] - y[i];
      if (error !== error) {
        errors[i] = 0;
        continue;
      }
      errors[i] = error;
      squares += error * error;
      present++;
    }
    this.lastLoss = present === 0 ? 0 : squares / (2 * present);
    return present;
  }

  /** Learns the last answer's errors; returns the share that the guard allowed. */
  #learn(floats: Float32Array, f: number, doubles: Float64Array, d: number, error: number, present: number): number {
    const patience = Math.min(this.#patience, Math.max(PATIENCE_LEAST, YOUNG_PATIENCE * doubles[d + SEEN]));
    let share = guardStep(doubles, d + GUARD_AT, error, patience);
    if (share === LASTING_CHANGE) {
      share = 1;
      this.#beginAnew(floats, f, doubles, d);
    }
    const age = doubles[d + ERROR_AGE] = Math.min(ERROR_MEMORY, doubles[d + ERROR_AGE] + 1);
    followErrors(this.#net.errors, this.#scaled, floats, f + this.#errorsAt, age, share);
    const experience = doubles[d + EXPERIENCE], loss = this.lastLoss;
    const rate = share * this.#rate * Math.max(RATE_LEFT, RATE_AGE / (RATE_AGE + experience));
    const size = Math.sqrt(2 * loss * present / this.#scaled.length);
    this.#net.learn(floats, f, size > TEACHING_MOST ? rate * TEACHING_MOST / size : rate);
    if (++doubles[d + EXPERIENCE] % EXAMPLES_FREE === 0) this.#net.bound(floats, f);
    doubles[d + SEEN]++;
    if (doubles[d + OPEN] > 0) doubles[d + OPEN]--;
    if (share === 1) {
      doubles[d + LEARNT]++;
      const learnt = doubles[d + LEARNT_ALL] = Math.min(LOSS_MEMORY, doubles[d + LEARNT_ALL] + 1);
      doubles[d + LOSS] += (loss - doubles[d + LOSS]) / learnt;
    }
    return share;
  }

  /** After a lasting change: scale and usual errors look back on little, and it learns as fast as a new network. */
  #beginAnew(floats: Float32Array, f: number, doubles: Float64Array, d: number): void {
    for (let age = f + this.#agesAt; age < f + this.floats; age++) floats[age] = Math.min(floats[age], CHANGED_AGE);
    doubles[d + EXPERIENCE] = doubles[d + ERROR_AGE] = 0;
    doubles[d + OPEN] = CHANGED_OPEN;
    doubles[d + CHANGES]++;
    this.#net.bound(floats, f); // their count begins anew, too
  }

  #checkWeights(weights: Float32Array): void {
    if (weights.length === this.weights) return;
    throw new RangeError(
      `cannot take ${weights.length} weights: a network of ${this.channels} channels has ${this.weights}`,
    );
  }
}

/** A whole number from 1 to `most`. */
function checked(what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`cannot make a network of ${value} ${what}: a whole number from 1 to ${most} is allowed`);
}
