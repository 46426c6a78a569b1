import fc from "fast-check";
import {
  decodeWeights,
  encodeWeights,
  type NetworkWeights,
  weightCount,
  weightNorm,
  WEIGHTS_LIMITS,
  WeightsFormatError,
  wrongWeight,
} from "../../../actors/federation/weights.ts";
import { assertEquals, assertThrows } from "../../../std/assert.ts";

const shapes = fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 5,
});
const network = shapes.chain((shapes) =>
  fc.record({
    group: fc.string({ minLength: 1, maxLength: 30 }),
    round: fc.nat(),
    shapes: fc.constant(shapes),
    form: fc.constant({ inputs: ["temperature", "ü"], hidden: 4 }),
    weights: fc.float32Array({
      minLength: weightCount(shapes),
      maxLength: weightCount(shapes),
      min: -1000,
      max: 1000,
      noNaN: true,
    }),
  })
);

const SMALL: NetworkWeights = {
  group: "room",
  round: 3,
  shapes: [[2, 1], [1]],
  form: null,
  weights: new Float32Array(3),
};

Deno.test("decodeWeights() gives back what encodeWeights() wrote, at any offset of a buffer", () => {
  fc.assert(fc.property(network, fc.nat(9), (network, offset) => {
    const bytes = encodeWeights(network), larger = new Uint8Array(bytes.length + offset);
    larger.set(bytes, offset);
    assertEquals(decodeWeights(larger.subarray(offset)), network);
  }));
});

Deno.test("decodeWeights() refuses whatever else with one sentence", () => {
  const bytes = encodeWeights(SMALL);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
    assertThrows(() => decodeWeights(garbage), WeightsFormatError);
  }));
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodeWeights(bytes.subarray(0, length)), WeightsFormatError);
  }
  const wild = bytes.slice();
  new DataView(wild.buffer).setFloat32(wild.length - 4, NaN, true);
  assertThrows(() => decodeWeights(wild), WeightsFormatError, "weight 2 must be from -1000 to 1000, not NaN");
  const other = new TextEncoder().encode(new TextDecoder("latin1").decode(bytes).replace('"round"', '"ruond"'));
  assertThrows(() => decodeWeights(other), WeightsFormatError, "header");
});

Deno.test("encodeWeights() refuses what does not fit its shapes or the limits", () => {
  const refused = (more: Partial<NetworkWeights>, why: string) =>
    assertThrows(() => encodeWeights({ ...SMALL, ...more }), WeightsFormatError, why);
  refused({ weights: new Float32Array(4) }, "its shapes hold 3 weights, not 4");
  refused({ weights: Float32Array.of(0, Infinity, 0) }, "weight 1 must be");
  refused({ shapes: [[WEIGHTS_LIMITS.weights], [1]] }, "it has 65537 weights, at most 65536");
  refused({ shapes: [] }, "shapes");
  refused({ group: "" }, "group");
  refused({ form: "x".repeat(WEIGHTS_LIMITS.headerBytes) }, "at most 65536");
});

Deno.test("weightNorm() and wrongWeight() say how long and how sound weights are", () => {
  assertEquals(weightNorm([3, -4]), 5);
  assertEquals([wrongWeight([0, 1e3]), wrongWeight([0, NaN]), wrongWeight([-2e6])], [-1, 1, 0]);
});
