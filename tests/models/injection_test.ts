/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals } from "../../std/assert.ts";
import { injectedFactor, injectedPick, INJECTION_RULE } from "../../models/injection.ts";

const whole = fc.maxSafeInteger();

Deno.test("injectedFactor() injects the stated share with factors of the stated range", () => {
  let injected = 0;
  for (let position = 0; position < 40_000; position++) {
    const factor = injectedFactor(42, position, INJECTION_RULE);
    if (factor === 0) continue;
    injected++;
    assert(factor >= 1.5 && factor < 3);
  }
  assertAlmostEquals(injected / 40_000, 0.05, 0.005);
});

Deno.test("injectedPick() stays below the count", () => {
  fc.assert(
    fc.property(
      whole,
      whole,
      fc.integer({ min: 1, max: 50 }),
      (seed, position, count) => {
        const pick = injectedPick(seed, position, count);
        assert(Number.isInteger(pick) && pick >= 0 && pick < count);
      },
    ),
  );
});
