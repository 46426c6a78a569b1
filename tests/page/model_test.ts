/**
 * The page's own arithmetic, without a browser: merging, pictures, ticks, formats, addresses.
 *
 * @module
 */
import fc from "fast-check";
import type { AlertTransition, AlertView } from "../../actors/views.ts";
import { History } from "../../static/charts/history.js";
import { timeTicks } from "../../static/charts/ticks.js";
import { bounds, duration, expected, number, tick } from "../../static/core/format.js";
import { Model } from "../../static/core/model.js";
import { parseHash, sensorHref } from "../../static/core/router.js";
import { assert, assertEquals } from "../../std/assert.ts";
import { FakePlant } from "./fake.ts";

/** The two steps of an alert and how a listing shows it after them. */
function life(n: number): { steps: AlertTransition[]; listed: AlertView } {
  const base = {
    sensor: `s${n % 3}`,
    condition: "limit",
    priority: (["critical", "high", "medium", "low"] as const)[n % 4],
    message: `alert ${n}`,
  } as const;
  const id = `main:${n}:s${n % 3}:limit:c`;
  const step = { ...base, alert: id, partition: "main", position: n };
  return {
    steps: [
      { ...step, id: `${id}/raised`, transition: "raised", time: 1_000 * n },
      { ...step, id: `${id}/cleared`, transition: "cleared", time: 1_000 * n + 500 },
    ],
    listed: { ...base, id, state: "cleared", raised_at: 1_000 * n, cleared_at: 1_000 * n + 500 },
  };
}

Deno.test("Model.stepped() ends the same, whatever comes twice", () => {
  const lives = Array.from({ length: 5 }, (_, n) => life(n));
  const steps = lives.flatMap(({ steps }) => steps);
  fc.assert(fc.property(fc.array(fc.nat(steps.length - 1)), (again) => {
    const model = new Model();
    // In order, with earlier ones said again in between, as a resumed stream does.
    steps.forEach((step, at) => {
      model.stepped(step);
      for (const index of again) if (index <= at) model.stepped(steps[index]);
    });
    assertEquals(model.active(), []);
    for (const { listed } of lives) {
      const alert = model.alerts.get(listed.id);
      assertEquals([alert?.state, alert?.raised_at, alert?.cleared_at], [
        "cleared",
        listed.raised_at,
        listed.cleared_at,
      ]);
    }
  }));
});

Deno.test("Model.alerted() never brings a cleared alert back", () => {
  const { steps, listed } = life(1);
  const model = new Model();
  for (const step of steps) model.stepped(step);
  model.alerted([{ ...listed, state: "active" }]);
  assertEquals(model.active(), []);
});

Deno.test("Model.active() goes by priority, then the latest first", () => {
  const model = new Model();
  for (const n of [3, 2, 1, 0, 4]) model.stepped(life(n).steps[0]);
  assertEquals(model.active().map((alert: AlertView) => alert.message), [
    "alert 4",
    "alert 0",
    "alert 1",
    "alert 2",
    "alert 3",
  ]);
});

Deno.test("Model.now() is each partition's own", () => {
  const model = new Model();
  assert(Number.isNaN(model.now()));
  const flags = { values: {}, is_anomaly: false, flags: [], sensor: "s" };
  model.read({ ...flags, id: "old/1/s", time: 1_000 });
  model.read({ ...flags, id: "new/1/s", time: 9_000 });
  model.read({ ...flags, id: "new/0/s", time: 8_000 });
  assertEquals([model.now("old"), model.now("new"), model.now()], [1_000, 9_000, 9_000]);
});

Deno.test("History.picture() is in order of time, within the range, with every anomaly marked", () => {
  const plant = new FakePlant({ now: 1_790_000_000_000, places: 1 });
  const sensor = plant.get("server-room-co2");
  for (const rangeMs of [600_000, 3_600_000, 21_600_000]) {
    const history = new History(sensor.name, rangeMs);
    history.readings = sensor.readings.slice(-200);
    history.windows = rangeMs === 600_000 ? [] : sensor.windows;
    history.loaded = true;
    history.add(sensor.read(plant.now + 2_000, 1_500, 1));
    const from = plant.now - rangeMs;
    const { line, low, high, marks } = history.picture("co2", from);
    const times = line.map((point: { x: number }) => point.x);
    assertEquals(times, times.toSorted((a: number, b: number) => a - b));
    assert(times[0] >= from);
    assertEquals(low.length, high.length);
    low.forEach((point: { y: number }, at: number) => assert(!(point.y > high[at].y)));
    assertEquals(marks.at(-1), { x: plant.now + 2_000, y: 1_500, above: true });
  }
});

Deno.test("History.picture() breaks the line where readings are missing", () => {
  const plant = new FakePlant({ now: 1_790_000_000_000, places: 1 });
  const history = new History("server-room-co2", 600_000);
  const { readings } = plant.get("server-room-co2");
  history.readings = [...readings.slice(-100, -60), ...readings.slice(-20)];
  const { line } = history.picture("co2", 0);
  assertEquals(line.filter((point: { y: number }) => Number.isNaN(point.y)).length, 1);
});

Deno.test("timeTicks() stay within the range and their number", () => {
  const time = fc.integer({ min: 0, max: 4e12 });
  fc.assert(
    fc.property(time, fc.integer({ min: 1, max: 3e10 }), fc.integer({ min: 1, max: 12 }), (from, span, most) => {
      const ticks = timeTicks(from, from + span, most);
      assert(ticks.length <= most + 1);
      for (const { value } of ticks) assert(value >= from && value <= from + span);
    }),
  );
});

Deno.test("number() keeps what matters", () => {
  const cases = [[21.336, "21.34"], [0.0512, "0.0512"], [1013.25, "1,013"], [-3, "−3"], [0, "0"], [
    1.5e9,
    "1.50e9",
  ]] as const;
  for (const [value, text] of cases) assertEquals(number(value), text);
  assertEquals(number(NaN), "–");
});

Deno.test("tick() tells neighbours apart", () => {
  fc.assert(fc.property(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -500, max: 500 }), (exponent, n) => {
    const step = 10 ** exponent;
    assert(tick(n * step, step) !== tick((n + 1) * step, step));
  }));
});

Deno.test("expected(), bounds() and duration() read as a person would say them", () => {
  assertEquals(expected([18, 27], "°C"), "18 to 27 °C");
  assertEquals(expected([null, 30], "°C"), "at most 30 °C");
  assertEquals(expected([5, null], undefined), "at least 5");
  assertEquals([bounds(1, 2), bounds(undefined, 2), bounds(1, undefined), bounds(undefined, undefined)], [
    "1 to 2",
    "≤ 2",
    "≥ 1",
    "",
  ]);
  assertEquals([900, 61_000, 7_500_000, 97_200_000].map((ms) => duration(ms)), [
    "0 s",
    "1 min",
    "2 h 5 min",
    "1 d 3 h",
  ]);
});

Deno.test("parseHash() reads what sensorHref() writes, for any name", () => {
  fc.assert(fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (name) => {
    const { view, sensor } = parseHash(sensorHref(name));
    assertEquals([view, sensor], ["sensor", name]);
  }));
});

Deno.test("parseHash() shows the overview for anything else", () => {
  for (const hash of ["", "#", "#/", "#/nothing", "#/sensors/%", "#/sensors/", "#/?location=office"]) {
    assertEquals(parseHash(hash).view, "overview");
  }
});
