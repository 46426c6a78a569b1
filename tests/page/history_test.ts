/**
 * What the page holds on to of a sensor's past, without a browser.
 *
 * @module
 */
import type { ReadingView, WindowView } from "../../actors/views.ts";
import { History, RANGES } from "../../static/charts/history.js";
import { assert, assertEquals } from "../../std/assert.ts";

/** A sensor that reads ten times a second for `minutes`, with the windows that there are by then; readings held at most. */
function followed(rangeMs: number, minutes: number): { readonly history: History; readonly most: number } {
  const history = new History("press", rangeMs);
  let most = 0;
  for (let time = 0; time < minutes * 60_000; time += 100) {
    if (time > 0 && time % 60_000 === 0) {
      history.windows.push({ id: `w${time}`, start: time - 60_000, end: time, length_ms: 60_000 } as WindowView);
    }
    history.add({ id: `${time}`, time, sensor: "press", values: { force: 1 } } as unknown as ReadingView);
    most = Math.max(most, history.readings.length);
  }
  return { history, most };
}

Deno.test("History.add() keeps no reading that a window stands for, beyond those of the present", () => {
  const { history, most } = followed(RANGES["1h"], 10);
  assert(most <= 800, `${most} readings`); // a minute's, and those that tables show
  const end = history.windows.at(-1)?.end ?? 0;
  assertEquals(history.readings.filter(({ time }) => time >= end).length, 600, "all since the last window");
  assert(history.readings.length >= 200);
});

Deno.test("History.add() keeps what a short range shows, and never more than are asked for at once", () => {
  assertEquals(followed(RANGES["10m"], 10).history.readings.length, 2_000);
  assertEquals(followed(RANGES["10m"], 3).history.readings.length, 1_800);
});
