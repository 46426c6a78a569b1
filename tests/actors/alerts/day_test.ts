import { alertsSchema } from "../../../actors/alerts/rules.ts";
import { FAULTS, playDay } from "../../../bench/measure/alert_day.ts";
import { assert, assertEquals } from "../../../std/assert.ts";

/** More than two hours hold all faults, and their ends. */
const HOURS = 2.1;

Deno.test("moveLife() raises every fault of a facility once, and a fiftieth of the alerts of a rule without delays", () => {
  const atOnce = { raise: 1, of: 1, clear: 1, offDelayMs: 0 };
  const before = playDay(
    HOURS,
    alertsSchema.parse({ rules: { limit: atOnce, silent: atOnce }, chatterMs: 1000, calmMs: 1000 }),
    0,
  );
  const after = playDay(HOURS, alertsSchema.parse({}), 0);
  assertEquals(after.faults.map(({ raised }) => raised), FAULTS.map(() => 1));
  for (const { what, condition, delayMs = Infinity } of after.faults) {
    // Three of five readings of 2 s; a sensor is silent after 20 s, found by a tick of 10 s; one comes and goes.
    assert(delayMs <= (condition === "limit" ? 8_000 : what === "comes and goes" ? 60_000 : 30_000), what);
  }
  assert(
    before.alerts.length > 50 * after.alerts.length,
    `${before.alerts.length} before, ${after.alerts.length} after`,
  );
  assertEquals(before.performance.chattering.count, 25, "every sensor chatters without delays");
  assertEquals(after.performance.chattering.count, 0);
  assertEquals(before.performance.flood_ratio, 1);
  assert(after.performance.flood_ratio < 0.2);
  assertEquals(after.floods, 1, "the room that was cut off is one flood");
});
