/**
 * Choosing by cross-validation: which terms, which class weights, how strong a penalty.
 *
 * Judged by the log loss of probabilities on rows that the fit has not seen. Of all candidates within one standard error
 * of the best the simplest is taken: simulated patterns invite overfitting, and a tie is no reason for more terms.
 *
 * @module
 */
import { fitLogistic, sigmoid } from "./fit.ts";
import { bestThreshold, logLoss } from "./metrics.ts";
import { fitScales, type Scale, scaleRows } from "./scaler.ts";
import { foldSplit, stratifiedFolds } from "./split.ts";
import { type LabelledTable, positives, rowsAt } from "./table.ts";
import { expandRows, type Term, TERM_SETS, type TermSet, termsOf } from "./terms.ts";

/** How rows of the two labels count: as they are, or so that both labels weigh the same. */
const CLASS_WEIGHTS = ["none", "balanced"] as const;
/** A way to weigh labels. */
export type ClassWeights = typeof CLASS_WEIGHTS[number];

/** What is chosen. */
export interface Choice {
  readonly terms: TermSet;
  readonly class_weights: ClassWeights;
  /** Strength of the penalty on squared coefficients. */
  readonly l2: number;
}

/** A candidate and how it did. */
export interface Candidate extends Choice {
  /** Mean over folds of the log loss on rows not seen, in nats. */
  readonly log_loss: number;
  /** Standard error of that mean. */
  readonly error: number;
  readonly chosen: boolean;
}

/** What the choice ended with. */
export interface Selection {
  readonly choice: Choice;
  readonly candidates: readonly Candidate[];
  /** Threshold with the greatest F1 on rows not seen. */
  readonly threshold: number;
}

/** Strengths of the penalty that are tried, strongest first. */
const L2_GRID: readonly number[] = [100, 10, 1, 0.1];

/** A fitted predictor: scales of the features, terms with their scales and coefficients, intercept. */
export interface Predictor {
  readonly features: readonly Scale[];
  readonly terms: readonly (Scale & { readonly of: Term; readonly coefficient: number })[];
  readonly intercept: number;
}

/** Scaled terms of a table, ready to fit; the scales are the training rows' own. */
interface Prepared {
  readonly features: readonly Scale[];
  readonly terms: readonly Term[];
  readonly scales: readonly Scale[];
  readonly values: Float64Array;
}

function prepare({ features: { length: width }, rows }: LabelledTable, set: TermSet): Prepared {
  const features = fitScales(rows, width), scaled = rows.slice(), terms = termsOf(set, width);
  scaleRows(scaled, features);
  const values = expandRows(scaled, width, terms), scales = fitScales(values, terms.length);
  scaleRows(values, scales);
  return { features, terms, scales, values };
}

/** Rows' weights: their own, times what their label weighs; with the shift of the log odds that this causes. */
function weigh({ labels, weights }: LabelledTable, how: ClassWeights) {
  const own = weights ?? new Float64Array(labels.length).fill(1);
  let ones = 0, all = 0;
  for (let i = 0; i < labels.length; i++) {
    all += own[i];
    if (labels[i] === 1) ones += own[i];
  }
  if (how === "none" || ones === 0 || ones === all) return { weights: own, shift: 0 };
  const [ofZero, ofOne] = [all / (2 * (all - ones)), all / (2 * ones)];
  // Weighing rows moves every log odds by log(ofOne / ofZero): taken back, the probabilities are those of the data.
  return {
    weights: own.map((weight, i) => weight * (labels[i] === 1 ? ofOne : ofZero)),
    shift: Math.log(ofOne / ofZero),
  };
}

function predictorOf(table: LabelledTable, prepared: Prepared, choice: Choice, from?: Float64Array) {
  const { weights, shift } = weigh(table, choice.class_weights);
  const fit = fitLogistic({
    terms: prepared.values,
    width: prepared.terms.length,
    labels: table.labels,
    weights,
    l2: choice.l2,
  }, from);
  const predictor: Predictor = {
    features: prepared.features,
    terms: prepared.terms.map((of, i) => ({ of, ...prepared.scales[i], coefficient: fit.coefficients[i] })),
    intercept: fit.intercept - shift,
  };
  return { predictor, warm: Float64Array.of(fit.intercept, ...fit.coefficients) };
}

/** Fits a table as chosen. */
export function fitChoice(table: LabelledTable, choice: Choice): Predictor {
  return predictorOf(table, prepare(table, choice.terms), choice).predictor;
}

/** Probabilities of the label 1 for rows as they came. */
export function predictRows({ features, terms, intercept }: Predictor, rows: Float64Array): Float64Array {
  const scaled = rows.slice(), width = features.length;
  scaleRows(scaled, features);
  const values = expandRows(scaled, width, terms.map(({ of }) => of)), size = terms.length;
  return Float64Array.from({ length: rows.length / width }, (_, row) => {
    let x = intercept;
    for (let i = 0; i < size; i++) {
      const { mean, deviation, coefficient } = terms[i];
      x += coefficient * (values[row * size + i] - mean) / deviation;
    }
    return sigmoid(x);
  });
}

/**
 * Chooses. The same table and seed give the same choice.
 *
 * @param folds 2 to 20, and at most as many as there are rows of the rarer label
 * @param tried told after each set of terms
 */
export function select(table: LabelledTable, folds: number, seed: number, tried?: (share: number) => void): Selection {
  const fold = stratifiedFolds(table.labels, folds, seed), count = table.labels.length;
  const results: { choice: Choice; losses: number[]; probabilities: Float64Array }[] = [];
  for (const terms of TERM_SETS) {
    for (const class_weights of CLASS_WEIGHTS) {
      for (const l2 of L2_GRID) {
        results.push({ choice: { terms, class_weights, l2 }, losses: [], probabilities: new Float64Array(count) });
      }
    }
  }
  for (let which = 0; which < folds; which++) {
    const { train, test } = foldSplit(fold, which), seen = rowsAt(table, train), unseen = rowsAt(table, test);
    TERM_SETS.forEach((terms, number) => {
      const prepared = prepare(seen, terms);
      let warm: Float64Array | undefined;
      for (const { choice, losses, probabilities } of results) {
        if (choice.terms !== terms) continue;
        const fitted = predictorOf(seen, prepared, choice, warm);
        warm = fitted.warm; // the next candidate's optimum is near: about half of the iterations
        const predicted = predictRows(fitted.predictor, unseen.rows);
        losses.push(logLoss(predicted, unseen.labels));
        test.forEach((place, i) => probabilities[place] = predicted[i]);
      }
      tried?.((which * TERM_SETS.length + number + 1) / (folds * TERM_SETS.length));
    });
  }
  return choose(results, table.labels);
}

function choose(
  results: readonly { choice: Choice; losses: readonly number[]; probabilities: Float64Array }[],
  labels: Uint8Array,
): Selection {
  const judged = results.map(({ choice, losses, probabilities }) => {
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    const squares = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
    return { choice, probabilities, mean, error: Math.sqrt(squares / (losses.length - 1) / losses.length) };
  });
  const best = judged.reduce((least, one) => one.mean < least.mean ? one : least);
  // Results stand in order of simplicity: fewer terms, rows as they are, a stronger penalty.
  const chosen = judged.find(({ mean }) => mean <= best.mean + best.error) ?? best;
  return {
    choice: chosen.choice,
    candidates: judged.map((one) => ({
      ...one.choice,
      log_loss: one.mean,
      error: one.error,
      chosen: one === chosen,
    })),
    threshold: positives(labels) > 0 ? bestThreshold(chosen.probabilities, labels) : 0.5,
  };
}
