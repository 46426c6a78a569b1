/**
 * What a sensor costs: bytes and atomic writes to the KV and time of processor, per sensor and second, by how much judges.
 *
 *     deno run -A bench/scale.ts [--sensors=6000] [--minutes=6] [--interval=10] [--kv=http://...]
 *
 * One partition of sensors with four channels each, a reading every so many seconds of event time, with the product's
 * checkpoints every second and snapshots every minute, windows of a minute and histories, into a KV file, or a server. Event time is
 * the clock's, so the figures are those of a live run however fast this goes. Bytes are those of keys and of values as the
 * KV serialises them. With fewer than 6,000 sensors snapshots come more often than once a minute: a checkpoint writes at
 * least a hundred.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { setImmediate } from "node:timers";
import { serialize } from "node:v8";
import { type Judging, judgingSchema } from "../actors/config.ts";
import type { Chunk, Clock, Source, SourcePartition } from "../actors/ports.ts";
import type { Reading } from "../actors/reading.ts";
import { InlineHost } from "../actors/runtime/host.ts";
import { Supervisor } from "../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../actors/supervisor_options.ts";
import { normalAt } from "../models/random.ts";
import { KvCheckpointStore } from "../store/checkpoint/store.ts";
import { KvFederationStore } from "../store/federation.ts";
import type { KvAtomic } from "../store/kv.ts";
import { KvBehind } from "../store/kv_behind.ts";
import { KvModelRegistry } from "../store/registry.ts";
import { flag } from "./_measure.ts";

const START = 1_700_000_000_000;
const SENSORS = Number(flag("sensors", "6000")), MINUTES = Number(flag("minutes", "6"));
const INTERVAL = Number(flag("interval", "10")), KV = flag("kv", "");

/** A database that counts what is written, by the first part of the key. */
class CountingKv extends KvBehind {
  commits = 0;
  underWay = 0;
  readonly bytes = new Map<string, number>();

  override atomic(): KvAtomic {
    const write = super.atomic(), { set } = write;
    return Object.assign(write, {
      set: (key: Deno.KvKey, value: unknown) => {
        const kind = String(key[0]), size = sizeOf(value) + key.join("").length + 2 * key.length;
        this.bytes.set(kind, (this.bytes.get(kind) ?? 0) + size);
        return set(key, value);
      },
    });
  }

  protected override async commit(write: KvAtomic): ReturnType<KvAtomic["commit"]> {
    this.commits++;
    this.underWay++;
    return await write.commit().finally(() => this.underWay--);
  }
}

/** Bytes of a value; of bytes without making them anew. */
function sizeOf(value: unknown): number {
  return value instanceof Uint8Array ? value.length : serialize(value).length;
}

/** Time as the readings have it. */
class EventClock implements Clock {
  time = START;

  now(): number {
    return this.time;
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }
}

/** The readings, a chunk for each second; each waits until what came before is stored. */
class Live implements Source, SourcePartition {
  readonly name = "scale";

  constructor(
    readonly id: string,
    private readonly clock: EventClock,
    private readonly kv: CountingKv,
    private readonly warm: () => void,
  ) {}

  open(): Promise<readonly SourcePartition[]> {
    return Promise.resolve([this]);
  }

  async *read(): AsyncGenerator<Chunk> {
    let position = 0;
    for (let second = 0; second < 60 * MINUTES; second++) {
      const items: Reading[] = [], time = this.clock.time = START + 1_000 * second;
      for (let i = second % INTERVAL; i < SENSORS; i += INTERVAL) {
        const at = (channel: number) => 20 + 5 * Math.sin(second / 600 + i) + normalAt(channel, i, second);
        items.push({
          sensor: `${this.id}-${i}`,
          type: "plain",
          time,
          values: { a: at(0), b: at(1), c: at(2), d: at(3) },
        });
      }
      const positions = items.map((_, i) => position + i);
      position += items.length;
      if (second === 30 * MINUTES) this.warm(); // the second half counts: states are as large as they get
      yield { kind: "readings", items, positions, next: position };
      do await new Promise((resolve) => setImmediate(resolve)); while (this.kv.underWay > 0);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function measure(detectors: Judging["detectors"]): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-scale-" }), clock = new EventClock();
  const kv = new CountingKv(await Deno.openKv(KV === "" ? `${folder}/kv` : KV)), freshId = () => crypto.randomUUID();
  const deadlineMs = 30_000, nothing = () => Promise.resolve(undefined);
  const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging: judgingSchema.parse({ detectors }) }, {
    store: new KvCheckpointStore(kv, { clock, freshId, deadlineMs, historyChunks: 160 }),
    clock,
    models: { registry: new KvModelRegistry(kv, { clock, freshId }), federation: new KvFederationStore(kv, { clock }) },
    shards: 1,
    host: (options) => new InlineHost(options),
    failed: (_, error) => {
      throw error;
    },
  });
  let before = cpuUsage(), begun = performance.now();
  const live = new Live(`scale-${detectors}`, clock, kv, () => {
    before = cpuUsage();
    begun = performance.now();
    kv.bytes.clear();
    kv.commits = 0;
  });
  await supervisor.run(live, { load: nothing, save: nothing }, new AbortController().signal);
  const { user, system } = cpuUsage(before), seconds = 30 * MINUTES, readings = SENSORS * seconds / INTERVAL;
  const { stateBytes, historyBytes } = await supervisor.answers.memory();
  const kinds = [...kv.bytes].sort(([, a], [, b]) => b - a)
    .map(([kind, bytes]) => `${kind} ${(bytes / SENSORS / seconds).toFixed(1)}`);
  const total = [...kv.bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  console.log(
    [
      detectors.padEnd(6),
      `${((user + system) / readings).toFixed(1)} µs of processor a reading`,
      `${(total / SENSORS / seconds).toFixed(0)} bytes/s to the KV a sensor (${kinds.slice(0, 5).join(", ")})`,
      `${(kv.commits / seconds).toFixed(1)} atomic writes/s a partition`,
      `${(seconds * 1_000 / (performance.now() - begun)).toFixed(1)} times as fast as life`,
      `${Math.round(stateBytes / SENSORS)} + ${Math.round(historyBytes / SENSORS)} bytes in memory a sensor`,
    ].join("; "),
  );
  await supervisor.close();
  kv.close();
  await Deno.remove(folder, { recursive: true });
}

console.log(`${SENSORS} sensors of 4 channels, a reading every ${INTERVAL} s each, ${MINUTES} minutes of event time`);
for (const detectors of ["rules", "light", "full"] as const) await measure(detectors);
