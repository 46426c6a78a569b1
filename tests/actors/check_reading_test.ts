/**
 * The fast check of a reading against the schema that defines it.
 *
 * @module
 */
import fc from "fast-check";
import { assert, assertEquals } from "../../std/assert.ts";
import { checkReading, isRefusal, parseReading, READING_LIMITS } from "../../actors/reading.ts";

const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  NaN,
  Infinity,
  -0,
  1e101,
  "",
  "a\u0000",
  "x".repeat(129),
  [],
  {},
  true,
  1.5,
);
const name = fc.oneof({ weight: 60, arbitrary: fc.string({ minLength: 1, maxLength: 66 }) }, {
  weight: 1,
  arbitrary: odd,
});
const number = fc.oneof({
  weight: 60,
  arbitrary: fc.oneof(fc.double({ min: -1e100, max: 1e100 }), fc.integer(), fc.constant(null)),
}, { weight: 1, arbitrary: odd });
const key = fc.oneof({ weight: 20, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) }, {
  weight: 1,
  arbitrary: fc.string({ maxLength: 70 }),
});
const record = fc.record({
  sensor: name,
  time: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -5, max: 2 ** 45 }) }, { weight: 1, arbitrary: odd }),
  values: fc.oneof(
    {
      weight: 9,
      arbitrary: fc.dictionary(key, number, { minKeys: 1, maxKeys: 6, noNullPrototype: true }),
    },
    { weight: 1, arbitrary: odd },
  ),
  type: name,
  location: name,
  label: fc.oneof(fc.constantFrom(0, 1), odd),
  comment: fc.oneof(fc.string(), fc.string(), odd, fc.constant("c".repeat(513))),
  attributes: fc.oneof(
    fc.dictionary(key, fc.oneof(fc.string(), fc.boolean(), number), { noNullPrototype: true }),
    odd,
  ),
  extra: fc.constant(1),
}, { requiredKeys: ["sensor", "time", "values"], noNullPrototype: true });

Deno.test("checkReading() accepts nothing that the schema refuses or changes", () => {
  let accepted = 0;
  fc.assert(
    fc.property(record, (candidate) => {
      const checked = checkReading(candidate);
      if (checked === undefined) return;
      accepted++;
      assertEquals<unknown>(parseReading(candidate), checked);
    }),
    { numRuns: 5_000, seed: 1 },
  );
  assert(accepted > 100, `${accepted} accepted: too few to show anything`);
});

Deno.test("checkReading() accepts what the schema accepts, but for a time that is to be rewritten", () => {
  let accepted = 0;
  fc.assert(
    fc.property(record, (candidate) => {
      const parsed = parseReading(candidate);
      if (isRefusal(parsed) || Object.values(candidate).includes(undefined) || parsed.time !== candidate.time) return;
      accepted++;
      assert(checkReading(candidate) !== undefined);
    }),
    { numRuns: 5_000, seed: 2 },
  );
  assert(accepted > 100, `${accepted} accepted: too few to show anything`);
});

Deno.test("checkReading() holds to the limits at their borders", () => {
  const channels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, i]));
  const at = {
    sensor: "s".repeat(READING_LIMITS.sensorLength),
    time: READING_LIMITS.timeGreatest,
    values: channels(50),
  };
  assert(checkReading(at) !== undefined);
  for (
    const past of [
      { ...at, sensor: at.sensor + "s" },
      { ...at, time: at.time + 1 },
      { ...at, values: channels(51) },
      { ...at, values: {} },
      { ...at, values: { a: 1.1e100 } },
      { ...at, values: JSON.parse('{"__proto__":1}') },
    ]
  ) assertEquals(checkReading(past), undefined);
});
