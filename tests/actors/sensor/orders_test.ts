/** @module */
import type { SensorCommand } from "../../../actors/commands/words.ts";
import { type Judging, judgingSchema } from "../../../actors/config.ts";
import { HEADER, JUDGEMENT } from "../../../actors/sensor/layout.ts";
import { takeOrder } from "../../../actors/sensor/orders.ts";
import { viewReadings, viewSensor } from "../../../actors/sensor/view.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { ActorInHand } from "./in_hand.ts";

const START = 1_700_000_000_000;

function inHand(detectors: Judging["detectors"] = "full"): ActorInHand {
  const judging = judgingSchema.parse({
    detectors,
    types: { pump: { channels: { a: { low: 0, high: 50 }, b: {} }, intervalMs: 1_000 } },
    windows: [{ lengthMs: 10_000, hopMs: 10_000 }],
  });
  return new ActorInHand(judging, "pump", ["a", "b"]);
}

function read(hand: ActorInHand, second: number, a: number): void {
  hand.take({ kind: "reading", time: START + 1_000 * second, values: { a, b: second % 7 } });
}

let numbers = 0;

function order(hand: ActorInHand, command: SensorCommand, second: number): void {
  takeOrder(
    hand.actor,
    { number: ++numbers, position: hand.position + 1, time: START + 1_000 * second, command },
    hand.out,
  );
}

function steps({ out }: ActorInHand): string[] {
  return out.alerts.splice(0).map(({ transition: { condition, transition } }) => `${condition} ${transition}`);
}

const who = { sensor: "pump-1", by: "ann" };

Deno.test("takeOrder() retires a sensor: its alerts end, nothing is judged or noticed until it is taken back", () => {
  const hand = inHand();
  for (let i = 0; i < 20; i++) read(hand, i, i < 15 ? 20 + i % 5 : 60);
  assertEquals(steps(hand), ["limit raised"]);
  order(hand, { command: "retire", ...who }, 20);
  assertEquals([steps(hand), viewSensor(hand.actor).active_alerts], [["limit cleared"], []]);
  const learnt = hand.actor.floats.slice();
  for (let i = 20; i < 40; i++) read(hand, i, 60);
  hand.take({ kind: "tick", time: START + 500_000 });
  assertEquals([steps(hand), hand.actor.floats], [[], learnt]);
  const view = viewSensor(hand.actor), [last] = viewReadings(hand.actor);
  assertEquals([view.state, view.state_since, view.readings, view.channels[0].value], [
    "retired",
    START + 20_000,
    40,
    60,
  ]);
  assertEquals([last.is_anomaly, last.held, last.flags, last.score], [false, true, [], undefined]);
  order(hand, { command: "unretire", ...who }, 40);
  for (let i = 600; i < 603; i++) read(hand, i, 60);
  assertEquals([steps(hand), viewReadings(hand.actor)[0].held], [["limit raised"], undefined]);
});

Deno.test("takeOrder() plans maintenance by event time; silence is noticed behind it", () => {
  const hand = inHand("rules"), at = (second: number) => START + 1_000 * second;
  for (let i = 0; i < 5; i++) read(hand, i, 20);
  order(hand, { command: "maintenance", ...who, from: at(10), to: at(100) }, 5);
  for (let i = 5; i < 13; i++) read(hand, i, 60);
  assertEquals([steps(hand), viewSensor(hand.actor).state], [["limit raised"], "maintenance"]);
  for (const second of [50, 99]) hand.take({ kind: "tick", time: at(second) });
  assertEquals(steps(hand), []);
  hand.reload();
  hand.take({ kind: "tick", time: at(109) });
  assertEquals(steps(hand), []);
  hand.take({ kind: "tick", time: at(110) });
  assertEquals(steps(hand), ["silent raised"]);
  assertEquals(viewSensor(hand.actor).maintenance, { from: at(10), to: at(100) });
  order(hand, { command: "maintenance", ...who, to: at(50) }, 100);
  assertEquals(viewSensor(hand.actor).maintenance, undefined);
});

