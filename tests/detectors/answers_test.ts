/** @module */
import type { z } from "zod";
import type { judgingSchema } from "../../actors/config.ts";
import type { Reading } from "../../actors/reading.ts";
import { BIT } from "../../actors/sensor/layout.ts";
import { VERDICT } from "../../actors/sensor/verdict.ts";
import { normalAt } from "../../models/random.ts";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertMatch } from "../../std/assert.ts";
import { judge, type Judged, judging } from "./rig.ts";
import { START, STEP_MS } from "./scenes.ts";

/** Of one reading in a hundred an alarm is allowed: then what is unusual is anomalous early. */
const BUDGET = { perReading: 0.01 };

type Config = z.input<typeof judgingSchema>;
type ChannelConfig = NonNullable<NonNullable<Config["types"]>[string]>["channels"][string];

/** A pump that sends noise around a level, altered; a reading a minute. */
function pump(
  length: number,
  alter: (a: number, i: number) => Reading["values"] = (a) => ({ a }),
  level = 1_000,
): Reading[] {
  return Array.from({ length }, (_, i) => ({
    sensor: "pump-1",
    time: START + i * STEP_MS,
    type: "pump",
    values: alter(level + normalAt(3, i), i),
  }));
}

/** Judges it with one channel's configuration. */
function judgePump(readings: readonly Reading[], channel: ChannelConfig = {}, more: Config = {}): Promise<Judged> {
  const forest = { everyMs: 3_600_000 };
  return judge(readings, {
    judging: judging({ budget: BUDGET, types: { pump: { channels: { a: channel } } }, forest, ...more }),
  });
}

function anomalous(judged: Judged, i: number): boolean {
  return (judged.number(i, VERDICT.bits) & BIT.anomalous) !== 0;
}

/** Above at 900, below at 1,100. */
const spiked = (a: number, i: number) => ({ a: i === 900 ? a + 15 : i === 1_100 ? a - 15 : a });

Deno.test("a verdict counts the side that is configured: above, below or both", async () => {
  const readings = pump(1_200, spiked);
  for (
    const [direction, above, below] of [["above", true, false], ["below", false, true], ["both", true, true]] as const
  ) {
    const judged = await judgePump(readings, { direction });
    assertEquals([anomalous(judged, 900), anomalous(judged, 1_100)], [above, below], direction);
  }
});

Deno.test("a verdict leaves out what differs by less than the least effect, absolute or relative", async () => {
  const readings = pump(1_200, spiked);
  for (
    const [channel, counts] of [
      [{ leastEffect: 100 }, false],
      [{ leastEffect: 1 }, true],
      [{ leastEffectRelative: 0.05 }, false],
      [{ leastEffectRelative: 0.001 }, true],
    ] as const
  ) {
    const judged = await judgePump(readings, channel);
    assertEquals(anomalous(judged, 900), counts, JSON.stringify(channel));
    if (!counts) assertEquals(judged.number(900, VERDICT.surprise), 0);
  }
});

Deno.test("readings that lack a channel make a sensor dirty where missing is bad, and else nothing", async () => {
  const readings = pump(600, (a, i): Reading["values"] => i % 4 === 3 ? { a } : { a, b: a / 2 });
  for (const missing of ["bad", "ignore"] as const) {
    const judged = await judgePump(readings, {}, {
      types: { pump: { channels: { a: {}, b: {} }, missing } },
    });
    const [view] = await judged.supervisor.answers.sensors(["pump-1"]);
    assertEquals(view.state, missing === "bad" ? "dirty" : "ok");
    assertEquals(judged.alerts.filter(({ condition }) => condition === "dirty").length, missing === "bad" ? 1 : 0);
    assertLess(judged.alerts.filter(({ condition }) => condition === "anomaly").length, 8);
  }
});

Deno.test("a verdict expects what the clock on the sensor's wall says, also after it was changed", async () => {
  // From three weeks before the change of 29 March 2026 on; every 15 minutes, on from 8 to 9 o'clock in Berlin.
  const begin = Date.UTC(2026, 2, 8), change = Date.UTC(2026, 2, 29, 1), readings: Reading[] = [];
  for (let i = 0; i < 23 * 96; i++) {
    const time = begin + i * 900_000, hour = (time / 3_600_000 + (time >= change ? 2 : 1)) % 24;
    const value = (hour >= 8 && hour < 9 ? 50 : 10) + 0.5 * normalAt(5, i);
    readings.push({ sensor: "pump-1", time, type: "pump", values: { a: value } });
  }
  const off = async (zone: string) => {
    const judged = await judgePump(readings, {}, { types: { pump: { channels: { a: {} }, zone } } });
    return readings.reduce((sum, { time, values }, i) => {
      if (time < change) return sum;
      const [low, high] = judged.view(i).expected?.a ?? [0, 0], value = values.a ?? NaN;
      return sum + (value < low || value > high ? 1 : 0);
    }, 0);
  };
  const berlin = await off("Europe/Berlin"), utc = await off("UTC");
  assertLess(berlin, utc, "readings outside of the band");
});

