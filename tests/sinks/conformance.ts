/**
 * What every sink promises, tried with any of them against its own server.
 *
 * @module
 */
import { type DeliverySink, RefusedError } from "../../sinks/delivery/sink.ts";
import type { AlertItem, Batch } from "../../sinks/delivery/item.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { type Needed, testWith } from "../servers/needed.ts";
import { FakeSink } from "./delivery/fake_sink.ts";
import { outputsOf } from "./delivery/partition.ts";
import { POLL_MS, World } from "./delivery/world.ts";

/** A place for one test's items on the real server. */
export interface SinkPlace {
  /**
   * A sink that writes there, as a process would make it after its start.
   *
   * @param isHasty whether it gives up a server that is not there sooner than usual: it will be asked again
   */
  sink(isHasty?: boolean): DeliverySink;
  /** An alert's step like this one that the server never takes. */
  poison(item: AlertItem): AlertItem;
  /** Everything that is there, by kind, in an order that depends on the content alone; the same content gives the same. */
  stored(): Promise<{
    readonly readings: readonly unknown[];
    readonly windows: readonly unknown[];
    readonly alerts: readonly unknown[];
    /** What else is there of them. */
    readonly more?: readonly unknown[];
  }>;
}

/** A sink's server, as the suite needs it. */
export interface SinkServer {
  place(): Promise<SinkPlace>;
  /** Stops the server for good, and starts it again with all that it had acknowledged. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Lets the server keep silent in open connections, and speak again. */
  silence(isSilent: boolean): Promise<void>;
}

const signal = new AbortController().signal;

/** Batches of all kinds of positions from `from` to `to`. */
function batchesOf(from: number, to: number): Batch[] {
  const outputs = outputsOf("hall", from, to, 3), partition = "hall";
  const windows = outputs.windows().map(({ lengthMs, hopMs, channels: _, statistics, ...window }) => {
    const [count, mean, min, max, std, anomalies] = statistics;
    return {
      ...window,
      id: `${window.sensor}/${lengthMs}/${window.start}`,
      end: window.start + lengthMs,
      length_ms: lengthMs,
      hop_ms: hopMs,
      channels: { temperature: { count, mean, min, max, std, anomalies } },
    };
  });
  const readings = outputs.readings().map((reading) => ({ ...outputs.about(reading.sensor), ...reading }));
  return [
    { kind: "readings", partition, items: readings },
    { kind: "windows", partition, items: windows },
    { kind: "alerts", partition, items: outputs.alerts() },
  ];
}

/** Delivers steps as a delivery does, which finds what is refused by halving where the sink does not say; ids of those. */
async function refusedOf(sink: DeliverySink, items: readonly AlertItem[]): Promise<string[]> {
  try {
    await sink.deliver({ kind: "alerts", partition: "hall", items }, signal);
    return [];
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (error.refused !== undefined) return error.refused.map(({ index }) => items[index].id);
    if (items.length === 1) return [items[0].id];
    const half = items.length >> 1;
    return [...await refusedOf(sink, items.slice(0, half)), ...await refusedOf(sink, items.slice(half))];
  }
}

