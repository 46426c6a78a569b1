/** @module */
import { LIVE_HALF_LIFE_MS, LIVE_LENGTH_MS, LiveCorrelation } from "../../../actors/analytics/live.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../../std/assert.ts";

/** Readings every 10 s of a room's thermometer and its meter, which goes with it, or against it from `turn` on. */
function run(minutes: number, turn = Infinity): LiveCorrelation {
  const live = new LiveCorrelation();
  for (let at = 0; at < 6 * minutes; at++) {
    const time = 10_000 * at, wave = Math.sin(at / 40), sign = at / 6 < turn ? 1 : -1;
    live.take({ type: "room", location: "a", time, values: { t: 20 + wave, h: null } });
    live.take({ type: "meter", location: "a", time, values: { w: 100 + 10 * sign * wave } });
    live.take({ type: "room", time, values: { t: wave } });
  }
  return live;
}

Deno.test("LiveCorrelation follows the types of each location", () => {
  const [nowhere, a, ...more] = run(600).views();
  assertEquals([nowhere.location, a.location, more.length], [null, "a", 0]);
  assertEquals(a.series.map(({ type, channel }) => [type, channel]), [["room", "t"], ["meter", "w"]]);
  assertEquals([a.rows, a.updated], [599, 599 * LIVE_LENGTH_MS]);
  assertAlmostEquals(a.matrix[0][1] ?? NaN, 1, 1e-9);
  assertEquals(run(600).views("a"), [a]);
  assertEquals(run(600).views("elsewhere"), []);
});

Deno.test("LiveCorrelation forgets what is old", () => {
  const hours = LIVE_HALF_LIFE_MS / 3_600_000, half = 600;
  const turned = run(half + 6 * hours * 60, half).views("a")[0];
  assert((turned.matrix[0][1] ?? 0) < -0.9, `${turned.matrix[0][1]}`);
});

Deno.test("LiveCorrelation does not count a reading whose minute is over, and bounds locations and series", () => {
  const live = run(10), before = live.views("a");
  live.take({ type: "room", location: "a", time: 0, values: { t: 1e9 } });
  assertEquals(live.views("a"), before);
  for (let k = 0; k < 1_000; k++) live.take({ location: `place ${k}`, time: 0, values: { [`c${k}`]: 1 } });
  for (let k = 0; k < 1_000; k++) live.take({ location: "a", time: 9e9, values: { [`c${k}`]: 1 } });
  assertEquals(live.views().length, 200);
  assertEquals(live.views("a")[0].series.length, 24);
});
