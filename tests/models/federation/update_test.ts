/** @module */
import { assertEquals, assertThrows } from "../../../std/assert.ts";
import { checkUpdate, inOrder, type LocalUpdate, UpdateError } from "../../../models/federation/update.ts";

const good: LocalUpdate = { id: "pump-7", weights: Float32Array.of(1, -2), readings: 900, loss: 0.3 };

const BAD: readonly (readonly [string, Partial<LocalUpdate>, string])[] = [
  ["an empty id", { id: "" }, "the id must not be empty"],
  ["another shape", { weights: Float32Array.of(1) }, "there must be 2 weights, not 1"],
  ["no number", { weights: Float32Array.of(1, NaN) }, "weight 1 must be from -1000 to 1000, not NaN"],
  ["infinity", { weights: Float32Array.of(-Infinity, 1) }, "weight 0 must be from -1000 to 1000, not -Infinity"],
  [
    "a weight out of range",
    { weights: Float32Array.of(0, 1e9) },
    "weight 1 must be from -1000 to 1000, not 1000000000",
  ],
  ["no readings", { readings: 0 }, "readings must be a whole number from 1 to 1000000000, not 0"],
  ["half a reading", { readings: 1.5 }, "not 1.5"],
  ["too many readings", { readings: 1e12 }, "not 1000000000000"],
  ["a negative loss", { loss: -1 }, "loss must be 0 or greater and finite, not -1"],
  ["a loss that is no number", { loss: NaN }, "not NaN"],
];

for (const [what, change, message] of BAD) {
  Deno.test(`checkUpdate() refuses ${what}`, () => {
    assertThrows(() => checkUpdate({ ...good, ...change }, 2), UpdateError, message);
  });
}

Deno.test("inOrder() sorts by the code units of the ids, and refuses a second update of one", () => {
  const other = { ...good, id: "Pump-10" }, third = { ...good, id: "pump-7b", loss: undefined };
  assertEquals(inOrder([third, good, other], 2), [other, good, third]);
  assertThrows(() => inOrder([good, other, good], 2), UpdateError, `of "pump-7": it came twice in this round`);
});