Deno.test("a sensor says how far its warm-up is and how long it still takes, and raises nothing under the budget", async () => {
  const young = await judgePump(pump(100, (a, i) => ({ a: i > 90 ? a + 40 : a })));
  const [view] = await young.supervisor.answers.sensors(["pump-1"]);
  assertEquals(view.state, "warming_up");
  assertAlmostEquals(view.warm_up?.done ?? NaN, 100 / 300, 1e-9);
  assertAlmostEquals(view.warm_up?.remaining_ms ?? NaN, 200 * STEP_MS, STEP_MS);
  assertEquals(young.alerts, []);
  assert((young.number(99, VERDICT.bits) & BIT.warming) !== 0);
  const [old] = await (await judgePump(pump(310))).supervisor.answers.sensors(["pump-1"]);
  assertEquals([old.state, old.warm_up], ["ok", undefined]);
});

Deno.test("what a quantity cannot have is shown as such, and is neither anomalous nor learnt", async () => {
  const readings = pump(900, (a, i) => ({ a: i >= 600 && i % 50 === 0 ? -5_000 : a }));
  const judged = await judgePump(readings, { physicalLow: 0 });
  for (let i = 600; i < 900; i += 50) {
    assertEquals([anomalous(judged, i), judged.number(i, VERDICT.score)], [false, 0]);
    assertEquals(judged.view(i).flags.find(({ detector }) => detector === "physical")?.channel, "a");
  }
  const [view] = await judged.supervisor.answers.sensors(["pump-1"]);
  assertEquals(view.impossible, 6);
});

Deno.test("silence is a state of its own: the reading that ends it is as anomalous as its value is", async () => {
  const gap = 86_400_000,
    readings = pump(900).map((reading, i) => ({ ...reading, time: reading.time + (i < 700 ? 0 : gap) }));
  const others = [2, 3, 4].flatMap((n) =>
    // which move the time of the source on
    pump(234).map((reading, i) => ({ ...reading, sensor: `pump-${n}`, time: START + 10 * i * STEP_MS }))
  );
  const all = [...readings, ...others].sort((a, b) => a.time - b.time);
  const judged = await judgePump(all), after = all.indexOf(readings[700]);
  assertEquals(
    judged.alerts.filter(({ sensor, condition }) => sensor === "pump-1" && condition === "silent").map((one) =>
      one.transition
    ),
    ["raised", "cleared"],
  );
  assertEquals(anomalous(judged, after), false);
  assertLess(judged.number(after, VERDICT.score), 0.9);
});

Deno.test("a stuck sensor is shown as stuck, since when", async () => {
  const judged = await judgePump(pump(1_000, (a, i) => ({ a: i >= 700 ? 1_001.5 : a })));
  const [view] = await judged.supervisor.answers.sensors(["pump-1"]);
  assertEquals(view.state, "stuck");
  assertEquals(view.state_since, START + 700 * STEP_MS);
  const raised = judged.alerts.filter(({ condition }) => condition === "stuck");
  assertEquals(raised.map(({ transition, channel }) => [transition, channel]), [["raised", "a"]]);
  for (let i = 740; i < 1_000; i++) {
    assert((judged.number(i, VERDICT.bits) & BIT.stuck) !== 0);
    assertEquals(anomalous(judged, i), false, `reading ${i}: being stuck is none`);
  }
});

Deno.test("an anomalous reading is explained: what was seen and expected, which channel first and why", async () => {
  const readings = pump(1_000, (a, i) => ({ a, b: 50 + normalAt(8, i) + (i === 900 ? 20 : 0), c: normalAt(9, i) }));
  const judged = await judgePump(readings, {}, { types: { pump: { channels: { a: {}, b: {}, c: {} } } } });
  const { is_anomaly, explanation = "", contributions = [], expected, score } = judged.view(900);
  assert(is_anomaly && (score ?? 0) > 0.99);
  assertMatch(
    explanation,
    /^b 7\d(\.\d+)?, expected 4\d(\.\d+)? to 5\d(\.\d+)?; most unusual is .+; one reading in [\d,]+ is so unusual$/,
  );
  assertEquals(contributions[0].channel, "b");
  assertAlmostEquals(contributions.reduce((sum, { share }) => sum + share, 0), 1, 1e-9);
  assertGreater(readings[900].values.b ?? 0, expected?.b[1] ?? Infinity);
  const calm = judged.view(800);
  assertEquals([calm.is_anomaly, calm.explanation, calm.contributions], [false, undefined, undefined]);
});

