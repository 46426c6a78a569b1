/**
 * What a sensor's network is worth as a detector, and what it costs: `deno task bench network [--patience=N]`.
 *
 * Beside it what it was chosen from: a one-step forecaster of the same make, and the plain distance from the mean. First
 * on scenarios, then, where `SENSORIUM_TEST_DATA` names the folder, on recordings. All of one setting, strictly causal.
 * For each sensor the area under the ROC curve of its errors against the labels (mean over sensors), and precision and
 * recall of the readings whose errors are the greatest, at a fixed share of each sensor's readings. No point adjustment.
 *
 * @module
 */
import { facility } from "../data/facility.ts";
import { factory } from "../data/factory.ts";
import { Network } from "../models/network/network.ts";
import { normalAt } from "../models/random.ts";
import { flag, measure } from "./_measure.ts";
import { moteRows, nabRows, recordings, scenarioRows, type SensorRows } from "./_network_rows.ts";
import { Distance, Forecaster, type Rival } from "./_network_rivals.ts";

/** The product's network of one sensor. */
class Autoencoder implements Rival {
  readonly #net: Network;
  readonly #floats: Float32Array;
  readonly #doubles: Float64Array;

  constructor(channels: number) {
    this.#net = new Network(channels, { patience: Number(flag("patience", "1000")) });
    this.#floats = new Float32Array(this.#net.floats);
    this.#doubles = new Float64Array(this.#net.doubles);
    this.#net.begin(this.#floats, 0, this.#doubles, 0, 1);
  }

  get bytes(): number {
    return this.#floats.byteLength + this.#doubles.byteLength;
  }

  step(row: Float64Array, at: number): number {
    return this.#net.step(this.#floats, 0, this.#doubles, 0, row, at, true);
  }
}

const RIVALS: readonly (readonly [string, (channels: number) => Rival])[] = [
  ["distance", (channels) => new Distance(channels)],
  ["forecaster", (channels) => new Forecaster(channels)],
  ["autoencoder", (channels) => new Autoencoder(channels)],
];

/** Places of the errors from the least to the greatest; equals in order of time. */
function ranked(errors: Float64Array): Uint32Array {
  return Uint32Array.from(errors.keys()).sort((a, b) => errors[a] - errors[b] || a - b);
}

/** Area under the ROC curve: the chance that a labelled reading's error is above another's; NaN without either. */
function areaUnderCurve(errors: Float64Array, labels: Uint8Array, order: Uint32Array): number {
  let ranks = 0, positives = 0;
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && errors[order[to]] === errors[order[from]]) to++;
    for (let i = from; i < to; i++) {
      if (labels[order[i]] === 0) continue;
      ranks += (from + to + 1) / 2; // equals share the mean of their ranks
      positives++;
    }
  }
  return (ranks - positives * (positives + 1) / 2) / (positives * (labels.length - positives));
}

/** Measures all rivals on sensors; `share` of each sensor's readings are flagged. */
function judge(name: string, sensors: readonly SensorRows[], share: number): void {
  const labelled = sensors.filter(({ labels }) => labels.includes(1));
  for (const [rival, make] of RIVALS) {
    let area = 0, hits = 0, flags = 0, positives = 0;
    for (const { rows, labels, channels } of labelled) {
      const one = make(channels), width = rows.length / labels.length;
      const errors = Float64Array.from(labels, (_, i) => one.step(rows, i * width));
      const order = ranked(errors), flagged = order.subarray(-Math.round(share * errors.length));
      area += areaUnderCurve(errors, labels, order) / labelled.length;
      flags += flagged.length;
      hits += flagged.reduce((sum, i) => sum + labels[i], 0);
      positives += labels.reduce((sum, label) => sum + label, 0);
    }
    const cells = [area.toFixed(4), (hits / flags).toFixed(3), (hits / positives).toFixed(3)];
    console.log(`${name.padEnd(34)}${rival.padEnd(14)}${cells.map((cell) => cell.padStart(10)).join("")}`);
  }
}

/** Time a reading and bytes a channel. */
async function cost(channels: number): Promise<void> {
  const width = 2 + 5 * channels, count = Math.ceil(100_000 / channels);
  const rows = Float64Array.from({ length: 512 * width }, (_, i) => normalAt(1, i));
  for (const [rival, make] of RIVALS) {
    const one = make(channels),
      work = () => {
        for (let i = 0; i < count; i++) one.step(rows, (i % 512) * width);
      };
    let least = Infinity;
    for (let round = 0; round < 6; round++) least = Math.min(least, (await measure(work)).busy / count);
    const ns = 1e9 * least, bytes = one.bytes / channels;
    const cells = [ns.toFixed(0), (ns / channels).toFixed(0), bytes.toFixed(0)].map((cell) => cell.padStart(12));
    console.log(`${`${channels} channels`.padEnd(16)}${rival.padEnd(14)}${cells.join("")}`);
  }
}

const MACHINE = ["vibration", "temperature", "pressure"];
console.log(`${"".padEnd(48)}${["area", "precision", "recall"].map((head) => head.padStart(10)).join("")}`);
judge("facility, 5 % flagged", scenarioRows(facility(), (type) => [type], 20_000), 0.05);
judge("factory, injected, 5 % flagged", scenarioRows(factory(), () => MACHINE, 20_000, { inject: true }), 0.05);
judge("factory, failures, 2 % flagged", scenarioRows(factory(), () => MACHINE, 50_000), 0.02);
const folder = recordings();
if (folder === undefined) console.log("SENSORIUM_TEST_DATA is not set: no recordings");
else {
  judge("nab, 1 % flagged", nabRows(folder), 0.01);
  judge("motes, 1 % flagged", moteRows(folder), 0.01);
}
console.log(
  `\n${"".padEnd(30)}${["ns a reading", "a channel", "bytes of it"].map((head) => head.padStart(13)).join("")}`,
);
for (const channels of [1, 4, 20, 50]) await cost(channels);
