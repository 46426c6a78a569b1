/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "../../../std/assert.ts";
import { RHYTHM_DOUBLES, rhythmLearn, silentAfter, usualIntervalMs } from "../../../models/states/rhythm.ts";
import { benchmark, DAY_MS, HOUR_MS, irregularTimes, mote1, START } from "./recordings.ts";

const NEVER = Number.MAX_SAFE_INTEGER;

/** Gaps that were longer than silence was when they began, ms. */
function silences(times: readonly number[], state = new Float64Array(RHYTHM_DOUBLES)): number[] {
  const found: number[] = [];
  let last = Infinity;
  for (const time of times) {
    if (time - last > silentAfter(state, 0)) found.push(time - last);
    rhythmLearn(state, 0, time);
    last = time;
  }
  return found;
}

Deno.test("silentAfter() is never before 20 intervals, then 12 of them and at least 10 s", () => {
  for (const [intervalMs, expected] of [[50, 10_000], [1_000, 12_000], [60_000, 720_000]]) {
    const state = new Float64Array(RHYTHM_DOUBLES + 3);
    for (let i = 0; i < 20; i++) rhythmLearn(state, 1, START + i * intervalMs);
    assertEquals(silentAfter(state, 1), NEVER);
    rhythmLearn(state, 1, START + 20 * intervalMs);
    assertEquals(silentAfter(state, 1), expected);
    assertEquals(usualIntervalMs(state, 1), intervalMs);
    assertEquals([state[0], ...state.slice(-2)], [0, 0, 0]);
  }
});

Deno.test("silentAfter() is more than 10 usual intervals, 1.5 times the longest gap and 10 s, for any rhythm", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 21, maxLength: 200 });
  fc.assert(fc.property(gaps, fc.integer({ min: 1, max: 2e12 }), (gaps, start) => {
    const state = new Float64Array(RHYTHM_DOUBLES);
    let time = start, longest = 0, intervals = 0;
    rhythmLearn(state, 0, time);
    for (const gap of gaps) {
      const before = silentAfter(state, 0);
      if (gap > 0) intervals++;
      rhythmLearn(state, 0, time += gap);
      // an outage counts in part
      longest = Math.max(longest, before === NEVER ? gap : Math.min(gap, 4 * before));
      const after = silentAfter(state, 0);
      assert(state.every(Number.isFinite));
      if (intervals < 20) {
        assertEquals(after, NEVER);
        continue;
      }
      assertGreater(after, 10 * usualIntervalMs(state, 0));
      assert(after >= 10_000 && Number.isSafeInteger(after));
      // spans of the longest gap last 1,000 usual intervals or more: none of so few gaps was forgotten twice
      if (time - start < 64 * longest) assertGreater(after, 1.5 * longest);
    }
  }));
});

Deno.test("rhythmLearn() learns nothing from a time that is not after the last one", () => {
  const state = new Float64Array(RHYTHM_DOUBLES);
  for (let i = 0; i < 30; i++) rhythmLearn(state, 0, START + i * 1_000);
  const before = state.slice();
  for (const time of [START + 29_000, START, 0, -5]) rhythmLearn(state, 0, time);
  assertEquals(state, before);
});

Deno.test("silentAfter() raises over few of many irregular sensors, none that burst or rest at night and at weekends", () => {
  let raised = 0;
  for (let seed = 0; seed < 50; seed++) raised += silences(irregularTimes(seed, 2_000, 60_000)).length;
  assertLess(raised, 5, "of 100,000 gaps of any length around a minute");
  const bursts = Array.from({ length: 4_000 }, (_, i) => START + Math.floor(i / 10) * 600_000 + (i % 10) * 1_000);
  assertEquals(silences(bursts), []);
  const shifts: number[] = [];
  for (let time = START; time < START + 60 * DAY_MS; time += 60_000) {
    const day = Math.floor(time / DAY_MS), hour = time % DAY_MS / HOUR_MS;
    if ((day + 4) % 7 !== 0 && (day + 4) % 7 !== 6 && hour >= 6 && hour < 22) shifts.push(time);
  }
  const found = silences(shifts).map((gap) => Math.round(gap / HOUR_MS));
  assertEquals(found, [8, 56, 56], "nothing nearly as long had been before");
});

Deno.test("silentAfter() forgets an outage, and what it was before comes back", () => {
  const state = new Float64Array(RHYTHM_DOUBLES);
  let time = START;
  const run = (readings: number) => {
    for (let i = 0; i < readings; i++) rhythmLearn(state, 0, time += 1_000);
  };
  run(5_000);
  assertEquals(silentAfter(state, 0), 12_000);
  rhythmLearn(state, 0, time += DAY_MS);
  assertEquals(silentAfter(state, 0), 96_000, "a day counts as four times the 12 s that silence was");
  run(10_000);
  assertAlmostEquals(silentAfter(state, 0), 12_000, 100);
});

Deno.test("silentAfter() finds the outages of the lab's mote among the gaps of a month, and not much else", async () => {
  const { times, real } = await mote1(), found = silences(times);
  const days = (times[times.length - 1] - times[0]) / DAY_MS;
  const longest = times.reduce((gap, time, i) => i === 0 ? 0 : Math.max(gap, time - times[i - 1]), 0);
  assert(found.length > 0 && (!real || found.includes(longest)));
  assertLess(found.length, days / (real ? 8 : 2), "the look-alike is cut off for hours every third day");
  if (real) assertEquals(found.filter((gap) => gap > 12 * HOUR_MS).length, 2);
});

Deno.test("silentAfter() raises over less than one in 10,000 readings of the benchmark", () => {
  const recordings = benchmark();
  const readings = recordings.reduce((sum, { times }) => sum + times.length, 0);
  assertLess(recordings.flatMap(({ times }) => silences(times)).length, readings / 10_000);
});
