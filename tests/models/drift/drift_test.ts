/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "../../../std/assert.ts";
import {
  DRIFT,
  DRIFT_DOUBLES,
  DRIFT_SPAN_MS,
  driftAdapted,
  driftIndex,
  driftSince,
  driftStatus,
  driftStep,
} from "../../../models/drift/drift.ts";
import { PSI_DRIFTED } from "../../../models/drift/psi.ts";
import { benchmark, DAY_MS, facilitySensor, HOUR_MS, normal, START } from "../states/recordings.ts";

/** A channel in the middle of a greater array. */
class Channel {
  readonly state = new Float64Array(DRIFT_DOUBLES + 5);
  readonly at = 2;
  /** When it went over into which status. */
  readonly changes: [number, number][] = [];
  time: number;

  constructor(readonly intervalMs = 600_000, readonly spanMs = DRIFT_SPAN_MS, start = START) {
    this.time = start;
  }

  step(value: number, time = this.time += this.intervalMs): void {
    const before = driftStatus(this.state, this.at);
    const after = driftStep(this.state, this.at, time, value, this.spanMs);
    if (after !== before) this.changes.push([after, time]);
  }

  /** Readings of a stretch; each value is made from its time. */
  run(lengthMs: number, valueAt: (time: number) => number): void {
    for (const end = this.time + lengthMs; this.time < end;) this.step(valueAt(this.time + this.intervalMs));
  }

  get statuses(): number[] {
    return this.changes.map(([status]) => status);
  }

  get index(): number {
    return driftIndex(this.state, this.at);
  }
}

/** Warm by day and cold by night, and otherwise at weekends. */
function seasonal(noise: () => number, level = 20): (time: number) => number {
  return (time) => {
    const weekday = (Math.floor(time / DAY_MS) + 4) % 7, free = weekday === 0 || weekday === 6;
    return level + (free ? 1 : 5) * Math.sin(2 * Math.PI * time / DAY_MS) + 0.5 * noise();
  };
}

Deno.test("driftStep() learns a day of edges and a span of reference, then says steady over weeks of seasons", () => {
  const channel = new Channel();
  channel.run(60 * DAY_MS, seasonal(normal(1)));
  assertEquals(channel.statuses, [DRIFT.steady]);
  assertAlmostEquals((channel.changes[0][1] - START) / DAY_MS, 8, 0.1);
  assertLess(channel.index, PSI_DRIFTED);
  assertEquals([channel.state[0], channel.state[1], ...channel.state.slice(-3)], [0, 0, 0, 0, 0]);
});

Deno.test("driftStep() takes whole spans as its reference where readings are rare, and days stay no drift", () => {
  const channel = new Channel(HOUR_MS, DAY_MS), noise = normal(8);
  channel.run(80 * DAY_MS, (time) => 20 + 5 * Math.sin(2 * Math.PI * time / DAY_MS) + noise());
  assertEquals(channel.statuses, [DRIFT.steady]);
  // 100 hours of values for the edges, then 1,000 hours and the rest of that day
  assertAlmostEquals((channel.changes[0][1] - START) / HOUR_MS, 100 + 42 * 24, 1);
});

Deno.test("driftStep() is as quick after two months without drift as at first", () => {
  const channel = new Channel(60_000, DAY_MS), noise = normal(9);
  channel.run(60 * DAY_MS, () => noise());
  assertEquals(channel.statuses, [DRIFT.steady]);
  channel.run(0.5 * DAY_MS, () => 2 + noise());
  assertEquals(channel.statuses, [DRIFT.steady, DRIFT.drifted]);
  assertLess(Math.max(...channel.state), 1e14); // of a time, at most
});

Deno.test("driftStep() finds a lasting change within half a span, learns anew after one more, and says it adapted", () => {
  for (const spanMs of [DAY_MS, 7 * DAY_MS]) {
    for (const change of [-4, -2, 2, 4]) {
      const channel = new Channel(60_000, spanMs), noise = normal(2);
      channel.run(DAY_MS + 3 * spanMs, () => noise());
      assertEquals(channel.statuses, [DRIFT.steady]);
      const changed = channel.time;
      channel.run(0.5 * spanMs, () => change + noise());
      assertEquals(channel.statuses, [DRIFT.steady, DRIFT.drifted]);
      const drifted = channel.changes[1][1];
      assertEquals(driftSince(channel.state, channel.at), drifted);
      assertGreater(channel.index, PSI_DRIFTED);
      assertEquals(driftAdapted(channel.state, channel.at), 0);
      channel.run(DAY_MS + 2.5 * spanMs, () => change + noise());
      assertEquals(channel.statuses, [DRIFT.steady, DRIFT.drifted, DRIFT.adapting, DRIFT.steady]);
      const adapted = driftAdapted(channel.state, channel.at);
      assertEquals(adapted, channel.changes[3][1]);
      assertLess(adapted - changed, DAY_MS + 2.5 * spanMs + HOUR_MS);
      assertEquals(driftSince(channel.state, channel.at), 0);
      channel.run(spanMs, () => change + noise());
      assertEquals(channel.statuses.length, 4);
    }
  }
});

