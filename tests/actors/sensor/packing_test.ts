/** @module */
import fc from "fast-check";
import { judgingSchema } from "../../../actors/config.ts";
import { emptyState } from "../../../actors/sensor/state.ts";
import { HEADER } from "../../../actors/sensor/layout.ts";
import { makePlan } from "../../../actors/sensor/plan.ts";
import {
  packedFloatsMost,
  packedMost,
  packFloats,
  packState,
  shapeOf,
  unpackFloats,
  unpackState,
} from "../../../actors/sensor/packing.ts";
import { assert, assertEquals, assertThrows } from "../../../std/assert.ts";

const judging = judgingSchema.parse({
  windows: [{ lengthMs: 60_000, hopMs: 60_000 }, { lengthMs: 60_000, hopMs: 20_000 }],
});
const plans = [0, 1, 2, 5].map((count) =>
  makePlan(judging, undefined, Array.from({ length: count }, (_, c) => `channel ${c}`))
);
const TIME = 1_700_000_000_000;

/** Numbers of all the kinds that are written differently, and some that only look like them. */
const number = fc.oneof(
  fc.integer({ min: -300_000, max: 300_000 }),
  fc.integer({ min: -(2 ** 31) - 2, max: 2 ** 31 + 2 }).map((whole) => whole / 1e4),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -(2 ** 31) - 2, max: 2 ** 31 + 2 }).map((distance) => TIME + distance),
  fc.constantFrom(0, -0, -1, 1e-5, 0.00005, 214_748.3647, 214_748.3648, -214_748.3648, 2 ** 53, Number.MAX_VALUE),
);

function pack(state: Float64Array, plan: typeof plans[number], at: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(at + packedMost(state.length)).fill(255),
    end = packState(state, shapeOf(plan), bytes, at);
  assert(end % 8 === 0 && end <= bytes.length && bytes.subarray(0, at).every((byte) => byte === 255));
  return bytes.slice(at, end);
}

Deno.test("unpackState() gives back what packState() wrote, bit for bit", () => {
  const changes = fc.array(fc.tuple(fc.nat(10_000), number, fc.boolean()), { maxLength: 300 });
  fc.assert(
    fc.property(fc.nat(plans.length - 1), changes, fc.constantFrom(0, 8, 64), (which, changed, at) => {
      const plan = plans[which], state = emptyState(plan);
      state[HEADER.greatest] = TIME;
      for (const [place, value, alike] of changed) {
        state[place % state.length] = value;
        for (let k = place % state.length; alike && (k += plan.channelLength) < state.length;) state[k] = value;
      }
      const back = unpackState(pack(state, plan, at), shapeOf(plan));
      assertEquals(new Uint8Array(back.buffer), new Uint8Array(state.buffer));
    }),
    { numRuns: 300 },
  );
});

Deno.test("packState() writes little of a new state, and of channels that are alike", () => {
  for (const plan of plans) assertEquals(pack(emptyState(plan), plan, 0).length, 8 * Math.ceil(plan.length / 32));
  const plan = plans[3], state = emptyState(plan);
  for (const at of plan.channelAt) for (let k = 0; k < plan.channelLength; k++) state[at + k] = Math.PI + k;
  assertEquals(pack(state, plan, 0).length, 8 * Math.ceil(plan.length / 32) + 8 * plan.channelLength);
});

Deno.test("unpackState() refuses bytes of another length, and a first channel that is as the one before", () => {
  const plan = plans[1], state = emptyState(plan).fill(Math.PI), bytes = pack(state, plan, 0);
  assertThrows(() => unpackState(bytes.slice(0, -8), shapeOf(plan)), RangeError, "must have");
  assertThrows(() => unpackState(new Uint8Array(bytes.length + 8), shapeOf(plan)), RangeError, "must have");
  const before = pack(emptyState(plan), plan, 0);
  before[0] |= 1;
  assertThrows(() => unpackState(before, shapeOf(plan)), RangeError, "the channel before the first");
});

Deno.test("unpackFloats() gives back what packFloats() wrote, and blocks of zeros are not written", () => {
  const floats = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, {
    weight: 1,
    arbitrary: fc.float({ noNaN: true }),
  });
  fc.assert(fc.property(fc.array(floats, { maxLength: 3_000 }), fc.constantFrom(0, 8, 64), (numbers, at) => {
    const written = Float32Array.from(numbers), bytes = new Uint8Array(at + packedFloatsMost(written.length)).fill(255);
    const end = packFloats(written, bytes, at);
    assert(end % 8 === 0 && end <= bytes.length && bytes.subarray(0, at).every((byte) => byte === 255));
    const back = unpackFloats(bytes.slice(at, end), written.length);
    assertEquals(new Uint8Array(back.buffer), new Uint8Array(written.buffer));
    assertThrows(() => unpackFloats(new Uint8Array(end - at + 8), written.length), RangeError, "must have");
  }));
  const bytes = new Uint8Array(packedFloatsMost(10_000));
  assertEquals(packFloats(new Float32Array(10_000), bytes, 0), 8 * Math.ceil(10_000 / 16 / 64));
});
