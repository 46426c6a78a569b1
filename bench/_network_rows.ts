/**
 * Rows of features, sensor by sensor, for benchmarks of models: from scenarios, and from recordings below
 * `SENSORIUM_TEST_DATA`, where that is set.
 *
 * @module
 */
import { FEATURE_LENGTH, pushValue } from "../models/features.ts";
import { CHANNEL_FEATURES, HOUR_FEATURES, writeChannel, writeHour } from "../models/forest_features.ts";
import { injectedFactor, injectedPick, INJECTION_RULE } from "../models/injection.ts";
import type { Scenario } from "../data/scenario.ts";
import { parse as parseCsv } from "../std/csv.ts";

/** 2026-01-01T00:00:00Z, the first time of what has no times of its own. */
const START = 1_767_225_600_000;

/** One sensor's readings as rows of features, with labels. */
export interface SensorRows {
  readonly name: string;
  readonly channels: number;
  /** Row after row. */
  readonly rows: Float64Array;
  /** 1 where a reading is known to be anomalous. */
  readonly labels: Uint8Array;
  /** Epoch ms. */
  readonly times: Float64Array;
}

/** Makes a sensor's rows, reading by reading. */
class Builder {
  readonly #width: number;
  readonly #features: Float64Array;
  readonly #row: Float64Array;
  readonly #rows: number[] = [];
  readonly #labels: number[] = [];
  readonly #times: number[] = [];

  constructor(readonly name: string, readonly channels: number) {
    this.#width = HOUR_FEATURES + channels * CHANNEL_FEATURES;
    this.#features = new Float64Array(channels * FEATURE_LENGTH);
    this.#row = new Float64Array(this.#width);
  }

  /** Adds a reading; one that is not after the last, as late and double ones, is left out. */
  add(time: number, values: readonly number[], label: number): void {
    if (time <= (this.#times.at(-1) ?? -1)) return;
    writeHour(this.#row, 0, time);
    values.forEach((value, c) => {
      if (value === value) pushValue(this.#features, c * FEATURE_LENGTH, value, time);
      writeChannel(this.#row, 0, c, value, this.#features, c * FEATURE_LENGTH);
    });
    this.#rows.push(...this.#row);
    this.#labels.push(label);
    this.#times.push(time);
  }

  done(): SensorRows {
    const { name, channels } = this;
    return {
      name,
      channels,
      rows: Float64Array.from(this.#rows),
      labels: Uint8Array.from(this.#labels),
      times: Float64Array.from(this.#times),
    };
  }
}

/** Builders by name. */
class Builders extends Map<string, Builder> {
  of(name: string, channels: number): Builder {
    let one = this.get(name);
    if (!one) this.set(name, one = new Builder(name, channels));
    return one;
  }

  done(): SensorRows[] {
    return [...this.values()].map((one) => one.done());
  }
}

/**
 * The sensors of a scenario.
 *
 * @param channels names, in the order of the row
 * @param inject whether one channel of one reading in twenty is multiplied by 1.5 to 3, labelled 1
 */
export function scenarioRows(
  scenario: Scenario,
  channels: (type: string) => readonly string[],
  rounds: number,
  { seed = 42, inject = false } = {},
): SensorRows[] {
  const run = { seed, anchor: START, intervalMs: scenario.intervalMs }, builders = new Builders();
  for (let position = 0; position < rounds * scenario.perRound; position++) {
    const reading = scenario.reading(position, run);
    if (reading === undefined) continue;
    const names = channels(reading.type ?? ""), values = names.map((name) => reading.values[name] ?? NaN);
    const factor = inject ? injectedFactor(seed, position, INJECTION_RULE) : 0;
    if (factor > 0) values[injectedPick(seed, position, names.length)] *= factor;
    builders.of(reading.sensor, names.length).add(reading.time, values, factor > 0 ? 1 : reading.label ?? 0);
  }
  return builders.done();
}

/** The folder of recordings; undefined where none is set. */
export function recordings(): string | undefined {
  return Deno.env.get("SENSORIUM_TEST_DATA");
}

/** The files of the Numenta benchmark, each a sensor of one channel; labelled is what lies in a window. */
export function nabRows(folder: string): SensorRows[] {
  const windows: Record<string, [string, string][]> = JSON.parse(Deno.readTextFileSync(`${folder}/nab/windows.json`));
  const epoch = (text: string) => Date.parse(`${text.replace(" ", "T")}Z`);
  return Object.entries(windows).map(([file, spans]) => {
    const builder = new Builder(file, 1), labelled = spans.map(([from, to]) => [epoch(from), epoch(to)]);
    for (const [stamp, value] of parseCsv(Deno.readTextFileSync(`${folder}/nab/data/${file}`)).slice(1)) {
      const time = epoch(stamp);
      builder.add(time, [Number(value)], labelled.some(([from, to]) => time >= from && time <= to) ? 1 : 0);
    }
    return builder.done();
  });
}

/** The labelled wireless sensors: humidity and temperature every 5 s. */
export function moteRows(folder: string): SensorRows[] {
  const builders = new Builders();
  for (const hop of ["multi_hop", "single_hop"]) {
    for (const cells of parseCsv(Deno.readTextFileSync(`${folder}/motes/${hop}.csv`)).slice(1)) {
      const [reading, mote, , humidity, temperature, label] = cells;
      const values = [humidity, temperature].map((cell) => cell === "" ? NaN : Number(cell));
      builders.of(`${hop}-${mote}`, 2).add(START + 5_000 * Number(reading), values, Number(label));
    }
  }
  return builders.done();
}
