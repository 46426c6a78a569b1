/**
 * A training as a version of the registry, and the model that every instance has from its first start.
 *
 * @module
 */
import { type ModelRegistry, ModelRuleError, type ModelVersion, type NewModel } from "../../actors/model_registry.ts";
import type { Json } from "../../actors/ports.ts";
import { partsRanges, partsTable } from "../../data/parts_table.ts";
import type { Metrics } from "../../models/logistic/metrics.ts";
import { type Training, type TrainingOptions, trainLogistic } from "../../models/logistic/train.ts";

/** Name of the model that every instance has. */
export const PARTS_MODEL = "parts";

/** Where a training's rows came from, and how it was done. */
export interface TrainingOrigin {
  /** For a person: `parts, seed 42`. */
  readonly data: string;
  readonly seed: number;
  /** Beside what was chosen. */
  readonly configuration?: Readonly<Record<string, Json>>;
}

/** A training, to be registered. */
export function newLogistic(training: Training, { data, seed, configuration }: TrainingOrigin): NewModel {
  const { model, choice, rows } = training;
  return {
    kind: "logistic",
    scope: "global",
    lineage: {
      data,
      seed,
      rows: rows.train,
      configuration: { ...configuration, ...choice, features: [...model.features], rows_set_aside: rows.test },
    },
    metrics: { test: figuresOf(training.test), train: figuresOf(training.train) },
    bytes: model.toBytes(),
  };
}

function figuresOf({ confusion, calibration, ...figures }: Metrics): Json {
  return { ...figures, confusion: { ...confusion }, calibration: calibration.map((bin) => ({ ...bin })) };
}

/** How the parts' model is trained where nobody says otherwise. */
const DEFAULTS = { testShare: 0.2, folds: 5 } as const;

/** Trains the parts' model; the same seed and options give the same bytes. About half a second. */
export function trainParts(seed: number, options: Partial<TrainingOptions> = {}): Training {
  return trainLogistic(partsTable(seed), { ...DEFAULTS, ...options, seed, ranges: partsRanges() });
}

/** Where such a training came from. */
export function partsOrigin(
  seed: number,
  { testShare, folds }: { readonly testShare: number; readonly folds: number } = DEFAULTS,
): TrainingOrigin {
  return { data: `parts, seed ${seed}`, seed, configuration: { folds, share_set_aside: testShare } };
}

/** Trains and registers the parts' model where there is none yet: at the very first start. */
export async function ensurePartsModel(registry: ModelRegistry, seed: number): Promise<ModelVersion | undefined> {
  if (await registry.state(PARTS_MODEL) !== undefined) return undefined;
  const model = newLogistic(trainParts(seed), partsOrigin(seed));
  try {
    return await registry.register(PARTS_MODEL, { ...model, version: 1 });
  } catch (error) {
    if (error instanceof ModelRuleError) return undefined; // another node on the same store was faster
    throw error;
  }
}
