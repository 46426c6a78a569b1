/** @module */
import fc from "fast-check";
import type { ReadingView } from "../../actors/views.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import {
  inTime,
  isBefore,
  latestFirst,
  OPENED_MOST,
  placeOf,
  positionOf,
  type ReadingPlace,
  TooWideError,
} from "../../store/latest_readings.ts";

const LATENESS_MS = 30, FIRST: ReadingPlace = [Number.MAX_SAFE_INTEGER, "", -1];

function reading(sensor: string, position: number, time: number): ReadingView {
  return { id: `p/${position}/${sensor}`, sensor, time, values: {}, is_anomaly: false, flags: [] };
}

/** Sensors' readings by position: steps on, and some that are late, each by no more than is allowed. */
const plant = fc.array(
  fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: LATENESS_MS })), { maxLength: 25 }),
  { maxLength: 8 },
).map((sensors) =>
  sensors.map((steps, s) => {
    let greatest = 0;
    return steps.map(([step, late], position) => {
      greatest += step;
      return reading(`s${s}`, position, position % 3 === 1 ? Math.max(0, greatest - late) : greatest);
    });
  })
);

async function* newest(readings: readonly ReadingView[], opened?: () => void): AsyncGenerator<ReadingView> {
  opened?.();
  await Promise.resolve();
  yield* readings.toReversed();
}

function candidates(sensors: readonly ReadingView[][], isKnown: (sensor: number) => boolean, opened?: () => void) {
  return sensors.map((readings, s) => ({
    sensor: `s${s}`,
    latest: isKnown(s) ? Math.max(-1, ...readings.map(({ time }) => time)) : Infinity,
    readings: () => newest(readings, opened),
  }));
}

function order(a: ReadingView, b: ReadingView): number {
  return isBefore(placeOf(a), placeOf(b)) ? -1 : 1;
}

Deno.test("inTime() puts late readings where they belong", async () => {
  await fc.assert(fc.asyncProperty(plant, async (sensors) => {
    for (const readings of sensors) {
      assertEquals(await Array.fromAsync(inTime(newest(readings), LATENESS_MS)), readings.toSorted(order));
    }
  }));
});

Deno.test("latestFirst() is all readings sorted, from any place on, also where a sensor's last time is not known", async () => {
  await fc.assert(fc.asyncProperty(plant, fc.nat(), async (sensors, seed) => {
    const all = sensors.flat().toSorted(order), at = all.length === 0 ? 0 : seed % all.length;
    const these = candidates(sensors, (s) => (seed >> s) % 2 === 0);
    assertEquals(await Array.fromAsync(latestFirst(these, FIRST, LATENESS_MS)), all);
    if (all.length === 0) return;
    assertEquals(await Array.fromAsync(latestFirst(these, placeOf(all[at]), LATENESS_MS)), all.slice(at + 1));
  }));
});

Deno.test("latestFirst() looks into no more sensors than it must, and into too many not at all", async () => {
  let opened = 0;
  const many = Array.from({ length: 3 * OPENED_MOST }, (_, s) => [reading(`s${s}`, 1, 1_000 + s)]);
  const these = candidates(many, () => true, () => opened++), first: ReadingView[] = [];
  for await (const one of latestFirst(these, FIRST, LATENESS_MS)) if (first.push(one) === 10) break;
  assertEquals(first.map(positionOf), Array(10).fill(1));
  assertEquals(first.map(({ time }) => time), Array.from({ length: 10 }, (_, k) => 999 + 3 * OPENED_MOST - k));
  assert(opened <= 11, `${opened}`);
  const blind = candidates(many, () => false);
  await assertRejects(() => Array.fromAsync(latestFirst(blind, FIRST, LATENESS_MS)), TooWideError, "2000 sensors");
});
