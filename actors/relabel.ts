/**
 * From labels that people gave to a new version of a supervised model.
 *
 * A row is the values of a labelled reading, channel by channel: the label itself, comments and who gave it are not in
 * it. Pure: what is registered, and where, is for the caller.
 *
 * @module
 */
import { joinTables, type LabelledTable } from "../models/logistic/table.ts";
import { ROWS_LEAST, type Training, type TrainingOptions, trainLogistic } from "../models/logistic/train.ts";
import type { Label } from "./labels.ts";
import type { NewModel } from "./model_registry.ts";
import type { Json } from "./ports.ts";

/** Labels of either kind that a group needs before a model is trained from them alone. */
export const LABELS_LEAST = ROWS_LEAST;
/** How often a label counts beside rows that were there before: a few of them against thousands. */
const LABEL_WEIGHT = 5;
/** Labelled readings that a version names in its lineage, the newest; all are counted. */
const NAMED_LABELS = 100;

/** What is trained from. */
export interface RelabelInput {
  /** Labels of one group, in any order. */
  readonly labels: readonly Label[];
  /** Rows that were there before, such as generated ones; then only their features count. */
  readonly base?: LabelledTable;
  /** Where those came from. */
  readonly baseData?: string;
  readonly options: TrainingOptions;
}

/** A model trained from labels. */
export interface Relabelled {
  readonly training: Training;
  /** What a version's lineage says of the labels. */
  readonly lineage: Readonly<Record<string, Json>>;
  /** Labels that were used, and those that were not: without values, or without one of the channels. */
  readonly used: number;
  readonly leftOut: number;
}

/** Why there is nothing to train; the message is one sentence. */
export class RelabelError extends Error {
  override name = "RelabelError";
}

/**
 * Trains from labels. The same labels, in whatever order, give the same bits.
 *
 * @throws {RelabelError} if there are too few labels of a kind: {@linkcode LABELS_LEAST} of each, or any beside a base
 */
export function relabel({ labels, base, baseData, options }: RelabelInput): Relabelled {
  const sorted = labels.toSorted((a, b) => a.time - b.time || (a.sensor < b.sensor ? -1 : a.sensor > b.sensor ? 1 : 0));
  const features = base?.features ?? commonChannels(sorted);
  const { used, table } = labelledRows(sorted, features);
  const ones = used.filter(({ label }) => label === 1).length, zeros = used.length - ones;
  check(features, zeros, ones, base !== undefined);
  const training = trainLogistic(base === undefined ? table : joinTables(base, table, LABEL_WEIGHT), options);
  const named = used.slice(-NAMED_LABELS).map(({ sensor, time, label }): Json => [sensor, time, label]);
  return {
    training,
    used: used.length,
    leftOut: labels.length - used.length,
    lineage: {
      labels: { zeros, ones, left_out: labels.length - used.length, newest: used.at(-1)?.time ?? 0 },
      labelled: named,
      ...(base === undefined
        ? {}
        : { label_weight: LABEL_WEIGHT, base: baseData ?? "rows", base_rows: base.labels.length }),
    },
  };
}

/** The name of the model that a group's labels train: the group's own, under which its sensors' scoring looks for it. */
export function labelledModel(group: string): string {
  return group;
}

/** A version whose lineage names the one before it, where there is one. */
export function withParent(model: NewModel, parent: number | undefined): NewModel {
  return parent === undefined ? model : { ...model, lineage: { ...model.lineage, parent } };
}

/** Channels that more than half of the labelled readings have a value of, in order of name. */
function commonChannels(labels: readonly Label[]): string[] {
  const counts = new Map<string, number>();
  let readings = 0;
  for (const { values } of labels) {
    if (values === undefined) continue;
    readings++;
    for (const [channel, value] of Object.entries(values)) {
      if (value !== null) counts.set(channel, (counts.get(channel) ?? 0) + 1);
    }
  }
  return [...counts.keys()].filter((channel) => 2 * (counts.get(channel) ?? 0) > readings).sort();
}

function labelledRows(
  labels: readonly Label[],
  features: readonly string[],
): { readonly used: Label[]; readonly table: LabelledTable } {
  const used: Label[] = [], rows: number[] = [];
  for (const label of labels) {
    const row = features.map((channel) => label.values?.[channel] ?? NaN);
    if (row.length === 0 || row.some(Number.isNaN)) continue;
    used.push(label);
    rows.push(...row);
  }
  return {
    used,
    table: { features, rows: Float64Array.from(rows), labels: Uint8Array.from(used, ({ label }) => label) },
  };
}

function check(features: readonly string[], zeros: number, ones: number, hasBase: boolean): void {
  if (features.length === 0) throw new RelabelError("no labelled reading has values to learn from");
  if (hasBase && zeros + ones > 0) return;
  if (zeros >= LABELS_LEAST && ones >= LABELS_LEAST) return;
  const wanted = hasBase ? "at least one label" : `at least ${LABELS_LEAST} labels of either kind`;
  throw new RelabelError(`cannot train: it takes ${wanted}, there are ${zeros} of 0 and ${ones} of 1`);
}
