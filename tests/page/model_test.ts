/**
 * The page's own arithmetic, without a browser: merging, pictures, ticks, formats, addresses.
 *
 * @module
 */
import fc from "fast-check";
import { type AlertRecord, foldAlert } from "../../actors/alerts/fold.ts";
import type { AlertStep } from "../../actors/alerts/words.ts";
import type { AlertTransition, AlertView, ReadingView, WindowChannelView, WindowView } from "../../actors/views.ts";
import { extent } from "../../static/charts/extent.js";
import { History } from "../../static/charts/history.js";
import { Lanes } from "../../static/charts/lane.js";
import { withoutFew } from "../../static/charts/quiet.js";
import { timeTicks } from "../../static/charts/ticks.js";
import { bounds, duration, expected, number, tick } from "../../static/core/format.js";
import { csvOf } from "../../static/core/csv.js";
import { Model } from "../../static/core/model.js";
import { parseHash, sensorHref, viewHref, VIEWS } from "../../static/core/router.js";
import { recordsOf, refreshMs } from "../../static/views/toolbar.js";
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";
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
  const step = { ...base, alert: id, partition: "main" };
  return {
    steps: [
      { ...step, id: `${id}/raised`, transition: "raised", time: 1_000 * n, position: 2 * n },
      { ...step, id: `${id}/cleared`, transition: "cleared", time: 1_000 * n + 500, position: 2 * n + 1 },
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

Deno.test("Model.stepped() folds a life as the server does, whatever comes twice", () => {
  const { steps: [raised], listed } = life(1);
  const { alert, priority: _, ...same } = raised;
  const more = [
    { transition: "acknowledged", by: "ann" },
    { transition: "escalated", priority: "critical" },
    { transition: "shelved", shelved_until: 9_000, one_shot: false },
    { transition: "unshelved" },
    { transition: "suppressed" },
    { transition: "unsuppressed" },
    { transition: "realarmed", realarms: 1 },
    { transition: "commented", comment: "seen", by: "bob" },
    { transition: "cleared" },
  ] as const;
  const steps: AlertStep[] = [
    raised,
    ...more.map((step, n) => ({
      ...same,
      priority: "low" as const,
      alert,
      id: `${alert}/${step.transition}/${n}`,
      time: 2_000 + n,
      // What a person did has the position of the record before which it took effect.
      position: 10 + (n >> 2),
      ...(n % 4 === 3 || n === more.length - 1 ? {} : { command: n + 1 }),
      ...step,
    })),
  ];
  fc.assert(fc.property(fc.array(fc.nat(steps.length - 1)), fc.nat(steps.length), (again, upTo) => {
    const model = new Model();
    let wanted: AlertRecord | undefined;
    steps.slice(0, upTo).forEach((step, at) => {
      model.stepped(step);
      wanted = foldAlert(wanted, { ...step, position: at });
      for (const index of again) if (index <= at) model.stepped(steps[index]);
    });
    const seen = model.alerts.get(listed.id);
    for (
      const name of ["state", "priority", "acknowledged_at", "acknowledged_by", "shelved_until", "comment"] as const
    ) {
      assertEquals(seen?.[name], wanted?.[name], name);
    }
    assertEquals(seen?.suppressed === true, wanted?.suppressed === true);
  }));
});

Deno.test("Model.active() leaves out what somebody set aside", () => {
  const model = new Model(), { steps: [raised] } = life(0), { steps: [other] } = life(1);
  model.stepped(raised);
  model.stepped(other);
  model.stepped({ ...raised, id: "x", transition: "shelved", shelved_until: 9e12, position: 50, by: "ann" });
  assertEquals(model.active().map(({ id }: AlertView) => id), [other.alert]);
  assertEquals(model.aside().map(({ id }: AlertView) => id), [raised.alert]);
});

Deno.test("Lanes.replace() counts each window once, whatever comes again, and forgets what is too old", () => {
  const minute = 60_000, base = 1_790_000_040_000;
  const window = (n: number, anomalies: number) => ({
    sensor: "a",
    start: base + n * minute,
    channels: { c: { count: 10, anomalies, mean: 0, min: 0, max: 0, std: 0 } },
  } as unknown as WindowView);
  fc.assert(fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 20 }), (froms) => {
    const lanes = new Lanes(10 * minute, 10);
    for (const from of [0, ...froms, 20]) {
      const start = lanes.startOf(base + from * minute);
      lanes.replace(start, Array.from({ length: 41 - from }, (_, n) => window(from + n, (from + n) % 11)).reverse());
    }
    for (let n = 31; n <= 40; n++) assertEquals(lanes.share("a", base + n * minute), (n % 11) / 10);
    for (const n of [20, 30, 41]) assert(Number.isNaN(lanes.share("a", base + n * minute)));
  }));
});

