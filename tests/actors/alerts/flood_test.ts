import fc from "fast-check";
import { FLOOD, Floods, floodsStateSchema, type FloodStep, foldFlood } from "../../../actors/alerts/flood.ts";
import type { AlertStep } from "../../../actors/alerts/words.ts";
import { assert, assertEquals } from "../../../std/assert.ts";

function raised(position: number, time: number, location?: string, more: Partial<AlertStep> = {}): AlertStep {
  const alert = `p:${position}:s${position}:limit`;
  return {
    id: `${alert}/raised`,
    alert,
    transition: "raised",
    sensor: `s${position}`,
    ...(location === undefined ? {} : { location }),
    condition: "limit",
    priority: "high",
    time,
    partition: "p",
    position,
    message: "",
    ...more,
  };
}

Deno.test("Floods.take() groups the tenth raise within 10 minutes with those before and after it", () => {
  const floods = new Floods("p"), steps: FloodStep[] = [];
  for (let i = 0; i < 12; i++) {
    steps.push(...floods.take(raised(2 * i, 60_000 * i, "hall")));
    steps.push(...floods.take(raised(2 * i + 1, 60_000 * i, `room ${i}`)));
  }
  assertEquals(steps.map(({ transition, position }) => [transition, position]), [
    ["began", 18],
    ["joined", 20],
    ["joined", 22],
  ]);
  assertEquals(steps[0].id, "p:18:flood:hall/began");
  steps.push(...floods.tick(11 * 60_000 + 359_999, 30));
  assertEquals(steps.length, 3, "five raises are in the last 10 minutes");
  steps.push(...floods.tick(17 * 60_000 + 1, 31));
  const view = steps.reduce(foldFlood, undefined);
  assertEquals([view?.state, view?.count, view?.members.length, view?.ended_at], ["ended", 12, 12, 17 * 60_000]);
  floods.tick(60 * 60_000, 40);
  assertEquals(floods.save().places, [], "what is over takes no room");
});

Deno.test("Floods.take() counts nobody who is hushed, and no step but raising", () => {
  const floods = new Floods("p");
  for (let i = 0; i < 30; i++) {
    const more = i % 2 === 0 ? { notify: false } : { transition: "escalated" as const };
    assertEquals(floods.take(raised(i, i, "hall", more)), []);
  }
  assertEquals(floods.save().places, []);
});

Deno.test("Floods gives the same steps when it goes on from its state, and none for steps that come again", () => {
  const stepArb = fc.array(
    fc.record({ wait: fc.integer({ min: -5_000, max: 90_000 }), place: fc.constantFrom("hall", "roof", undefined) }),
    { maxLength: 80 },
  );
  fc.assert(fc.property(stepArb, fc.nat(80), fc.nat(10), (raises, cut, again) => {
    let time = 1_000_000;
    const input = raises.map(({ wait, place }, i) => raised(i, time += wait, place));
    const whole = new Floods("p"), expected = input.flatMap((step) => whole.take(step));
    const first = new Floods("p"), before = input.slice(0, cut).flatMap((step) => first.take(step));
    const state = floodsStateSchema.parse(JSON.parse(JSON.stringify(first.save())));
    const second = new Floods("p", state);
    const after = input.slice(Math.max(0, cut - again)).flatMap((step) => second.take(step));
    assertEquals([...before, ...after], expected);
    assertEquals(second.save(), whole.save());
    assertEquals(new Set(expected.map(({ id }) => id)).size, expected.length);
  }));
});

Deno.test("Floods watches a bounded number of locations and counts the rest", () => {
  const floods = new Floods("p");
  for (let i = 0; i < FLOOD.locations + 7; i++) floods.take(raised(i, 1000, `room ${i}`));
  assertEquals([floods.save().places.length, floods.unwatched], [FLOOD.locations, 7]);
  floods.take(raised(20_000, 1000 + FLOOD.withinMs + 1, "new"));
  assertEquals([floods.save().places.length, floods.unwatched], [1, 7]);
});

Deno.test("foldFlood() counts all members and keeps the first", () => {
  const floods = new Floods("p"), many = FLOOD.members + 50;
  const steps = Array.from({ length: many }, (_, i) => floods.take(raised(i, 1000 + i, "hall"))).flat();
  const view = steps.reduce(foldFlood, undefined);
  assertEquals([view?.count, view?.members.length], [many, FLOOD.members]);
  assert(view !== undefined && foldFlood(view, steps[3]) === view, "a member that comes again is one");
});
