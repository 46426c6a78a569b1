import { judgingSchema } from "../../../actors/config.ts";
import type { Source } from "../../../actors/ports.ts";
import { parseReading } from "../../../actors/reading.ts";
import { InlineHost } from "../../../actors/runtime/host.ts";
import { Supervisor } from "../../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../../actors/supervisor_options.ts";
import { Deliveries } from "../../../sinks/delivery/deliveries.ts";
import type { Item } from "../../../sinks/delivery/item.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { KvOutbox } from "../../../store/outbox/outbox.ts";
import { OutboxSink } from "../../../store/outbox/sink.ts";
import { sourceMemory } from "../../../store/source_memory.ts";
import { modelsOver, PATIENT, storeOver } from "../../actors/harness.ts";
import { MemoryKv, type Write } from "../../memory_kv.ts";
import { FakeSink } from "./fake_sink.ts";

const START = Date.parse("2026-03-01T00:00:00Z"), READINGS = 900;
const judging = judgingSchema.parse({
  types: { pump: { channels: { t: { high: 50, unit: "°C" } } } },
  detectors: "rules",
});

/** Readings of a few pumps, now and then too hot. */
const source: Source = {
  name: "made",
  close: () => Promise.resolve(),
  open: () =>
    Promise.resolve([{
      id: "made",
      async *read(from, signal) {
        for (let at = from; at < READINGS && !signal.aborted; at += 50) {
          const positions = Array.from({ length: Math.min(50, READINGS - at) }, (_, i) => at + i);
          const items = positions.map((i) =>
            parseReading({
              sensor: `s${i % 7}`,
              type: "pump",
              location: `hall ${i % 7 % 2}`,
              time: START + 1_000 * i,
              values: { t: i % 200 < 20 ? 90 : 20 + i % 5, h: i },
            })
          );
          yield await Promise.resolve({ kind: "readings", items, positions, next: at + positions.length } as const);
        }
      },
    }]),
};

/** A database that dies at one of its writes: what is written by then stays. */
class MortalKv extends MemoryKv {
  private readonly death = new AbortController();

  constructor(private life: number) {
    super();
  }

  override commit(write: Write): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    if (this.life-- > 0) return super.commit(write);
    this.death.abort(new Error("killed"));
    return Promise.reject(this.dead.reason);
  }

  /** Aborted when it has died. */
  get dead(): AbortSignal {
    return this.death.signal;
  }

  /** What is left of it. */
  revived(life: number): MortalKv {
    const kv = new MortalKv(life);
    kv.apply({
      checks: [],
      mutations: [...this.entries.values()].map(({ key, value }) => ({ key, value, set: true })),
    });
    return kv;
  }
}

/** One process: runs the source and delivers to the sink, until the end or until its database dies; why it died. */
async function runProcess(kv: MortalKv, sink: FakeSink): Promise<Error | undefined> {
  const outbox = new KvOutbox(kv, { clock: PATIENT, deadlineMs: 1_000 }), failures: Error[] = [];
  const stop = new AbortController();
  const deliveries = new Deliveries(outbox, [sink], { clock: PATIENT, partitions: () => ["made"] });
  const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging, checkpointReadings: 100, batchSize: 30 }, {
    store: storeOver(kv, PATIENT),
    clock: PATIENT,
    models: modelsOver(kv, PATIENT),
    host: (shard) => new InlineHost(shard),
    shards: 2,
    sinks: (partition) => [new OutboxSink({ outbox, partition, kinds: deliveries.kinds })],
    failed: (_, error) => failures.push(error),
  });
  await supervisor.load();
  const running = deliveries.run(stop.signal);
  await supervisor.run(source, sourceMemory(kv, source.name), stop.signal).catch((error) => failures.push(error));
  if (failures.length === 0) await deliveries.drained(kv.dead);
  stop.abort(new Error("the end"));
  await running;
  await supervisor.close();
  return failures[0] ?? (kv.dead.aborted ? kv.dead.reason : undefined);
}

/** What sinks hold at last: each id once, with its last content. */
function held({ taken }: FakeSink): Map<string, Item> {
  const items = new Map<string, Item>();
  for (const item of taken) items.set("revision" in item ? `${item.id}/${item.revision}` : item.id, item);
  return new Map([...items].sort(([a], [b]) => a < b ? -1 : 1));
}

const sinkOf = () => new FakeSink("table", ["readings", "windows", "alerts"], 64);

Deno.test("sinks hold what an undisturbed run gives them, wherever processes are killed", async () => {
  const calm = sinkOf();
  assertEquals(await runProcess(new MortalKv(Infinity), calm), undefined);
  const expected = held(calm);
  assertEquals(calm.taken.length, expected.size); // each once
  const readings = calm.taken.filter((item) => "is_anomaly" in item);
  assertEquals(readings.length, READINGS);
  const { type, location } = readings[3] as { type?: string; location?: string };
  assertEquals([type, location], ["pump", "hall 1"]);
  assert([...expected.keys()].some((id) => id.endsWith("/raised")), "alerts were raised");
  const scale = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? "1");
  for (let life = 3; life < 70 * scale; life += 7) {
    const sink = sinkOf();
    let kv = new MortalKv(life), deaths = 0;
    while (await runProcess(kv, sink)) {
      assert(++deaths < 100, `no progress with ${life} writes`);
      kv = kv.revived(life + 5 * deaths);
    }
    assertEquals(held(sink), expected, `killed after ${life} writes, ${deaths} times`);
  }
});
