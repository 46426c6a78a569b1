/** @module */
import fc from "fast-check";
import { type Judging, judgingSchema } from "../../../actors/config.ts";
import { HEADER } from "../../../actors/sensor/layout.ts";
import { makePlan } from "../../../actors/sensor/plan.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  readMeta,
  readWake,
  SNAPSHOT_VERSION,
  SnapshotError,
} from "../../../actors/sensor/snapshot.ts";
import { wakeTime } from "../../../actors/sensor/tick.ts";
import { viewReadings, viewSensor } from "../../../actors/sensor/view.ts";
import { digestOf } from "../../../actors/shard_answers.ts";
import { assert, assertEquals, assertThrows } from "../../../std/assert.ts";
import { FIXTURE_CHANNELS, fixtureEvent, fixtureJudging, fixturePath } from "../../fixtures/snapshot.ts";
import { ActorInHand } from "./in_hand.ts";

/** Of rules alone; and those whose state is today's. */
const RULES_VERSIONS = [1, 2], KEPT_VERSIONS = [3];

function outputsOf({ out }: ActorInHand) {
  const { windows, flags, verdicts } = out;
  return {
    windows: [...windows.array.subarray(0, windows.length)],
    flags: [...flags.array.subarray(0, flags.length)],
    verdicts: [...verdicts.array.subarray(0, verdicts.length)],
    alerts: out.alerts,
    history: out.history,
  };
}

/** Drives the fixture's sensor, written and read back where told. */
function drive(count: number, reloads: ReadonlySet<number>, keepHistory = true): ActorInHand {
  const actor = new ActorInHand(fixtureJudging, "pump", FIXTURE_CHANNELS, keepHistory);
  for (let i = 0; i < count; i++) {
    actor.take(fixtureEvent(i));
    if (reloads.has(i)) actor.reload();
  }
  return actor;
}

/** As the layout of the configuration says. */
function planned(judging: Judging) {
  return (type: string | undefined, channels: readonly string[]) => makePlan(judging, type, channels);
}

Deno.test("decodeSnapshot() goes on from encodeSnapshot(), bit for bit, wherever it is taken", () => {
  const whole = drive(260, new Set());
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(259), { maxLength: 40 }), (places) => {
      const broken = drive(260, new Set(places));
      assertEquals(outputsOf(broken), outputsOf(whole));
      assertEquals(digestOf(broken.actor), digestOf(whole.actor));
      assertEquals(viewSensor(broken.actor), viewSensor(whole.actor));
    }),
    { numRuns: 40 },
  );
});

Deno.test("decodeSnapshot() goes on without a history too, and keeps what was said of the sensor", () => {
  const whole = drive(100, new Set(), false), broken = drive(100, new Set([30, 31, 99]), false);
  assertEquals(digestOf(broken.actor), digestOf(whole.actor));
  broken.actor.location = "hall 1";
  broken.reload();
  const { name, partition, location, plan } = broken.actor;
  assertEquals([name, partition, location, plan.type], ["pump-1", "p", "hall 1", "pump"]);
});

Deno.test("readMeta() and readWake() say whose it is and when it wakes", () => {
  const actor = drive(77, new Set()), bytes = encodeSnapshot(actor.actor, 500);
  assertEquals(readWake(bytes), wakeTime(actor.actor));
  const meta = readMeta(bytes);
  assertEquals([meta.name, meta.partition, meta.type], ["pump-1", "p", "pump"]);
  assertEquals(meta.channels, FIXTURE_CHANNELS);
  const back = decodeSnapshot(bytes, 0, fixtureJudging, planned(fixtureJudging), true);
  assertEquals(back.state[HEADER.applied], 500);
});

Deno.test("decodeSnapshot() refuses what it cannot read", () => {
  const bytes = encodeSnapshot(drive(10, new Set()).actor, 11);
  const decode = (changed: Uint8Array) => decodeSnapshot(changed, 0, fixtureJudging, planned(fixtureJudging), true);
  const unknown = bytes.slice();
  new DataView(unknown.buffer).setUint16(4, SNAPSHOT_VERSION + 1, true);
  assertThrows(() => decode(unknown), SnapshotError, `version ${SNAPSHOT_VERSION + 1}`);
  const foreign = bytes.slice();
  foreign[0] ^= 1;
  assertThrows(() => decode(foreign), SnapshotError, "no sensor's snapshot");
  assertThrows(() => decode(bytes.slice(0, -8)), SnapshotError, "bytes");
  assertThrows(() => decode(new Uint8Array(0)), SnapshotError);
});

