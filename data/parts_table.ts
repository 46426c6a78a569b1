/**
 * The parts as a labelled table: what the model behind `POST /predict` is trained on.
 *
 * @module
 */
import type { LabelledTable } from "../models/logistic/table.ts";
import type { Range } from "../models/logistic/train.ts";
import { PARTS, parts } from "./parts.ts";

/**
 * A whole cycle of parts: 5,000 normal and 1,600 abnormal items.
 *
 * @param seed whole, magnitude below 2^53
 */
export function partsTable(seed: number): LabelledTable {
  const scenario = parts(), features = scenario.channels, run = { seed, anchor: 0, intervalMs: scenario.intervalMs };
  const rows = new Float64Array(PARTS * features.length), labels = new Uint8Array(PARTS);
  for (let item = 0; item < PARTS; item++) {
    const reading = scenario.reading(item, run);
    features.forEach((name, at) => rows[item * features.length + at] = reading?.values[name] ?? NaN);
    labels[item] = reading?.label ?? 0;
  }
  return { features, rows, labels };
}

/** What the parts' quantities can be: a humidity is from 0 to 100 %. */
export function partsRanges(): Record<string, Range> {
  const types = Object.values(parts().types);
  return Object.fromEntries(
    types.flatMap(({ channels }) =>
      Object.entries(channels).map(([name, { physicalLow, physicalHigh }]) => [
        name,
        {
          ...(physicalLow === undefined ? {} : { low: physicalLow }),
          ...(physicalHigh === undefined ? {} : { high: physicalHigh }),
        },
      ])
    ),
  );
}
