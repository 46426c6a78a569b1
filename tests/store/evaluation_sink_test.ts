import type { CutOutputs } from "../../actors/checkpoint.ts";
import { evaluatePart, joinParts } from "../../actors/evaluation/batch.ts";
import { compareEvaluations } from "../../actors/evaluation/compare.ts";
import { evaluationId } from "../../actors/evaluation/port.ts";
import type { ReadingView } from "../../actors/views.ts";
import { Random } from "../../models/random.ts";
import { assertEquals } from "../../std/assert.ts";
import { EvaluationSink } from "../../store/evaluation_sink.ts";
import { scoredOf, scoredReading } from "./scored.ts";
import { KvEvaluations } from "../../store/evaluations.ts";
import { open, Server } from "./nodes/fleet_servers.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, NOON } from "../routes/fakes.ts";

/** Readings that a network has scored, all but every tenth; the version changes on the way. */
function readings(count: number): ReadingView[] {
  const random = new Random(5);
  return Array.from({ length: count }, (_, position) => {
    const sensor = `s${position % 5}`, network = random.uniform(), version = position < count / 2 ? 1 : 2;
    return {
      id: `p/${position}/${sensor}`,
      sensor,
      time: NOON + position * 60_000,
      values: { t: network },
      is_anomaly: network > 0.9,
      flags: network > 0.9 ? [{ detector: "network" }, { detector: "limit", channel: "t" }] : [],
      ...(position % 10 === 0 ? {} : { scores: { network }, versions: { network: version } }),
      ...(position % 4 === 0 ? { label: 1 as const } : {}),
    };
  });
}

/** What a cut gives out. */
function outputsOf(all: readonly ReadingView[], from: number, cut: number): CutOutputs {
  const inside = all.slice(from, cut);
  return {
    from,
    cut,
    rows: () => [],
    readings: () => inside,
    windows: () => [],
    alerts: () => [],
    scored: (family) => scoredOf(inside, family, "room"),
    about: () => ({ type: "room", group: "room" }),
  };
}

Deno.test("scoredReading() takes the score as a guess of the label", () => {
  const [unscored, one, , , four] = readings(20);
  assertEquals(scoredReading(unscored, "network"), undefined);
  const { scores = {} } = four, guess = scores.network ?? 0;
  assertEquals(scoredReading(four, "network"), {
    position: 4,
    sensor: "s4",
    time: NOON + 4 * 60_000,
    version: 1,
    loss: (guess - 1) ** 2,
    flagged: guess > 0.9,
    label: 1,
  });
  assertEquals(scoredReading(one, "network")?.loss, (one.scores?.network ?? 0) ** 2);
  assertEquals(scoredReading(one, "forest"), undefined);
});

Deno.test("EvaluationSink agrees with the batch over the same readings, with a kill before outputs were stored", async () => {
  const kv = new MemoryKv(), store = new KvEvaluations(kv, { clock: new FakeClock() }), all = readings(900);
  const modelOf = (family: string, group: string) => `${family}:${group}`;
  const begin = async () => {
    const sink = new EvaluationSink({ store, partition: "p", data: "facility", started: NOON, modelOf });
    await sink.recover();
    return sink;
  };
  let sink = await begin();
  for (const [from, cut] of [[0, 200], [200, 410]]) await sink.cut()(outputsOf(all, from, cut));
  sink = await begin(); // the outputs of the second cut were not stored: it comes again, cut elsewhere
  for (const [from, cut] of [[200, 300], [300, 700], [700, 900]]) await sink.cut()(outputsOf(all, from, cut));
  await sink.close();
  const scored = all.flatMap((view) => scoredReading(view, "network") ?? []);
  for (const version of [1, 2]) {
    const id = evaluationId({ kind: "streaming", model: "network:room", version, data: "facility" });
    const live = await store.find(id), batch = joinParts([evaluatePart(scored, version)]);
    if (live === undefined) throw new Error(`there is no ${id}`);
    assertEquals(compareEvaluations(batch.counts, live.counts).differences, []);
    assertEquals([live.record.from, live.record.to], [batch.from, batch.to]);
  }
});

Deno.test("EvaluationSink leaves out what is not to be evaluated", async () => {
  const store = new KvEvaluations(new MemoryKv(), { clock: new FakeClock() }), all = readings(50);
  const options = { store, partition: "p", data: "facility", started: NOON };
  await new EvaluationSink({ ...options, families: ["forest"], modelOf: () => "x" }).cut()(outputsOf(all, 0, 50));
  assertEquals(await store.list({}, 9), []);
});

Deno.test("EvaluationSink counts on while a KV server is away that holds other partitions", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers), all = readings(100);
  const partition = Array.from({ length: 40 }, (_, i) => `p-${i}`).find((one) => fleet.of(one).name === "kv0")!;
  const store = new KvEvaluations(fleet, { clock: new FakeClock(), serverOf: (one) => fleet.of(one) });
  const counting = () =>
    new EvaluationSink({
      store,
      partition,
      data: "motes",
      started: 1,
      modelOf: (_, group) => `network:shared/${group}`,
    });
  await counting().cut()(outputsOf(all, 0, 40));
  servers[1].left = 0;
  await counting().cut()(outputsOf(all, 40, 100)); // another version comes, too, behind a start
  servers[1].left = Infinity;
  const counted = await Promise.all((await store.list({}, 10)).map(({ id }) => store.find(id)));
  const count = counted.reduce((sum, one) => sum + (one?.record.overall.count ?? 0), 0);
  assertEquals(count, all.filter(({ scores }) => scores).length);
});
