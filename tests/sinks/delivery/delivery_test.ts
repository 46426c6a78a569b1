import { assert, assertEquals } from "../../../std/assert.ts";
import { RefusedError } from "../../../sinks/delivery/sink.ts";
import { KEYS } from "../../../store/keys.ts";
import { KvOutbox, MODELS_PARTITION } from "../../../store/outbox/outbox.ts";
import { FakeSink } from "./fake_sink.ts";
import { FakePartition, readingAt } from "./partition.ts";
import { WatchedClock } from "./watched_clock.ts";
import { POLL_MS, World } from "./world.ts";

const hall = { partition: "hall", kind: "readings" } as const;

function idsTo(cut: number, from = 0): string[] {
  return Array.from({ length: cut - from }, (_, i) => readingAt("hall", from + i).id);
}

Deno.test("Delivery hands over what is committed, in order and in batches, and then it is gone from the outbox", async () => {
  const sink = new FakeSink("table", ["readings", "windows", "alerts"], 70);
  await using world = await World.open([sink]);
  await world.partition.commit(500);
  await world.drained();
  await world.partition.putOnly(600);
  world.outbox.committed(hall); // word of something new, but it is of a checkpoint under way
  await world.drained();
  const ids = (start: string) => sink.ids.filter((id) => id.startsWith(start));
  assertEquals(ids("hall/"), idsTo(500));
  assertEquals(ids("pump").length, 8);
  assertEquals(ids("hall:").length, 10);
  assert(sink.sizes.every((size) => size <= 70));
  assertEquals(sink.taken.find(({ id }) => id === readingAt("hall", 0).id), {
    ...readingAt("hall", 0),
    type: "pump",
    location: "hall 2",
  });
  const [view] = world.deliveries.views();
  assertEquals([view.state, view.backlog_items, view.delivered, view.set_aside, view.missed], ["ok", 0, 518, 0, 0]);
  assertEquals((await world.outbox.read(hall, undefined, 10)).chunks, []);
});

Deno.test("Deliveries go on while one sink is away for a minute, and it misses nothing", async () => {
  const well = new FakeSink("well"), ill = new FakeSink("ill");
  let isAway = true;
  ill.behave = () => {
    if (isAway) throw new Error("the server at db:5432 does not answer");
  };
  await using world = await World.open([well, ill]);
  const begun = world.clock.now();
  await world.partition.commit(100);
  for (const wait of [500, 1_000, 2_000, 4_000, ...Array(7).fill(8_000)]) {
    await world.partition.commit(world.partition.cut + 10);
    await world.clock.pass(wait);
  }
  assert(world.clock.now() - begun > 60_000);
  await ill.called(12);
  await world.clock.sleeping(8_000);
  await world.clock.sleeping(POLL_MS); // the other one has nothing left to do
  assertEquals(well.ids.sort(), idsTo(210).sort());
  const [one, other] = world.deliveries.views();
  assertEquals([one.state, one.backlog_items], ["ok", 0]);
  assertEquals([other.state, other.error], ["failing", "the server at db:5432 does not answer"]);
  assertEquals([other.backlog_items, other.delivered, other.retries], [210, 0, 11]);
  assertEquals([other.backlog_age_ms, other.failing_since], [world.clock.now() - begun, begun]);
  isAway = false;
  await world.clock.pass(8_000);
  await world.drained();
  assertEquals(ill.ids, idsTo(210));
  assertEquals(world.deliveries.views()[1].backlog_items, 0);
  assertEquals(world.lines, ["sink ill: the server at db:5432 does not answer", "sink ill: delivers again"]);
});

Deno.test("Delivery sets aside what is refused, by halving, and goes on with the rest in order", async () => {
  const sink = new FakeSink("table", ["readings"], 64), bad = new Set(idsTo(200).filter((_, i) => i % 37 === 5));
  sink.behave = ({ items }) => {
    if (items.some(({ id }) => bad.has(id))) throw new RefusedError("a value out of range for integer");
  };
  await using world = await World.open([sink]);
  await world.partition.commit(200);
  await world.drained();
  assertEquals(sink.ids, idsTo(200).filter((id) => !bad.has(id)));
  const aside = await world.outbox.setAside("table", hall);
  assertEquals(new Set(aside.map(({ id }) => id)), bad);
  assertEquals(aside[0].reason, "a value out of range for integer");
  assertEquals(JSON.parse(aside[0].item).id, aside[0].id);
  const { calls } = sink;
  await world.partition.commit(201);
  await world.drained();
  assertEquals(sink.calls, calls + 1); // what was set aside does not come again
  const [view] = world.deliveries.views();
  assertEquals([view.delivered, view.set_aside], [201 - bad.size, bad.size]);
});

