/** @module */
import fc from "fast-check";
import { judgingSchema } from "../../actors/config.ts";
import { isRefusal, parseReading, type Reading } from "../../actors/reading.ts";
import { facility } from "../../data/facility.ts";
import { failureAt } from "../../data/factory.ts";
import { SCENARIO_NAMES, scenarioByName } from "../../data/mod.ts";
import { dailyAt, driftAt, type Run, type Scenario } from "../../data/scenario.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../std/assert.ts";

const ANCHOR = Date.UTC(2026, 0, 5);
const DAY_MS = 86_400_000;

function runOf(scenario: Scenario, seed = 42): Run {
  return { seed, anchor: ANCHOR, intervalMs: scenario.intervalMs };
}

/** Whether a value of a reading is beyond its type's limits. */
function broken(scenario: Scenario, reading: Reading): boolean {
  const { channels } = scenario.types[reading.type ?? ""];
  return Object.entries(reading.values).some(([name, value]) =>
    value !== null && (value < (channels[name].low ?? -Infinity) || value > (channels[name].high ?? Infinity))
  );
}

/** Every `step`th reading of so many positions. */
function* sampled(scenario: Scenario, positions: number, step: number, run = runOf(scenario)): Generator<Reading> {
  for (let at = 0; at < positions; at += step) {
    const reading = scenario.reading(at, run);
    if (reading !== undefined) yield reading;
  }
}

for (const name of SCENARIO_NAMES) {
  const scenario = scenarioByName(name);

  Deno.test(`scenarioByName("${name}") configures judging for every type and channel that it has`, () => {
    const { types } = judgingSchema.parse({ types: scenario.types });
    const channels = new Set<string>();
    for (const sensor of scenario.sensors) {
      assert(types[sensor.type].intervalMs === scenario.intervalMs);
      for (const channel of Object.keys(types[sensor.type].channels)) channels.add(channel);
    }
    assertEquals([...channels].sort(), [...scenario.channels].sort());
    assertEquals(new Set(scenario.sensors.map((sensor) => sensor.name)).size, scenario.sensors.length);
  });

  Deno.test(`${name} reading() is a pure function of place and run that passes the one schema`, () => {
    const sensors = new Map(scenario.sensors.map((sensor) => [sensor.name, sensor]));
    const other = scenarioByName(name);
    fc.assert(fc.property(fc.nat(1e9), fc.maxSafeInteger(), (position, seed) => {
      const run = runOf(scenario, seed);
      const reading = scenario.reading(position, run);
      assertEquals(other.reading(position, run), reading);
      if (reading === undefined) return assertEquals(name, "motes", "only motes lose readings");
      assert(!isRefusal(parseReading(reading)));
      const { type, location } = reading;
      const sensor = sensors.get(reading.sensor);
      assertEquals([type, location], [sensor?.type, sensor?.location]);
      for (const channel of Object.keys(reading.values)) assert(scenario.channels.includes(channel));
    }));
  });

  Deno.test(`${name} reading() differs from seed to seed`, () => {
    const values = (seed: number) => [...sampled(scenario, 400, 1, runOf(scenario, seed))].map((one) => one.values);
    const [one, two] = [JSON.stringify(values(42)), JSON.stringify(values(43))];
    assert(one !== two);
  });
}

Deno.test("scenarioByName() refuses a name that is none", () => {
  for (const name of ["plant", "", "constructor"]) {
    assertThrows(() => scenarioByName(name), RangeError, "facility, parts, factory, motes");
  }
});

Deno.test("facility gives five kinds at five locations, all of a round at one time", () => {
  const scenario = facility();
  const run = runOf(scenario);
  const round = Array.from({ length: 25 }, (_, place) => scenario.reading(7 * 25 + place, run));
  assertEquals(new Set(round.map((reading) => reading?.time)), new Set([ANCHOR + 7 * 2_000]));
  assertEquals(new Set(round.map((reading) => reading?.location)).size, 5);
  assertEquals(new Set(round.map((reading) => reading?.type)).size, 5);
  assertEquals(new Set(round.map((reading) => reading?.sensor)).size, 25);
});

Deno.test("facility makes one reading in twenty anomalous by a factor of 1.5 to 3.0, and none when told not to", () => {
  const [clean, dirty] = [facility({ anomalies: false }), facility()];
  let [readings, anomalies] = [0, 0];
  for (let at = 0; at < 40_000; at++) {
    const [one, other] = [clean.reading(at, runOf(clean)), dirty.reading(at, runOf(dirty))];
    assert(one !== undefined && other !== undefined && one.label === 0 && one.comment === undefined);
    readings++;
    if (other.label === 0) {
      assertEquals(other, one);
      continue;
    }
    anomalies++;
    assertEquals(other.comment, "anomaly_injected");
    const channel = Object.keys(one.values)[0];
    const factor = (other.values[channel] ?? NaN) / (one.values[channel] ?? NaN);
    assert(factor > 1.499 && factor < 3.001, `factor ${factor}`); // values are rounded
  }
  assertAlmostEquals(anomalies / readings, 0.05, 0.005);
});

Deno.test("facility's limits hold for normal readings and break for most anomalies, of every kind and season", () => {
  const scenario = facility();
  const counts: Record<string, { normal: number; falsely: number; anomalous: number; broken: number }> = {};
  // 997 and 25 share no factor: every sensor and hour of 40 days is visited
  for (const reading of sampled(scenario, 40 * 25 * 43_200, 997)) {
    const count = counts[reading.type ?? ""] ??= { normal: 0, falsely: 0, anomalous: 0, broken: 0 };
    const isBroken = broken(scenario, reading);
    if (reading.label === 1) {
      count.anomalous++;
      if (isBroken) count.broken++;
    } else {
      count.normal++;
      if (isBroken) count.falsely++;
    }
  }
  for (const [kind, count] of Object.entries(counts)) {
    assert(count.falsely <= count.normal / 1_000, `${kind}: ${count.falsely} of ${count.normal} normal readings break`);
    assert(count.broken >= 0.9 * count.anomalous, `${kind}: ${count.broken} of ${count.anomalous} anomalies break`);
  }
  assertEquals(Object.keys(counts).length, 5);
});

