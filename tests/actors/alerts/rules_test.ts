/** @module */
import { judgingSchema } from "../../../actors/config.ts";
import { assertEquals } from "../../../std/assert.ts";

function problems(judging: unknown): string[] {
  const { error } = judgingSchema.safeParse(judging);
  return error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
}

Deno.test("alertRulesSchema refuses to count readings of what is said once, for all and for a type", () => {
  assertEquals(problems({ alerts: { rules: { anomaly: { raise: 2, of: 3 } } } }), [
    "alerts.rules.anomaly.raise must be 1 for anomaly, not 2: the alert budget has decided already when it begins",
    "alerts.rules.anomaly.of must be 1 for anomaly, not 3: the alert budget has decided already when it begins",
  ]);
  const channels = {}, silent = { onDelayMs: 5_000 };
  assertEquals(problems({ types: { pump: { channels, alerts: { silent } } } }), [
    "types.pump.alerts.silent.onDelayMs must be 0 for silent, not 5000: silentAfterMs or the sensor's rhythm has decided " +
    "already when it begins",
  ]);
  assertEquals(
    problems({ alerts: { rules: { anomaly: { clear: 10, priority: "high" }, limit: { raise: 2, of: 3 } } } }),
    [],
  );
});
