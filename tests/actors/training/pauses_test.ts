/**
 * Where models came into use is found again after a crash, however the source is cut into chunks then.
 *
 * @module
 */
import type { Chunk, Source } from "../../../actors/ports.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import type { CommitSink } from "../../../actors/checkpoint.ts";
import { NoModelError } from "../../../actors/model_registry.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { FaultyKv } from "../../store/faulty_kv.ts";
import { makeWorld, PARTITION, readRecords } from "../../simulation/world.ts";
import { isSame } from "../../simulation/same.ts";
import { modelsOver, PATIENT, runSource, storedOutputs } from "../harness.ts";

const { text, judging } = makeWorld(100, 400, { forestMs: 40_000, alike: 4, steady: true });
const { items } = readRecords(text);
/** Between two records there is room: where a chunk ends says nothing of where the next record lies. */
const SPACING = 10, END = SPACING * items.length;

/** The world's records, so many a chunk; dies when it is asked for the chunk of this number. */
function source(records: number, diesAt = Infinity): Source {
  async function* read(from: number): AsyncGenerator<Chunk> {
    let chunks = 0;
    for (let at = Math.ceil(from / SPACING); at < items.length; at += records) {
      if (++chunks === diesAt) throw new Error("killed");
      const part = items.slice(at, at + records), positions = part.map((_, i) => SPACING * (at + i));
      const last = at + part.length >= items.length;
      yield { kind: "readings", items: part, positions, next: last ? END : positions[part.length - 1] + 1 };
      await Promise.resolve();
    }
  }
  return { name: "spaced", open: () => Promise.resolve([{ id: PARTITION, read }]), close: () => Promise.resolve() };
}

Deno.test("Training.again() finds the places of its switches in other chunks than those of before a crash", async () => {
  const often = { judging, checkpointReadings: 5, snapshotReadings: 1e9, snapshotMs: 1e9, snapshotLeast: 0 };
  const whole = await runSource(source(1_000), { judging }), outputs = await storedOutputs(whole.kv);
  assert([...outputs.keys()].filter((key) => key.startsWith('["model_version"')).length > 2, "models are trained");
  for (const [records, diesAt, then] of [[1, 300, 7], [3, 100, 1], [7, 50, 1_000], [1, 390, 2]]) {
    const kv = new MemoryKv();
    await assertRejects(() => runSource(source(records, diesAt), { ...often, kv }), Error, "killed");
    const { digest } = await runSource(source(then), { ...often, kv });
    assertEquals(digest, whole.digest, `${records} a chunk, then ${then}`);
    const found = await storedOutputs(kv);
    for (const [key, value] of outputs) assert(isSame(found.get(key), value), `${records}, then ${then}: ${key}`);
  }
});

Deno.test("Training.train() is not asked again what came into use, though an operator has said otherwise since", async () => {
  const kv = new FaultyKv(), given = new Map<string, string>(), { registry } = modelsOver(kv, PATIENT);
  let isDying = true;
  const sink: CommitSink = {
    name: "given",
    recover: () => Promise.resolve(),
    cut: () => (outputs) => {
      const used = outputs.readings().map(({ id, versions }) => [id, JSON.stringify(versions)] as const);
      for (const [id, versions] of used) assertEquals(given.get(id) ?? versions, versions, `what was given of ${id}`);
      for (const [id, versions] of used) given.set(id, versions);
      const isNew = used.some(([, versions]) => versions === '{"forest":3}');
      if (isDying && isNew) kv.faults = new Array(1_000).fill("lost"); // given out, and not stored
      return Promise.resolve(null);
    },
    close: () => Promise.resolve(),
  };
  const run = () => runSource(source(3), { kv, judging, checkpointReadings: 40, sinks: () => [sink] });
  await assertRejects(() => run());
  isDying = false;
  kv.faults = [];
  for (const { name } of await registry.list()) await registry.pin(name, 1);
  await run();
  assert([...given.values()].includes('{"forest":1}'), "from the next pause on the operator has it");
});

Deno.test("Training.restore() goes on with the version in use where the one of the cut is kept no more", async () => {
  const kv = new MemoryKv(), { registry } = modelsOver(kv, PATIENT), run = { judging, kv, checkpointReadings: 40 };
  await assertRejects(() => runSource(source(3, 60), run), Error, "killed");
  for (const { name, active } of await registry.list()) {
    const { kind, scope, lineage, metrics } = (await registry.versions(name))[0];
    const bytes = await registry.bytes(name, active);
    // As where other partitions have gone on without this one.
    for (let i = 0; i < 60; i++) await registry.register(name, { kind, scope, lineage, metrics, bytes });
    await assertRejects(() => registry.bytes(name, active), NoModelError);
  }
  await runSource(source(3), run);
});