Deno.test("Lanes.strengths() shows the rarest of a line's sensors, by scores or by rules, and nothing where nothing is known", () => {
  const minute = 60_000, base = 1_790_000_040_000, lanes = new Lanes(4 * minute, 4);
  const window = (sensor: string, n: number, score_max: number | undefined, anomalies: number) => ({
    sensor,
    start: base + n * minute,
    ...(score_max === undefined ? {} : { score_max }),
    channels: { c: { count: 10, anomalies, mean: 0, min: 0, max: 0, std: 0 } },
  } as unknown as WindowView);
  lanes.add([window("a", 0, 0.9, 0), window("b", 0, 0.99, 0), window("a", 1, 1, 3), window("b", 2, undefined, 4)]);
  const [one, two, three, four] = lanes.strengths(["a", "b"], 1, lanes.startOf(base));
  assertAlmostEquals(one, 0.2);
  assertAlmostEquals(two, 0.4 + 0.6 * 0.6);
  assertAlmostEquals(three, 0.85);
  assert(Number.isNaN(four));
  assertEquals(lanes.greatest("b", base + 3 * minute), 0.99);
  const apart = lanes.strengths(["a", "b"], 2, lanes.startOf(base));
  assertAlmostEquals(apart[0], 0.1);
  assertAlmostEquals(apart[4], 0.2);
});

Deno.test("csvOf() quotes what needs it and defuses formulas", () => {
  assertEquals(
    csvOf(["a", "b"], [['x,"y"', 1.5], [null, "=1+1"], ["-3", -3]]),
    'a,b\r\n"x,""y""",1.5\r\n,\'=1+1\r\n\'-3,-3\r\n',
  );
});

Deno.test("viewHref() is read by parseHash(), with the filters and nothing else", () => {
  const query = new URLSearchParams({ location: "boiler & house", sensor: "x", records: "200" });
  for (const view of VIEWS) {
    const read = parseHash(viewHref(view, query));
    assertEquals([read.view, [...read.query]], [view, [["location", "boiler & house"], ["records", "200"]]]);
  }
});

