/**
 * A lease over a store that fails in every way, among processes whose clocks differ, that are stopped, and that die.
 *
 * @module
 */
import fc from "fast-check";
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import type { KvPort } from "../../../store/kv.ts";
import { Lease, LEASE_MS, leaseKey } from "../../../store/nodes/lease.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { SimulatedClock } from "../../simulation/clock.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const STEP_MS = 500, AWAY = new StoreAwayError("away");

/** How a process has its store: what it asks is answered, fails, happens unheard, or is answered or happens late. */
const MOODS = ["well", "away", "unheard", "blind", "slow", "late"] as const;
type Mood = typeof MOODS[number];

/** Lets everything run that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

/** A process with a lease. */
class Process {
  readonly lease: Lease;
  readonly clock: SimulatedClock;
  readonly running: Promise<void>;
  readonly end = new AbortController();
  readonly said: string[] = [];
  mood: Mood = "well";
  /** It does not run: time passes it by. */
  isStopped = false;
  /** Between the beginning and the end of its work. */
  isWorking = false;
  private missed = 0;
  private readonly held: (() => void)[] = [];

  constructor(private readonly kv: MemoryKv, name: number, offset: number, fences: number[]) {
    const clock = this.clock = new SimulatedClock(1_800_000_000_000 + offset);
    const report = (line: string) => this.said.push(line);
    this.lease = new Lease(this.port(), { clock, name: "test", node: `node-${name}`, id: `id-${name}`, report });
    this.running = this.lease.run(this.end.signal, async (held) => {
      fences.push(this.lease.fence);
      this.isWorking = true;
      await new Promise<void>((resolve) => held.addEventListener("abort", () => resolve()));
      this.isWorking = false;
    });
  }

  /** Whether it does what it may do only while it has the lease. */
  get acts(): boolean {
    return !this.isStopped && this.missed === 0 && this.isWorking && this.lease.isHeld;
  }

  /** @param woken called when the clock has moved, and no timer knows */
  async pass(woken: () => void): Promise<void> {
    this.missed += STEP_MS;
    if (this.isStopped) return;
    this.clock.advance(this.missed);
    this.missed = 0;
    woken();
    this.held.splice(0, Math.ceil(this.held.length / 2)).forEach((go) => go());
    await turns();
  }

  private later<T>(what: () => T): Promise<T> {
    return new Promise((resolve) => this.held.push(() => resolve(what())));
  }

  private port(): KvPort {
    const { kv } = this;
    return {
      get: (key) => this.mood === "away" ? Promise.reject(AWAY) : kv.get(key),
      getMany: (keys) => kv.getMany(keys),
      list: (selector, options) => kv.list(selector, options),
      close: () => {},
      atomic: () =>
        kv.atomicFor((write) => {
          if (this.mood === "away") return Promise.reject(AWAY);
          if (this.mood === "late") {
            void this.later(() => kv.apply(write));
            return Promise.reject(AWAY);
          }
          const done = kv.apply(write);
          if (this.mood === "unheard") return Promise.reject(AWAY);
          if (this.mood === "blind") return Promise.resolve({ ok: false }); // sent again, and refused by its own check
          return this.mood === "slow" ? this.later(() => done) : Promise.resolve(done);
        }),
    };
  }
}

async function pass(processes: readonly Process[], ms: number, after: () => void = () => {}): Promise<void> {
  for (let time = 0; time < ms; time += STEP_MS) {
    for (const one of processes) {
      await one.pass(after);
      after();
    }
  }
}

