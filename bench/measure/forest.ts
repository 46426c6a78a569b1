/**
 * The isolation forest of one sensor, as it learns along: trained on the first 50 readings and used at once, then anew
 * whenever a tenth more have come, on 1,000 at most that are drawn evenly from all so far. (The newest 1,000
 * were worse on the recordings of others; the product trains more often, and one forest for all sensors of a type.)
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import { FEATURE_LENGTH, pushValue, zScore } from "../../models/features.ts";
import type { IsolationForest } from "../../models/forest.ts";
import {
  CHANNEL_FEATURES,
  forestFeatures,
  HOUR_FEATURES,
  writeChannel,
  writeHour,
} from "../../models/forest_features.ts";
import { FOREST_DEFAULTS, trainForest } from "../../models/forest_train.ts";
import { uniformAt } from "../../models/random.ts";

const { samplesLeast, samplesMost } = FOREST_DEFAULTS;

/** Growth of the readings after which it is trained again. */
const GROWTH = 1.1;

/** One sensor's features, its z-score and its forest. The channels are those of the first reading. */
export class SensorForest {
  /** Greatest magnitude of a channel's z-score in the last reading. */
  z = 0;
  /** The forest's score of the last reading, 0..1; 0 before there is one. */
  score = 0;
  /** Whether that is beyond the contamination's threshold. */
  flagged = false;
  /** Channels of the row. */
  readonly channels: readonly string[];
  readonly #state: Float64Array;
  /** Features of the last reading. */
  readonly row: Float64Array;
  readonly #scores = new Float64Array(1);
  /** Rows drawn from all so far, each as likely as the others. */
  readonly #sample: Float64Array;
  #forest: IsolationForest | undefined;
  #age = 0;
  #due: number = samplesLeast;

  /** @param first the sensor's first reading, to be taken as well */
  constructor(first: Reading, private readonly seed: number) {
    this.channels = Object.keys(first.values);
    this.#state = new Float64Array(this.channels.length * FEATURE_LENGTH);
    this.row = new Float64Array(HOUR_FEATURES + this.channels.length * CHANNEL_FEATURES);
    this.#sample = new Float64Array(samplesMost * this.row.length);
  }

  /** Scores a reading, then learns it. */
  take({ time, values }: Reading): void {
    this.z = this.score = 0;
    writeHour(this.row, 0, time);
    for (const [c, channel] of this.channels.entries()) {
      const value = values[channel] ?? NaN, at = c * FEATURE_LENGTH;
      if (!Number.isNaN(value)) {
        this.z = Math.max(this.z, Math.abs(zScore(this.#state, at, value)));
        pushValue(this.#state, at, value, time);
      }
      writeChannel(this.row, 0, c, value, this.#state, at);
    }
    this.#forest?.score(this.row, 1, this.#scores);
    this.score = this.#forest === undefined ? 0 : this.#scores[0];
    this.flagged = this.#forest !== undefined && this.score > this.#forest.threshold;
    this.#learn();
  }

  #learn(): void {
    const width = this.row.length, age = ++this.#age;
    const place = age <= samplesMost ? age - 1 : Math.floor(uniformAt(this.seed, age) * age);
    if (place < samplesMost) this.#sample.set(this.row, place * width);
    if (age < this.#due) return;
    const samples = this.#sample.slice(0, Math.min(age, samplesMost) * width);
    this.#forest = trainForest({ features: forestFeatures(this.channels), samples, seed: this.seed + age });
    this.#due = Math.ceil(age * GROWTH);
  }
}
