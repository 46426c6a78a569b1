/** @module */
import { foldAlert } from "../../../actors/alerts/fold.ts";
import type { AlertRecord } from "../../../actors/alerts/fold.ts";
import type { AlertStep } from "../../../actors/alerts/words.ts";
import { assertEquals } from "../../../std/assert.ts";

function step(transition: AlertStep["transition"], position: number, more: Partial<AlertStep> = {}): AlertStep {
  return {
    id: `a/${transition}/${position}`,
    alert: "a",
    transition,
    sensor: "pump-1",
    condition: "limit",
    priority: "high",
    time: 1_000 * position,
    partition: "p",
    position,
    message: "m",
    ...more,
  };
}

function fold(steps: readonly AlertStep[]): AlertRecord | undefined {
  return steps.reduce<AlertRecord | undefined>((before, one) => foldAlert(before, one), undefined);
}

Deno.test("foldAlert() takes several commands of one position in their order, then the record that lies there", () => {
  const steps = [
    step("raised", 5),
    step("acknowledged", 9, { command: 1, by: "anna" }),
    step("shelved", 9, { command: 2, by: "ben", shelved_until: 99_000 }),
    step("escalated", 9, { priority: "critical" }),
  ];
  const whole = fold(steps);
  assertEquals(whole?.acknowledged_by, "anna");
  assertEquals([whole?.shelved_until, whole?.priority], [99_000, "critical"]);
  assertEquals(fold([...steps, ...steps.slice(1)]), whole, "steps that come again change nothing");
  assertEquals(fold([...steps.slice(0, 2), ...steps]), whole, "from the middle on, too");
});