Deno.test("facility has a daily cycle, a baseline per location and a drift within ±2.0 units", () => {
  const scenario = facility({ anomalies: false });
  const run = runOf(scenario);
  const hourly = (place: number, hour: number) => {
    let sum = 0;
    for (let day = 0; day < 40; day++) {
      const round = day * 43_200 + hour * 1_800;
      const reading = scenario.reading(round * 25 + place, run);
      sum += Object.values(reading?.values ?? {})[0] ?? NaN;
    }
    return sum / 40;
  };
  // server room's temperature at its warmest and coldest hour; drift and noise average out
  assert(hourly(0, 15) - hourly(0, 3) > 1.2, "a day's wave of ±1.2 °C");
  assert(Math.abs(hourly(0, 15) - hourly(20, 15)) > 1, "the manufacturing floor is warmer");
});

Deno.test("driftAt() stays within its amplitude, uses it, and is smooth", () => {
  const knot = 6 * 3_600_000;
  let [least, greatest] = [Infinity, -Infinity];
  for (let minute = 0; minute < 60 * 24 * 60; minute += 7) {
    const value = driftAt(42, 1, minute * 60_000, knot, 2);
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
    const step = Math.abs(driftAt(42, 1, minute * 60_000 + 2_000, knot, 2) - value);
    assert(step < 0.001, `${step} in two seconds`); // greatest slope: 1.5 x 4 units in a knot's time
  }
  assert(least >= -2 && greatest <= 2 && greatest - least > 3);
});

Deno.test("dailyAt() has its crest at the peak hour, every day", () => {
  for (const day of [0, 1, 20_000]) {
    assertAlmostEquals(dailyAt(day * DAY_MS + 15 * 3_600_000, 15, 3), 3, 1e-6);
    assertAlmostEquals(dailyAt(day * DAY_MS + 3 * 3_600_000, 15, 3), -3, 1e-6);
  }
});

Deno.test("factory's machines fail now and then: vibration up, temperature up, pressure down", () => {
  const scenario = scenarioByName("factory");
  const sums = { 0: [0, 0, 0, 0], 1: [0, 0, 0, 0] };
  let [falsely, found] = [0, 0];
  for (const reading of sampled(scenario, 5 * 86_400 * 8, 101)) {
    const sum = sums[reading.label ?? 0];
    sum[0]++;
    for (const [at, channel] of scenario.channels.entries()) sum[at + 1] += reading.values[channel] ?? NaN;
    if (broken(scenario, reading)) reading.label === 1 ? found++ : falsely++;
  }
  const mean = (label: 0 | 1, at: number) => sums[label][at] / sums[label][0];
  const share = sums[1][0] / sums[0][0];
  assert(share > 0.005 && share < 0.03, `failures are ${share} of the readings`);
  assert(mean(1, 1) > mean(0, 1) + 1.5 && mean(1, 2) > mean(0, 2) + 10 && mean(1, 3) < mean(0, 3) - 0.7);
  assert(found > 0.5 * sums[1][0] && found < sums[1][0], "limits find most failures, not all");
  assert(falsely < 0.001 * sums[0][0]);
});

Deno.test("factory's record is the machine's own shape", () => {
  const scenario = scenarioByName("factory");
  const reading = scenario.reading(3, runOf(scenario));
  assert(reading !== undefined && scenario.record !== undefined);
  assertEquals(scenario.record(reading), {
    timestamp: "2026-01-05T00:00:00.000Z",
    machine_id: "machine-04",
    ...reading.values,
    failure: 0,
  });
  const injected: Reading = { ...reading, label: 1, comment: "anomaly_injected" };
  const record = scenario.record(injected) as Record<string, unknown>;
  assertEquals([record.failure, record.comment], [1, "anomaly_injected"]);
});

for (const name of SCENARIO_NAMES) {
  Deno.test(`scenarioByName("${name}") without anomalies has nothing labelled, nothing out of bounds, and is the same world`, () => {
    const calm = scenarioByName(name, { anomalies: false }), real = scenarioByName(name);
    const rounds = name === "parts" ? 2_000 : 5 * DAY_MS / real.intervalMs, positions = rounds * real.perRound;
    let altered = 0, same = 0;
    for (let at = 0; at < positions; at += Math.ceil(positions / 4_000)) {
      const reading = calm.reading(at, runOf(calm)), usual = real.reading(at, runOf(real));
      if (reading === undefined) continue;
      assert(reading.label !== 1 && !broken(calm, reading), JSON.stringify(reading));
      if (JSON.stringify(reading) === JSON.stringify(usual)) same++;
      else altered++;
    }
    assert(altered > 0 && same > 500, `${altered} altered, ${same} the same`);
  });
}

Deno.test("failureAt() is 0 while a machine is well and has grown by the time that it is labelled", () => {
  const scenario = scenarioByName("factory"), run = runOf(scenario);
  const seen = { well: 0, climbing: 0, failed: 0 };
  for (const { sensor, time, label } of sampled(scenario, 8 * 20_000, 7)) {
    const severity = failureAt(run.seed, sensor, time);
    assertEquals(label, severity >= 0.6 ? 1 : 0);
    seen[severity === 0 ? "well" : label === 1 ? "failed" : "climbing"]++;
  }
  assert(Math.min(seen.well, seen.climbing, seen.failed) > 0, JSON.stringify(seen));
});
