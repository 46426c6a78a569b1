/**
 * Factory: eight machines with vibration, temperature and pressure, a record each every second.
 *
 * Now and then a machine fails: over some minutes vibration and temperature climb and pressure falls, at first within
 * what is usual, then far beyond; `failure` is 1 from six tenths of the climb on.
 *
 * @module
 */
import type { Judging } from "../actors/config.ts";
import type { Reading } from "../actors/reading.ts";
import { hashText } from "../models/hash.ts";
import { normalAt, uniformAt } from "../models/random.ts";
import { dailyAt, driftAt, rounded, type Run, type Scenario, type ScenarioOptions } from "./scenario.ts";

const INTERVAL_MS = 1_000;
const HOUR_MS = 3_600_000;
/** A machine fails at most once in such a stretch of time. */
const STRETCH_MS = 2 * HOUR_MS;
const FAILURE_CHANCE = 0.25;
const FAILURE_LEAST_MS = 6 * 60_000;
const FAILURE_GREATEST_MS = 15 * 60_000;
/** Share of an episode over which it gets worse. */
const CLIMB = 0.6;
/** Severity from which a machine counts as failed. */
const FAILED = 0.6;

const TYPES: Judging["types"] = {
  machine: {
    channels: {
      vibration: { unit: "mm/s", low: 0.5, high: 4.5, physicalLow: 0 },
      temperature: { unit: "°C", low: 45, high: 82, physicalLow: -273.15 },
      pressure: { unit: "bar", low: 5, high: 7.4, physicalLow: 0 },
    },
    intervalMs: INTERVAL_MS,
  },
};

const MACHINES = Array.from({ length: 8 }, (_, at) => {
  const name = `machine-${String(at + 1).padStart(2, "0")}`;
  return { name, type: "machine", location: at < 4 ? "hall-a" : "hall-b", stream: hashText(name) };
});

// second coordinates of a machine's draws: they must differ from each other
const DRAW = { character: 1e9, vibration: 2e9, temperature: 3e9, pressure: 4e9, failure: 5e9 } as const;

/**
 * How far a failure of a machine has come at a time, from its first sign on: 0 is none, 1 is complete.
 *
 * @param sensor the machine's name
 * @param time epoch ms
 */
export function failureAt(seed: number, sensor: string, time: number): number {
  return severityAt(seed, hashText(sensor), time);
}

/**
 * How far a failure has come at a time: 0 is none, 1 is complete.
 *
 * @param stream the machine's
 * @param time epoch ms
 */
function severityAt(seed: number, stream: number, time: number): number {
  const stretch = Math.floor(time / STRETCH_MS);
  const draw = (which: number) => uniformAt(seed, stream + DRAW.failure + which * 7e9, stretch);
  if (draw(0) >= FAILURE_CHANCE) return 0;
  const lengthMs = FAILURE_LEAST_MS + (FAILURE_GREATEST_MS - FAILURE_LEAST_MS) * draw(1);
  const begin = stretch * STRETCH_MS + (STRETCH_MS - lengthMs) * draw(2);
  if (time < begin || time >= begin + lengthMs) return 0;
  return Math.min(1, (time - begin) / lengthMs / CLIMB);
}

function read(position: number, run: Run, failures: boolean): Reading {
  const machine = MACHINES[position % MACHINES.length];
  const { stream } = machine;
  const { seed } = run;
  const round = Math.floor(position / MACHINES.length);
  const time = run.anchor + round * run.intervalMs;
  const severity = failures ? severityAt(seed, stream, time) : 0;
  const character = uniformAt(seed, stream + DRAW.character) - 0.5; // no two machines are alike
  const load = dailyAt(time, 13, 1); // busiest in the early afternoon
  const noise = (draw: number) => normalAt(seed, stream + draw, round);
  const drift = (draw: number) => driftAt(seed, stream + draw, time, HOUR_MS, 1);
  const vibration = 2.2 + 0.5 * character + 0.15 * load + 0.2 * drift(DRAW.vibration) + 0.22 * noise(DRAW.vibration) +
    2.6 * severity;
  const temperature = 62 + 4 * character + 3 * load + 1.5 * drift(DRAW.temperature) + 0.8 * noise(DRAW.temperature) +
    18 * severity;
  const pressure = 6.2 - 0.2 * character + 0.05 * load + 0.15 * drift(DRAW.pressure) + 0.1 * noise(DRAW.pressure) -
    1.3 * severity;
  return {
    sensor: machine.name,
    time,
    values: {
      vibration: rounded(Math.max(0, vibration), 3),
      temperature: rounded(temperature, 2),
      pressure: rounded(pressure, 3),
    },
    type: machine.type,
    location: machine.location,
    label: severity >= FAILED ? 1 : 0,
  };
}

/** The factory. Its records are `{timestamp, machine_id, vibration, temperature, pressure, failure}`. */
export function factory({ anomalies = true }: ScenarioOptions = {}): Scenario {
  return {
    name: "factory",
    about: "8 machines with vibration, temperature and pressure, every second, and a failure flag",
    types: TYPES,
    sensors: MACHINES.map(({ name, type, location }) => ({ name, type, location })),
    channels: ["vibration", "temperature", "pressure"],
    intervalMs: INTERVAL_MS,
    perRound: MACHINES.length,
    reading: (position, run) => read(position, run, anomalies),
    record: ({ time, sensor, values, label, comment }) => ({
      timestamp: new Date(time).toISOString(),
      machine_id: sensor,
      ...values,
      failure: label ?? 0,
      ...(comment === undefined ? {} : { comment }),
    }),
  };
}