Deno.test("Delivery believes a sink that names what it refused; of many the last hundred are kept", async () => {
  const sink = new FakeSink("table", ["readings"], 1_000);
  sink.behave = ({ items }) => {
    throw new RefusedError(
      "not valid",
      items.map((_, index) => ({ index, reason: `no schema fits ${index}` })).slice(1),
    );
  };
  await using world = await World.open([sink]);
  await world.partition.commit(300);
  await world.drained();
  assertEquals(sink.calls, 1);
  const aside = await world.outbox.setAside("table", hall);
  assertEquals(aside.map(({ id }) => id).sort(), idsTo(300, 200).sort());
  assertEquals(world.deliveries.views()[0].set_aside, 299);
  assertEquals(world.deliveries.views()[0].delivered, 1);
});

Deno.test("Delivery gives a call up at its deadline, tells the sink, and tries again", async () => {
  const sink = new FakeSink("table");
  let givenUp = false;
  sink.behave = (_, signal) => new Promise(() => signal.addEventListener("abort", () => givenUp = true));
  await using world = await World.open([sink], { deadlineMs: 5_000 });
  await world.partition.commit(10);
  await sink.called(1);
  await world.clock.pass(5_000);
  await world.clock.sleeping(500);
  assert(givenUp);
  assertEquals(world.deliveries.views()[0].error, "no answer within 5 s");
  sink.behave = () => {};
  await world.clock.pass(500);
  await world.drained();
  assertEquals(sink.ids, idsTo(10));
});

Deno.test("Delivery goes on from its cursor after a restart; only what was under way comes again", async () => {
  const before = new FakeSink("table"), clock = new WatchedClock();
  const first = await World.open([before], { clock });
  await first.partition.commit(250);
  await first.drained();
  before.behave = (_, signal) => new Promise(() => signal.addEventListener("abort", () => {}));
  await first.partition.commit(260);
  await before.called(4);
  await first.stop();
  assertEquals(before.closed, 1);
  assertEquals(first.deliveries.views()[0].state, "stopped");
  const after = new FakeSink("table"), newcomer = new FakeSink("newcomer");
  await using second = await World.open([after, newcomer], { kv: first.kv, clock });
  await second.drained();
  assertEquals(after.ids, idsTo(260, 250));
  assertEquals(newcomer.ids, idsTo(260, 250)); // what others had was gone by then
  assertEquals(second.deliveries.views().map(({ delivered, missed }) => [delivered, missed]), [[260, 0], [10, 250]]);
});

Deno.test("Delivery starts with open(), again and again until it succeeds", async () => {
  const sink = new FakeSink("table"), errors = ["no such host db", "no such host db", "the password is wrong"];
  const open = sink.open.bind(sink);
  sink.open = async () => {
    const error = errors.shift();
    if (error) throw new Error(error);
    await open();
  };
  await using world = await World.open([sink]);
  await world.partition.commit(10);
  await world.clock.sleeping(500);
  const [{ state, error, backlog_items, failing_since }] = world.deliveries.views();
  assertEquals([state, error, backlog_items, failing_since], ["starting", "no such host db", 0, undefined]);
  for (const wait of [500, 1_000, 2_000]) await world.clock.pass(wait);
  await world.drained();
  assertEquals(sink.ids, idsTo(10));
  assertEquals(world.lines, [
    "sink table: no such host db",
    "sink table: the password is wrong",
    "sink table: delivers again",
  ]);
});

Deno.test("Deliveries remove what is too old or too many; a sink that was away knows how many it missed", async () => {
  const sink = new FakeSink("table");
  let isAway = true;
  sink.behave = () => {
    if (isAway) throw new Error("away");
  };
  const limits = { ageMs: 100_000, items: 1_000 };
  await using world = await World.open([sink], { limits, trimMs: 7_000 });
  await world.partition.commit(400);
  await world.clock.sleeping(500);
  world.clock.advance(90_000);
  await world.partition.commit(800);
  world.clock.advance(20_000); // the first 400 are too old now
  while ((await world.outbox.read(hall, undefined, 1)).chunks[0].first === 0) await world.clock.pass(7_000);
  assertEquals((await world.outbox.read(hall, undefined, 1)).chunks[0].first, 400);
  for (let cut = 1_000; cut <= 3_000; cut += 200) await world.partition.commit(cut);
  while ((await world.outbox.read(hall, undefined, 1)).chunks[0].first === 400) await world.clock.pass(7_000);
  const { first } = (await world.outbox.read(hall, undefined, 1)).chunks[0];
  assert(3_000 - first <= 1_000 && 3_000 - first > 700, `from ${first} on`);
  isAway = false;
  world.clock.advance(8_000);
  await world.drained();
  const [{ delivered, missed }] = world.deliveries.views();
  // The batch that it was held up with is still in its hands.
  assertEquals(delivered + missed, 3_000);
  assertEquals(sink.ids.slice(first - 3_000), idsTo(3_000, first));
});

