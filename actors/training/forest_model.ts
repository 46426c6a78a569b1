/**
 * A group's isolation forest as the registry keeps it: grown from a sample, with the sample's fingerprint, so that later
 * ones can be compared with it.
 *
 * @module
 */
import { fingerprint, fingerprintDrift } from "../../models/drift/fingerprint.ts";
import { writeForest } from "../../models/forest_bytes.ts";
import { FOREST_DEFAULTS, trainForest } from "../../models/forest_train.ts";
import { hashText } from "../../models/hash.ts";
import { hashAt } from "../../models/random.ts";
import type { ModelVersion, NewModel } from "../model_registry.ts";
import type { Json } from "../ports.ts";
import { groupFeatures } from "../shared_models.ts";
import type { SampleRow } from "./sample.ts";

/** What a forest is grown from. */
export interface ForestSample {
  /** Name of the model, and the version that it will be. */
  readonly name: string;
  readonly version: number;
  /** The version before, if there was one. */
  readonly parent?: number;
  /** Where the readings come from, for a person. */
  readonly data: string;
  readonly channels: readonly string[];
  readonly rows: readonly SampleRow[];
  /** Rows that were not in the sample of the version before. */
  readonly fresh: number;
}

/** How a model's features are distributed now, against those that it was trained on. */
export interface ModelDrift {
  readonly model: string;
  readonly version: number;
  /** Population stability index of the feature that differs most: from 0.25 on it drifted. */
  readonly index: number;
  readonly feature: string;
}

/** Grows the forest; seeded by its name and version. */
export function forestModel({ name, version, parent, data, channels, rows, fresh }: ForestSample): NewModel {
  const seed = hashAt(hashText(name), version), features = groupFeatures(channels);
  const samples = rowsOf(rows, features.length), forest = trainForest({ features, samples, seed });
  const print = Float32Array.from(fingerprint(known(samples), features.length));
  return {
    kind: "forest",
    scope: "global",
    version,
    bytes: writeForest(forest),
    metrics: {
      threshold: forest.threshold,
      samples: rows.length,
      fresh,
      fingerprint: base64(print),
    },
    lineage: {
      data,
      rows: rows.length,
      configuration: { trees: FOREST_DEFAULTS.trees, contamination: FOREST_DEFAULTS.contamination },
      seed,
      ...(parent === undefined ? {} : { parent }),
    },
  };
}

/** Compares what a forest is given now with what it was trained on; undefined for a version without a fingerprint. */
export function forestDrift(
  { name, version, metrics }: ModelVersion,
  channels: readonly string[],
  rows: readonly SampleRow[],
): ModelDrift | undefined {
  const print = readPrint(metrics), features = groupFeatures(channels), width = features.length;
  if (!print) return undefined;
  const indices = fingerprintDrift(print, known(rowsOf(rows, width)), width);
  const most = indices.reduce((most, index, i) => index > indices[most] ? i : most, 0);
  return { model: name, version, index: indices[most], feature: features[most] };
}

function readPrint(metrics: Json): Float64Array | undefined {
  const text = typeof metrics === "object" && metrics !== null && "fingerprint" in metrics ? metrics.fingerprint : 0;
  if (typeof text !== "string") return undefined;
  return Float64Array.from(new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer));
}

/** Floats as text, without `toBase64()`: not every Node that the library runs in has it. */
function base64(floats: Float32Array<ArrayBuffer>): string {
  return btoa(Array.from(new Uint8Array(floats.buffer), (byte) => String.fromCharCode(byte)).join(""));
}

/** Rows of a sample, one behind the other. */
function rowsOf(sample: readonly SampleRow[], width: number): Float64Array {
  const rows = new Float64Array(sample.length * width);
  sample.forEach(({ row }, i) => rows.set(row, i * width));
  return rows;
}

/** What is missing counts as 0, now and later. */
function known(rows: Float64Array): Float64Array {
  return rows.map((value) => value === value ? value : 0);
}
