/**
 * The Kafka source over a real broker: what becomes of messages, and of topics that change under it.
 *
 * @module
 */
import { systemClock } from "../../../commands/process/clock.ts";
import type { Assignment, ReadingsChunk } from "../../../actors/ports.ts";
import { SourceError, type SourcePartition } from "../../../actors/ports.ts";
import { isRefusal } from "../../../actors/reading.ts";
import { KafkaSource, type KafkaSourceOptions } from "../../../sources/kafka/source.ts";
import { OFFSET_STEP } from "../../../sources/kafka/positions.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../std/assert.ts";
import { type KafkaBroker, kafkaBroker } from "../../servers/kafka.ts";
import { need, testWith } from "../../servers/needed.ts";
import { until } from "../../process.ts";
import { readAll, TestMemory } from "../conformance.ts";
import { committedOffset, cutTopic, deleteTopic, freshTopic, growTopic, makeTopic, put } from "./topics.ts";

const TIME = 1_790_000_000_000;
const needed = await need("Kafka", kafkaBroker);

const reading = (i: number, sensor = "s") => ({ sensor, time: TIME + i * 1000, values: { x: i } });

/** A source over a topic, closed when it is disposed of. */
class Opened implements AsyncDisposable {
  readonly source: KafkaSource;
  /** What it reported, in order. */
  readonly reports: string[] = [];

  constructor(broker: KafkaBroker, topic: string, options: Partial<KafkaSourceOptions> = {}) {
    this.source = new KafkaSource({
      cluster: broker.cluster(),
      topics: [topic],
      clock: systemClock,
      report: (sentence) => this.reports.push(sentence),
      waitMs: 50,
      ...options,
    });
  }

