import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import type { FeedItem } from "../../actors/views.ts";
import { writeCursor } from "../../store/cursor.ts";
import { Hub, LagError } from "../../store/hub.ts";
import { settle } from "../routes/fakes.ts";

interface Item {
  readonly partition: string;
  readonly position: number;
}

function hub(capacity: number, start?: Record<string, number>): Hub<Item> {
  return new Hub<Item>({
    partitionOf: ({ partition }) => partition,
    positionOf: ({ position }) => position,
    capacity,
    start,
  });
}

function items(partition: string, ...positions: number[]): Item[] {
  return positions.map((position) => ({ partition, position }));
}

/** What a follower is handed until it would have to wait. */
async function ready(feed: Hub<Item>, cursor?: string): Promise<FeedItem<Item>[]> {
  const stop = new AbortController();
  const got: FeedItem<Item>[] = [];
  const following = (async () => {
    for await (const item of feed.follow(cursor, stop.signal)) got.push(item);
  })();
  await settle(3);
  stop.abort();
  await following;
  return got;
}

const places = (got: readonly FeedItem<Item>[]) =>
  got.map((item) => "resync" in item ? "resync" : `${item.data.partition}${item.data.position}`);

Deno.test("Hub.follow() without a cursor gives what comes from now on, to each follower, and ends with its signal", async () => {
  const feed = hub(10);
  feed.publish(items("a", 1, 2));
  const stop = new AbortController();
  const got: FeedItem<Item>[][] = [[], []];
  const following = got.map(async (mine) => {
    for await (const item of feed.follow(undefined, stop.signal)) mine.push(item);
  });
  await settle(2);
  assertEquals(feed.followers, 2);
  feed.publish(items("a", 3));
  feed.publish(items("b", 0));
  await settle(2);
  stop.abort();
  await Promise.all(following);
  assertEquals(got.map(places), [["a3", "b0"], ["a3", "b0"]]);
  assertEquals(feed.followers, 0);
});

Deno.test("Hub.follow() goes on from any cursor that it handed out: nothing missed, nothing twice", async () => {
  const oneRun = fc.array(
    fc.record({ partition: fc.constantFrom("a", "b", "c"), gap: fc.integer({ min: 1, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  );
  await fc.assert(
    fc.asyncProperty(oneRun, async (steps) => {
      const feed = hub(100);
      const before = feed.cursor;
      const at = new Map<string, number>();
      const all = steps.map(({ partition, gap }) => {
        at.set(partition, (at.get(partition) ?? -1) + gap);
        return { partition, position: at.get(partition)! };
      });
      feed.publish(all);
      const whole = await ready(feed, before);
      assertEquals(whole.map((item) => "resync" in item ? undefined : item.data), all);
      for (const [i, item] of whole.entries()) {
        assert("id" in item);
        assertEquals(places(await ready(feed, item.id)), places(whole.slice(i + 1)));
      }
    }),
    { numRuns: 20 },
  );
});

Deno.test("Hub.follow() gives one resync for a cursor that is too old, then what comes", async () => {
  const feed = hub(3);
  feed.publish(items("a", 1));
  const old = feed.cursor;
  feed.publish(items("a", 2, 3, 4));
  assertEquals(places(await ready(feed, old)), ["a2", "a3", "a4"]);
  feed.publish(items("a", 5));
  const got = await ready(feed, old);
  assertEquals(got, [{ resync: feed.cursor }]);
  assertEquals(places(await ready(feed, feed.cursor)), []);
});

Deno.test("Hub.follow() gives a resync for a cursor of another directory and for nonsense", async () => {
  const feed = hub(3);
  feed.publish(items("a", 1));
  for (
    const cursor of ["x", "", writeCursor({ a: 2 }), writeCursor({ b: 0 }), writeCursor({ a: "1" }), writeCursor(3)]
  ) {
    assertEquals(places(await ready(feed, cursor)), ["resync"], cursor);
  }
});

Deno.test("Hub.follow() after a restart goes on from the newest cursor, and resyncs an older one", async () => {
  const before = hub(10);
  before.publish(items("a", 1));
  const older = before.cursor;
  before.publish(items("a", 2));
  const after = hub(10, { a: 2 });
  after.publish(items("a", 1, 2, 3)); // 1 and 2 come again
  assertEquals(places(await ready(after, before.cursor)), ["a3"]);
  assertEquals(places(await ready(after, older)), ["resync"]);
});

Deno.test("Hub.follow() cuts off a follower that does not take its items; the ring stays as large as it was", async () => {
  const feed = hub(4);
  const follower = feed.follow(undefined, new AbortController().signal);
  const first = follower.next();
  feed.publish(items("a", 0));
  assertEquals((await first).done, false);
  for (let position = 1; position <= 100; position++) feed.publish(items("a", position));
  await assertRejects(() => follower.next(), LagError);
  assertEquals(feed.followers, 0);
});
