/** @module */
import fc from "fast-check";
import { type Judging, judgingSchema } from "../../../actors/config.ts";
import { HEADER } from "../../../actors/sensor/layout.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../../std/assert.ts";
import { ActorInHand } from "./in_hand.ts";
import { type NaiveEvent, NaiveSensor } from "./naive.ts";

const START = 1_700_000_000_000;
const CHANNELS = ["a", "b"];

function judge(changes: Partial<Judging> = {}): Judging {
  const judging = judgingSchema.parse({
    detectors: "rules",
    types: { pump: { channels: { a: { low: 0, high: 50, physicalHigh: 90 } }, intervalMs: 1_000 } },
    windows: [{ lengthMs: 10_000, hopMs: 10_000 }],
    latenessMs: 4_000,
    alerts: { rules: { silent: { offDelayMs: 0 } } },
    ...changes,
  });
  // As simple as the naive one has them: back at once, and nothing chatters.
  return { ...judging, alerts: { ...judging.alerts, chatterMs: -Infinity } };
}

function reading(time: number, values: Record<string, number>): NaiveEvent {
  return { kind: "reading", time: START + time, values };
}

const COUNTS = [
  "readings",
  "anomalies",
  "late",
  "tooLate",
  "duplicates",
  "conflicts",
  "stepsBack",
  "impossible",
] as const;

function compare(actor: ActorInHand, naive: NaiveSensor): void {
  const { state } = actor.actor;
  for (const count of COUNTS) assertEquals(state[HEADER[count]], naive.counts[count], count);
  assertEquals(state[HEADER.greatest], naive.greatest);
  const alarms = actor.out.alerts.map(({ transition: { condition, channel, transition } }) => ({
    condition,
    ...(channel === undefined ? {} : { channel }),
    transition,
  }));
  assertEquals(alarms, naive.alarms);
  const windows = actor.windows();
  assertEquals(windows.map(heading), naive.windows.map(heading));
  windows.forEach(({ channels }, i) => {
    for (const channel of CHANNELS) {
      const found = channels[channel] ?? [], expected = naive.windows[i].channels[channel] ?? [];
      assertEquals(found.length, expected.length, `channel ${channel} of window ${i}`);
      found.forEach((number, k) => assertAlmostEquals(number, expected[k], 1e-5, `number ${k} of window ${i}`));
    }
  });
}

function heading({ spec, start, revision }: { spec: number; start: number; revision: number }): string {
  return `${spec}/${start - START}/${revision}`;
}

const value = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: -20, max: 120 }), fc.constantFrom(20, 21));
const gap = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: -6_000, max: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5_000, max: 40_000 }) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const values = fc.dictionary(fc.constantFrom(...CHANNELS), value);
const steps = fc.array(
  fc.oneof({ weight: 8, arbitrary: fc.record({ gap, values }) }, {
    weight: 1,
    arbitrary: fc.record({ tick: fc.nat(60_000) }),
  }),
  { maxLength: 80, size: "max" },
);
const judging = fc.record({
  windows: fc.constantFrom<Judging["windows"][]>(
    [{ lengthMs: 10_000, hopMs: 10_000 }],
    [{ lengthMs: 10_000, hopMs: 2_000 }],
    [{ lengthMs: 4_000, hopMs: 4_000 }, { lengthMs: 12_000, hopMs: 3_000 }],
  ),
  latenessMs: fc.constantFrom(0, 1_500, 4_000, 30_000),
  duplicates: fc.constantFrom("first" as const, "last" as const, "keep" as const),
});

/** Steps as events: each reading some time after the last one, or before it. */
function eventsOf(
  given: readonly ({ gap: number; values: Record<string, number> } | { tick: number })[],
): NaiveEvent[] {
  let time = START + 60_000, greatest = time;
  return given.map((step) => {
    if ("tick" in step) return { kind: "tick", time: greatest + step.tick };
    time = (step.gap < 0 ? time : greatest) + step.gap;
    greatest = Math.max(greatest, time);
    return { kind: "reading", time, values: step.values };
  });
}

Deno.test("takeReading() and takeTick() agree with a naive recomputation from everything that ever came", () => {
  fc.assert(
    fc.property(steps, judging, (given, changes) => {
      const judging = judge(changes), actor = new ActorInHand(judging, "pump", CHANNELS);
      const naive = new NaiveSensor(judging, judging.types.pump);
      for (const event of eventsOf(given)) {
        actor.take(event);
        naive.take(event);
      }
      actor.end();
      naive.end();
      compare(actor, naive);
      assert(actor.actor.state.every((number) => Number.isFinite(number)), "the state holds finite numbers only");
    }),
    { numRuns: 600 },
  );
});

Deno.test("takeReading() skips what the state has seen", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS);
  for (let i = 0; i < 30; i++) actor.take(reading(i * 1_000, { a: i }));
  actor.reload();
  const before = [...actor.actor.state];
  actor.position = 0;
  for (let i = 0; i < 29; i++) actor.take(reading(i * 1_000, { a: i }));
  actor.take({ kind: "tick", time: START + 10_000_000 });
  assertEquals([...actor.actor.state], before);
});

