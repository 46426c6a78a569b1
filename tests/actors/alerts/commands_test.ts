import { alertCommandSchema, commandError, sensorOf, takeCommand } from "../../../actors/alerts/commands.ts";
import { moveLife, tickLives } from "../../../actors/alerts/life.ts";
import { Lives } from "../../../actors/alerts/lives.ts";
import { alertsSchema } from "../../../actors/alerts/rules.ts";
import { type AlertStep, CONDITIONS } from "../../../actors/alerts/words.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { makeSelf } from "./self.ts";

const config = alertsSchema.parse({
  rules: { limit: { raise: 1, of: 1, clear: 1 }, stuck: { clear: 1 } },
  shelveMostMs: 3_600_000,
});

function makeRun() {
  const lives = new Lives(), self = makeSelf(config), steps: AlertStep[] = [];
  const give = (step: AlertStep) => void steps.push(step);
  let position = 0;
  return {
    lives,
    steps,
    order: (order: object, time: number) =>
      takeCommand(lives, self, alertCommandSchema.parse({ by: "ann", ...order }), time, position++, give),
    read: (condition: "limit" | "stuck", channel: number, broken: boolean, time: number) =>
      moveLife(lives, self, CONDITIONS.indexOf(condition), channel, broken ? 2 : 0, 99, 10, 80, time, position++, give),
    tick: (time: number) => tickLives(lives, self, time, position++, give),
    said: () => steps.map(({ transition, channel, notify }) => `${transition} ${channel} ${notify !== false}`),
  };
}

Deno.test("takeCommand() shelves a condition on every channel, and tells of what is open when the shelf ends", () => {
  const run = makeRun();
  assert(run.order({ command: "shelve", sensor: "pump", condition: "limit", forMs: 60_000, comment: "works" }, 0));
  run.read("limit", 0, true, 1000);
  run.read("limit", 1, true, 1000);
  run.read("limit", 1, false, 2000);
  assertEquals(run.said(), ["raised a false", "raised b false", "cleared b false"]);
  assertEquals([run.steps[0].shelved_until, run.steps[0].by], [60_000, undefined]);
  run.tick(60_000);
  assertEquals(run.said().slice(3), ["unshelved a true"]);
});

Deno.test("takeCommand() shelves a sensor as a whole", () => {
  const run = makeRun();
  run.read("limit", 0, true, 0);
  run.read("stuck", 1, true, 0);
  assert(run.order({ command: "shelve", sensor: "pump", forMs: 5_000 }, 1000));
  run.read("limit", 1, true, 2000);
  run.tick(6000);
  assertEquals(run.said().slice(2), [
    "shelved a false",
    "shelved b false",
    "raised b false",
    "unshelved a true",
    "unshelved b true",
    "unshelved b true",
  ]);
});

Deno.test("takeCommand() ends a one-shot shelf with the alert, and at the longest time in any case", () => {
  const run = makeRun();
  run.read("limit", 0, true, 0);
  const once = { command: "shelve", sensor: "pump", condition: "limit", channel: "a", oneShot: true };
  run.order(once, 1000);
  assertEquals(run.steps[1].shelved_until, 3_601_000);
  run.read("limit", 0, false, 2000);
  run.read("limit", 0, true, 300_000);
  assertEquals(run.said(), ["raised a true", "shelved a false", "cleared a false", "raised a true"]);
  run.order(once, 301_000);
  run.tick(3_901_000);
  assertEquals(run.said().at(-1), "unshelved a true");
});

Deno.test("takeCommand() counts an acknowledgement that met the clearing on its way", () => {
  const run = makeRun();
  run.read("limit", 0, true, 0);
  run.read("limit", 0, false, 1000);
  assert(run.order({ command: "acknowledge", alert: "p:0:pump:limit:a", comment: "seen" }, 2000));
  const { transition, by, comment, id } = run.steps[2];
  assertEquals([transition, by, comment, id], ["acknowledged", "ann", "seen", "p:0:pump:limit:a/acknowledged/2"]);
});

Deno.test("takeCommand() changes nothing for what is not this sensor's or is so already", () => {
  const run = makeRun();
  run.read("limit", 0, true, 0);
  assert(run.order({ command: "acknowledge", alert: "p:0:pump:limit:a" }, 1));
  const before = run.lives.save();
  for (
    const order of [
      { command: "acknowledge", alert: "p:0:pump:limit:a" },
      { command: "acknowledge", alert: "q:0:pump:limit:a" },
      { command: "acknowledge", alert: "p:0:other:limit:a" },
      { command: "acknowledge", alert: "p:99:pump:limit:a" },
      { command: "label", alert: "nonsense", label: "true_alarm" },
      { command: "unshelve", sensor: "pump", condition: "limit" },
      { command: "suppress", sensor: "other" },
      { command: "suppress", sensor: "pump", condition: "limit", channel: "none" },
      { command: "suppress", sensor: "pump", channel: "a" },
    ]
  ) assert(!run.order(order, 2), JSON.stringify(order));
  assertEquals(run.lives.save(), before);
  assertEquals(run.steps.length, 2);
});

Deno.test("alertCommandSchema and commandError() refuse what is for ever or for nobody", () => {
  const errors = (order: object) =>
    alertCommandSchema.safeParse({ by: "ann", ...order }).error?.issues.map(({ path }) => path.join("."));
  assertEquals(errors({ command: "shelve", sensor: "pump", condition: "limit" }), ["forMs"]);
  assertEquals(errors({ command: "shelve", sensor: "pump", oneShot: true }), ["oneShot"]);
  assertEquals(errors({ command: "acknowledge", alert: "x", by: " " }), ["by"]);
  assertEquals(errors({ command: "acknowledge", alert: "x", extra: 1 })?.length, 1);
  assertEquals(errors({ command: "explode", sensor: "pump" }), ["command"]);
  const why = (order: object) => commandError(alertCommandSchema.parse({ by: "ann", ...order }), config);
  assertEquals(
    why({ command: "shelve", sensor: "pump", forMs: 3_600_001 }),
    "cannot shelve for 3600001 ms: at most 3600000 ms is allowed",
  );
  assertEquals(
    why({ command: "label", alert: "x", label: "false_alarm" }),
    'cannot label: "x" is not the id of an alert',
  );
  assertEquals(
    why({ command: "suppress", sensor: "pump", channel: "a" }),
    "cannot suppress the channel a without a condition",
  );
  const fine = { command: "acknowledge" as const, alert: "p:0:pump:limit:a", by: "ann" };
  assertEquals([commandError(fine, config), sensorOf(fine)], [undefined, "pump"]);
});
