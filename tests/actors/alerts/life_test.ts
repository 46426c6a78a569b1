import fc from "fast-check";
import { foldAlert } from "../../../actors/alerts/fold.ts";
import { readAlertId, writeAlertId } from "../../../actors/alerts/ids.ts";
import { LEVEL, type Level, levelOf, livesWake, moveLife, NEVER, tickLives } from "../../../actors/alerts/life.ts";
import { Lives, LivesError } from "../../../actors/alerts/lives.ts";
import { alertsSchema } from "../../../actors/alerts/rules.ts";
import { duration } from "../../../actors/alerts/tell.ts";
import { type AlertStep, CONDITIONS } from "../../../actors/alerts/words.ts";
import { assert, assertEquals, assertThrows } from "../../../std/assert.ts";
import { makeSelf } from "./self.ts";

const LIMIT = CONDITIONS.indexOf("limit"), SILENT = CONDITIONS.indexOf("silent");

/** Feeds one condition and keeps its steps. */
function makeRun(self = makeSelf(), condition = LIMIT, channel = 0) {
  const lives = new Lives(), steps: AlertStep[] = [];
  let position = 0;
  return {
    lives,
    steps,
    read(level: Level, time: number, value = 91.23456): void {
      moveLife(lives, self, condition, channel, level, value, 10, 80, time, position++, (step) => steps.push(step));
    },
    tick(time: number): void {
      tickLives(lives, self, time, position++, (step) => steps.push(step));
    },
    names: () => steps.map(({ transition }) => transition),
  };
}

Deno.test("moveLife() raises at the third of five broken readings and says what was seen", () => {
  const run = makeRun();
  for (const [i, level] of ([2, 0, 2, 0, 2, 2] as const).entries()) run.read(level, 1000 * i);
  assertEquals(run.steps, [{
    id: "p:4:pump:limit:a/raised",
    alert: "p:4:pump:limit:a",
    transition: "raised",
    sensor: "pump",
    type: "pumps",
    location: "hall",
    condition: "limit",
    channel: "a",
    priority: "high",
    time: 4000,
    partition: "p",
    position: 4,
    raised_at: 4000,
    value: 91.23456,
    expected: [10, 80],
    message: "a 91.235 °C, expected 10 °C to 80 °C (the configured limit)",
  }]);
  for (let i = 6; i < 11; i++) run.read(0, 1000 * i);
  assertEquals(run.names(), ["raised", "cleared"]);
  assertEquals(run.steps[1].message, "over after 6 s: a 91.235 °C, expected 10 °C to 80 °C (the configured limit)");
  assertEquals(foldAlert(foldAlert(undefined, run.steps[0]), run.steps[1])?.state, "cleared");
});

Deno.test("moveLife() keeps nothing of what is quiet, and little of what was not", () => {
  const run = makeRun();
  run.read(0, 0);
  assert(run.lives.isEmpty && !run.lives.tends(LIMIT));
  run.read(2, 1000);
  assert(run.lives.tends(LIMIT));
  for (let i = 2; i < 7; i++) run.read(0, 1000 * i);
  assert(run.lives.isEmpty, "one broken reading is forgotten once it is out of the look-back");
  for (let i = 7; i < 10; i++) run.read(2, 1000 * i);
  for (let i = 10; i < 15; i++) run.read(0, 1000 * i);
  assertEquals(run.names(), ["raised", "cleared"]);
  const wake = livesWake(run.lives, makeSelf().rules);
  assertEquals(wake, 9000 + 60_001, "until then a third raising would be chattering");
  run.tick(wake);
  assert(run.lives.isEmpty);
  assertEquals(livesWake(run.lives, makeSelf().rules), NEVER);
});

