/** @module */
import fc from "fast-check";
import type { AlertTransition, FeedItem } from "../../actors/views.ts";
import { AlertFeed } from "../../store/alert_feed.ts";
import { writeCursor } from "../../store/cursor.ts";
import { KEYS } from "../../store/keys.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { MemoryKv } from "../memory_kv.ts";

function transition(partition: string, position: number, name = "a"): AlertTransition {
  const alert = `${partition}:${position}:${name}:limit:x`;
  return {
    id: `${alert}/raised`,
    alert,
    transition: "raised",
    sensor: name,
    condition: "limit",
    priority: "high",
    time: position,
    partition,
    position,
    message: "",
  };
}

async function store(kv: MemoryKv, transitions: readonly AlertTransition[]): Promise<void> {
  const write = kv.atomic();
  for (const one of transitions) write.set(KEYS.transition(one.partition, one.position, one.id), one);
  await write.commit();
}

async function feedOver(kv: MemoryKv, ...partitions: string[]): Promise<AlertFeed> {
  const feed = new AlertFeed(kv);
  await feed.load(partitions);
  return feed;
}

/** Takes what comes until `count` items are there, and ends the follower. */
async function take(feed: AlertFeed, cursor: string | undefined, count: number, meanwhile?: () => void) {
  const stop = new AbortController(), items: FeedItem<AlertTransition>[] = [];
  const done = (async () => {
    for await (const item of feed.follow(cursor, stop.signal)) if (items.push(item) >= count) break;
  })();
  meanwhile?.();
  await done;
  return items;
}

function ids(items: readonly FeedItem<AlertTransition>[]): string[] {
  return items.map((item) => "resync" in item ? "resync" : item.data.id);
}

const START = writeCursor({});

Deno.test("AlertFeed.follow() gives every transition once and in order over restarts, whatever was published", async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("write" as const),
      partition: fc.constantFrom("p", "q"),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constantFrom("crash" as const, "restart" as const, "read" as const, "again" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30, size: "max" }), async (steps) => {
      const kv = new MemoryKv(), all: AlertTransition[] = [], seen: string[] = [];
      let feed = await feedOver(kv, "p", "q"), cursor = START, position = 0, last: AlertTransition[] = [];
      for (const step of steps) {
        if (step.kind === "write") {
          last = Array.from({ length: step.count }, () => transition(step.partition, ++position));
          all.push(...last);
          await store(kv, last);
          feed.publish(step.partition, last);
        } else if (step.kind === "crash") { // stored, but nobody was told
          last = [transition("p", ++position), transition("p", ++position)];
          all.push(...last);
          await store(kv, last);
          feed = await feedOver(kv, "p", "q");
        } else if (step.kind === "again") { // what was stored before a crash comes out again
          if (last.length > 0) feed.publish(last[0].partition, last);
        } else if (step.kind === "restart") feed = await feedOver(kv, "p", "q");
        else {
          const more = all.length - seen.length;
          if (more === 0) continue;
          const items = await take(feed, cursor, 1 + position % more);
          seen.push(...ids(items));
          const end = items.at(-1);
          if (end && "id" in end) cursor = end.id;
        }
      }
      if (seen.length < all.length) seen.push(...ids(await take(feed, cursor, all.length - seen.length)));
      assertEquals(seen.toSorted(), all.map(({ id }) => id).toSorted());
      for (const partition of ["p", "q"]) {
        const of = (list: readonly string[]) => list.filter((id) => id.startsWith(partition));
        assertEquals(of(seen), of(all.map(({ id }) => id)));
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("AlertFeed.follow() gives what comes from now on where there is no cursor", async () => {
  const kv = new MemoryKv(), feed = await feedOver(kv, "p");
  const before = transition("p", 1), after = transition("p", 2);
  await store(kv, [before]);
  feed.publish("p", [before]);
  assertEquals(ids(await take(feed, undefined, 1, () => feed.publish("p", [after]))), [after.id]);
});

Deno.test("AlertFeed.follow() reads the store when it was slower than the ring", async () => {
  const kv = new MemoryKv(), feed = await feedOver(kv, "p"), stop = new AbortController();
  const follower = feed.follow(undefined, stop.signal), pending = follower.next(), count = 10_000;
  for (let i = 0; i < count; i += 100) {
    const some = Array.from({ length: 100 }, (_, k) => transition("p", i + k));
    await store(kv, some);
    feed.publish("p", some);
  }
  const seen = [(await pending).value];
  while (seen.length < count) seen.push((await follower.next()).value);
  assertEquals(
    seen.map((item) => item && "data" in item ? item.data.position : -1),
    Array.from({ length: count }, (_, i) => i),
  );
  stop.abort();
  assertEquals((await follower.next()).done, true);
});

Deno.test("AlertFeed.load() tells followers what another process has stored", async () => {
  const kv = new MemoryKv(), feed = await feedOver(kv, "p"), stop = new AbortController();
  const follower = feed.follow(START, stop.signal), pending = follower.next();
  await store(kv, [transition("p", 1), transition("p", 2)]);
  await feed.load(["p"]);
  const first = await pending, second = await follower.next();
  assertEquals(ids([first.value, second.value].filter((item) => item !== undefined)), [
    "p:1:a:limit:x/raised",
    "p:2:a:limit:x/raised",
  ]);
  stop.abort();
});

Deno.test("AlertFeed.follow() asks to resync for a cursor that it cannot go on from, and goes on from now", async () => {
  const kv = new MemoryKv(), feed = await feedOver(kv, "p");
  const old = [1, 2, 3, 4].map((position) => transition("p", position));
  await store(kv, old);
  feed.publish("p", old);
  await kv.atomic().set(KEYS.trimmed("p"), 3).commit();
  const later = transition("p", 9);
  const strange = [
    "nonsense",
    writeCursor({ p: [1, old[0].id] }),
    writeCursor({ p: [5, "p:5"] }),
    writeCursor({ z: [1, "z"] }),
    writeCursor([1]),
    START,
  ];
  for (const cursor of strange) {
    const items = await take(feed, cursor, 1);
    assertEquals(ids(items), ["resync"], cursor);
    assert("resync" in items[0]);
    assertEquals(items[0].resync, feed.cursor);
  }
  const [item] = await take(feed, writeCursor({ p: [3, old[2].id] }), 1);
  assertEquals(ids([item]), [old[3].id], "a cursor at the place where retention stopped is good");
  await store(kv, [later]);
  feed.publish("p", [later]);
  assertEquals(ids(await take(feed, "nonsense", 1)), ["resync"]);
});

Deno.test("AlertFeed.follow() takes cursors of the longest names", async () => {
  const kv = new MemoryKv(), feed = await feedOver(kv, "p"), name = encodeURIComponent("機".repeat(128 + 64));
  const long = [transition("p", 1, name), transition("p", 2, name)];
  await store(kv, long);
  feed.publish("p", long);
  const [first] = await take(feed, START, 1);
  assert("id" in first);
  assertEquals(ids(await take(feed, first.id, 1)), [long[1].id]);
});

Deno.test("AlertFeed.follow() ends when it is aborted, waiting or not", async () => {
  const feed = await feedOver(new MemoryKv(), "p"), stop = new AbortController();
  const waiting = feed.follow(undefined, stop.signal).next();
  stop.abort();
  assertEquals((await waiting).done, true);
  assertEquals((await feed.follow(undefined, stop.signal).next()).done, true);
});