Deno.test("takeOrder() resets what was learnt and keeps counts, windows and what limits say", () => {
  const hand = inHand();
  for (let i = 0; i < 200; i++) read(hand, i, i < 190 ? 20 + i % 5 : 60);
  steps(hand);
  const before = viewSensor(hand.actor), hashes = hand.actor.state[HEADER.verdictHash];
  order(hand, { command: "reset", ...who }, 200);
  const { actor } = hand, view = viewSensor(actor);
  assert(actor.floats.every((number) => number === 0));
  assertEquals(actor.state[actor.plan.judgementAt + JUDGEMENT.networkBegun], 0);
  assertEquals([view.readings, view.anomalies, view.state], [before.readings, before.anomalies, "warming_up"]);
  assertEquals(view.active_alerts, before.active_alerts.filter((id) => id.includes(":limit:")));
  assertEquals(hand.actor.state[HEADER.verdictHash], hashes);
  for (let i = 200; i < 210; i++) read(hand, i, 20);
  assertEquals(hand.windows().at(-1)?.channels.a[0], 10, "a window that was open goes on");
});

Deno.test("takeOrder() lets an actor that was stopped run again", () => {
  const hand = inHand("rules");
  read(hand, 0, 20);
  for (const at of [HEADER.failure, HEADER.failure + 1, HEADER.failedTime]) hand.actor.state[at] = START;
  assertEquals(viewSensor(hand.actor).state, "failed");
  order(hand, { command: "restart", ...who }, 1);
  assertEquals(viewSensor(hand.actor).state, "warming_up");
});

Deno.test("takeOrder() changes nothing by a command that the state has had, over a snapshot too", () => {
  const hand = inHand("rules");
  for (let i = 0; i < 5; i++) read(hand, i, 60);
  const command = { command: "acknowledge", alert: "p:3:pump-1:limit:a", by: "ann" } as const;
  order(hand, command, 5);
  assertEquals(steps(hand), ["limit raised", "limit acknowledged"]);
  hand.reload();
  const before = [...hand.actor.state];
  takeOrder(hand.actor, { number: numbers, position: 6, time: START, command }, hand.out);
  assertEquals([[...hand.actor.state], steps(hand)], [before, []]);
  order(hand, { ...command, command: "comment", comment: "seen" }, 6);
  const [{ transition }] = hand.out.alerts;
  assertEquals([transition.by, transition.comment, transition.command], ["ann", "seen", numbers]);
});

Deno.test("takeOrder() gives a sensor that is taken back, or whose maintenance ends, as long as usual to come back", () => {
  const hand = inHand(), tick = (second: number) => hand.take({ kind: "tick", time: START + 1_000 * second });
  for (let i = 0; i < 5; i++) read(hand, i, 20);
  order(hand, { command: "retire", ...who }, 5);
  tick(500);
  order(hand, { command: "unretire", ...who }, 500);
  tick(509);
  assertEquals(steps(hand), []);
  tick(511); // its interval is a second, so it is silent after ten
  assertEquals(steps(hand), ["silent raised"]);
  for (let i = 800; i < 900; i++) read(hand, i, 20);
  steps(hand);
  order(hand, { command: "maintenance", ...who, from: START + 900_000, to: START + 1_000_000 }, 900);
  tick(950);
  tick(1_005);
  assertEquals(steps(hand), []);
  tick(1_011);
  assertEquals(steps(hand), ["silent raised"]);
});

Deno.test("takeOrder() marks the readings of a device that took another one's place, and forgets what that one taught", () => {
  const hand = inHand();
  for (let i = 0; i < 20; i++) read(hand, i, i < 15 ? 20 + i % 5 : 60);
  assertEquals(steps(hand), ["limit raised"]);
  order(hand, { command: "replace", ...who }, 20);
  assertEquals([steps(hand), hand.actor.floats.every((float) => float === 0)], [["limit cleared"], true]);
  hand.reload();
  for (let i = 21; i < 24; i++) read(hand, i, 30);
  const view = viewSensor(hand.actor), readings = viewReadings(hand.actor);
  assertEquals([view.replaced_at, view.readings, view.channels[0].count], [START + 20_000, 23, 3]);
  assertEquals(readings.filter(({ replaced }) => replaced).map(({ time }) => time), [START + 21_000]);
});
