import { type BatchEvaluation, evaluatePart, joinParts } from "../../actors/evaluation/batch.ts";
import { compareEvaluations } from "../../actors/evaluation/compare.ts";
import { evaluationId, readEvaluationId } from "../../actors/evaluation/port.ts";
import { type ScoredReading, StreamingEvaluation } from "../../actors/evaluation/streaming.ts";
import { Random } from "../../models/random.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";
import { cutWrites, type EvaluationWrite, KvEvaluations } from "../../store/evaluations.ts";
import type { KvPort } from "../../store/kv.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, NOON } from "../routes/fakes.ts";
import { eachDatabase } from "./databases.ts";

const HOUR = 3_600_000, MODEL = "network:room";

function storeOn(kv: KvPort, keep?: number): KvEvaluations {
  return new KvEvaluations(kv, { clock: new FakeClock(), ...(keep === undefined ? {} : { keep }) });
}

/** Scored readings of some sensors through a day and a half. */
function recorded(count: number, version = 2): ScoredReading[] {
  const random = new Random(7);
  return Array.from({ length: count }, (_, position) => ({
    position,
    sensor: `sensor ${position % 7}`,
    time: NOON + Math.floor(position * 36 * HOUR / count),
    version,
    loss: random.uniform(),
    flagged: random.uniform() < 0.1,
    ...(position % 3 === 0 ? { label: random.uniform() < 0.2 ? 1 as const : 0 as const } : {}),
  }));
}

function batchOf(readings: readonly ScoredReading[], version = 2): BatchEvaluation {
  return joinParts([evaluatePart(readings, version)]);
}

/** Writes as a checkpoint would. */
async function commit(kv: KvPort, writes: readonly EvaluationWrite[]): Promise<void> {
  const atomic = kv.atomic();
  for (const { key, value } of writes) value === undefined ? atomic.delete(key) : atomic.set(key, value);
  await atomic.commit();
}

eachDatabase(({ name, open }) => {
  Deno.test(`KvEvaluations keeps batch and streaming, which agree, over partitions and starts (${name})`, async () => {
    using kv = await open();
    const store = storeOn(kv), all = recorded(600), data = "facility";
    const record = await store.putBatch({ model: MODEL, version: 2, data }, batchOf(all));
    for (const part of ["p0", "p1"]) {
      const own = all.filter(({ sensor }) => (Number(sensor.slice(-1)) % 2 === 0) === (part === "p0"));
      const place = { model: MODEL, data, part, started: NOON };
      for (let from = 0; from < all.length; from += 150) {
        const streaming = new StreamingEvaluation(await store.restore(place)); // a new start each time
        streaming.add(own.filter(({ position }) => position < from + 150)); // read again from the beginning
        await commit(kv, cutWrites(place, streaming.cut(from + 150)));
      }
    }
    const id = evaluationId({ kind: "streaming", model: MODEL, version: 2, data });
    const [batch, streaming] = [await store.find(record.id), await store.find(id)];
    if (batch === undefined || streaming === undefined) throw new Error("both must be there");
    assertEquals(compareEvaluations(batch.counts, streaming.counts).differences, []);
    assertEquals(streaming.record.overall, record.overall);
    assertEquals([streaming.record.from, streaming.record.to, streaming.record.devices], [record.from, record.to, 7]);
    assertEquals((await store.list({}, 9)).map(({ kind }) => kind), ["batch", "streaming"]);
    assertEquals((await store.list({ kind: "streaming", model: MODEL, version: 2 }, 9)).length, 1);
    assertEquals(await store.list({ version: 3 }, 9), []);
    assertEquals([await store.find("x"), await store.find(`batch:x:2:${data}`)], [undefined, undefined]);
  });
});

Deno.test("KvEvaluations.putBatch() replaces the one before as a whole, and refuses one of nothing", async () => {
  const store = storeOn(new MemoryKv()), place = { model: MODEL, version: 2, data: "file" };
  await store.putBatch(place, batchOf(recorded(500)));
  const short = batchOf(recorded(20)), { id } = await store.putBatch(place, short);
  assertEquals(compareEvaluations(short.counts, (await store.find(id))?.counts ?? short.counts).equal, true);
  assertEquals((await store.find(id))?.record.overall.count, 20);
  const nothing = store.putBatch(place, batchOf([]));
  await assertRejects(() => nothing, RangeError, "no reading");
});

Deno.test("KvEvaluations keeps evaluations of the newest versions", async () => {
  const kv = new MemoryKv(), store = storeOn(kv, 2);
  for (const version of [1, 2, 3]) {
    await store.putBatch({ model: MODEL, version, data: "file" }, batchOf(recorded(9, version), version));
  }
  await store.putBatch({ model: "other", version: 1, data: "file" }, batchOf(recorded(9, 1), 1));
  assertEquals((await store.list({}, 9)).map(({ model, version }) => [model, version]), [
    [MODEL, 3],
    [MODEL, 2],
    ["other", 1],
  ]);
  const blocks = new Set([...kv.entries.values()].flatMap(({ key }) => key[0] === "evaluation_block" ? [key[1]] : []));
  assertEquals(blocks.size, 3);
});

Deno.test("readEvaluationId() reads what evaluationId() writes, and nothing else", () => {
  const place = { kind: "batch", model: "network:a b%", version: 7, data: "x/y:z" } as const;
  assertEquals(readEvaluationId(evaluationId(place)), place);
  for (const id of ["", "batch:a:1", "batch:a:1:b:c", "other:a:1:b", "batch:a:x:b", "batch:%:1:b", "batch:a:01:b"]) {
    assertEquals(readEvaluationId(id), undefined);
  }
});
