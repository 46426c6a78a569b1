/**
 * What the sensors' network was chosen from: a one-step forecaster on the same parts (scale, guard, network, learning
 * rates), and the plain distance from the mean, which has no network at all.
 *
 * @module
 */
import { CHANNEL_FEATURES, HOUR_FEATURES } from "../models/forest_features.ts";
import { GUARD_DOUBLES, guardStep, guardWarm, LASTING_CHANGE } from "../models/network/guard.ts";
import { Perceptron } from "../models/network/perceptron.ts";
import { followChannel, scaleChannel, SCALER_DOUBLES } from "../models/network/scaler.ts";

/** What judges rows, one after the other. */
export interface Rival {
  /** Error of the next row, which is learnt then. */
  step(row: Float64Array, at: number): number;
  /** Bytes of a sensor's state. */
  readonly bytes: number;
}

const MEMORY = 10_000, ERROR_MEMORY = 5_000, PATIENCE = 1_000, INPUT_MOST = 3, TEACHING_MOST = 3;

/** A sensor's scale and guard, as the network has them. */
class Scaled {
  readonly scaled: Float64Array;
  readonly #ages: Float32Array;
  readonly #doubles: Float64Array;
  readonly #guard = new Float64Array(GUARD_DOUBLES);
  #seen = 0;
  #open = 0;

  constructor(readonly channels: number) {
    this.scaled = new Float64Array(channels * CHANNEL_FEATURES);
    this.#ages = new Float32Array(channels);
    this.#doubles = new Float64Array(channels * SCALER_DOUBLES);
  }

  get bytes(): number {
    return this.#ages.byteLength + this.#doubles.byteLength + this.#guard.byteLength;
  }

  get warm(): boolean {
    return guardWarm(this.#guard, 0);
  }

  look(row: Float64Array, at: number): void {
    for (let c = 0; c < this.channels; c++) {
      const to = c * CHANNEL_FEATURES;
      scaleChannel(this.#ages, c, this.#doubles, c * SCALER_DOUBLES, row, at + HOUR_FEATURES + to, this.scaled, to);
    }
  }

  /** Follows; returns what share of the reading is to be learnt, {@linkcode LASTING_CHANGE} for all anew. */
  follow(row: Float64Array, at: number, error: number): number {
    const share = guardStep(this.#guard, 0, error, Math.min(PATIENCE, Math.max(60, this.#seen++ / 4)));
    if (share === LASTING_CHANGE) {
      this.#ages.forEach((age, c) => this.#ages[c] = Math.min(age, 100));
      this.#open = 100;
    }
    this.start(row, at, Math.min(1, share));
    if (this.#open > 0) this.#open--;
    return share;
  }

  /** Follows without judging. */
  start(row: Float64Array, at: number, share = 1): void {
    for (let c = 0; c < this.channels; c++) {
      const from = at + HOUR_FEATURES + c * CHANNEL_FEATURES;
      followChannel(this.#ages, c, this.#doubles, c * SCALER_DOUBLES, row, from, MEMORY, share, this.#open === 0);
    }
  }
}

/** Root mean square of the channels' values in their own deviations. */
export class Distance implements Rival {
  readonly #scaled: Scaled;

  constructor(readonly channels: number) {
    this.#scaled = new Scaled(channels);
  }

  get bytes(): number {
    return this.#scaled.bytes;
  }

  step(row: Float64Array, at: number): number {
    const { scaled } = this.#scaled, warm = this.#scaled.warm;
    this.#scaled.look(row, at);
    let squares = 0, present = 0;
    for (let i = 0; i < scaled.length; i += CHANNEL_FEATURES) {
      if (scaled[i] !== scaled[i]) continue;
      squares += scaled[i] ** 2;
      present++;
    }
    const error = Math.sqrt(squares / Math.max(1, present));
    if (present === 0) this.#scaled.start(row, at);
    else this.#scaled.follow(row, at, error);
    return warm ? error : 0;
  }
}

/** Says the channels' next values from the features of the reading before, and from the hour. */
export class Forecaster implements Rival {
  readonly #scaled: Scaled;
  readonly #net: Perceptron;
  readonly #weights: Float32Array;
  readonly #errors: Float32Array;
  readonly #before: Float32Array;
  #experience = 0;
  #errorAge = 0;

  constructor(readonly channels: number) {
    const features = channels * CHANNEL_FEATURES;
    this.#scaled = new Scaled(channels);
    this.#net = new Perceptron(HOUR_FEATURES + features, Math.min(12, 3 + channels), channels);
    this.#weights = new Float32Array(this.#net.weights);
    this.#net.begin(this.#weights, 0, 1);
    this.#errors = new Float32Array(channels).fill(1);
    this.#before = new Float32Array(features);
  }

  get bytes(): number {
    const { buffer } = this.#before;
    return this.#scaled.bytes + this.#weights.byteLength + this.#errors.byteLength + buffer.byteLength;
  }

  step(row: Float64Array, at: number): number {
    const net = this.#net, { scaled } = this.#scaled, warm = this.#scaled.warm;
    this.#scaled.look(row, at);
    net.x[0] = row[at];
    net.x[1] = row[at + 1];
    net.x.set(this.#before, HOUR_FEATURES);
    net.forward(this.#weights, 0);
    let squares = 0, relative = 0, present = 0;
    for (let c = 0; c < this.channels; c++) {
      const error = scaled[c * CHANNEL_FEATURES] - net.y[c];
      net.errors[c] = error === error ? error : 0;
      if (error !== error) continue;
      squares += error * error;
      relative += (error / (1.25 * this.#errors[c] + 0.02)) ** 2;
      present++;
    }
    for (let i = 0; i < scaled.length; i++) {
      const value = scaled[i];
      this.#before[i] = value !== value ? 0 : Math.max(-INPUT_MOST, Math.min(INPUT_MOST, value));
    }
    if (present === 0) {
      this.#scaled.start(row, at);
      return 0;
    }
    const error = Math.sqrt(relative / present);
    this.#learn(row, at, error, Math.sqrt(squares / this.channels));
    return warm ? error : 0;
  }

  #learn(row: Float64Array, at: number, error: number, size: number): void {
    const judged = this.#scaled.follow(row, at, error), share = Math.min(1, judged);
    if (judged === LASTING_CHANGE) this.#experience = this.#errorAge = 0;
    this.#errorAge = Math.min(ERROR_MEMORY, this.#errorAge + 1);
    for (let c = 0; c < this.channels; c++) {
      this.#errors[c] += share * (Math.abs(this.#net.errors[c]) - this.#errors[c]) / (this.#errorAge + 5);
    }
    const rate = share * 0.02 * Math.max(0.2, 1_000 / (1_000 + this.#experience));
    this.#net.learn(this.#weights, 0, size > TEACHING_MOST ? rate * TEACHING_MOST / size : rate);
    if (++this.#experience % 64 === 0) this.#net.bound(this.#weights, 0);
  }
}
