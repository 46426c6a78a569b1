/**
 * The neural network of one sensor, learning along; its errors calibrated to a score as every detector's are.
 *
 * @module
 */
import { Network } from "../../models/network/network.ts";
import { calibrate, CALIBRATION_FLOATS } from "../../models/surprise/calibration.ts";

/** Error, relative to the usual one, that counts as the greatest. */
const ERROR_MOST = 20;

/** One sensor's network. */
export class SensorNetwork {
  /** Score of the last reading, 0..1; 0 while the network says nothing. */
  score = 0;
  readonly #network: Network;
  readonly #floats: Float32Array;
  readonly #doubles: Float64Array;
  readonly #calibration = new Float32Array(CALIBRATION_FLOATS);

  /** @param channels of the rows */
  constructor(channels: number, seed: number) {
    this.#network = new Network(channels);
    this.#floats = new Float32Array(this.#network.floats);
    this.#doubles = new Float64Array(this.#network.doubles);
    this.#network.begin(this.#floats, 0, this.#doubles, 0, seed);
  }

  /** Scores a row of features, then learns it. */
  take(row: Float64Array): void {
    const error = this.#network.step(this.#floats, 0, this.#doubles, 0, row, 0, true);
    this.score = calibrate(this.#calibration, 0, error / ERROR_MOST, Math.exp(-error));
  }
}