Deno.test("where nothing was flagged a sensor says how close it came, and when", async () => {
  const judged = await judgePump(pump(1_300, (a, i) => ({ a: i === 1_000 ? a + 15 : a })), {}, {
    budget: { perReading: 1e-6 },
  });
  const [view] = await judged.supervisor.answers.sensors(["pump-1"]);
  assertEquals(judged.alerts, []);
  assertEquals(view.closest?.time, START + 1_000 * STEP_MS);
  assert((view.closest?.part ?? 0) > 0.1 && (view.closest?.part ?? 1) < 1, `${view.closest?.part}`);
});

Deno.test("alarms are raised under the budget alone, and by z-scores where rules alone judge", async () => {
  const readings = pump(3_000, (a, i) => ({ a: i >= 2_000 && i % 7 < 4 && i < 2_050 ? a + 20 : a }));
  const full = await judgePump(readings), rules = await judgePump(readings, {}, { detectors: "rules" });
  const z = readings.filter((_, i) => full.number(i, VERDICT.zMask) > 0).length;
  assertGreater(z, 30, "z-scores are flagged all the same");
  const conditions = (judged: Judged) => [...new Set(judged.alerts.map(({ condition }) => condition))];
  assertEquals(conditions(full), ["anomaly"]);
  assertEquals(conditions(rules).includes("anomaly"), false);
  const allowed = BUDGET.perReading * readings.length;
  assertLess(full.alerts.filter(({ transition }) => transition === "raised").length, 2 * allowed);
});

Deno.test("configured limits alarm outside of the budget, warnings too, whatever it is", async () => {
  const readings = pump(400, (a, i) => ({ a: i >= 200 && i < 210 ? a + 300 : i >= 300 && i < 310 ? a + 120 : a }));
  const judged = await judgePump(readings, { high: 1_200, warnHigh: 1_100 }, { budget: { perReading: 1e-9 } });
  const raised = judged.alerts.filter(({ transition }) => transition === "raised");
  assertEquals(raised.map(({ condition, priority }) => [condition, priority]), [
    ["limit", "high"],
    ["warning", "low"],
    ["warning", "low"],
  ]);
  assertEquals(judged.number(205, VERDICT.score), 1);
  assertEquals([anomalous(judged, 205), anomalous(judged, 305)], [true, false], "a warning is no anomaly");
});

Deno.test("rules that are broken in one reading are told of their own channels, and the budget beside them", async () => {
  const readings = pump(1_000, (a, i) => ({
    a: i === 900 ? -300 : a,
    b: 50 + normalAt(8, i) + (i === 900 ? 30 : 0),
    c: normalAt(9, i) + (i === 900 ? 40 : 0),
  }));
  const channels = { a: { physicalLow: -273 }, b: { warnHigh: 70 }, c: { high: 20 } };
  const { flags } = (await judgePump(readings, {}, { types: { pump: { channels } }, budget: { perReading: 0.01 } }))
    .view(900);
  const told = flags.filter(({ detector }) => ["limit", "warning", "physical", "budget"].includes(detector));
  assertEquals(told.map(({ detector, channel }) => `${detector} ${channel ?? ""}`).sort(), [
    "budget ",
    "limit c",
    "physical a",
    "warning b",
  ]);
});

Deno.test("a limit that is broken is said first, whatever else is unusual", async () => {
  const readings = pump(
    1_000,
    (a, i) => ({ a: i === 999 ? 1_012 : a, b: 50 + normalAt(8, i) + (i === 999 ? 40 : 0) }),
    1_000,
  );
  const judged = await judgePump(readings, {}, { types: { pump: { channels: { a: { high: 1_010 }, b: {} } } } });
  const [{ explanation = "" }] = await judged.supervisor.answers.sensors(["pump-1"]);
  assertMatch(explanation, /^a beyond the configured limit; a 1012, expected 99\d/);
  assertEquals(judged.view(999).explanation, explanation);
});
