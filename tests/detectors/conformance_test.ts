/** @module */
import { type Detector, DETECTORS, detectorsOf } from "../../actors/detectors.ts";
import { checkReading, isRefusal, parseReading, type Reading } from "../../actors/reading.ts";
import { emptyFloats, emptyState } from "../../actors/sensor/state.ts";
import { makePlan } from "../../actors/sensor/plan.ts";
import { VERDICT } from "../../actors/sensor/verdict.ts";
import { uniformAt } from "../../models/random.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../std/assert.ts";
import { FIXTURE_CHANNELS, fixtureEvent, fixtureJudging, fixturePath } from "../fixtures/snapshot.ts";
import { PATIENT, storeOver } from "../actors/harness.ts";
import { MemoryKv } from "../memory_kv.ts";
import { judge, type Judged, judging, type RigOptions, rocAuc } from "./rig.ts";
import { LENGTH, SCENES, SENSORS, START, STEP_MS } from "./scenes.ts";

/** Area under the curve that a detector reaches on its own kind of anomaly; measured are 0.94 to 1. */
const AUC_LEAST = 0.85;

const runs = new Map<string, Promise<Judged>>();

/** A detector's scene, judged once. */
function scene({ name }: Detector, seed = 1): Promise<Judged> {
  const made = SCENES[name](seed), key = `${name} ${seed}`;
  const run = runs.get(key) ?? judge(made.readings, made);
  runs.set(key, run);
  return run;
}

/** All that a detector says of every reading, as text, so that NaN equals NaN. */
function saying(judged: Judged, detector: Detector): string {
  return judged.readings.map((_, i) => {
    if (!judged.has(i)) return "-";
    const version = detector.version === undefined ? "" : judged.number(i, detector.version);
    return `${judged.score(i, detector)} ${judged.flagged(i, detector)} ${version}`;
  }).join("\n");
}

/** That all it says is a score in 0..1 or nothing, and that it did speak. */
function assertSound(judged: Judged, detector: Detector, speaks = true): void {
  let spoken = 0;
  judged.readings.forEach((_, i) => {
    if (!judged.has(i)) return;
    const score = judged.score(i, detector), combined = judged.number(i, VERDICT.score);
    if (!Number.isNaN(score)) spoken++;
    assert(Number.isNaN(score) || (score >= 0 && score <= 1), `${score} of reading ${i}`);
    assert(combined >= 0 && combined <= 1, `${combined} of reading ${i}`);
  });
  if (speaks && detector.score !== undefined) assertGreater(spoken, 0, "it never spoke");
}

/** That every number of what the API shows of the sensors is finite. */
async function assertFinite(judged: Judged): Promise<void> {
  for (const view of await judged.supervisor.answers.sensors(["pump-0", "pump-1"])) {
    const check = (value: unknown, path: string): void => {
      if (typeof value === "number") assert(Number.isFinite(value), `${path} is ${value}`);
      else if (typeof value === "object" && value !== null) {
        for (const [key, inner] of Object.entries(value)) check(inner, `${path}.${key}`);
      }
    };
    check(view, view.sensor);
  }
}

function altered(detector: Detector, alter: (reading: Reading, i: number) => Reading["values"]): Promise<Judged> {
  const made = SCENES[detector.name](1), options: RigOptions = made;
  return judge(made.readings.map((reading, i) => ({ ...reading, values: alter(reading, i) })), options);
}