  open(memory = new TestMemory()): Promise<readonly SourcePartition[]> {
    return this.source.open(memory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.close();
  }
}

/** The next chunk; fails if there is none. */
async function next(chunks: AsyncIterator<unknown>): Promise<ReadingsChunk> {
  const { done, value } = await chunks.next();
  assert(!done, "a chunk was expected");
  return value as ReadingsChunk;
}

testWith(
  needed,
  "KafkaSource gives each message's arrival, its key for a sensor that it does not name, and known layouts",
  async (broker) => {
    const topic = await makeTopic(broker, freshTopic());
    await put(broker, topic, [
      { key: "room-1", value: { time: TIME, values: { temperature: 20 } }, timestamp: TIME + 5 },
      {
        key: "machine-7",
        value: { timestamp: "2026-09-01T00:00:00Z", machine_id: "machine-7", vibration: 2, failure: 1 },
        timestamp: TIME + 6,
      },
      {
        value: {
          date: "2004-02-28",
          time: "00:59:16.02785",
          epochid: 3,
          moteid: 1,
          temp: 19.9,
          humidity: 37,
          light: 45,
          voltage: 2.7,
        },
        timestamp: TIME + 7,
      },
      { key: "k", value: { temperature: 7, ts: TIME }, timestamp: TIME + 7 },
      { value: { temperature: 7, ts: TIME }, timestamp: TIME + 7 },
    ]);
    await using opened = new Opened(broker, topic, { zone: "UTC" });
    const [partition] = await opened.open();
    const stop = new AbortController(), chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
    const { items, arrivals } = await next(chunks), [room, machine, mote, keyed, nobody] = items;
    assertEquals(arrivals, [5, 6, 7, 7, 7].map((ms) => TIME + ms));
    assertEquals(room, { sensor: "room-1", time: TIME, values: { temperature: 20 } });
    assertEquals(machine, { sensor: "machine-7", time: Date.UTC(2026, 8, 1), values: { vibration: 2 }, label: 1 });
    assert(!isRefusal(mote) && !isRefusal(keyed) && isRefusal(nobody));
    assertEquals([mote.sensor, mote.time, mote.values.temperature], [
      "mote-1",
      Date.UTC(2004, 1, 28, 0, 59, 16, 27),
      19.9,
    ]);
    assertEquals([keyed.sensor, keyed.values], ["k", { temperature: 7 }]);
    assertStringIncludes(nobody.errors[0].message, `${topic}, partition 0, offset 4`);
    stop.abort();
    await chunks.return?.();
  },
);

testWith(
  needed,
  "KafkaSource goes on behind messages that retention took, with the gap in quarantine; or stops",
  async (broker) => {
    const topic = await makeTopic(broker, freshTopic()), memory = new TestMemory();
    await put(broker, topic, Array.from({ length: 10 }, (_, i) => ({ value: reading(i) })));
    await using skipping = new Opened(broker, topic);
    await using stopping = new Opened(broker, topic, { lost: "stop" });
    const [partition] = await skipping.open(memory), [strict] = await stopping.open(memory);
    await cutTopic(broker, topic, 0, 7);
    const { taken } = await readAll(partition, 3 * OFFSET_STEP, 4);
    const [gap, ...rest] = taken;
    assert("errors" in gap.item);
    assertStringIncludes(gap.item.errors[0].message, "offsets 3 to 6");
    assertEquals(rest.map(({ item }) => "values" in item ? item.values.x : undefined), [7, 8, 9]);
    assertStringIncludes(skipping.reports.join(), "lost the offsets 3 to 6");
    await assertRejects(() => readAll(strict, 3 * OFFSET_STEP, 1), SourceError, "begins at offset 7 now");
    await assertRejects(() => readAll(partition, 99 * OFFSET_STEP, 1), SourceError, "ends at offset 10");
  },
);

testWith(
  needed,
  "KafkaSource stops when its topic is deleted, and refuses another one of that name",
  async (broker) => {
    const topic = await makeTopic(broker, freshTopic()), memory = new TestMemory();
    await put(broker, topic, [{ value: reading(1) }]);
    await using opened = new Opened(broker, topic);
    const [partition] = await opened.open(memory);
    const chunks = partition.read(0, new AbortController().signal)[Symbol.asyncIterator]();
    await next(chunks);
    await deleteTopic(broker, topic);
    await assertRejects(() => chunks.next(), SourceError, "is not there any more");
    assertEquals(opened.source.problems().length, 1);
    await until("the topic made again", () => makeTopic(broker, topic).catch(() => undefined));
    await using again = new Opened(broker, topic);
    await assertRejects(() => again.open(memory), SourceError, "was deleted and made again");
  },
);

testWith(needed, "KafkaSource.assignments() gives partitions that are added", async (broker) => {
  const topic = await makeTopic(broker, freshTopic());
  await using opened = new Opened(broker, topic, { watchMs: 20, begin: "latest" });
  assertEquals((await opened.open()).map(({ id }) => id), [`kafka-${topic}-0`]);
  const stop = new AbortController(), changes = opened.source.assignments(stop.signal);
  const change = changes.next();
  await growTopic(broker, topic, 1, 2);
  const { value } = await change, added: Assignment | undefined = value ?? undefined;
  assert(added?.kind === "assign");
  assertEquals(added.partitions.map(({ id }) => id), [`kafka-${topic}-1`, `kafka-${topic}-2`]);
  await put(broker, topic, [{ partition: 2, value: reading(5) }]);
  assertEquals((await readAll(added.partitions[1], 0, 1)).taken.length, 1);
  stop.abort();
  await changes.return(undefined);
});

testWith(needed, "KafkaSource begins at the end of what is there, if told so, also after a restart", async (broker) => {
  const topic = await makeTopic(broker, freshTopic()), memory = new TestMemory();
  await put(broker, topic, [{ value: reading(1) }, { value: reading(2) }]);
  await using opened = new Opened(broker, topic, { begin: "latest" });
  await opened.open(memory);
  await put(broker, topic, [{ value: reading(3) }]);
  await using again = new Opened(broker, topic, { begin: "latest" });
  const [partition] = await again.open(memory), { taken } = await readAll(partition, 0, 1);
  assertEquals(taken.map(({ position }) => Math.floor(position / OFFSET_STEP)), [2]);
});

testWith(needed, "KafkaSource writes the offset that is stored for lag tools", async (broker) => {
  const topic = await makeTopic(broker, freshTopic());
  await put(broker, topic, Array.from({ length: 9 }, (_, i) => ({ value: reading(i) })));
  {
    await using opened = new Opened(broker, topic, { progressGroup: topic });
    const [partition] = await opened.open();
    await partition.released?.(5 * OFFSET_STEP);
  }
  assertEquals(await committedOffset(broker, topic, topic, 0), 5);
});

testWith(
  needed,
  "KafkaSource waits for a broker that is killed, says so, and goes on when it is back",
  async (broker) => {
    const topic = await makeTopic(broker, freshTopic());
    await put(broker, topic, [{ value: reading(1) }]);
    await using opened = new Opened(broker, topic);
    const [partition] = await opened.open();
    const stop = new AbortController(), chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
    await next(chunks);
    const pending = next(chunks);
    await broker.kill();
    await until("the problem is shown", () => opened.source.problems().length === 1);
    await broker.again();
    await put(broker, topic, [{ value: reading(2) }]);
    const { items } = await pending;
    assertEquals(items.length, 1);
    assertEquals(opened.source.problems(), []);
    assertEquals(opened.reports.length, 2);
    assertStringIncludes(opened.reports[1], "can be read again");
    stop.abort();
    await chunks.return?.();
  },
);

testWith(needed, "KafkaSource ticks while nothing comes, and again in the same places", async (broker) => {
  const topic = await makeTopic(broker, freshTopic()), ticks = new TestMemory();
  await put(broker, topic, [{ value: reading(1) }]);
  await using opened = new Opened(broker, topic, { tickMs: 20 });
  const [partition] = await opened.open(), first = await readAll(partition, 0, 4, ticks);
  assertEquals(first.taken.map(({ item }) => "tick" in item), [false, true, true, true]);
  await put(broker, topic, [{ value: reading(2) }]);
  const kinds = ({ taken }: Awaited<ReturnType<typeof readAll>>) => taken.map(({ item }) => "tick" in item);
  const recorded = (await ticks.load() as { ticks: unknown[] }).ticks.length;
  await using later = new Opened(broker, topic, { tickMs: 1_000_000 }); // makes none of its own
  const [same] = await later.open(), again = await readAll(same, 0, 2 + recorded, ticks);
  assertEquals(again.taken.slice(0, 4), first.taken);
  assertEquals(kinds(again).filter((isTick) => isTick).length, recorded);
  assertEquals(kinds(again).at(-1), false);
  const middle = first.taken[2].position;
  assertEquals((await readAll(same, middle, recorded, ticks)).taken, again.taken.slice(2));
});

testWith(needed, "KafkaPartition.waiting() counts the messages that are there behind a position", async (broker) => {
  const topic = await makeTopic(broker, freshTopic());
  await put(broker, topic, Array.from({ length: 7 }, (_, i) => ({ value: reading(i) })));
  await using opened = new Opened(broker, topic);
  const [partition] = await opened.open(), stop = new AbortController();
  assertEquals(partition.waiting?.(0), undefined, "nobody has asked yet");
  const chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
  assertEquals((await next(chunks)).items.length, 7);
  assertEquals([0, 3, 7].map((offset) => partition.waiting?.(offset * OFFSET_STEP)), [7, 4, 0]);
  stop.abort();
  await chunks.return?.();
});