Deno.test("moveLife() holds what chatters: one alert instead of one for each time", () => {
  const config = alertsSchema.parse({ rules: { limit: { raise: 1, of: 1, clear: 1 } } });
  const run = makeRun(makeSelf(config));
  for (let i = 0; i < 100; i++) run.read(i % 2 === 0 ? 2 : 0, 5000 * i);
  assertEquals(run.names(), ["raised", "cleared", "raised", "cleared", "raised"]);
  assertEquals(run.steps.map(({ chattering }) => chattering ?? false), [false, false, false, false, true]);
  const last = 5000 * 99;
  run.read(0, last + 299_999);
  assertEquals(run.steps.length, 5, "calm for less than calmMs");
  run.read(0, last + 300_000);
  assertEquals(run.names().at(-1), "cleared");
  run.read(2, last + 301_000);
  assertEquals([run.names().at(-1), run.steps.at(-1)?.chattering], ["raised", undefined]);
});

Deno.test("moveLife() with a deadband raises a value that swings around a limit once", () => {
  const config = alertsSchema.parse({ rules: { limit: { raise: 1, of: 1, clear: 1 } } });
  const count = (deadband: number) => {
    const run = makeRun(makeSelf(config));
    for (let i = 0; i < 60; i++) {
      const value = i % 2 === 0 ? 80.4 : 79.6;
      run.read(levelOf(value, 10, 80, deadband), 120_000 * i, value);
    }
    return run.steps.length;
  };
  assertEquals([count(0), count(1)], [60, 1]);
});

Deno.test("moveLife() clears silence with the reading that returns, in whatever order ticks and readings come", () => {
  const self = makeSelf(alertsSchema.parse({ rules: { silent: { offDelayMs: 0 } } }));
  fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (returns) => {
    const run = makeRun(self, SILENT, -1);
    let open = false;
    returns.forEach((isReading, i) => {
      // A tick finds the sensor silent; a reading, even one that came late, is a sign of life.
      if (isReading) run.read(0, 1_000_000 * i, NaN);
      else run.read(2, 1_000_000 * i, NaN);
      open = !isReading;
      const last = run.steps.at(-1);
      assertEquals(last?.transition === "raised", open);
      if (last) assertEquals([last.channel, last.value], [undefined, undefined]);
    });
    for (const [i, { transition }] of run.steps.entries()) assertEquals(transition, i % 2 === 0 ? "raised" : "cleared");
  }));
});

Deno.test("tickLives() clears silence once a sensor that reads rarely has stayed for the off-delay", () => {
  const run = makeRun(makeSelf(), SILENT, -1);
  run.read(2, 0, NaN);
  run.read(0, 100_000, NaN);
  run.tick(159_999);
  assertEquals(run.names(), ["raised"]);
  run.tick(160_000);
  assertEquals([run.names(), run.steps[1].message], [
    ["raised", "cleared"],
    "over after 2 min 40 s: the sensor gives no readings, against its own rhythm",
  ]);
});

Deno.test("moveLife() takes what a detector knows into the raised alert, its priority for the whole life", () => {
  const known = { message: "it hums", priority: "critical" as const, strength: 0.8 };
  const run = makeRun(
    makeSelf(undefined, { explain: (condition) => condition === "anomaly" ? known : undefined }),
    4,
    -1,
  );
  run.read(LEVEL.between, 0);
  assert(run.lives.isEmpty, "anomalous, but no alarm begins");
  run.read(LEVEL.broken, 1000);
  for (let i = 2; i < 40; i++) run.read(i === 20 ? LEVEL.between : LEVEL.quiet, 1000 * i);
  assertEquals(run.steps.map(({ message, priority, strength }) => [message, priority, strength]), [
    ["it hums", "critical", 0.8],
  ]);
  for (let i = 40; i < 51; i++) run.read(LEVEL.quiet, 1000 * i);
  assertEquals([run.steps[1]?.transition, run.steps[1]?.priority, run.steps[1]?.time], ["cleared", "critical", 50_000]);
});