Deno.test("Deliveries.room() holds a replay up while a sink is far behind, dead or new, and nothing where nobody waits", async () => {
  const sink = new FakeSink("table", ["readings"], 10);
  sink.open = () => Promise.reject(new Error("not there yet"));
  await using world = await World.open([sink], { waitItems: 50 });
  const { deliveries, partition } = world, going = new AbortController(), { signal } = going;
  await partition.commit(100);
  await deliveries.room("hall", { readings: 50 }, signal);
  let hasRoom = false;
  const room = deliveries.room("hall", { readings: 100 }, signal).then(() => hasRoom = true);
  await world.clock.pass(500);
  await world.clock.sleeping(1_000);
  assert(!hasRoom);
  sink.open = () => Promise.resolve();
  await world.clock.pass(1_000);
  await room;
  assert(sink.taken.length >= 50);
  await world.drained();
  await partition.commit(1_000);
  const waiting = deliveries.room("hall", { readings: 2_000 }, signal);
  going.abort(); // the instance ends: nobody waits
  await waiting;
  await world.drained();
  await using another = await World.open([new FakeSink("new")], { kv: world.kv, waitItems: 50 });
  await another.deliveries.room("hall", { readings: 1_000 }, new AbortController().signal); // nothing of it is left
  await using live = await World.open([new FakeSink("table")]);
  await live.deliveries.room("hall", { readings: 1e9 }, new AbortController().signal);
});

Deno.test("KvOutbox.append() puts models in the way of the sinks that want them, once each and in order", async () => {
  const sink = new FakeSink("models", ["global_models"]);
  const model = (round: number) => ({
    id: `mote/${round}`,
    group: "mote",
    round,
    time: round,
    model: "network-mote",
    version: round,
    participant_count: 3,
    readings: 10,
    loss: null,
    weights: [round, 0.5],
  });
  await using world = await World.open([sink], { partitions: () => [MODELS_PARTITION] });
  await world.outbox.append("global_models", [model(1)]);
  await world.drained();
  // Killed half way: written, but not there yet.
  await world.outbox.put({ partition: MODELS_PARTITION, kind: "global_models" }, 1, 1, [model(99)], 1);
  await world.outbox.append("global_models", [model(2), model(3)]);
  await world.outbox.append("global_models", [model(4)]);
  await world.drained();
  assertEquals(sink.taken, [1, 2, 3, 4].map(model));
});

Deno.test("Delivery leaves a stream to whoever moves its cursor: two processes do not set each other back", async () => {
  const one = new FakeSink("table");
  await using world = await World.open([one]);
  await world.partition.commit(10);
  await world.drained();
  const key = KEYS.delivery("table", "hall", "readings"), { value } = await world.kv.get(key);
  await world.partition.commit(20);
  await world.drained();
  await world.kv.atomic().set(key, value).commit(); // another process, slower
  await world.partition.commit(30);
  await world.drained();
  assertEquals(one.ids.slice(-20), [...idsTo(30, 20), ...idsTo(30, 20)]); // again, then from where it stands
  assertEquals(world.deliveries.views()[0].backlog_items, 0);
});

Deno.test("Delivery finds what another process has committed, of which nobody tells it", async () => {
  const sink = new FakeSink("table", ["readings", "alerts"]);
  await using world = await World.open([sink]);
  await world.partition.commit(10);
  await world.drained();
  const elsewhere = new KvOutbox(world.kv, { clock: world.clock, deadlineMs: 60_000 });
  await (await FakePartition.claim(world.kv, "hall", elsewhere)).commit(60);
  await world.clock.pass(POLL_MS);
  await sink.took(60 + 2);
  assertEquals(sink.ids.filter((id) => id.startsWith("hall/")), idsTo(60));
});

Deno.test("Delivery says nothing of what waits in a partition that another process has by now", async () => {
  const sink = new FakeSink("table"), owned = ["hall"];
  sink.behave = () => {
    throw new Error("away");
  };
  await using world = await World.open([sink], { partitions: () => owned });
  await world.partition.commit(100);
  await world.clock.sleeping(500);
  assertEquals(world.deliveries.views()[0].backlog_items, 100);
  owned.pop();
  const [{ backlog_items, backlog_age_ms }] = world.deliveries.views();
  assertEquals([backlog_items, backlog_age_ms], [0, 0]);
});
