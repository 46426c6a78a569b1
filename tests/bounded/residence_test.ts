/**
 * What is in memory of sensors is bounded by their number and by their bytes, and nothing that comes out depends on it.
 *
 * @module
 */
import type { CutResult } from "../../actors/batch.ts";
import { judgingSchema } from "../../actors/config.ts";
import type { Reading } from "../../actors/reading.ts";
import { Residence } from "../../actors/residence.ts";
import { assert, assertEquals, assertLess } from "../../std/assert.ts";
import { runSource, storedOutputs } from "../actors/harness.ts";
import { ItemsSource } from "../actors/items.ts";

const SENSORS = 60, READINGS = 3_000;

/** Sensors come in turns of ten minutes, ten at a time, so that those of before can be let go. */
function shift(): Reading[] {
  return Array.from({ length: READINGS }, (_, i) => ({
    sensor: `s${10 * (Math.floor(i / 500) % (SENSORS / 10)) + i % 10}`,
    time: 1_750_000_000_000 + 1_000 * i,
    values: { a: 20 + i % 7, b: Math.sin(i / 50) },
  }));
}

Deno.test("Supervisor.run() holds the bytes of actors below their bound, and gives the same", async () => {
  const judging = judgingSchema.parse({}), source = () => new ItemsSource(shift());
  const options = { judging, batchSize: 50, checkpointReadings: 200 };
  const free = await runSource(source(), options), all = await free.supervisor.answers.memory();
  assertEquals(all.sensors, SENSORS);
  const residentBytes = (all.stateBytes + all.historyBytes) / 3;
  for (const shards of [1, 3]) {
    const bound = await runSource(source(), { ...options, shards, residentBytes });
    const held = await bound.supervisor.answers.memory();
    assertLess(held.stateBytes + held.historyBytes, residentBytes, `with ${shards} shards`);
    assert(held.sensors > SENSORS / 6, "no more than needed is let go");
    assertEquals(bound.digest, free.digest, `with ${shards} shards`);
    assertEquals(await storedOutputs(bound.kv), await storedOutputs(free.kv), `with ${shards} shards`);
  }
});

function cut(resident: number, residentBytes: number, released = 0): CutResult {
  const gone = Array.from({ length: released }, (_, sensor) => ({ sensor, wake: Infinity }));
  return { snapshots: [], released: gone, oldestChange: -1, changed: 0, resident, residentBytes };
}

Deno.test("Residence.excess() is what makes a tenth of room below the bound that is passed", () => {
  const byCount = new Residence({ residentMost: 100, residentBytes: 1e9 });
  byCount.arrived(100);
  assertEquals([byCount.isOver(), byCount.excess()], [false, 0]);
  byCount.arrived(10);
  assertEquals([byCount.isOver(), byCount.excess()], [true, 20]);
  byCount.answered([cut(50, 50_000, 10), cut(40, 40_000, 10)]);
  assertEquals([byCount.isOver(), byCount.excess()], [false, 0]);

  const byBytes = new Residence({ residentMost: 1_000, residentBytes: 100_000 });
  byBytes.arrived(50);
  assertEquals(byBytes.excess(), 0, "nothing is known of their bytes yet");
  byBytes.answered([cut(20, 40_000), cut(30, 60_000)]);
  assertEquals(byBytes.isOver(), false);
  byBytes.arrived(1);
  assertEquals([byBytes.isOver(), byBytes.excess()], [true, 6], "one that came counts as the mean of the others");
});

Deno.test("Residence.excess() lets go everything that it may where a single actor is larger than the bound", () => {
  const residence = new Residence({ residentMost: 1_000, residentBytes: 10 });
  residence.arrived(3);
  residence.answered([cut(3, 300)]);
  assertEquals(residence.excess(), 3);
  residence.answered([cut(0, 0, 3)]);
  assertEquals([residence.isOver(), residence.excess()], [false, 0]);
});
