/**
 * Labelled tables for the tests of logistic regression.
 *
 * @module
 */
import type { LabelledTable } from "../../../models/logistic/table.ts";
import { Random } from "../../../models/random.ts";
import { parse } from "../../../std/csv.ts";
import { join } from "../../../std/path.ts";

/** Rows of standard normal features, labelled 1 with the probability that `logOdds` says. */
export function drawTable(
  count: number,
  width: number,
  seed: number,
  logOdds: (row: Float64Array) => number,
): LabelledTable {
  const random = new Random(seed), rows = new Float64Array(count * width);
  const labels = Uint8Array.from({ length: count }, (_, at) => {
    const row = rows.subarray(at * width, (at + 1) * width);
    for (let i = 0; i < width; i++) row[i] = random.normal();
    return random.uniform() < 1 / (1 + Math.exp(-logOdds(row))) ? 1 : 0;
  });
  return { features: Array.from({ length: width }, (_, at) => `f${at}`), rows, labels };
}

const AI4I = [
  "Air temperature [K]",
  "Process temperature [K]",
  "Rotational speed [rpm]",
  "Torque [Nm]",
  "Tool wear [min]",
];

/**
 * The AI4I 2020 predictive maintenance data of `SENSORIUM_TEST_DATA`, or a look-alike where it is not there: the same
 * five quantities, and failures by the rules that its description gives (heat, power, overstrain).
 */
export function maintenanceTable(): LabelledTable {
  const folder = Deno.env.get("SENSORIUM_TEST_DATA");
  if (folder === undefined) return maintenanceLookAlike();
  const [header, ...records] = parse(Deno.readTextFileSync(join(folder, "ai4i", "ai4i2020.csv")).replace("\ufeff", ""));
  const columns = AI4I.map((name) => header.indexOf(name)), label = header.indexOf("Machine failure");
  return {
    features: AI4I,
    rows: Float64Array.from(records.flatMap((record) => columns.map((column) => Number(record[column])))),
    labels: Uint8Array.from(records, (record) => Number(record[label])),
  };
}

/** Such data, generated. */
export function maintenanceLookAlike(): LabelledTable {
  const random = new Random(1), count = 10_000, rows: number[] = [], labels = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    const air = 300 + 2 * random.normal(), process = air + 10 + random.normal();
    const torque = Math.max(4, 40 + 10 * random.normal());
    const speed = Math.max(1_170, 60_000 / torque / (1 + 0.1 * Math.abs(random.normal())));
    const wear = random.integer(250), power = torque * speed * 2 * Math.PI / 60;
    const fails = (process - air < 8.6 && speed < 1_380) || power < 3_500 || power > 9_000 || wear * torque > 12_000 ||
      random.uniform() < 0.002;
    labels[at] = fails ? 1 : 0;
    rows.push(air, process, speed, torque, wear);
  }
  return { features: AI4I, rows: Float64Array.from(rows), labels };
}