for (const detector of DETECTORS) {
  const { name } = detector;

  Deno.test(`${name} leaves its input as it was, and says the same of it again`, async () => {
    const made = SCENES[name](1), before = structuredClone(made.readings);
    const again = await judge(made.readings, made), first = await scene(detector);
    assertEquals(made.readings, before);
    assertEquals(saying(again, detector), saying(first, detector));
    assertEquals(again.digest, first.digest);
  });

  Deno.test(`${name} goes on from snapshots taken anywhere, in any shard, batch by batch`, async () => {
    const made = SCENES[name](1), first = await scene(detector);
    const broken = await judge(made.readings, {
      ...made,
      residentMost: 1,
      checkpointReadings: 61,
      batchSize: 17,
      shards: 2,
    });
    assertEquals(saying(broken, detector), saying(first, detector));
    assertEquals(broken.digest, first.digest);
  });

  Deno.test(`${name} finds its own kind of anomaly far better than chance`, async () => {
    for (const seed of [1, 2]) {
      const { anomalous, normal } = SCENES[name](seed), judged = await scene(detector, seed);
      const strengths = (places: readonly number[]) => places.map((i) => judged.strength(i, detector));
      assertGreater(rocAuc(strengths(anomalous), strengths(normal)), AUC_LEAST, `seed ${seed}`);
      assert(anomalous.some((i) => judged.flagged(i, detector)), "it flagged none of them");
    }
  });

  Deno.test(`${name} goes on where channels are missing and new ones come`, async () => {
    const judged = await altered(detector, ({ values }, i) => ({
      ...(i % 7 === 3 ? {} : { a: values.a }),
      ...(i % 5 === 2 && i % 7 !== 3 ? {} : { b: values.b }),
      ...(i >= LENGTH * SENSORS / 2 ? { later: uniformAt(3, i) } : {}),
    }));
    assertSound(judged, detector);
    await assertFinite(judged);
    assertEquals(judged.readings.findIndex((_, i) => !judged.has(i)), -1, "every reading has a verdict");
    const last = judged.score(judged.readings.length - 1, detector);
    // A model that was trained from labels of two channels is not one of three.
    if (detector.score !== undefined) assertEquals(Number.isNaN(last), detector.needs === "labels");
  });

  Deno.test(`${name} calls nothing of a constant input anomalous`, async () => {
    const judged = await altered(detector, () => ({ a: 20, b: 0 }));
    assertSound(judged, detector, detector.needs !== "samples"); // of which there is nothing to learn
    await assertFinite(judged);
    assertEquals(judged.readings.filter((_, i) => judged.flagged(i, detector)).length, 0);
  });

  Deno.test(`${name} stays finite whatever it is sent`, async () => {
    const extremes = [1e100, -1e100, 1e-300, 5e-324, 0, -0, 1e18 + 1, 7];
    const wild = await altered(
      detector,
      ({ sensor, values: { a, b } }, i) =>
        sensor === "pump-0"
          ? { a: extremes[Math.floor(i / SENSORS) % extremes.length], b }
          : { a: 1e15 + (a ?? 0), b: -1e90 },
    );
    assertSound(wild, detector, detector.needs !== "labels");
    await assertFinite(wild);
  });

  Deno.test(`${name} is there under its setting of detectors, with the state that it says`, () => {
    for (const setting of ["rules", "light", "full"] as const) {
      const plan = makePlan(judging({ detectors: setting }), undefined, ["a", "b", "c"]);
      const { sensor, channel } = detector.bytes(plan), there = detectorsOf(setting).includes(detector);
      assertEquals(sensor + channel > 0, there, `${setting}: ${sensor} and ${channel} bytes`);
      assert(sensor >= 0 && channel >= 0 && sensor + 3 * channel < 8 * plan.length + 4 * plan.floats);
    }
  });
}

Deno.test("DETECTORS say together what they take: most of a state", () => {
  for (const [setting, part] of [["full", 0.8], ["light", 0.6]] as const) {
    const plan = makePlan(judging({ detectors: setting }), undefined, ["a", "b"]);
    const sum = DETECTORS.reduce((sum, one) => sum + one.bytes(plan).sensor + 2 * one.bytes(plan).channel, 0);
    const whole = emptyState(plan).byteLength + emptyFloats(plan).byteLength;
    assertGreater(sum, part * whole, setting);
    assertLess(sum, whole, setting);
  }
});

Deno.test("DETECTORS have names, flags and scores of their own", () => {
  const names = DETECTORS.map(({ name }) => name), flags = DETECTORS.map(({ bit, mask }) => `${bit} ${mask}`);
  const scores = DETECTORS.flatMap(({ score }) => score ?? []),
    places = DETECTORS.flatMap((one) => one.calibration ?? []);
  for (const all of [names, flags, scores, places] as unknown[][]) assertEquals(new Set(all).size, all.length);
  assertEquals(Object.keys(SCENES).sort(), [...names].sort());
  for (const { bit, mask, judges } of DETECTORS) {
    assert(bit !== undefined || mask !== undefined);
    assertEquals(mask !== undefined, judges === "channel");
  }
});