Deno.test("takeReading() emits a window when its sensor's time passes its end, and again with a revision when it is corrected", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS);
  for (const time of [1_000, 9_000, 10_500]) actor.take(reading(time, { a: 10 }));
  assertEquals(actor.windows().map(heading), ["0/0/0"]);
  actor.take(reading(8_000, { a: 40 }));
  assertEquals(actor.windows().map(heading), ["0/0/0", "0/0/1"]);
  assertEquals(actor.windows()[1].channels.a.slice(0, 4), [3, 20, 10, 40]);
  actor.take(reading(14_100, { a: 10 }));
  actor.take(reading(9_999, { a: 10 }));
  assertEquals(actor.windows().length, 2, "14.1 s less 4 s is behind its end: it is final");
  assertEquals(actor.actor.state[HEADER.tooLate], 1);
});

Deno.test("takeReading() does not emit a window again for a late reading that it has already", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS);
  for (const time of [1_000, 9_000, 10_500, 9_000]) actor.take(reading(time, { a: 10 }));
  assertEquals(actor.windows().map(heading), ["0/0/0"]);
  assertEquals(actor.actor.state[HEADER.duplicates], 1);
});

Deno.test("takeReading() raises an alarm at the third of five and clears it after five quiet ones", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS);
  const broken = [1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1];
  const steps: string[] = [];
  broken.forEach((flag, i) => {
    actor.take(reading(i * 1_000, { a: flag ? 60 : 30 + i % 2 }));
    steps.push(...actor.out.alerts.splice(0).map(({ transition: { transition } }) => `${i} ${transition}`));
  });
  assertEquals(steps, ["4 raised", "12 cleared"]);
});

Deno.test("takeReading() says of an alert what was seen and expected, under an id that stays", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS);
  for (let i = 0; i < 8; i++) actor.take(reading(i * 1_000, { a: i < 3 ? 60 : 30 }));
  const [raised, cleared] = actor.out.alerts.map(({ transition }) => transition);
  assertEquals(raised.id, "p:3:pump-1:limit:a/raised");
  assertEquals([cleared.alert, cleared.transition], [raised.alert, "cleared"]);
  assertEquals([raised.value, raised.expected, raised.priority], [60, [0, 50], "high"]);
  assertEquals(raised.message, "a 60, expected 0 to 50 (the configured limit)");
});

Deno.test("takeTick() notices silence once, and the next reading ends it", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS);
  actor.take(reading(0, { a: 1 }));
  for (const time of [9_000, 10_000, 20_000]) actor.take({ kind: "tick", time: START + time });
  actor.take(reading(-1_000, { a: 1 }));
  assertEquals(actor.out.alerts.length, 1, "a late reading is no sign of life");
  actor.take(reading(21_000, { a: 1 }));
  assertEquals(
    actor.out.alerts.map(({ transition: { condition, transition, position } }) => [condition, transition, position]),
    [["silent", "raised", 3], ["silent", "cleared", 6]],
  );
});

Deno.test("takeTick() leaves a sensor alone that was never heard", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS), before = [...actor.actor.state];
  actor.take({ kind: "tick", time: START + 1_000_000 });
  assertEquals([actor.out.alerts.length, [...actor.actor.state]], [0, before]);
});

Deno.test("takeReading() gives a reading that is too late to the late output, and nothing else of it counts", () => {
  const actor = new ActorInHand(judge(), "pump", CHANNELS);
  actor.take(reading(60_000, { a: 1 }));
  actor.take(reading(0, { a: 100 }));
  const { state } = actor.actor;
  assertEquals([state[HEADER.readings], state[HEADER.tooLate], state[HEADER.late]], [1, 1, 0]);
  assertEquals(actor.out.quarantine.map(({ reason, position }) => [reason, position]), [["late", 2]]);
});

Deno.test("takeReading() and takeTick() follow the rules of the sensor's type: deadband, delays, escalation", () => {
  const pump = {
    channels: { a: { low: 0, high: 50, deadband: 5 } },
    intervalMs: 1_000,
    alerts: { limit: { raise: 1, of: 1, clear: 2, escalate: [{ afterMs: 60_000, priority: "critical" }] } },
  } as const;
  const actor = new ActorInHand(judgingSchema.parse({ detectors: "rules", types: { pump } }), "pump", CHANNELS);
  const told = (): string[] =>
    actor.out.alerts.splice(0).map(({ transition: { condition, transition, priority } }) =>
      `${condition} ${transition} ${priority}`
    );
  [51, 49, 46, 48].forEach((a, i) => actor.take(reading(i * 1_000, { a })));
  assertEquals(told(), ["limit raised high"], "inside by less than 5: not back");
  actor.reload();
  actor.take({ kind: "tick", time: START + 60_000 });
  assertEquals(told(), ["silent raised medium", "limit escalated critical"]);
  for (const second of [61, 62]) actor.take(reading(second * 1_000, { a: 40 }));
  assertEquals(told(), ["limit cleared critical"]);
  for (let second = 63; second < 121; second++) actor.take(reading(second * 1_000, { a: 40 }));
  assertEquals(told(), [], "a silent sensor is back when it stayed for a minute");
  actor.take({ kind: "tick", time: START + 121_000 });
  assertEquals(told(), ["silent cleared medium"]);
  assertEquals(actor.actor.lives?.data.length ?? 0, 0, "what is quiet takes no memory, once nothing can chatter");
});
