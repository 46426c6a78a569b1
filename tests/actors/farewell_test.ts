/**
 * A sensor that says farewell, in every way of running.
 *
 * @module
 */
import { judgingSchema } from "../../actors/config.ts";
import type { Chunk, Source, SourcePartition } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { MemoryKv } from "../memory_kv.ts";
import { modelsOver, PATIENT, runSource, storedOutputs, storeOver } from "./harness.ts";

const START = 1_700_000_000_000, COUNT = 90;
/** Farewells of pump-1, by the position at which they stand. */
const FAREWELLS = [40, 41, 70];
const judging = judgingSchema.parse({ tickMs: 3_600_000 });

const reading = (i: number): Reading => ({
  sensor: `pump-${i % 3}`,
  time: START + 1_000 * i,
  values: { a: 20 + i % 7 },
});

/** Three sensors in turn; one of them is quiet between its first farewell and the second half. */
class FarewellSource implements Source {
  readonly name = "farewells";

  constructor(private readonly upTo = COUNT) {}

  open(): Promise<readonly SourcePartition[]> {
    return Promise.resolve([{ id: "farewells-0", read: (from) => this.#read(from) }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#read(from: number): AsyncGenerator<Chunk> {
    for (let position = from; position < this.upTo; position++) {
      const time = START + 1_000 * position, next = position + 1;
      yield await Promise.resolve<Chunk>(
        FAREWELLS.includes(position)
          ? { kind: "farewell", sensor: position === 70 ? "nobody" : "pump-1", time, position, next }
          : position > 40 && position < 60 && position % 3 === 1
          ? { kind: "readings", items: [], positions: [], next }
          : { kind: "readings", items: [reading(position)], positions: [position], next },
      );
    }
  }
}

Deno.test("a farewell makes a sensor silent at once, once, and until it is heard again", async () => {
  const states = async (upTo: number) => {
    const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging }, {
      store: storeOver(new MemoryKv(), PATIENT),
      clock: PATIENT,
      models: modelsOver(new MemoryKv(), PATIENT),
      host: (options) => new InlineHost(options),
      shards: 1,
    });
    await supervisor.load();
    const memory = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
    await supervisor.run(new FarewellSource(upTo), memory, new AbortController().signal);
    const views = await supervisor.answers.sensors(["pump-0", "pump-1", "nobody"]);
    await supervisor.close();
    return views.map(({ sensor, state }) => [sensor, state]);
  };
  assertEquals(await states(40), [["pump-0", "warming_up"], ["pump-1", "warming_up"]]);
  assertEquals(await states(55), [["pump-0", "warming_up"], ["pump-1", "silent"]]);
  assertEquals((await states(COUNT))[1], ["pump-1", "warming_up"]);
});

Deno.test("farewells give the same whatever the batches, shards and checkpoints", async () => {
  const expected = await runSource(new FarewellSource(), { judging }), outputs = await storedOutputs(expected.kv);
  const alerts = [...outputs.keys()].filter((key) => key.includes("silent"));
  assert(alerts.length > 0, "silence is an alert");
  assertStringIncludes(JSON.stringify([...outputs.values()]), "has said that it falls silent");
  for (const [batchSize, shards, checkpointReadings] of [[1, 1, 1], [7, 2, 10], [512, 3, 25]]) {
    const other = await runSource(new FarewellSource(), { judging, batchSize, shards, checkpointReadings });
    assertEquals(other.digest, expected.digest, `${batchSize} at a time, ${shards} shards`);
    assertEquals(await storedOutputs(other.kv), outputs);
  }
});