/** Registers the suite. */
export function sinkConformance(name: string, needed: Needed<SinkServer>): void {
  const suite = (promise: string, run: (server: SinkServer) => Promise<void>) =>
    testWith(needed, `${name} ${promise}`, run);

  suite(
    "is idempotent: whatever comes again, cut differently or after newer items, changes nothing",
    async (server) => {
      const once = await server.place(), again = await server.place();
      const one = once.sink(), other = again.sink();
      for (const batch of batchesOf(0, 200)) await one.deliver(batch, signal);
      const parts = [[0, 120], [0, 50], [40, 200], [30, 90], [150, 200]] as const;
      for (const [from, to] of parts) for (const batch of batchesOf(from, to)) await other.deliver(batch, signal);
      await Promise.all([one.close(), other.close()]);
      const stored = await once.stored();
      assertEquals(stored.windows.length, 3);
      assertEquals(stored.alerts.length, 2);
      assertEquals(await again.stored(), stored);
    },
  );

  suite("takes as many items in one call as it says, in order", async (server) => {
    const place = await server.place(), sink = place.sink(), { batchItems, wants } = sink;
    if (!wants.includes("readings")) return; // fewer of the others come at a time
    await sink.deliver(batchesOf(0, batchItems)[0], signal);
    const once = await place.stored();
    await sink.close();
    const apart = await server.place(),
      other = apart.sink(),
      third = Math.floor(batchItems / 3),
      parts = [0, third, 2 * third, batchItems];
    for (let i = 1; i < parts.length; i++) await other.deliver(batchesOf(parts[i - 1], parts[i])[0], signal);
    await other.close();
    assert(once.readings.length >= batchItems, `${once.readings.length} of ${batchItems}`);
    assertEquals(await apart.stored(), once);
  });

  suite(
    "keeps a window's highest revision, also when both come in one batch or the wrong way round",
    async (server) => {
      const [, windows] = batchesOf(0, 60);
      if (windows.kind !== "windows") throw new TypeError("windows stand second");
      const [first] = windows.items, second = { ...first, revision: 1, location: "hall 3" };
      const expected = await server.place(), sink = expected.sink();
      await sink.deliver({ ...windows, items: [second] }, signal);
      await sink.close();
      for (const order of [[[first, second]], [[second], [first]], [[first], [second], [first]]]) {
        const place = await server.place(), sink = place.sink();
        for (const items of order) await sink.deliver({ ...windows, items }, signal);
        await sink.close();
        assertEquals((await place.stored()).windows, (await expected.stored()).windows);
      }
    },
  );

  suite("refuses what its server never takes, and takes what stands around it, in order", async (server) => {
    const place = await server.place(), calm = await server.place(), [, , alerts] = batchesOf(0, 200);
    if (alerts.kind !== "alerts") throw new TypeError("alerts stand third");
    const [first, ...rest] = alerts.items, bad = place.poison({ ...first, id: "bad/raised", alert: "bad" });
    const sink = place.sink(), other = calm.sink();
    await Promise.all([sink.open(signal), other.open(signal)]);
    assertEquals(await refusedOf(sink, [first, bad, ...rest]), ["bad/raised"]);
    await other.deliver(alerts, signal);
    await Promise.all([sink.close(), other.close()]);
    assertEquals(await place.stored(), await calm.stored());
  });

  suite("misses nothing in an outage of a minute, and keeps nobody else waiting", async (server) => {
    const place = await server.place(), calm = await server.place(), other = new FakeSink("other");
    await using world = await World.open([place.sink(true), other], { channels: 3 });
    await world.partition.commit(150);
    await world.drainedInTime();
    await server.stop();
    try {
      for (const wait of [500, 1_000, 2_000, 4_000, ...Array(7).fill(8_000)]) {
        await world.partition.commit(world.partition.cut + 20);
        await world.clock.pass(wait);
      }
      await world.clock.sleeping(8_000);
      await world.clock.sleeping(POLL_MS);
      const [view, otherView] = world.deliveries.views();
      assertEquals([view.state, otherView.state], ["failing", "ok"]);
      assert(view.backlog_items >= 220, `${view.backlog_items} items wait`);
      assertEquals(other.taken.length, world.partition.cut);
    } finally {
      await server.start();
    }
    await world.drainedInTime();
    const sink = calm.sink();
    for (const batch of batchesOf(0, world.partition.cut)) await sink.deliver(batch, signal);
    await sink.close();
    assertEquals(await place.stored(), await calm.stored());
  });

  suite("gives up a call to a server that keeps silent, and delivers when it speaks again", async (server) => {
    const place = await server.place();
    await using world = await World.open([place.sink()], { channels: 3, deadlineMs: 777_000 });
    await world.partition.commit(50);
    await world.drained();
    await server.silence(true);
    try {
      await world.partition.commit(100);
      await world.clock.pass(777_000);
      await world.clock.sleeping(500);
      assertEquals(world.deliveries.views()[0].state, "failing");
    } finally {
      await server.silence(false);
    }
    await world.drainedInTime();
    assertEquals(world.deliveries.views()[0].backlog_items, 0);
    const stored = await place.stored();
    assertEquals([stored.windows.length, stored.alerts.length], [1, 1]);
  });

  suite("goes on from its cursor after a restart: the same is there as without one", async (server) => {
    const place = await server.place(), calm = await server.place();
    const first = await World.open([place.sink()], { channels: 3 });
    await first.partition.commit(300);
    await first.stop(); // whatever was under way
    await using second = await World.open([place.sink()], { kv: first.kv, channels: 3 });
    await second.partition.commit(400);
    await second.drained();
    const sink = calm.sink();
    for (const batch of batchesOf(0, 400)) await sink.deliver(batch, signal);
    await sink.close();
    assertEquals(await place.stored(), await calm.stored());
  });
}
