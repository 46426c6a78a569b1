import { FLOOD } from "../../../actors/alerts/flood.ts";
import { type FloodSources, FloodWatch, type WatchedAlert } from "../../../actors/alerts/flood_watch.ts";
import type { AlertStep } from "../../../actors/alerts/words.ts";
import type { FeedItem } from "../../../actors/views.ts";
import { floods as floodRoute } from "../../../routes/floods.ts";
import { assertEquals } from "../../../std/assert.ts";

function alert(position: number, location = "hall"): WatchedAlert {
  const told = { sensor: "pump", condition: "limit", channel: "a", priority: "high", message: "" } as const;
  return { id: `p:${position}:pump:limit:a`, ...told, location, raised_at: 1_000_000 + 1000 * position };
}

function step(position: number): AlertStep {
  const { id, raised_at, ...said } = alert(position);
  return { ...said, id: `${id}/raised`, alert: id, transition: "raised", time: raised_at, partition: "p", position };
}

/** Stored alerts a page of three, and a feed that gives its items and ends with the signal. */
function sources(
  stored: readonly WatchedAlert[],
  items: readonly FeedItem<AlertStep>[],
  done: () => void,
  time = 1_000_000,
): FloodSources {
  return {
    alerts: (_filter, _limit, cursor) => {
      const newest = [...stored].reverse(), at = Number(cursor ?? 0);
      return Promise.resolve({
        items: newest.slice(at, at + 3),
        ...(at + 3 < newest.length ? { next: `${at + 3}` } : {}),
      });
    },
    feed: {
      alertsCursor: () => "now",
      async *alerts() {
        yield* await Promise.resolve(items);
        done();
      },
    },
    sourceTime: () => time,
  };
}

async function watch(stored: readonly WatchedAlert[], items: readonly FeedItem<AlertStep>[]): Promise<FloodWatch> {
  const ending = new AbortController(), floods = new FloodWatch(sources(stored, items, () => ending.abort()));
  await floods.run(ending.signal);
  return floods;
}

Deno.test("FloodWatch gives the same floods from what is stored, from the feed, and from both", async () => {
  const count = FLOOD.begins + 5, all = Array.from({ length: count }, (_, i) => i);
  const events = all.map((i) => ({ id: `c${i}`, data: step(i) }));
  const [expected] = (await watch([], events)).list();
  assertEquals([expected.count, expected.state, expected.id], [count, "active", "p:9:flood:hall"]);
  for (const cut of [0, 5, 9, 10, count]) {
    // The feed may give again what the listing had already.
    const both = await watch(all.slice(0, cut).map((i) => alert(i)), events.slice(Math.max(0, cut - 3)));
    assertEquals(both.list(), [expected], `cut at ${cut}`);
  }
  const missed = await watch(all.slice(0, 12).map((i) => alert(i)), [{ resync: "later" }, ...events.slice(12)]);
  assertEquals(missed.list(), [expected]);
});

Deno.test("FloodWatch.list() ends floods by source time, and looking changes nothing", async () => {
  const ending = new AbortController(), stored = Array.from({ length: 10 }, (_, i) => alert(i));
  const floods = new FloodWatch(sources(stored, [], () => ending.abort(), 1_000_000 + 2 * FLOOD.withinMs));
  await floods.run(ending.signal);
  const [flood] = floods.list();
  assertEquals([flood.state, flood.ended_at], ["ended", 1_005_000 + FLOOD.withinMs]);
  assertEquals(floods.list(), [flood]);
});

Deno.test("GET /alerts/floods lists floods by location and state", async () => {
  const floods = await watch(Array.from({ length: 10 }, (_, i) => alert(i)), []), app = floodRoute({ floods });
  const items = async (query: string) => (await (await app.request(`/alerts/floods${query}`)).json()).items;
  const [flood] = await items("?location=hall&state=active");
  assertEquals([flood.count, flood.began_at], [10, "1970-01-01T00:16:49.000Z"]);
  assertEquals([await items("?location=roof"), await items("?state=ended")], [[], []]);
});