Deno.test("refreshMs() and recordsOf() keep to their ranges, whatever the address says", () => {
  const of = (text: string) => new URLSearchParams(text);
  assertEquals(["", "refresh=10", "refresh=0.001", "refresh=x", "refresh=off"].map((text) => refreshMs(of(text))), [
    3_000,
    10_000,
    3_000,
    3_000,
    undefined,
  ]);
  assertEquals(["", "records=100", "records=5", "records=99999", "records=x"].map((text) => recordsOf(of(text))), [
    500,
    100,
    500,
    500,
    500,
  ]);
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

/** A history of the server room's CO2 with what the plant has, without asking a server. */
function pastOf(rangeMs: number): { plant: FakePlant; history: History } {
  const plant = new FakePlant({ now: 1_790_000_000_000, places: 1 });
  const sensor = plant.get("server-room-co2");
  const history = new History(sensor.name, rangeMs);
  history.readings = sensor.readings.slice(-200);
  history.windows = rangeMs === 600_000 ? [] : sensor.windows;
  history.loaded = true;
  return { plant, history };
}

/** A reading of `y` after the last one of a history, flagged or not. */
function next(history: History, y: number, flagged: boolean): ReadingView {
  const time = (history.readings.at(-1)?.time ?? 0) + 2_000;
  const flags = flagged ? [{ detector: "zscore", channel: "co2" } as const] : [];
  return { id: `main/${time}/x`, sensor: history.sensor, time, values: { co2: y }, is_anomaly: flagged, flags };
}

const RANGES = [600_000, 3_600_000, 21_600_000];

Deno.test("History.picture() is in order of time, within the range, its band around its line", () => {
  for (const rangeMs of RANGES) {
    const { plant, history } = pastOf(rangeMs);
    const from = plant.now - rangeMs;
    const { line, low, high, rug } = history.picture("co2", from);
    for (const points of [line, low, high, rug]) {
      const times = points.map((point: { x: number }) => point.x);
      assertEquals(times, times.toSorted((a: number, b: number) => a - b));
    }
    assert(line[0].x >= from && line.length > 20);
    assertEquals(low.length, high.length);
    low.forEach((point: { y: number }, at: number) => assert(!(point.y > high[at].y)));
  }
});

Deno.test("History.picture() keeps a single anomalous reading out of the line and counts it in the rug", () => {
  for (const rangeMs of RANGES) {
    const { plant, history } = pastOf(rangeMs);
    const before = anomalies(history.picture("co2", plant.now - rangeMs));
    history.add(next(history, 1_500, true));
    history.add(next(history, 520, false));
    const picture = history.picture("co2", plant.now - rangeMs);
    assert(picture.line.every(({ y }: { y: number }) => !(y > 1_000)));
    assertEquals(anomalies(picture), before + 1);
  }
});

Deno.test("History.picture() has three anomalous readings of five in the line, as trouble", () => {
  for (const rangeMs of RANGES) {
    const { plant, history } = pastOf(rangeMs);
    for (const [y, flagged] of [[1_500, true], [520, false], [1_510, true], [1_520, true]] as const) {
      history.add(next(history, y, flagged));
    }
    const last = history.picture("co2", plant.now - rangeMs).line.at(-1);
    assertEquals([last?.y, last?.trouble], [1_520, true]);
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

Deno.test("History.isBehind tells that windows are missing before the present", () => {
  const { history } = pastOf(3_600_000);
  assertEquals(history.isBehind, false);
  history.windows = history.windows.slice(0, -4);
  assertEquals(history.isBehind, true);
});

/** Anomalous readings of a picture. */
function anomalies({ rug }: { rug: readonly { anomalies: number }[] }): number {
  return rug.reduce((sum, { anomalies }) => sum + anomalies, 0);
}

const noise = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 20, maxLength: 60 });

/** A window of these values. */
function windowOf(values: readonly number[], anomalies: number): WindowChannelView {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { count: values.length, mean, std, min: Math.min(...values), max: Math.max(...values), anomalies };
}

Deno.test("withoutFew() takes one far reading, or one on each side, out exactly", () => {
  const far = fc.constantFrom<number[][]>([40], [-60], [40, -60]);
  fc.assert(fc.property(noise, far, (values, spikes) => {
    const quiet = withoutFew(windowOf([...values, ...spikes], spikes.length));
    const wanted = windowOf(values, 0);
    assertAlmostEquals(quiet.mean, wanted.mean, 1e-6);
    assertAlmostEquals(quiet.std, wanted.std, 1e-4);
    assertEquals(quiet.trouble, false);
  }));
});

Deno.test("withoutFew() comes nearer to the others' mean than the window's own, however many of up to a quarter", () => {
  const spikes = fc.array(fc.double({ min: 20, max: 60, noNaN: true }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(noise, spikes, (values, spikes) => {
    const all = windowOf([...values, ...spikes], spikes.length);
    const wanted = windowOf(values, 0).mean;
    const quiet = withoutFew(all);
    assert(Math.abs(quiet.mean - wanted) < Math.abs(all.mean - wanted));
  }));
});

Deno.test("withoutFew() leaves a window as it is that has no anomaly, none far off, or very many", () => {
  fc.assert(fc.property(noise, (values) => {
    const { mean, std } = windowOf(values, 0);
    assertEquals(withoutFew(windowOf(values, 0)), { mean, std, trouble: false });
    const many = windowOf(values, Math.ceil(values.length / 4));
    assertEquals(withoutFew(many), { mean, std, trouble: true });
  }));
  const even = Array.from({ length: 30 }, (_, n) => n % 2);
  assertEquals(withoutFew(windowOf(even, 1)), { mean: 0.5, std: 0.5, trouble: false });
});

/** A picture of a line alone. */
function lineOf(values: readonly number[], trouble: readonly number[] = []) {
  const line = values.map((y, x) => ({ x, y, trouble: trouble.includes(x) }));
  return { line, low: [], high: [], rug: [], singles: [] };
}

Deno.test("extent() holds the signal and its limits, and short trouble only while an alert is active", () => {
  const calm = Array.from({ length: 100 }, (_, n) => 20 + n % 3 * 0.2);
  const odd = calm.with(50, 90);
  const limits = { low: 15, high: 28 };
  const { min = NaN, max = NaN } = extent(lineOf(calm), limits, false);
  assert(min < 15 && min > 12 && max > 28 && max < 31, `${min} to ${max}`);
  assertEquals(extent(lineOf(odd, [50]), limits, false), { min, max });
  assert((extent(lineOf(odd, [50]), limits, true).max ?? 0) > 90);
  const long = calm.map((value, at) => at < 90 ? value : 90);
  assert((extent(lineOf(long, [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]), limits, false).max ?? 0) > 90);
});

Deno.test("extent() leaves out limits that would flatten the signal, and spreads a constant one", () => {
  const { min = NaN, max = NaN } = extent(lineOf([1013.1, 1013.2, 1013.1]), { low: 980, high: 1045 }, false);
  assert(min > 1012 && max < 1014, `${min} to ${max}`);
  const flat = extent(lineOf([5, 5, 5]), {}, false);
  assert((flat.min ?? 9) < 5 && (flat.max ?? 0) > 5);
  assertEquals(extent(lineOf([]), {}, false), { min: undefined, max: undefined });
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
  assertEquals(duration(NaN), "–");
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
