/** @module */
import { expectedAlarms } from "../../../actors/alerts/expected.ts";
import { judgingSchema } from "../../../actors/config.ts";
import { assertAlmostEquals, assertEquals } from "../../../std/assert.ts";

const HOUR_MS = 3_600_000;

Deno.test("expectedAlarms() says what one a week comes to with 10,000 sensors, and proposes what one person can handle", () => {
  const found = expectedAlarms(judgingSchema.parse({}), new Map([["", 10_000]]));
  assertAlmostEquals(found?.per_hour ?? 0, 10_000 / (7 * 24), 1e-9); // 60 an hour
  assertEquals([found?.sensors, found?.manageable], [10_000, false]);
  assertEquals(found?.proposal, { plant: { alarms: 6, everyMs: HOUR_MS } });
});

Deno.test("expectedAlarms() goes by each type's budget, and by the plant's where its share is less", () => {
  const types = {
    pump: { channels: {}, intervalMs: 1_000, budget: { perReading: 1e-4 } },
    valve: { channels: {}, budget: { perReading: 1e-4 } },
  };
  const counts = new Map([["pump", 10], ["valve", 3], ["", 7]]);
  const found = expectedAlarms(judgingSchema.parse({ types, budget: { alarms: 1, everyMs: HOUR_MS } }), counts);
  assertAlmostEquals(found?.per_hour ?? 0, 10 * 0.36 + 7, 1e-9);
  assertEquals([found?.sensors, found?.unknown], [17, 3]);
  const plant = { alarms: 2, everyMs: HOUR_MS, sensors: 20 };
  const shared = expectedAlarms(judgingSchema.parse({ types, budget: { alarms: 1, everyMs: HOUR_MS }, plant }), counts);
  assertAlmostEquals(shared?.per_hour ?? 0, 2, 1e-9);
  assertEquals([shared?.sensors, shared?.unknown, shared?.manageable], [20, 0, true]);
});

Deno.test("expectedAlarms() says nothing where rules alone judge", () => {
  assertEquals(expectedAlarms(judgingSchema.parse({ detectors: "rules" }), new Map([["", 5]])), undefined);
});
