/**
 * What a training came to, as tables for a person.
 *
 * @module
 */
import type { ModelVersion } from "../../actors/model_registry.ts";
import type { Metrics } from "../../models/logistic/metrics.ts";
import type { Candidate } from "../../models/logistic/select.ts";
import type { Training } from "../../models/logistic/train.ts";

const FIGURES = ["accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier", "calibration_error"] as const;

/** Rows of cells as lines, columns one under the other; the first to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    `  ${row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])).join("  ")}`.trimEnd()
  );
}

/** The whole result of a training. */
export function trainingLines(training: Training): string[] {
  const { test, train, rows, candidates } = training;
  return [
    `rows: ${count(rows.train)} to learn from, ${count(rows.test)} set aside (${
      count(test.positives)
    } of them label 1)`,
    "",
    "chosen by cross-validation: log loss on rows not seen, the simplest within one standard error of the best",
    ...aligned(candidateRows(candidates)),
    "",
    "how good it is                 (always 0: what saying 0 of every row would reach)",
    ...aligned([
      ["", "set aside", "learnt from", "always 0"],
      ...FIGURES.map((name) => [
        name.replaceAll("_", " "),
        test[name].toFixed(4),
        train[name].toFixed(4),
        trivial(test)[name],
      ]),
    ]),
    "",
    `confusion on the rows set aside, at the threshold ${test.threshold.toFixed(4)}`,
    ...aligned([
      ["", "predicted 0", "predicted 1"],
      ["label 0", count(test.confusion.true_negative), count(test.confusion.false_positive)],
      ["label 1", count(test.confusion.false_negative), count(test.confusion.true_positive)],
    ]),
    "",
    "calibration: of rows with such a probability, the share that are 1",
    ...aligned([
      ["probability", "rows", "predicted", "observed"],
      ...test.calibration.filter((bin) => bin.count > 0).map((bin) => [
        `${bin.from.toFixed(1)} to ${bin.to.toFixed(1)}`,
        count(bin.count),
        bin.predicted.toFixed(3),
        bin.observed.toFixed(3),
      ]),
    ]),
    "",
    "terms by weight, on standard scale: above 0 speaks for label 1",
    ...aligned(termRows(training)),
  ];
}

/** Every candidate that was tried, the chosen one marked. */
function candidateRows(candidates: readonly Candidate[]): string[][] {
  return [
    ["terms", "class weights", "penalty", "log loss", "error", ""],
    ...candidates.map(({ terms, class_weights, l2, log_loss, error, chosen }) => [
      terms,
      class_weights,
      String(l2),
      log_loss.toFixed(4),
      error.toFixed(4),
      chosen ? "<- chosen" : "",
    ]),
  ];
}

/** What is reached without looking: 0 for every row, with the share of the label 1 as its probability. */
function trivial({ positives, count }: Metrics): Record<typeof FIGURES[number], string> {
  const share = positives / count, entropy = -share * Math.log(share) - (1 - share) * Math.log(1 - share);
  return {
    accuracy: (1 - share).toFixed(4),
    precision: "-",
    recall: "0.0000",
    f1: "0.0000",
    roc_auc: "0.5000",
    log_loss: entropy.toFixed(4),
    brier: (share * (1 - share)).toFixed(4),
    calibration_error: "0.0000",
  };
}

const TERMS_SHOWN = 12;

function termRows({ model }: Training): string[][] {
  const { features, terms } = model.form;
  const named = terms.map(({ of: [one, other], coefficient }) => ({
    name: other === undefined
      ? features[one].name
      : one === other
      ? `${features[one].name}²`
      : `${features[one].name} × ${features[other].name}`,
    coefficient,
  }));
  const shown = named.sort((a, b) => Math.abs(b.coefficient) - Math.abs(a.coefficient)).slice(0, TERMS_SHOWN);
  return shown.map(({ name, coefficient }) => [name, coefficient.toFixed(4)]);
}

/** What was registered, and whether it answers now. */
export function registeredLine({ name, version, size }: ModelVersion, active: number): string {
  const use = active === version ? "in use" : `version ${active} is pinned and stays in use`;
  return `registered: ${name} version ${version}, ${count(size)} bytes, ${use}`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}
