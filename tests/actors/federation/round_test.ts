import fc from "fast-check";
import { FEDERATION_LIMITS } from "../../../actors/federation/port.ts";
import { type Contribution, makeRound, type RoundInput } from "../../../actors/federation/round.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../../std/assert.ts";

function one(id: string, readings: number, weights: number[], more: Partial<Contribution> = {}): Contribution {
  return { id, kind: "sensor", readings, loss: 0.5, weights: Float32Array.from(weights), ...more };
}

function input(contributions: readonly Contribution[], more: Partial<RoundInput> = {}): RoundInput {
  return { group: "room", round: 4, time: 1_000, method: "fedavg", contributions, weightCount: 2, ...more };
}

Deno.test("makeRound() records who took part with what, and what came out", () => {
  const made = makeRound(input([
    one("b", 1, [3, 4], { loss: 2 }),
    one("a", 3, [3, 0]),
    one("a", 2, [0, 0], { kind: "device" }),
  ], { before: Float32Array.of(2, 0) }));
  assert(made);
  assertEquals(made.weights, Float32Array.of(2, 4 / 6));
  const { moved = NaN, norm, participants, loss = NaN, ...record } = made.record;
  assertAlmostEquals(norm, Math.hypot(2, 2 / 3), 1e-6);
  assertAlmostEquals(moved, 2 / 3, 1e-6);
  assertAlmostEquals(loss, 0.75, 1e-12);
  assertEquals(participants.map(({ distance: _, ...known }) => known), [
    { id: "a", kind: "sensor", readings: 3, loss: 0.5, norm: 3 },
    { id: "a", kind: "device", readings: 2, loss: 0.5, norm: 0 },
    { id: "b", kind: "sensor", readings: 1, loss: 2, norm: 5 },
  ]);
  assertAlmostEquals(participants[1].distance, norm, 1e-12);
  assertEquals(record, {
    group: "room",
    round: 4,
    time: 1_000,
    method: "fedavg",
    participant_count: 3,
    readings: 6,
    left_out: 0,
    model: "network:room",
  });
});

Deno.test("makeRound() gives the same bits in whatever order contributions come, by every method", () => {
  const contributions = fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 4 }),
      kind: fc.constantFrom("sensor" as const, "device" as const),
      readings: fc.integer({ min: 1, max: 1e6 }),
      loss: fc.double({ min: 0, max: 10, noNaN: true }),
      weights: fc.float32Array({ minLength: 2, maxLength: 2, min: -100, max: 100, noNaN: true }),
    }),
    { minLength: 2, maxLength: 12, selector: ({ id, kind }) => `${kind}${id}` },
  );
  const both = contributions.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))
  );
  fc.assert(fc.property(both, fc.constantFrom("fedavg", "median", "trimmed"), ([all, shuffled], method) => {
    assertEquals(makeRound(input(shuffled, { method })), makeRound(input(all, { method })));
  }));
});

Deno.test("makeRound() makes up no loss for those that have none", () => {
  const made = makeRound(input([one("a", 3, [1, 1], { loss: undefined }), one("b", 1, [1, 1])]));
  assertEquals(made?.record.participants.map(({ loss }) => loss), [undefined, 0.5]);
  assertEquals(made?.record.loss, 0.5);
  assertEquals(makeRound(input([one("a", 3, [1, 1], { loss: undefined })]))?.record.loss, undefined);
});

Deno.test("makeRound() keeps a liar's weights from the median", () => {
  const honest = ["a", "b", "c", "d"].map((id, at) => one(id, 10, [1 + at / 10, 2]));
  const liar = one("plc", 1_000_000, [999, -999], { kind: "device" });
  const [median, mean] = (["median", "fedavg"] as const).map((method) =>
    makeRound(input([...honest, liar], { method }))?.weights ?? []
  );
  assert(median[0] >= 1 && median[0] <= 1.3 && median[1] === 2);
  assert(mean[0] > 900);
});

Deno.test("makeRound() leaves out what cannot be averaged, and is none without anybody", () => {
  const made = makeRound(input([one("a", 1, [1, 1]), one("b", 1, [NaN, 1]), one("c", 1, [1]), one("d", 0, [9, 9])]));
  assertEquals([made?.record.participant_count, made?.record.left_out, made?.weights], [1, 3, Float32Array.of(1, 1)]);
  assertEquals(makeRound(input([one("b", 1, [Infinity, 1])])), undefined);
  assertEquals(makeRound(input([])), undefined);
  assertThrows(() => makeRound(input([one("a", 1, [1, 1])], { method: "trimmed", trim: 0.6 })), RangeError, "trim");
});

Deno.test("makeRound() names a bounded number of participants and counts all, none for more than its share", () => {
  const many = Array.from({ length: 500 }, (_, at) => one(`s${at}`, at + 1, [1, 1]));
  const made = makeRound(input([...many, one("boaster", 1e9, [1, 1], { kind: "device" })]));
  assert(made);
  const { participants, participant_count, readings } = made.record;
  assertEquals([participants.length, participant_count], [FEDERATION_LIMITS.participants, 501]);
  assertEquals(readings, 500 * 501 / 2 + FEDERATION_LIMITS.readings);
  assertEquals([participants[0].id, participants[1].id], ["boaster", "s499"]);
});