Deno.test("driftStep() finds a change of two deviations within 0.7 spans, of one within 1.2, whatever the bins became", () => {
  for (let seed = 0; seed < 40; seed++) {
    for (const [change, spans] of [[2, 0.7], [-2, 0.7], [1, 1.2], [-1, 1.2]]) {
      const channel = new Channel(120_000, DAY_MS), noise = normal(seed);
      channel.run(3.2 * DAY_MS, () => noise());
      channel.run(spans * DAY_MS, () => change + noise());
      assertEquals(channel.statuses, [DRIFT.steady, DRIFT.drifted], `${change}, seed ${seed}`);
    }
  }
});

Deno.test("driftStep() finds other spreads and shapes too, and what goes back by itself is no longer drifted", () => {
  const channel = new Channel(), noise = normal(3);
  channel.run(20 * DAY_MS, () => noise());
  channel.run(6 * DAY_MS, () => 5 * noise());
  assertEquals(channel.statuses, [DRIFT.steady, DRIFT.drifted]);
  channel.run(15 * DAY_MS, () => noise());
  assertEquals(channel.statuses.slice(0, 3), [DRIFT.steady, DRIFT.drifted, DRIFT.steady]);
  assertEquals(driftAdapted(channel.state, channel.at), 0);
});

Deno.test("driftStep() says nothing of single anomalies, however great, and finds a constant that changes", () => {
  const channel = new Channel(), noise = normal(4);
  let reading = 0;
  channel.run(40 * DAY_MS, () => ++reading % 50 === 0 ? 1e100 : noise());
  channel.run(20 * DAY_MS, () => ++reading % 200 < 2 ? -1e100 : noise());
  assertEquals(channel.statuses, [DRIFT.steady]);
  for (const to of [19.9, 20.1]) {
    const constant = new Channel();
    constant.run(20 * DAY_MS, () => 20);
    assertEquals([constant.statuses, constant.index], [[DRIFT.steady], 0]);
    constant.run(DAY_MS, () => to);
    assertEquals(constant.statuses, [DRIFT.steady, DRIFT.drifted]);
  }
});

Deno.test("driftStep() keeps every value finite, for any values, times and spans", () => {
  const step = fc.tuple(
    fc.integer({ min: -HOUR_MS, max: 3 * DAY_MS }),
    fc.double({ min: -1e100, max: 1e100, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), fc.constantFrom(1, 1_000, DAY_MS), (steps, span) => {
      const channel = new Channel(1_000, span, 0);
      let time = 0;
      for (let i = 0; i < 3_000; i++) {
        const [passed, value] = steps[i % steps.length];
        channel.step(value, time = Math.max(0, time + passed));
      }
      assert(channel.state.every(Number.isFinite));
      assert(driftIndex(channel.state, channel.at) >= 0);
    }),
    { numRuns: 30 },
  );
});

Deno.test("driftStep() goes on after its slice was copied, as if nothing had happened", () => {
  const channel = new Channel(), noise = normal(6);
  for (const days of [0.5, 3, 10, 3, 5, 9]) {
    channel.run(days * DAY_MS, () => noise() + days / 3);
    const copy = new Float64Array(DRIFT_DOUBLES), again = normal(7), other = normal(7);
    copy.set(channel.state.subarray(channel.at, channel.at + DRIFT_DOUBLES));
    for (let i = 0; i < 300; i++) {
      const time = channel.time + i * 600_000;
      assertEquals(
        driftStep(copy, 0, time, again(), channel.spanMs),
        driftStep(channel.state, channel.at, time, other(), channel.spanMs),
      );
    }
    channel.time += 300 * 600_000;
  }
});

Deno.test("driftStep() finds drift in few of a facility's normal sensors over three weeks, and in few recordings", () => {
  let facility = 0, recordings = 0, judged = 0;
  for (let place = 0; place < 25; place++) {
    const { times, columns } = facilitySensor(place, START, 21 * DAY_MS / 2_000, 150), channel = new Channel();
    times.forEach((time, i) => channel.step(columns[0][i], time));
    if (channel.statuses.includes(DRIFT.drifted)) facility++;
  }
  assert(facility <= 2, `${facility} of 25`);
  for (const { times, columns } of benchmark()) {
    const channel = new Channel();
    times.forEach((time, i) => channel.step(columns[0][i], time));
    if (channel.statuses.includes(DRIFT.steady)) judged++;
    if (channel.statuses.includes(DRIFT.drifted)) recordings++;
  }
  assertLess(recordings, judged / 4, `${recordings} of ${judged}`);
});
