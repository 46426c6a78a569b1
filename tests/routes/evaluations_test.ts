import { agreementViews } from "../../actors/agreement_view.ts";
import { evaluatePart, joinParts } from "../../actors/evaluation/batch.ts";
import { evaluationId } from "../../actors/evaluation/port.ts";
import { type ScoredReading, StreamingEvaluation } from "../../actors/evaluation/streaming.ts";
import { makeApp } from "../../routes/app.ts";
import { assertEquals } from "../../std/assert.ts";
import { cutWrites, KvEvaluations } from "../../store/evaluations.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, fakeDeps, NOON } from "./fakes.ts";

const MODEL = "network:room";
const READINGS: readonly ScoredReading[] = [0, 1, 2, 3].map((position) => ({
  position,
  sensor: position < 3 ? "a" : "b",
  time: NOON + position * 3_600_000,
  version: 2,
  loss: position / 4,
  flagged: position === 3,
}));

/** An app with a batch evaluation of all readings, and a streaming one of all but the last. */
async function evaluated() {
  const kv = new MemoryKv(), store = new KvEvaluations(kv, { clock: new FakeClock() }), data = "facility";
  await store.putBatch({ model: MODEL, version: 2, data }, joinParts([evaluatePart(READINGS, 2)]));
  const streaming = new StreamingEvaluation(), atomic = kv.atomic();
  streaming.add(READINGS.slice(0, 3));
  for (const { key, value } of cutWrites({ model: MODEL, data, part: "p", started: NOON }, streaming.cut(3))) {
    atomic.set(key, value);
  }
  await atomic.commit();
  const place = { model: MODEL, version: 2, data };
  return {
    app: makeApp(fakeDeps({ evaluations: store })),
    batch: evaluationId({ ...place, kind: "batch" }),
    streaming: evaluationId({ ...place, kind: "streaming" }),
  };
}

Deno.test("GET /evaluations lists them, and shows one by device and hour", async () => {
  const { app, batch } = await evaluated();
  const { items } = await (await app.request("/evaluations?model=network:room&limit=5")).json();
  assertEquals(items.map(({ kind, version, overall }: Record<string, unknown>) => [kind, version, overall]), [
    ["batch", 2, { ...items[0].overall, count: 4, mean_loss: 0.375, greatest_loss: 0.75, flagged: 1 }],
    ["streaming", 2, { ...items[1].overall, count: 3, mean_loss: 0.25, greatest_loss: 0.5, flagged: 0 }],
  ]);
  const one = await (await app.request(`/evaluations/${encodeURIComponent(batch)}`)).json();
  assertEquals([one.id, one.from, one.to], [batch, "2026-01-31T12:00:00.000Z", "2026-01-31T15:00:00.000Z"]);
  const said = (list: Record<string, unknown>[]) => list.map(({ hour, device, count }) => [hour ?? device, count]);
  assertEquals(said(one.by_hour), [[12, 1], [13, 1], [14, 1], [15, 1]]);
  assertEquals(said(one.by_device), [["a", 3], ["b", 1]]);
  for (const [path, status] of [["/none", 404], ["?kind=x", 400], ["?version=0", 400], ["/compare", 400]]) {
    assertEquals([path, (await app.request(`/evaluations${path}`)).status], [path, status]);
  }
});

Deno.test("GET /evaluations/compare says whether batch and streaming agree, and where they do not", async () => {
  const { app, batch, streaming } = await evaluated();
  const ask = async (one: string, other: string) => {
    const query = new URLSearchParams({ batch: one, streaming: other });
    const response = await app.request(`/evaluations/compare?${query}`);
    return { status: response.status, answer: await response.json() };
  };
  const { answer } = await ask(batch, streaming);
  assertEquals([answer.equal, answer.same_version, answer.same_data, answer.cells], [false, true, true, 4]);
  assertEquals(answer.differences[0], { device: "b", hour: 15, field: "count", batch: 1, streaming: 0 });
  assertEquals((await ask(streaming, batch)).status, 400);
  assertEquals((await ask("batch:x:1:y", streaming)).status, 404);
  assertEquals((await ask(batch, "streaming:x:1:y")).status, 404);
});

Deno.test("GET /analytics/agreement shows what is counted now", async () => {
  const tables = new Map([["room", Float64Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0)]]);
  const app = makeApp(fakeDeps({ agreement: () => agreementViews(tables) }));
  const { items } = await (await app.request("/analytics/agreement")).json();
  assertEquals(items.map(({ group, both, only_rules }: Record<string, unknown>) => [group, both, only_rules]), [
    [undefined, 4, 3],
    ["room", 4, 3],
  ]);
  assertEquals((await (await app.request("/analytics/agreement?group=room")).json()).items.length, 1);
  assertEquals((await makeApp(fakeDeps()).request("/analytics/agreement")).status, 404);
});
