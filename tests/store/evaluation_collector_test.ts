import type { CommitSink, CutOutputs } from "../../actors/checkpoint.ts";
import { scoredOf } from "./scored.ts";
import { evaluationId } from "../../actors/evaluation/port.ts";
import { compareEvaluations } from "../../actors/evaluation/compare.ts";
import type { ReadingView } from "../../actors/views.ts";
import { Random } from "../../models/random.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { COLLECTED_MOST, EvaluationCollector, EvaluationError } from "../../store/evaluation_collector.ts";
import { EvaluationSink } from "../../store/evaluation_sink.ts";
import { KvEvaluations } from "../../store/evaluations.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, NOON } from "../routes/fakes.ts";

/** Scored readings of one partition's sensors. */
function readings(partition: string, count: number, versionOf = (_: number) => 3): ReadingView[] {
  const random = new Random(partition.length);
  return Array.from({ length: count }, (_, position) => ({
    id: `${partition}/${position}/${partition}%20${position % 3}`,
    sensor: `${partition} ${position % 3}`,
    time: NOON + position * 600_000,
    values: { t: 1 },
    is_anomaly: false,
    flags: [],
    scores: { network: random.uniform() },
    versions: { network: versionOf(position) },
  }));
}

async function feed(sink: CommitSink, all: readonly ReadingView[], size: number): Promise<void> {
  for (let from = 0; from < all.length; from += size) {
    const cut = Math.min(all.length, from + size), none = () => [];
    const outputs: CutOutputs = {
      from,
      cut,
      rows: none,
      readings: () => all.slice(from, cut),
      windows: none,
      alerts: none,
      scored: (family) => scoredOf(all.slice(from, cut), family, "room"),
      about: () => ({ type: "room", group: "room" }),
    };
    await sink.cut(cut === all.length)(outputs);
  }
}

const modelOf = (family: string, group: string) => `${family}:${group}`;

Deno.test("EvaluationCollector counts over partitions what streaming evaluations of the same readings count", async () => {
  const store = new KvEvaluations(new MemoryKv(), { clock: new FakeClock() }), data = "facility";
  const collector = new EvaluationCollector({ store, data, modelOf });
  for (const partition of ["p0", "p001"]) {
    const all = readings(partition, 300);
    await feed(collector.sinkOf(), all, 70);
    await feed(new EvaluationSink({ store, partition, data, started: NOON, modelOf }), all, 11);
  }
  const [{ id, overall }] = await collector.finish();
  assertEquals(overall.count, 600);
  const batch = await store.find(id), place = { model: "network:room", version: 3, data };
  const live = await store.find(evaluationId({ ...place, kind: "streaming" }));
  assert(batch && live);
  assertEquals(compareEvaluations(batch.counts, live.counts), {
    equal: true,
    cells: 144,
    different: 0,
    differences: [],
  });
});

Deno.test("EvaluationCollector stores no part of a recording, and a bounded number of versions", async () => {
  const store = new KvEvaluations(new MemoryKv(), { clock: new FakeClock(), keep: 1_000 });
  const partial = new EvaluationCollector({ store, data: "x", modelOf });
  await partial.sinkOf().recover("counted");
  await assertRejects(() => partial.finish(), EvaluationError, "needs the whole recording");
  const many = new EvaluationCollector({ store, data: "x", modelOf });
  await many.sinkOf().recover(undefined);
  await feed(many.sinkOf(), readings("p", COLLECTED_MOST + 6, (position) => position + 1), 5);
  assertEquals([(await many.finish()).length, many.leftOut], [COLLECTED_MOST, 6]);
});