Deno.test("levelOf() has a band between the thresholds, and never more than all of it", () => {
  assertEquals(levelOf(80, -Infinity, 80, 0), LEVEL.quiet);
  assertEquals(levelOf(80.01, -Infinity, 80, 2), LEVEL.broken);
  assertEquals(levelOf(79, -Infinity, 80, 2), LEVEL.between);
  assertEquals(levelOf(78, -Infinity, 80, 2), LEVEL.quiet);
  assertEquals(levelOf(10.5, 10, 80, 2), LEVEL.between);
  assertEquals(levelOf(5, 0, 10, 100), LEVEL.quiet, "the middle is quiet however wide the deadband");
  assertEquals(levelOf(5, -Infinity, Infinity, 1), LEVEL.quiet);
});

Deno.test("tickLives() takes escalation and re-alarm one step at a tick", () => {
  const config = alertsSchema.parse({
    rules: {
      limit: { raise: 1, of: 1, reAlarmMs: 60_000, escalate: [{ afterMs: 60_000, priority: "critical" }] },
    },
  });
  const run = makeRun(makeSelf(config));
  run.read(2, 0);
  run.tick(59_999);
  run.tick(60_000);
  run.tick(60_000);
  run.tick(60_001);
  assertEquals(run.steps.map(({ transition, priority, realarms }) => [transition, priority, realarms ?? 0]), [
    ["raised", "high", 0],
    ["escalated", "critical", 0],
    ["realarmed", "critical", 1],
  ]);
  assertEquals(run.steps[1].id, "p:0:pump:limit:a/escalated/2");
});

Deno.test("Lives refuses doubles that are no snapshot of it", () => {
  assertThrows(() => new Lives(new Float64Array(3)), LivesError, "3 doubles");
  const run = makeRun();
  run.read(2, 0);
  const saved = run.lives.save();
  saved[0] = -4;
  assertThrows(() => new Lives(saved), LivesError, "not -4");
});

Deno.test("writeAlertId() and readAlertId() are inverse, and nothing else is an id", () => {
  const name = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
  const place = fc.record({
    partition: name,
    position: fc.nat(),
    sensor: name,
    condition: fc.constantFrom(...CONDITIONS),
    channel: fc.option(name, { nil: undefined }),
  });
  fc.assert(fc.property(place, (parts) => {
    const { channel, ...rest } = parts;
    assertEquals(readAlertId(writeAlertId(parts)), channel === undefined ? rest : parts);
  }));
  for (const id of ["", "p:1:s", "p:1:s:other", "p:01:s:limit", "p:1:s:limit:a:b", "%:1:s:limit", "p:-1.5:s:limit"]) {
    assertEquals(readAlertId(id), undefined, id);
  }
});

Deno.test("alertsSchema refuses rules that cannot be kept", () => {
  const errors = (rules: object) => alertsSchema.safeParse({ rules }).error?.issues.map(({ message }) => message);
  assertEquals(errors({ limit: { raise: 4, of: 3 } })?.[0], "raise must be at most of: so many of so many readings");
  assertEquals(errors({ limit: { raise: 6 } }), ["raise must be at most of, not 6 of 5"]);
  assertEquals(errors({ limit: { reAlarmMs: 5 } }), ["reAlarmMs must be 0 (never) or from 60000 to 2678400000"]);
  const twice = [{ afterMs: 2000, priority: "high" }, { afterMs: 2000, priority: "low" }];
  assertEquals(errors({ limit: { escalate: twice } }), ["escalate must be in order of afterMs, each once"]);
  assertEquals(errors({ limit: { raise: 5 }, silent: { offDelayMs: 1000 } }), undefined);
});

Deno.test("duration() names the two greatest units", () => {
  assertEquals([0, 999, 61_000, 3_600_000, 90_061_000].map(duration), [
    "0 ms",
    "999 ms",
    "1 min 1 s",
    "1 h",
    "1 d 1 h",
  ]);
});
