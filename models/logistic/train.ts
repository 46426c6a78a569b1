/**
 * Training a logistic regression from labelled rows, from the split to the judgement on rows that were set aside.
 *
 * @module
 */
import { judge, type Metrics } from "./metrics.ts";
import { LOGISTIC_VERSION, LogisticModel } from "./model.ts";
import { type Candidate, type Choice, fitChoice, predictRows, select } from "./select.ts";
import { stratifiedSplit } from "./split.ts";
import { type LabelledTable, positives, rowsAt } from "./table.ts";

/** Values that a feature can have; an input outside of them is refused. */
export interface Range {
  readonly low?: number;
  readonly high?: number;
}

/** How a training is done. */
export interface TrainingOptions {
  /** Whole, magnitude below 2^53. */
  readonly seed: number;
  /** Share of the rows that is set aside for the judgement; default 0.2. */
  readonly testShare?: number;
  /** Parts of the cross-validation, 2 to 20; default 5. */
  readonly folds?: number;
  /** What is known of the features' values by name, such as a humidity of 0 to 100. */
  readonly ranges?: Readonly<Record<string, Range>>;
  /** Told how far it is, 0 to 1. */
  readonly progress?: (share: number) => void;
}

/** What came out of a training. */
export interface Training {
  readonly model: LogisticModel;
  readonly choice: Choice;
  readonly candidates: readonly Candidate[];
  readonly rows: { readonly train: number; readonly test: number };
  /** On the rows it was fitted to: far better than on the others means overfitting. */
  readonly train: Metrics;
  /** On rows that nothing was chosen or fitted by. */
  readonly test: Metrics;
}

/** Rows of either label that a training needs. */
export const ROWS_LEAST = 20;
/** An input so many deviations away from the mean is absurd: refused where nothing else is known of its range. */
const ABSURD_DEVIATIONS = 100;

/**
 * Trains. The same table and options give the same model, bit for bit.
 *
 * @throws {RangeError} for fewer than {@linkcode ROWS_LEAST} rows of a label, or a value that is not finite
 */
export function trainLogistic(table: LabelledTable, options: TrainingOptions): Training {
  const { seed, testShare = 0.2, folds = 5 } = options;
  check(table, testShare, folds);
  const split = stratifiedSplit(table.labels, testShare, seed);
  const seen = rowsAt(table, split.train), aside = rowsAt(table, split.test);
  const { choice, candidates, threshold } = select(seen, folds, seed + 1, options.progress);
  const predictor = fitChoice(seen, choice);
  const model = new LogisticModel({
    format: "sensorium.logistic",
    version: LOGISTIC_VERSION,
    features: table.features.map((name, at) => {
      const { mean, deviation } = predictor.features[at];
      const { low = -Infinity, high = Infinity } = options.ranges?.[name] ?? {};
      return {
        name,
        mean,
        deviation,
        low: Math.max(low, floored(mean - ABSURD_DEVIATIONS * deviation)),
        high: Math.min(high, -floored(-mean - ABSURD_DEVIATIONS * deviation)),
      };
    }),
    terms: predictor.terms.map(({ of, mean, deviation, coefficient }) => ({
      of: of.length === 1 ? [of[0]] : [of[0], of[1]],
      mean,
      deviation,
      coefficient,
    })),
    intercept: predictor.intercept,
    threshold,
  });
  return {
    model,
    choice,
    candidates,
    rows: { train: split.train.length, test: split.test.length },
    train: judge(predictRows(predictor, seen.rows), seen.labels, threshold),
    test: judge(predictRows(predictor, aside.rows), aside.labels, threshold),
  };
}

/** Down to three significant digits: a limit that a person can read. */
function floored(value: number): number {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 2);
  return Number((Math.floor(value / unit) * unit).toPrecision(12));
}

function check({ rows, labels, features }: LabelledTable, testShare: number, folds: number): void {
  if (features.length < 1 || rows.length !== labels.length * features.length) {
    throw new RangeError(
      `cannot train: ${rows.length} numbers are not ${labels.length} rows of ${features.length} features`,
    );
  }
  const ones = positives(labels);
  for (const [label, count] of [[0, labels.length - ones], [1, ones]]) {
    if (count < ROWS_LEAST) {
      throw new RangeError(`cannot train: at least ${ROWS_LEAST} rows must have the label ${label}, not ${count}`);
    }
  }
  const wrong = rows.findIndex((value) => !(Math.abs(value) <= 1e100));
  if (wrong >= 0) {
    const [row, name] = [Math.floor(wrong / features.length), features[wrong % features.length]];
    throw new RangeError(`cannot train: ${name} in row ${row + 1} must be from -1e100 to 1e100, not ${rows[wrong]}`);
  }
  if (!(testShare >= 0.05 && testShare <= 0.5)) {
    throw new RangeError(`cannot train: the share set aside must be from 0.05 to 0.5, not ${testShare}`);
  }
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= 20)) {
    throw new RangeError(`cannot train: folds must be a whole number from 2 to 20, not ${folds}`);
  }
}
