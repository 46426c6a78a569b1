import { judgingSchema } from "../../actors/config.ts";
import type { ShardMessage, ShardReply } from "../../actors/batch.ts";
import type { Chunk, Source } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { InlineHost, MAILBOX_CAPACITY, type ShardHost } from "../../actors/runtime/host.ts";
import { WorkerHost } from "../../actors/runtime/worker_host.ts";
import { systemClock } from "../../commands/process/clock.ts";
import { assertEquals, assertGreater, assertLess } from "../../std/assert.ts";
import { runSource } from "../actors/harness.ts";
import { bytesInUse } from "./garbage.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** Time that the slow actors are given work for, ms; a minute at a scale of 12. */
const WORK_MS = 5_000 * SCALE;
/** What a batch costs the slow actors: more than ten times what it costs the source and the router. */
const BATCH_MS = 20;
/** Times that memory is looked at. */
const LOOKS = 24;
const BATCH = 500, SENSORS = 50;
/** The bulk is what counts here, not what is found in it. */
const JUDGING = judgingSchema.parse({ detectors: "rules" });
/** Batches between the source and the actors at most: a mailbox full, the one under way, and the one that waits for room. */
const MOST_AHEAD = MAILBOX_CAPACITY + 2;

/** A source that has the next chunk at once, for ever, and knows how many it has handed out. */
class Hose implements Source {
  readonly name = "hose";
  given = 0;

  constructor(private readonly chunks: number) {}

  open() {
    return Promise.resolve([{ id: "hose-0", read: (from: number, signal: AbortSignal) => this.read(from, signal) }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async *read(from: number, signal: AbortSignal): AsyncGenerator<Chunk> {
    for (let chunk = from / BATCH; chunk < this.chunks && !signal.aborted; chunk++) {
      const positions = Array.from({ length: BATCH }, (_, i) => chunk * BATCH + i);
      this.given++;
      yield { kind: "readings", items: positions.map(readingAt), positions, next: (chunk + 1) * BATCH };
    }
  }
}

function readingAt(position: number): Reading {
  const values = { a: (position * 7919) % 101, b: Math.sin(position / 1_000) };
  return { sensor: `s${position % SENSORS}`, time: 1_750_000_000_000 + Math.floor(position / SENSORS) * 1_000, values };
}

/** A host that counts what waits in it, with a mailbox and actors that take their time. */
class SlowHost implements ShardHost {
  /** Greatest number of messages that waited. */
  mostWaiting = 0;
  /** Batches that are done. */
  done = 0;
  private waiting = 0;
  get depth(): number {
    return this.waiting;
  }
  private last: Promise<unknown> = Promise.resolve();
  private wakers: (() => void)[] = [];

  constructor(private readonly inner: ShardHost) {}

  send<M extends ShardMessage>(message: M): Promise<ShardReply<M>> {
    this.mostWaiting = Math.max(this.mostWaiting, ++this.waiting);
    const reply = this.last.then(async () => {
      if (message.kind === "batch") await systemClock.sleep(BATCH_MS);
      const reply = await this.inner.send(message);
      this.waiting--;
      if (message.kind === "batch") this.done++;
      for (const wake of this.wakers.splice(0)) wake();
      return reply;
    });
    this.last = reply.catch(() => {});
    return reply;
  }

  async room(): Promise<void> {
    while (this.waiting >= MAILBOX_CAPACITY) await new Promise<void>((resolve) => this.wakers.push(resolve));
  }

  close(): void {
    this.inner.close();
  }
}

Deno.test("Supervisor.run() holds a source ten times too fast back: few batches between, memory flat, nothing lost", async () => {
  const chunks = Math.ceil(WORK_MS / BATCH_MS), hose = new Hose(chunks);
  let host: SlowHost | undefined, mostAhead = 0;
  const bytes: number[] = [];
  const looking = setInterval(() => {
    mostAhead = Math.max(mostAhead, hose.given - (host?.done ?? 0));
    bytes.push(bytesInUse());
  }, WORK_MS / LOOKS);
  const slow = await runSource(hose, {
    judging: JUDGING,
    clock: systemClock,
    checkpointMs: 200,
    batchSize: BATCH,
    keepHistory: false,
    storeWindows: false, // what is stored stays, in memory here
    host: (options) => host = new SlowHost(new InlineHost(options)),
  }).finally(() => clearInterval(looking));
  assertEquals(hose.given, chunks);
  assertLess(mostAhead, MOST_AHEAD + 1, "batches between source and actors");
  const { mostWaiting = 0 } = host ?? {};
  assertGreater(mostWaiting, MAILBOX_CAPACITY - 1, "the source is held back by a mailbox that is full");
  assertLess(mostWaiting, MOST_AHEAD + 1, "messages in a mailbox");
  const quarter = Math.floor(bytes.length / 4), greatest = (part: number[]) => Math.max(...part);
  assertGreater(quarter, LOOKS / 8);
  const more = greatest(bytes.slice(-quarter)) - greatest(bytes.slice(quarter, 2 * quarter));
  assertLess(more, 4e6, "bytes more in the last quarter than in the second");

  const quick = await runSource(new Hose(chunks), {
    judging: JUDGING,
    batchSize: BATCH,
    keepHistory: false,
    storeWindows: false,
  });
  assertEquals(slow.supervisor.counts()[0].counts.readings, chunks * BATCH, "nothing is lost");
  assertEquals(slow.digest, quick.digest, "nor changed");
});

Deno.test("WorkerHost.room() holds the source back: no more messages under way than a mailbox holds", async () => {
  const hosts: { under: number; most: number }[] = [];
  const chunks = Math.ceil(200 * SCALE);
  const counting = (inner: ShardHost): ShardHost => {
    const count = { under: 0, most: 0 };
    hosts.push(count);
    return {
      get depth() {
        return inner.depth;
      },
      send: (message) => {
        count.most = Math.max(count.most, ++count.under);
        return inner.send(message).finally(() => count.under--);
      },
      room: () => inner.room(),
      close: () => inner.close(),
    };
  };
  const options = { judging: JUDGING, batchSize: BATCH, keepHistory: false, storeWindows: false };
  const { digest, supervisor } = await runSource(new Hose(chunks), {
    ...options,
    shards: 2,
    host: (shardOptions) => counting(new WorkerHost(shardOptions)),
  });
  assertEquals(supervisor.counts()[0].counts.readings, chunks * BATCH);
  assertEquals(digest, (await runSource(new Hose(chunks), options)).digest);
  // A cut is sent without asking for room: one beside a full mailbox.
  for (const { most } of hosts) assertLess(most, MAILBOX_CAPACITY + 2);
});
