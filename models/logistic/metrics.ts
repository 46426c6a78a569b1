/**
 * How good probabilities are: at a threshold, over all thresholds, and as probabilities.
 *
 * @module
 */
import { positives } from "./table.ts";

/** Rows by label and prediction. */
export interface Confusion {
  readonly true_positive: number;
  readonly false_positive: number;
  readonly true_negative: number;
  readonly false_negative: number;
}

/** Rows whose probability lies in one tenth of 0..1. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean probability; 0 for none. */
  readonly predicted: number;
  /** Share of the label 1; 0 for none. */
  readonly observed: number;
}

/** Everything about the predictions of one table. */
export interface Metrics {
  readonly count: number;
  readonly positives: number;
  readonly threshold: number;
  readonly confusion: Confusion;
  readonly accuracy: number;
  /** Share of the predicted 1 that are; 0 where nothing is predicted. */
  readonly precision: number;
  /** Share of the 1 that are found. */
  readonly recall: number;
  readonly f1: number;
  /** Share of pairs of a 1 and a 0 that are in the right order, ties half; 0.5 is chance. */
  readonly roc_auc: number;
  /** Mean −log likelihood, in nats. */
  readonly log_loss: number;
  /** Mean squared difference of probability and label. */
  readonly brier: number;
  readonly calibration: readonly CalibrationBin[];
  /** Mean over rows of the distance of predicted and observed in their bin: expected calibration error. */
  readonly calibration_error: number;
}

const BINS = 10;
/** Probabilities count as at least so much away from 0 and 1 in the log loss. */
const LEAST = 1e-12;

/**
 * Judges probabilities.
 *
 * @param threshold a probability at or above it is a 1
 * @throws {RangeError} for another number of labels than probabilities, or none
 */
export function judge(probabilities: Float64Array, labels: Uint8Array, threshold: number): Metrics {
  const count = labels.length;
  if (count === 0 || probabilities.length !== count) {
    throw new RangeError(`cannot judge ${probabilities.length} probabilities by ${count} labels`);
  }
  const confusion = confusionAt(probabilities, labels, threshold);
  const { true_positive: found, false_positive: wrong, false_negative: missed } = confusion;
  const calibration = calibrationOf(probabilities, labels);
  let brier = 0;
  for (let i = 0; i < count; i++) brier += (probabilities[i] - labels[i]) ** 2 / count;
  return {
    count,
    positives: found + missed,
    threshold,
    confusion,
    accuracy: (found + confusion.true_negative) / count,
    precision: found + wrong > 0 ? found / (found + wrong) : 0,
    recall: found + missed > 0 ? found / (found + missed) : 0,
    f1: f1Of(confusion),
    roc_auc: rocArea(probabilities, labels),
    log_loss: logLoss(probabilities, labels),
    brier,
    calibration,
    calibration_error: calibration.reduce(
      (sum, bin) => sum + bin.count / count * Math.abs(bin.predicted - bin.observed),
      0,
    ),
  };
}

/** Rows by label and prediction. */
export function confusionAt(probabilities: Float64Array, labels: Uint8Array, threshold: number): Confusion {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) counts[2 * labels[i] + (probabilities[i] >= threshold ? 1 : 0)]++;
  const [true_negative, false_positive, false_negative, true_positive] = counts;
  return { true_positive, false_positive, true_negative, false_negative };
}

/** Harmonic mean of precision and recall; 0 where nothing is found. */
export function f1Of({ true_positive, false_positive, false_negative }: Confusion): number {
  return true_positive === 0 ? 0 : 2 * true_positive / (2 * true_positive + false_positive + false_negative);
}

/** Mean −log likelihood of the labels, in nats. */
export function logLoss(probabilities: Float64Array, labels: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = labels[i] === 1 ? probabilities[i] : 1 - probabilities[i];
    sum -= Math.log(Math.max(LEAST, p));
  }
  return sum / labels.length;
}

/** The area under the ROC curve; 0.5 where there is only one label. */
export function rocArea(probabilities: Float64Array, labels: Uint8Array): number {
  const order = Uint32Array.from(labels.keys()).sort((a, b) => probabilities[a] - probabilities[b]);
  const ones = positives(labels), zeros = labels.length - ones;
  if (ones === 0 || zeros === 0) return 0.5;
  let below = 0, pairs = 0;
  for (let from = 0, to = 0; from < order.length; from = to) {
    let tiedZeros = 0, tiedOnes = 0;
    for (; to < order.length && probabilities[order[to]] === probabilities[order[from]]; to++) {
      labels[order[to]] === 1 ? tiedOnes++ : tiedZeros++;
    }
    pairs += tiedOnes * (below + tiedZeros / 2);
    below += tiedZeros;
  }
  return pairs / ones / zeros;
}

/**
 * The threshold with the greatest F1: half-way between two neighbouring probabilities; of equals the nearest to 0.5.
 */
export function bestThreshold(probabilities: Float64Array, labels: Uint8Array): number {
  const order = Uint32Array.from(labels.keys()).sort((a, b) => probabilities[b] - probabilities[a]);
  const ones = positives(labels);
  let found = 0, best = 0, threshold = 0.5;
  for (let taken = 1; taken <= order.length; taken++) {
    found += labels[order[taken - 1]];
    const here = probabilities[order[taken - 1]], next = taken < order.length ? probabilities[order[taken]] : 0;
    if (taken < order.length && next === here) continue;
    const half = (here + next) / 2, middle = half > next ? half : here; // between neighbours there is nothing
    const f1 = 2 * found / (taken + ones);
    if (f1 > best || (f1 === best && Math.abs(middle - 0.5) < Math.abs(threshold - 0.5))) {
      best = f1;
      threshold = middle;
    }
  }
  return threshold;
}

function calibrationOf(probabilities: Float64Array, labels: Uint8Array): CalibrationBin[] {
  const sums = Array.from({ length: BINS }, () => ({ count: 0, predicted: 0, observed: 0 }));
  for (let i = 0; i < labels.length; i++) {
    const bin = sums[Math.min(BINS - 1, Math.floor(probabilities[i] * BINS))];
    bin.count++;
    bin.predicted += probabilities[i];
    bin.observed += labels[i];
  }
  return sums.map(({ count, predicted, observed }, bin) => ({
    from: bin / BINS,
    to: (bin + 1) / BINS,
    count,
    predicted: count > 0 ? predicted / count : 0,
    observed: count > 0 ? observed / count : 0,
  }));
}