Deno.test("no detector is given what is no number: it is refused at the edge", () => {
  for (const value of [NaN, Infinity, -Infinity, 1e101, "7", true]) {
    const record = { sensor: "pump-1", time: START, values: { a: value } };
    assert(isRefusal(parseReading(record)), `${value}`);
    assertEquals(checkReading(record), undefined);
  }
});

for (const version of [1, 2]) {
  Deno.test(`every detector goes on from a snapshot of version ${version}`, async () => {
    const bytes = await Deno.readFile(fixturePath(version, "bin")), kv = new MemoryKv();
    const claim = await storeOver(kv, PATIENT).claim("p");
    await claim.writeSnapshots([{ sensor: 0, name: "pump-1", bytes }]);
    const readings: (Reading | undefined)[] = Array.from({ length: 151 }, () => undefined);
    for (let i = 150; i < 1_500; i++) {
      const event = fixtureEvent(i);
      if (event.kind === "reading") readings.push({ sensor: "pump-1", type: "pump", ...event });
    }
    const judged = await judge(readings.map((reading) => reading && plain(reading)), {
      judging: fixtureJudging,
      partition: "p",
      kv,
    });
    const [view] = await judged.supervisor.answers.sensors(["pump-1"]);
    assertGreater(view.readings, 1_300, "those of the snapshot are counted on");
    assertEquals(view.channels.map(({ channel }) => channel), FIXTURE_CHANNELS);
    for (const detector of DETECTORS) assertSound(judged, detector, detector.needs !== "labels");
    await assertFinite(judged);
  });
}

function plain({ sensor, time, type, values }: Reading): Reading {
  return { sensor, time, values, ...(type === undefined ? {} : { type }) };
}

Deno.test("flags agree with each detector's own setting", async () => {
  const by = (name: string) => DETECTORS.find((one) => one.name === name)!;
  for (const name of ["surprise", "network"]) {
    const judged = await scene(by(name));
    judged.readings.forEach((_, i) => assertEquals(judged.flagged(i, by(name)), judged.score(i, by(name)) > 0.99));
  }
  const limit = await scene(by("limit"));
  limit.readings.forEach((reading, i) => assertEquals(limit.flagged(i, by("limit")), (reading?.values.a ?? 0) > 35));
  const warning = await scene(by("warning"));
  warning.readings.forEach((reading, i) => {
    assertEquals(warning.flagged(i, by("warning")), (reading?.values.a ?? 0) > 30);
    assertEquals(warning.number(i, VERDICT.limitMask), 0);
  });
  const rate = await scene(by("rate"));
  rate.readings.forEach((reading, i) => {
    if (i < SENSORS) return;
    const change = (reading?.values.a ?? 0) - (rate.readings[i - SENSORS]?.values.a ?? 0);
    assertEquals(rate.flagged(i, by("rate")), Math.abs(change) / (STEP_MS / 1_000) > 0.3);
  });
  const zscore = await scene(by("zscore")), tens = new Map<string, number[]>();
  zscore.readings.forEach((reading, i) => {
    if (!reading) return;
    const flagged = ["a", "b"].map((channel) => {
      const key = `${reading.sensor} ${channel}`, last = tens.get(key) ?? [], value = reading.values[channel] ?? NaN;
      const mean = last.reduce((sum, x) => sum + x, 0) / 10;
      const std = Math.sqrt(last.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 10);
      tens.set(key, [...last, value].slice(-10));
      return last.length === 10 && Math.abs(value - mean) > 3 * std;
    });
    assertEquals(zscore.flagged(i, by("zscore")), flagged.includes(true), `reading ${i}`);
  });
  const forest = await scene(by("forest")), { normal } = SCENES.forest(1);
  const share = normal.filter((i) => forest.flagged(i, by("forest"))).length / normal.length;
  assert(share > 0.005 && share < 0.1, `${share} of normal readings at a contamination of 0.05`);
});
