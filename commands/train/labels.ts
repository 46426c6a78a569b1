/**
 * `deno task train --labels`: a new version for each group of sensors whose readings people have labelled.
 *
 * The parts' labels count beside the generated parts, and make a new version of the model behind `POST /predict` too; any
 * other group's model is trained from its labels alone.
 *
 * @module
 */
import type { Label } from "../../actors/labels.ts";
import { labelledModel, relabel, RelabelError, type RelabelInput, withParent } from "../../actors/relabel.ts";
import { parts } from "../../data/parts.ts";
import { partsRanges, partsTable } from "../../data/parts_table.ts";
import { CommandError } from "../process/errors.ts";
import type { CommandModels } from "../instance/models.ts";
import { newLogistic, PARTS_MODEL } from "./model.ts";
import { registeredLine, trainingLines } from "./table.ts";

/** How it is trained. */
export interface LabelledTraining {
  /** Which group; absent: every one with enough labels. */
  readonly group?: string;
  readonly register: boolean;
  readonly seed: number;
  readonly testShare: number;
  readonly folds: number;
}

/**
 * Trains each group in turn.
 *
 * @returns for each group what to tell of it, line by line
 * @throws {CommandError} if there is nothing to train, or a named group has too few labels
 */
export async function trainLabelled(models: CommandModels, options: LabelledTraining): Promise<string[][]> {
  const groups = byGroup(await models.labels()), told: string[][] = [];
  if (groups.size === 0) throw new CommandError("there are no labels yet: POST /labels gives them");
  const wanted = options.group === undefined ? [...groups.keys()].sort() : [options.group];
  for (const group of wanted) {
    const labels = groups.get(group);
    if (labels === undefined) throw new CommandError(`no label is of the group ${group}`);
    try {
      told.push(await trainGroup(models, group, labels, options));
    } catch (error) {
      if (!(error instanceof RelabelError || error instanceof RangeError)) throw error;
      if (options.group !== undefined) throw new CommandError(`${group}: ${error.message}`, { cause: error });
      told.push([`${group}: ${error.message}`]);
    }
  }
  return told;
}

async function trainGroup(
  models: CommandModels,
  group: string,
  labels: readonly Label[],
  { register, seed, testShare, folds }: LabelledTraining,
): Promise<string[]> {
  const { names, ...base } = baseOf(group, seed),
    made = relabel({ ...base, labels, options: { ...base.options, testShare, folds } });
  const { training, lineage, used, leftOut } = made;
  const data = `${used} labels of ${group}${base.baseData === undefined ? "" : ` beside ${base.baseData}`}`;
  const lines = [
    `${names[0]}: ${data}`,
    `features: ${training.model.features.join(", ")}`,
    ...(leftOut > 0 ? [`labels left out for a missing value: ${leftOut}`] : []),
    ...trainingLines(training),
  ];
  if (!register) return lines;
  const configuration = { ...lineage, folds, share_set_aside: testShare }, told: string[] = [];
  for (const name of names) {
    const parent = (await models.list()).find((one) => one.name === name)?.active;
    const version = await models.register(
      name,
      withParent(newLogistic(training, { data, seed, configuration }), parent),
    );
    const active = (await models.list()).find((one) => one.name === name)?.active ?? version.version;
    told.push(registeredLine(version, active));
  }
  return [...lines, "", ...told];
}

/** What a group's labels are joined to, and the models that they make. */
function baseOf(group: string, seed: number): Omit<RelabelInput, "labels"> & { readonly names: readonly string[] } {
  if (!Object.hasOwn(parts().types, group)) return { names: [labelledModel(group)], options: { seed } };
  return {
    names: [PARTS_MODEL, labelledModel(group)],
    base: partsTable(seed),
    baseData: `parts, seed ${seed}`,
    options: { seed, ranges: partsRanges() },
  };
}

function byGroup(labels: readonly Label[]): Map<string, Label[]> {
  return Map.groupBy(labels, ({ group }) => group);
}