Deno.test("Lease lets never two work at the same time, whatever fails, and one of them as soon as all is well", async () => {
  const deed = fc.record({
    who: fc.nat(2),
    does: fc.oneof(fc.constantFrom(...MOODS), fc.constantFrom("stop", "go")),
    ms: fc.integer({ min: 1, max: 50 }).map((steps) => steps * STEP_MS),
  });
  const offsets = fc.array(fc.integer({ min: -3_600_000, max: 3_600_000 }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(offsets, fc.array(deed, { maxLength: 25, size: "max" }), async (offsets, deeds) => {
      const kv = new MemoryKv(), fences: number[] = [];
      const processes: Process[] = [];
      for (const [i, offset] of offsets.entries()) {
        processes.push(new Process(kv, i, offset, fences));
        await pass(processes, (Math.abs(offset) % 10) * STEP_MS); // they do not look at the same times
      }
      const check = () => {
        const acting = processes.filter(({ acts }) => acts);
        assert(acting.length <= 1, `${acting.length} work at the same time`);
      };
      for (const { who, does, ms } of deeds) {
        const one = processes[who];
        if (does === "stop" || does === "go") one.isStopped = does === "stop";
        else one.mood = does;
        await pass(processes, ms, check);
      }
      for (const one of processes) [one.isStopped, one.mood] = [false, "well"];
      await pass(processes, 3 * LEASE_MS, check);
      assertEquals(processes.filter(({ acts }) => acts).length, 1);
      assertEquals(fences, [...new Set(fences)].sort((a, b) => a - b), "fences grow");
      const holder = processes.find(({ acts }) => acts)?.lease.holder;
      assertEquals(processes.map(({ lease }) => lease.holder), [holder, holder, holder]);
      for (const one of processes) one.end.abort();
      await Promise.all(processes.map(({ running }) => running));
      assert(processes.every(({ isWorking }) => !isWorking));
    }),
    { numRuns: Math.round(300 * SCALE) },
  );
});

Deno.test("Lease is taken at once where nobody has it, or whoever had it has ended", async () => {
  const kv = new MemoryKv(), fences: number[] = [], first = new Process(kv, 0, 0, fences);
  await turns();
  assert(first.acts, "no time has passed");
  const second = new Process(kv, 1, 0, fences);
  await turns();
  assertEquals([second.acts, second.lease.holder], [false, "node-0"]);
  first.end.abort();
  await first.running;
  await pass([second], LEASE_MS / 3);
  assertEquals([second.acts, second.lease.holder, second.lease.fence], [true, "node-1", 2]);
  second.end.abort();
  await second.running;
});

Deno.test("Lease goes to another one within four thirds of its time after the last sign of life", async () => {
  for (let early = 0; early < LEASE_MS; early += 2_500) {
    const kv = new MemoryKv(), first = new Process(kv, 0, 0, []), second = new Process(kv, 1, 7_000, []);
    await pass([first, second], 2 * LEASE_MS + early);
    first.isStopped = true;
    await pass([first, second], LEASE_MS / 2);
    assert(!second.acts, "the holder may live still");
    await pass([first, second], LEASE_MS * 4 / 3 - LEASE_MS / 2);
    assert(second.acts, `stopped ${early} ms later`);
    first.isStopped = false; // it wakes, and has nothing any more
    await pass([first, second], STEP_MS, () => assert(!first.acts));
    assertEquals([first.isWorking, first.said.at(-1)], [
      false,
      "the lease of test was lost: what it is for has stopped here",
    ]);
    for (const one of [first, second]) one.end.abort();
    await Promise.all([first.running, second.running]);
  }
});

Deno.test("Lease stops its holder's work before it runs out when it cannot be renewed", async () => {
  const kv = new MemoryKv(), one = new Process(kv, 0, 0, []);
  await turns();
  const { until } = (await kv.get<{ until: number }>(leaseKey("test"))).value ?? { until: 0 };
  assertEquals(until, one.clock.now() + LEASE_MS);
  one.mood = "away";
  for (let time = 0; one.isWorking && time < LEASE_MS; time += STEP_MS) await pass([one], STEP_MS);
  assertEquals(until - one.clock.now(), LEASE_MS / 6);
  one.mood = "well";
  await pass([one], LEASE_MS / 3);
  assert(one.acts, "it was the last one to have it: nobody else waits");
  one.end.abort();
  await one.running;
});
