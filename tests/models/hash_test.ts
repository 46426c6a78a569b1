/** @module */
import fc from "fast-check";
import { finalise, HASH_LENGTH, hashText, mixNumber, mixNumbers, mixText } from "../../models/hash.ts";
import { assert, assertEquals, assertNotEquals } from "../../std/assert.ts";

const number = fc.double({ noNaN: true });

function hashOf(numbers: readonly number[]): string {
  const state = new Float64Array(HASH_LENGTH);
  for (const one of numbers) mixNumber(state, 0, one);
  return state.join();
}

Deno.test("mixNumber() keeps both lanes whole 32-bit numbers, whatever is mixed in", () => {
  fc.assert(fc.property(fc.array(fc.double(), { maxLength: 30 }), (numbers) => {
    for (const lane of hashOf(numbers).split(",").map(Number)) {
      assert(Number.isInteger(lane) && lane >= 0 && lane < 2 ** 32);
    }
  }));
});

Deno.test("mixNumber() tells different sequences apart, also by order and by one bit", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(fc.array(number, { maxLength: 6 }), (numbers) => {
      const text = numbers.map((one) => Object.is(one, -0) ? "-0" : String(one)).join(), hash = hashOf(numbers);
      assertEquals(seen.get(hash) ?? text, text);
      seen.set(hash, text);
    }),
    { numRuns: 2_000 },
  );
  assertNotEquals(hashOf([1, 2]), hashOf([2, 1]));
  assertNotEquals(hashOf([0]), hashOf([-0]));
  assertNotEquals(hashOf([1]), hashOf([1 + Number.EPSILON]));
  assertNotEquals(hashOf([0]), hashOf([0, 0]));
});

Deno.test("mixNumbers() is mixNumber() one by one", () => {
  fc.assert(fc.property(fc.array(number, { maxLength: 30 }), fc.array(number, { maxLength: 5 }), (numbers, before) => {
    const state = new Float64Array(HASH_LENGTH + 1);
    for (const one of before) mixNumber(state, 1, one);
    const expected = hashOf([...before, ...numbers]);
    mixNumbers(state, 1, Float64Array.from([9, ...numbers, 9]), 1, numbers.length);
    assertEquals(state.subarray(1).join(), expected);
  }));
});

Deno.test("mixText() tells texts apart, also by where one ends and the next begins", () => {
  const hash = (...texts: string[]) => {
    const state = new Float64Array(HASH_LENGTH);
    for (const text of texts) mixText(state, 0, text);
    return state.join();
  };
  assertNotEquals(hash("ab", "c"), hash("a", "bc"));
  assertNotEquals(hash(""), hash("", ""));
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => a === b || hash(a) !== hash(b)));
});

Deno.test("hashText() spreads names over shards, those that differ by a number too", () => {
  for (const shards of [2, 3, 5, 8]) {
    const counts = new Array<number>(shards).fill(0), names = 10_000;
    for (let i = 0; i < names; i++) counts[hashText(`sensor-${i}`) % shards]++;
    for (const count of counts) assert(Math.abs(count - names / shards) < 0.1 * names / shards, `${counts}`);
  }
});

Deno.test("finalise() is one to one on a sample and moves half of the bits", () => {
  const seen = new Set<number>();
  let moved = 0;
  for (let i = 0; i < 10_000; i++) {
    seen.add(finalise(i));
    for (let bits = finalise(i) ^ finalise(i ^ 1); bits !== 0; bits &= bits - 1) moved++;
  }
  assertEquals(seen.size, 10_000);
  assert(moved / 10_000 > 14 && moved / 10_000 < 18, `${moved / 10_000} of 32 bits`);
});
