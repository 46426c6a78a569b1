/**
 * What the page concludes from several nodes, without a browser.
 *
 * @module
 */
import type { PartitionView, ReadingView, SensorView, SummaryView } from "../../actors/views.ts";
import { Model } from "../../static/core/model.js";
import { Recent } from "../../static/core/recent.js";
import { stateCounts } from "../../static/core/states.js";
import { assertEquals } from "../../std/assert.ts";
import { FakePlant } from "./fake.ts";

/** Answers of a node that runs the first of three partitions. */
async function node(own: readonly SensorView[], others: readonly SensorView[]): Promise<Model> {
  const model = new Model(), base: SummaryView = await new FakePlant({ now: 2_000_000, places: 1 }).summary();
  const partition = (name: string, state: PartitionView["state"]): PartitionView => ({
    ...base.partitions[0],
    partition: name,
    state,
  });
  const warming = own.filter(({ state }) => state === "warming_up").length;
  const partitions = [partition("k-0", "running"), partition("k-1", "elsewhere")];
  const states = { anomalous: 0, silent: 0, stuck: 0, dirty: 0, failed: 0, warming_up: warming };
  model.summarised({ ...base, ...states, sensors: own.length + others.length, partitions });
  return model;
}

Deno.test("stateCounts() passes no sensor of another node off as normal", async () => {
  const plant = new FakePlant({ now: 2_000_000, places: 2 });
  const { items } = await plant.sensors({}, 10);
  const all = items.map((sensor) => ({ ...sensor, state: "warming_up", is_anomaly: false }) as const);
  const model = await node(all.slice(0, 4), all.slice(4));
  assertEquals(stateCounts(model), undefined, "nothing is said before all sensors are known");
  model.sensed(all.slice(0, 5));
  model.moreSensors = "cursor";
  assertEquals(stateCounts(model), undefined);
  model.moreSensors = undefined;
  model.sensed([...all.slice(5, 9), { ...all[9], state: "silent" }]);
  const counts = stateCounts(model);
  assertEquals([counts?.warming_up, counts?.silent, counts?.ok], [9, 1, 0]);
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
