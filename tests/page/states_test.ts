/**
 * What the page concludes from several nodes, without a browser.
 *
 * @module
 */
import type { ReadingView } from "../../actors/views.ts";
import { Model } from "../../static/core/model.js";
import { Recent } from "../../static/core/recent.js";
import { stateCounts } from "../../static/core/states.js";
import { assertEquals } from "../../std/assert.ts";
import { FakePlant } from "./fake.ts";

Deno.test("stateCounts() counts as normal whoever is in no other state", async () => {
  const model = new Model(), base = await new FakePlant({ now: 2_000_000, places: 1 }).summary();
  assertEquals(stateCounts(model), undefined, "nothing is said before anything is known");
  const states = { anomalous: 1, silent: 2, stuck: 0, dirty: 0, failed: 0, warming_up: 3, retired: 0, maintenance: 1 };
  model.summarised({ ...base, ...states, sensors: 10 });
  assertEquals(stateCounts(model), { ...states, ok: 3 });
});

Deno.test("Recent.add() takes a reading once that the answer has already", () => {
  const reading = (n: number, time: number) => ({ id: `k-0/${n}/s${n}`, sensor: `s${n}`, time }) as ReadingView;
  const items = [reading(1, 2_000), reading(2, 2_000), reading(3, 1_000)], recent = new Recent();
  recent.items = items;
  for (const again of items) recent.add(again);
  assertEquals(recent.items, items);
  recent.add(reading(4, 2_000));
  assertEquals(recent.items[0].sensor, "s4");
});
