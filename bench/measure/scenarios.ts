/**
 * The simulated scenarios as recordings, sensor by sensor: with their anomalies for some time, or a week without any.
 *
 * @module
 */
import type { SensorType } from "../../actors/config.ts";
import { failureAt } from "../../data/factory.ts";
import { SCENARIO_NAMES, scenarioByName } from "../../data/mod.ts";
import { DAY_MS, type Run, type Scenario } from "../../data/scenario.ts";
import { type DataSet, type Recording, type Sample, Stretches } from "./recording.ts";

const SEED = 42;
const ANCHOR = Date.UTC(2026, 0, 5);

/** The sensor types that a scenario declares, with their limits; none for a name that is no scenario's. */
export function typesOf(name: string): Readonly<Record<string, SensorType>> {
  return SCENARIO_NAMES.includes(name) ? scenarioByName(name).types : {};
}

/** A sensor's readings, at its own places of each round. */
function* samplesOf(scenario: Scenario, run: Run, sensor: number, rounds: number, calm: boolean): Generator<Sample> {
  const places = scenario.perRound / scenario.sensors.length, stretches = new Stretches();
  const factory = scenario.name === "factory";
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < places; place++) {
      const reading = scenario.reading(round * scenario.perRound + sensor * places + place, run);
      if (reading === undefined) continue;
      // a machine's failure begins before it is called one: what is raised from its first sign on is no false alarm
      const wrong = !calm &&
        (factory ? failureAt(run.seed, reading.sensor, reading.time) > 0 : reading.label === 1);
      yield { reading, event: stretches.next(wrong) };
    }
  }
}

function* recordingsOf(scenario: Scenario, data: string, days: number, calm: boolean): Generator<Recording> {
  const run = { seed: SEED, anchor: ANCHOR, intervalMs: scenario.intervalMs };
  const rounds = Math.floor(days * DAY_MS / scenario.intervalMs);
  for (const [at, { name }] of scenario.sensors.entries()) {
    yield { data, sensor: name, samples: samplesOf(scenario, run, at, rounds, calm) };
  }
}

/** So much time of a scenario with what goes wrong in it. */
export function withAnomalies(name: string, days: number): DataSet {
  return {
    name,
    labelled: true,
    together: true,
    recordings: () => recordingsOf(scenarioByName(name), name, days, false),
  };
}

/** So much time of every scenario in which nothing is ever wrong. */
export function withoutAnomalies(days: number): DataSet[] {
  return SCENARIO_NAMES.map((name) => {
    const data = `${name}, nothing wrong`;
    const recordings = () => recordingsOf(scenarioByName(name, { anomalies: false }), data, days, true);
    return { name: data, labelled: false, recordings };
  });
}