/** The parts of today's view that there were in an older version. */
function asThen(then: Record<string, unknown>, view: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(then).map((key) => [key, view[key]]));
}

for (const version of RULES_VERSIONS) {
  Deno.test(`decodeSnapshot() reads a snapshot of version ${version} and goes on from it by today's detectors`, async () => {
    const bytes = await Deno.readFile(fixturePath(version, "bin"));
    const told = JSON.parse(await Deno.readTextFile(fixturePath(version, "json")));
    for (const detectors of ["rules", "full"] as const) {
      const judging = { ...fixtureJudging, detectors }, hand = new ActorInHand(judging, "pump", FIXTURE_CHANNELS);
      hand.actor = decodeSnapshot(bytes, 5, judging, planned(judging), true);
      hand.position = 150;
      const view = JSON.parse(JSON.stringify(viewSensor(hand.actor)));
      const channels = told.view.channels.map((then: Record<string, unknown>, c: number) =>
        asThen(then, view.channels[c])
      );
      const state = detectors === "rules" ? view.state : told.view.state; // by today's detectors it warms up again
      assertEquals({ ...asThen(told.view, view), channels, state }, told.view);
      assertEquals(viewReadings(hand.actor).length, told.readings);
      for (let i = 150; i < 300; i++) hand.take(fixtureEvent(i));
      const after = JSON.parse(JSON.stringify(viewSensor(hand.actor)));
      assertEquals([after.readings, after.late], [told.next.view.readings, told.next.view.late]);
      assert(hand.actor.state.every((number) => Number.isFinite(number)));
    }
  });
}

for (const version of KEPT_VERSIONS) {
  Deno.test(`decodeSnapshot() reads a snapshot of version ${version} and goes on from it as then`, async () => {
    const bytes = await Deno.readFile(fixturePath(version, "bin"));
    const told = JSON.parse(await Deno.readTextFile(fixturePath(version, "json")));
    const hand = new ActorInHand(fixtureJudging, "pump", FIXTURE_CHANNELS);
    hand.actor = decodeSnapshot(bytes, 5, fixtureJudging, planned(fixtureJudging), true);
    hand.position = 150;
    assertEquals(JSON.parse(JSON.stringify(viewSensor(hand.actor))), told.view);
    assertEquals(viewReadings(hand.actor).length, told.readings);
    for (let i = 150; i < 300; i++) hand.take(fixtureEvent(i));
    assertEquals(digestOf(hand.actor).lanes, told.next.digest);
    assertEquals(JSON.parse(JSON.stringify(viewSensor(hand.actor))), told.next.view);
  });
}

Deno.test("decodeSnapshot() under other windows keeps the features and begins the windows anew", () => {
  const other = judgingSchema.parse({ ...fixtureJudging, windows: [{ lengthMs: 20_000, hopMs: 5_000 }] });
  const actor = drive(120, new Set()), before = viewSensor(actor.actor);
  actor.reload(other);
  assertEquals(viewSensor(actor.actor), before);
  actor.out.windows.length = 0;
  for (let i = 120; i < 200; i++) actor.take(fixtureEvent(i));
  const windows = actor.windows();
  assert(windows.length > 20 && windows.every(({ spec }) => spec === 0));
  assert(windows.every(({ start }) => start > 1_700_000_000_000 + 120 * 2_000 - 60_000));
  assert(actor.actor.state.every((number) => Number.isFinite(number)));
});

Deno.test("decodeSnapshot() under another lateness moves what does not fit, and goes on", () => {
  for (const latenessMs of [0, 15_001, 40_000]) {
    const actor = drive(120, new Set());
    actor.reload(judgingSchema.parse({ ...fixtureJudging, latenessMs, duplicates: "last" }));
    for (let i = 110; i < 200; i++) actor.take(fixtureEvent(i));
    assert(actor.actor.state.every((number) => Number.isFinite(number)), `lateness ${latenessMs}`);
  }
});
