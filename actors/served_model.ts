/**
 * A registered version that answers: what it takes, and rows to scores, whatever its kind.
 *
 * @module
 */
import type { IsolationForest } from "../models/forest.ts";
import { readForest } from "../models/forest_bytes.ts";
import { LogisticModel } from "../models/logistic/model.ts";
import { decodeWeights } from "./federation/weights.ts";
import type { ModelKind, ModelVersion } from "./model_registry.ts";

/** One number that a model takes. */
export interface ModelInput {
  readonly name: string;
  /** Least and greatest value that is no nonsense; anything else is refused. */
  readonly low: number;
  readonly high: number;
}

/** A version that answers. It is never changed: a request that holds it is answered by it to the end. */
export interface ServedModel {
  readonly version: ModelVersion;
  /** What a row holds, in order. */
  readonly inputs: readonly ModelInput[];
  /** Where a score begins to be a 1; see {@linkcode ServedModel.predict}. */
  readonly threshold: number;
  /**
   * Scores rows: a probability (logistic regression) or an isolation score (forest), in 0..1.
   *
   * @param rows row by row, each number within its input's limits
   * @param contributions gets one number an input, row by row: above 0 where it raised the score
   */
  score(rows: Float64Array, count: number, scores: Float64Array, contributions?: Float64Array): void;
  /** 1 where the score is anomalous, else 0. */
  predict(score: number): 0 | 1;
}

/** Magnitude of a number that a forest takes: that of a reading's value. */
const MAGNITUDE = 1e100;

const READERS: Readonly<Record<ModelKind, (version: ModelVersion, bytes: Uint8Array) => ServedModel | undefined>> = {
  logistic: (version, bytes) => servedLogistic(version, LogisticModel.fromBytes(bytes)),
  forest: (version, bytes) => servedForest(version, readForest(bytes)),
  network: (_, bytes) => {
    decodeWeights(bytes);
    return undefined;
  },
};

/**
 * Reads a version.
 *
 * @returns undefined for a kind that answers nobody by itself: a network works inside its sensors
 * @throws {Error} whose message is one sentence if the bytes are not of its kind
 */
export function readModel(version: ModelVersion, bytes: Uint8Array): ServedModel | undefined {
  return READERS[version.kind](version, bytes);
}

function servedLogistic(version: ModelVersion, model: LogisticModel): ServedModel {
  const inputs = model.form.features.map(({ name, low, high }) => ({ name, low, high }));
  const { threshold } = model, width = inputs.length;
  return {
    version,
    inputs,
    threshold,
    score(rows, count, scores, contributions) {
      for (let row = 0; row < count; row++) {
        const own = contributions?.subarray(row * width, (row + 1) * width);
        scores[row] = model.predict(rows, row * width, own);
      }
    },
    predict: (score) => score >= threshold ? 1 : 0,
  };
}

function servedForest(version: ModelVersion, forest: IsolationForest): ServedModel {
  const inputs = forest.features.map((name) => ({ name, low: -MAGNITUDE, high: MAGNITUDE }));
  const { threshold } = forest, width = inputs.length;
  return {
    version,
    inputs,
    threshold,
    score(rows, count, scores, contributions) {
      forest.score(rows, count, scores);
      for (let row = 0; contributions !== undefined && row < count; row++) {
        forest.contribute(rows, row * width, contributions.subarray(row * width, (row + 1) * width));
      }
    },
    predict: (score) => score > threshold ? 1 : 0,
  };
}
