/** @module */
import fc from "fast-check";
import { assert, assertEquals, assertLess } from "../../../std/assert.ts";
import { flatSince, isStuck, STUCK_DOUBLES, stuckAfter, stuckStep } from "../../../models/states/stuck.ts";
import { uniformAt } from "../../../models/random.ts";
import { benchmark, DAY_MS, facilitySensor, mote1, normal, type Recording, START } from "./recordings.ts";

/** A channel in the middle of a greater array, a reading a second. */
class Channel {
  readonly state = new Float64Array(STUCK_DOUBLES + 5);
  readonly at = 2;
  time = START;

  step(value: number): boolean {
    return stuckStep(this.state, this.at, value, this.time += 1_000);
  }

  /** Takes the same value so often; how many readings of them found it stuck. */
  hold(value: number, times: number): number {
    let stuck = 0;
    for (let i = 0; i < times; i++) if (this.step(value)) stuck++;
    return stuck;
  }
}

/** A channel that has changed with every reading for a while. */
function lively(readings = 300): Channel {
  const channel = new Channel(), noise = normal(1);
  for (let i = 0; i < readings; i++) channel.step(noise());
  return channel;
}

/** Stretches in which a column is stuck. */
function stretches({ times }: Recording, column: readonly number[]): { from: number; since: number; value: number }[] {
  const state = new Float64Array(STUCK_DOUBLES), found: { from: number; since: number; value: number }[] = [];
  let was = false;
  column.forEach((value, i) => {
    const stuck = stuckStep(state, 0, value, times[i]);
    if (stuck && !was) found.push({ from: i, since: flatSince(state, 0), value });
    was = stuck;
  });
  return found;
}

Deno.test("stuckStep() finds a channel that always changed stuck with the 21st equal value, and says since when", () => {
  const channel = lively(), since = channel.time + 1_000;
  assertEquals(channel.hold(5, 20), 0);
  assert(channel.step(5));
  assertEquals(flatSince(channel.state, channel.at), since);
  assertEquals([channel.state[0], channel.state[1], ...channel.state.slice(-3)], [0, 0, 0, 0, 0]);
});

Deno.test("stuckStep() sees through one dropout, and ends with the second other value", () => {
  const channel = lively(), since = channel.time + 1_000;
  channel.hold(5, 40);
  assert(channel.step(0), "a dropout hides nothing");
  assert(channel.step(5));
  assertEquals(flatSince(channel.state, channel.at), since);
  assert(channel.step(6));
  assert(!channel.step(7));
  const other = lively();
  other.hold(5, 15);
  other.step(0);
  assertEquals(other.hold(5, 10), 5, "the dropout came before it was long enough");
});

Deno.test("stuckStep() begins the next run with the value that ended the last one", () => {
  const channel = lively();
  channel.hold(5, 40);
  const since = channel.time + 1_000;
  assertEquals(channel.hold(6, 121), 2, "the first of them may be a dropout, the last is beyond three times 40");
  assertEquals(flatSince(channel.state, channel.at), since);
});

Deno.test("stuckStep() never cries over a channel that never changed, or changed rarely from the beginning", () => {
  const constant = new Channel();
  assertEquals(constant.hold(3, 100_000), 0);
  const rare = new Channel();
  let stuck = 0;
  for (let i = 0; i < 200; i++) stuck += rare.hold(i % 2, 100 + Math.floor(200 * uniformAt(3, i)));
  assertEquals(stuck, 0);
});

Deno.test("stuckStep() cries over few of many switches and counts of random rhythm", () => {
  let episodes = 0;
  for (let seed = 0; seed < 100; seed++) {
    const channel = new Channel();
    let was = false, on = 0;
    for (let i = 0; i < 10_000; i++) {
      if (uniformAt(seed, i) < 0.02) on = 1 - on;
      const stuck = channel.step(on);
      if (stuck && !was) episodes++;
      was = stuck;
    }
  }
  assertLess(episodes, 5, "of 20,000 runs of 50 readings on average");
});

Deno.test("stuckStep() learns what comes every night, and forgets what came once", () => {
  const channel = new Channel(), noise = normal(2), cried: boolean[] = [];
  const day = (night: number) => {
    for (let i = 0; i < 1_440 - night; i++) channel.step(10 + noise());
    cried.push(channel.hold(0, night) > 0);
  };
  for (let d = 0; d < 60; d++) day(400);
  assertEquals(cried.indexOf(true), 0);
  assertEquals(cried.lastIndexOf(true), 0, "only the first night was longer than ever");
  const once = lively();
  once.hold(5, 1_000);
  once.step(6);
  once.step(7);
  assertEquals(stuckAfter(once.state, once.at), 3_000);
  for (let i = 0; i < 140_000; i++) once.step(noise());
  assertEquals(stuckAfter(once.state, once.at), 20);
});

Deno.test("stuckStep() agrees with a plain reading of its rule, for any values", () => {
  const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 60 })), { maxLength: 80 });
  fc.assert(fc.property(values, (runs) => {
    const channel = new Channel(), lengths: number[] = [];
    let value = NaN, run = 0, away: number | undefined, stuck = false;
    for (const next of runs.flatMap(([v, times]) => Array<number>(times).fill(v))) {
      if (next === value) {
        run++;
        away = undefined;
        if (lengths.length >= 20 && run > Math.max(20, 3 * Math.max(...lengths))) stuck = true;
      } else if (run >= 10 && away === undefined) away = next;
      else {
        if (run > 0) lengths.push(run);
        [value, run, away, stuck] = [next, next === away ? 2 : 1, undefined, false];
      }
      assertEquals(channel.step(next), stuck);
      assertEquals(isStuck(channel.state, channel.at), stuck);
      assert(channel.state.every(Number.isFinite));
    }
  }));
});

Deno.test("stuckStep() finds the mote whose battery lies at 122 °C, and nothing in the month before", async () => {
  const recording = await mote1();
  const found = recording.columns.flatMap((column, c) => stretches(recording, column).map((one) => ({ ...one, c })));
  if (recording.real) {
    assertEquals(found.map(({ c, value }) => [c, Math.round(value)]), [[0, 122], [1, -4]]);
    return;
  }
  for (const { c, value } of found) assert(value > 120 || value < 0 || c > 1, `${c}: ${value}`);
});

Deno.test("stuckStep() cries over few recordings of the benchmark, over none of a facility's normal week", () => {
  const recordings = benchmark(), found = recordings.flatMap((one) => stretches(one, one.columns[0]));
  assert(found.length <= Math.ceil(recordings.length / 5), `${found.length} in ${recordings.length}`);
  for (let place = 0; place < 5; place++) {
    const week = facilitySensor(place, START, 7 * DAY_MS / 2_000, 30);
    assertEquals(stretches(week, week.columns[0]), []);
  }
});
