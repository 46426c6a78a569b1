import fc from "fast-check";
import { FEDERATION_LIMITS } from "../../../actors/federation/port.ts";
import { type Average, type Contribution, makeRound, type RoundInput } from "../../../actors/federation/round.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../../std/assert.ts";

/** Weighted averaging, as simple as can be. */
const average: Average = (weights, readings) => {
  const total = readings.reduce((sum, one) => sum + one, 0);
  return weights[0].map((_, at) => weights.reduce((sum, row, who) => sum + row[at] * readings[who], 0) / total);
};

function one(id: string, readings: number, weights: number[], more: Partial<Contribution> = {}): Contribution {
  return { id, kind: "sensor", readings, weights: Float32Array.from(weights), ...more };
}

function input(contributions: readonly Contribution[], more: Partial<RoundInput> = {}): RoundInput {
  return { group: "room", round: 4, time: 1_000, method: "fedavg", contributions, weightCount: 2, average, ...more };
}

Deno.test("makeRound() records who took part with what, and what came out", () => {
  const made = makeRound(input([
    one("b", 1, [3, 4], { loss: 0.5 }),
    one("a", 3, [3, 0]),
    one("plc", 2, [0, 0], { kind: "device" }),
  ], { before: Float32Array.of(2, 0) }));
  assert(made);
  assertEquals(made.weights.length, 2);
  assertAlmostEquals(made.weights[0], 2);
  const { moved = NaN, norm, ...record } = made.record;
  assertAlmostEquals(norm, Math.hypot(2, 2 / 3), 1e-6);
  assertAlmostEquals(moved, 2 / 3, 1e-6);
  assertEquals(record, {
    group: "room",
    round: 4,
    time: 1_000,
    method: "fedavg",
    participants: [
      { id: "a", kind: "sensor", readings: 3, norm: 3 },
      { id: "plc", kind: "device", readings: 2, norm: 0 },
      { id: "b", kind: "sensor", readings: 1, loss: 0.5, norm: 5 },
    ],
    participant_count: 3,
    readings: 6,
    left_out: 0,
    model: "network:room",
  });
});

Deno.test("makeRound() gives the same bits in whatever order contributions come", () => {
  const contributions = fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 4 }),
      kind: fc.constantFrom("sensor" as const, "device" as const),
      readings: fc.integer({ min: 1, max: 1e6 }),
      weights: fc.float32Array({ minLength: 2, maxLength: 2, min: -100, max: 100, noNaN: true }),
    }),
    { minLength: 2, maxLength: 12, selector: ({ id, kind }) => `${kind}${id}` },
  );
  fc.assert(fc.property(
    contributions.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all, {
          minLength: all.length,
        }),
      )
    ),
    ([all, shuffled]) => {
      assertEquals(makeRound(input(shuffled)), makeRound(input(all)));
    },
  ));
});

Deno.test("makeRound() leaves out what cannot be averaged, and is none without anybody", () => {
  const made = makeRound(input([one("a", 1, [1, 1]), one("b", 1, [NaN, 1]), one("c", 1, [1]), one("d", 0, [9, 9])]));
  assertEquals([made?.record.participant_count, made?.record.left_out, made?.weights], [1, 3, Float32Array.of(1, 1)]);
  assertEquals(makeRound(input([one("b", 1, [Infinity, 1])])), undefined);
  assertEquals(makeRound(input([])), undefined);
  const wild: Average = () => Float32Array.of(0, NaN);
  assertThrows(
    () => makeRound(input([one("a", 1, [1, 1])], { average: wild })),
    RangeError,
    "weight 1 came out as NaN",
  );
});

Deno.test("makeRound() names a bounded number of participants and counts all, none for more than its share", () => {
  const many = Array.from({ length: 500 }, (_, at) => one(`s${at}`, at + 1, [1, 1]));
  const made = makeRound(input([...many, one("boaster", 1e12, [1, 1], { kind: "device" }), one("s3", 2, [1, 1])]));
  assert(made);
  const { participants, participant_count, readings } = made.record;
  assertEquals([participants.length, participant_count], [FEDERATION_LIMITS.participants, 501]);
  assertEquals(readings, 500 * 501 / 2 + FEDERATION_LIMITS.readings);
  assertEquals([participants[0].id, participants[1].id], ["boaster", "s499"]);
});
