/**
 * A sensor with a network under test: channels that move together over the day, as rows of features.
 *
 * @module
 */
import { FEATURE_LENGTH, pushValue } from "../../../models/features.ts";
import { writeChannel, writeHour } from "../../../models/forest_features.ts";
import { Network, type NetworkSettings } from "../../../models/network/network.ts";
import { normalAt } from "../../../models/random.ts";

const START = 1_767_225_600_000, STEP_MS = 60_000;

/** Values of all channels at a reading: a common load, and a little noise of each. */
export function values(channels: number, seed: number, i: number): number[] {
  const load = 5 * Math.sin(2 * Math.PI * i / 1_440) + normalAt(seed, i, 99);
  return Array.from({ length: channels }, (_, c) => 100 * c + (c + 1) * load + 0.3 * normalAt(seed, i, c));
}

/** State in the middle of greater arrays, as the actors will have it. */
export class Sensor {
  readonly net: Network;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly row: Float64Array;
  readonly f = 3;
  readonly d = 2;
  readonly at = 4;
  readonly #features: Float64Array;
  #time = START;

  constructor(channels: number, settings: NetworkSettings = {}, seed = 1) {
    this.net = new Network(channels, settings);
    this.floats = new Float32Array(this.f + this.net.floats + 5).fill(9);
    this.doubles = new Float64Array(this.d + this.net.doubles + 5).fill(9);
    this.row = new Float64Array(this.at + this.net.inputs);
    this.#features = new Float64Array(channels * FEATURE_LENGTH);
    this.net.begin(this.floats, this.f, this.doubles, this.d, seed);
  }

  /** The next reading; NaN is missing. */
  step(readings: readonly number[], learn = true): number {
    this.write(readings);
    return this.again(learn);
  }

  /** The reading whose row stands there. */
  again(learn = false): number {
    return this.net.step(this.floats, this.f, this.doubles, this.d, this.row, this.at, learn);
  }

  /** Writes the row of the next reading. */
  write(readings: readonly number[]): void {
    const { row, at } = this, time = this.#time += STEP_MS, features = this.#features;
    writeHour(row, at, time);
    readings.forEach((value, c) => {
      if (value === value) pushValue(features, c * FEATURE_LENGTH, value, time);
      writeChannel(row, at, c, value, features, c * FEATURE_LENGTH);
    });
  }

  /** Readings `from` to `to` of the usual stream, altered; returns their errors. */
  run(from: number, to: number, seed: number, alter: (usual: number[], i: number) => number[] = (usual) => usual) {
    const errors: number[] = [];
    for (let i = from; i < to; i++) errors.push(this.step(alter(values(this.net.channels, seed, i), i)));
    return errors;
  }

  /** The weights. */
  get weights(): Float32Array {
    const from = this.f + this.net.weightsAt;
    return this.floats.slice(from, from + this.net.weights);
  }
}
