/** @module */
import { assert, assertGreater, assertLess } from "../../std/assert.ts";
import { adaptation, KINDS, sharesAbove } from "./measures.ts";

Deno.test("scores of every detector exceed 0.99 in about one normal reading of a hundred", async () => {
  const all = new Map<string, number[]>();
  for (const kind of Object.keys(KINDS)) {
    for (const [name, share] of await sharesAbove(kind)) {
      assert(share < 0.02, `${name} on ${kind}: ${share}`);
      all.set(name, [...all.get(name) ?? [], share]);
    }
  }
  for (const [name, shares] of all) {
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    assertGreater(mean, 0.004, name);
    assertLess(mean, 0.015, name);
  }
});

Deno.test("a lasting change of level is noticed at once, followed by the band, and told once", async () => {
  for (const [age, by] of [[1_000, 20], [3_000, 5], [3_000, 100]]) {
    const { noticed, band, cleared, alarms } = await adaptation(age, by, 1);
    const what = `after ${age} readings, by ${by}`;
    assert(noticed >= 0 && noticed <= 3, `${what}: noticed after ${noticed}`);
    assert(band >= 0 && band <= 40, `${what}: in the band after ${band}`);
    assertLess(cleared, 300, what);
    assert(alarms >= 1 && alarms <= 2, `${what}: ${alarms} alarms`);
  }
});
