/** @module */
import fc from "fast-check";
import type { Chunk, Clock, SourcePartition } from "../../actors/ports.ts";
import { SourceError } from "../../actors/ports.ts";
import { type Script, Simulator } from "../../sources/simulator.ts";
import { scenarioByName } from "../../data/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../std/assert.ts";
import { readAll, settle, sourceConformance, TestMemory } from "./conformance.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2026, 0, 31, 12, 0, 1);

/** A clock that moves when told to; a sleeper wakes when its time has come. */
class HandClock implements Clock {
  #now: number;
  #sleepers = new Set<{ until: number; wake: () => void }>();

  constructor(now = START) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      }, { once: true });
    });
  }

  get sleeping(): number {
    return this.#sleepers.size;
  }

  set(now: number): void {
    this.#now = now;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

/** Three sensors every 2 s; nothing but what the positions say. */
const COUNTER: Script = {
  name: "counter",
  intervalMs: 2_000,
  perRound: 3,
  reading: (position, run) => ({
    sensor: `s${position % 3}`,
    time: run.anchor + Math.floor(position / 3) * run.intervalMs,
    values: { value: position + run.seed },
  }),
};

function live(clock: Clock, script: Script = COUNTER, historyMs = DAY_MS): Simulator {
  return new Simulator(script, { seed: 42, pace: { kind: "live", historyMs }, clock });
}

async function partitionOf(source: Simulator, memory: TestMemory): Promise<SourcePartition> {
  return (await source.open(memory))[0];
}

/** Chunks until the source waits for its clock. */
async function untilLive(partition: SourcePartition, from: number, clock: HandClock): Promise<Chunk[]> {
  const stop = new AbortController();
  const chunks: Chunk[] = [];
  const iterator = partition.read(from, stop.signal)[Symbol.asyncIterator]();
  for (;;) {
    const before = clock.sleeping;
    const pending = iterator.next();
    await settle(3);
    if (clock.sleeping > before) {
      stop.abort();
      assertEquals((await pending).done, true);
      return chunks;
    }
    const result = await pending;
    if (result.done) return chunks;
    chunks.push(result.value);
  }
}

function positionsOf(chunks: readonly Chunk[]): number[] {
  return chunks.flatMap((chunk) => chunk.kind === "readings" ? [...chunk.positions] : []);
}

sourceConformance("Simulator of counter, live", () => live(new HandClock(), COUNTER, HOUR_MS), { take: 5_400 });

for (const name of ["facility", "parts", "factory", "motes"]) {
  const script = scenarioByName(name);
  const rounds = Math.ceil(3_000 / script.perRound);
  const pace = { kind: "finite", anchor: START, rounds } as const;
  sourceConformance(
    `Simulator of ${name}, finite`,
    () => new Simulator(script, { seed: 42, pace, clock: new HandClock() }),
  );
}

Deno.test("Simulator.read() first makes up for the history, then gives a round when it is due", async () => {
  const clock = new HandClock();
  const source = live(clock);
  const partition = await partitionOf(source, new TestMemory());
  const stop = new AbortController();
  const chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
  let last: Chunk | undefined;
  const ended = 3 * (DAY_MS / 2_000 + 1);
  let greatestBehind = 0;
  for (let seen = 0; seen < ended;) {
    const { value } = await chunks.next();
    assert(value?.kind === "readings" && value.items.length <= 1_000);
    last = value;
    seen += value.items.length;
    greatestBehind = Math.max(greatestBehind, source.behind().behindMs);
    assert(source.behind().totalMs >= source.behind().behindMs);
  }
  assertEquals(last?.next, ended);
  assert(greatestBehind > DAY_MS * 0.99);
  const pending = chunks.next();
  await settle();
  assertEquals(clock.sleeping, 1, "it waits for the next round");
  assertEquals(source.behind().behindMs, 0);
  clock.set(START + 999);
  await settle();
  assertEquals(clock.sleeping, 1, "the round is due on the even second");
  clock.set(START + 1_000);
  const { value } = await pending;
  assert(value?.kind === "readings");
  assertEquals(value.positions, [ended, ended + 1, ended + 2]);
  assertEquals(value.progress, undefined, "live has no progress");
  stop.abort();
  await chunks.return?.();
});

Deno.test("Simulator.read() says how far catching up has come", async () => {
  const clock = new HandClock();
  const chunks = await untilLive(await partitionOf(live(clock), new TestMemory()), 0, clock);
  const progress = chunks.map((chunk) => chunk.kind === "readings" ? chunk.progress : undefined)
    .filter((share) => share !== undefined);
  assert(progress.length > 100);
  assertEquals(progress, [...progress].sort((a, b) => a - b), "it only grows");
  assert(progress[0] === 0 && (progress.at(-1) ?? 0) > 0.98);
});

Deno.test("Simulator.read() goes on after a stop of hours without a gap", async () => {
  const [clock, memory] = [new HandClock(), new TestMemory()];
  const first = positionsOf(await untilLive(await partitionOf(live(clock), memory), 0, clock));
  clock.set(START + 20 * HOUR_MS);
  const next = first.length;
  const second = positionsOf(await untilLive(await partitionOf(live(clock), memory), next, clock));
  assertEquals(second[0], next);
  assertEquals(second.length, 3 * 20 * HOUR_MS / 2_000);
});

Deno.test("Simulator.read() jumps after a stop of days, and reading again gives the same", async () => {
  const [clock, memory] = [new HandClock(), new TestMemory()];
  const first = await untilLive(await partitionOf(live(clock), memory), 0, clock);
  const handedOut = positionsOf(first).length;
  clock.set(START + 10 * DAY_MS);
  // a crash lost what came after 900: it must come again before the jump
  const second = positionsOf(await untilLive(await partitionOf(live(clock), memory), 900, clock));
  assertEquals(second.slice(0, handedOut - 900), positionsOf(first).slice(900));
  const jump = second.findIndex((position, at) => at > 0 && position !== second[at - 1] + 1);
  assert(jump > 0, "there is a jump");
  assert(second[jump] % 3 === 0, "to the start of a round");
  const kept = second.length - jump;
  assertEquals(kept, 3 * DAY_MS / 2_000, "a history's worth is made up for");
  for (const later of [0, 1_000, 3 * DAY_MS]) {
    clock.set(START + 10 * DAY_MS + later);
    const again = positionsOf(await untilLive(await partitionOf(live(clock), memory), 900, clock));
    assertEquals(again.slice(0, second.length), second, "the jump stays where it was");
  }
  // from a position within the jump, from its start, and just before
  for (const from of [second[jump - 1] + 1, second[jump] - 5, second[jump]]) {
    assertEquals((await readAll(await partitionOf(live(clock), memory), from, 1)).taken[0].position, second[jump]);
  }
  assertEquals(
    (await readAll(await partitionOf(live(clock), memory), second[jump - 1], 2)).taken.map((one) => one.position),
    [second[jump - 1], second[jump]],
  );
});

Deno.test("Simulator.read() jumps when a sleeping machine wakes up days later", async () => {
  const clock = new HandClock();
  const partition = await partitionOf(live(clock, COUNTER, HOUR_MS), new TestMemory());
  const stop = new AbortController();
  const chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
  await chunks.next();
  clock.set(START + 5 * DAY_MS);
  const present = 3 * ((5 * DAY_MS + HOUR_MS) / 2_000);
  let [taken, at] = [1_000, 1_000];
  while (at < present) {
    const { value } = await chunks.next();
    assert(value?.kind === "readings");
    taken += value.items.length;
    at = value.next;
  }
  // the first hour, the hour that was promised, and the last hour: 1,800 rounds each
  assert(taken > 3 * 5_390 && taken < 3 * 5_410, `${taken} readings`);
  stop.abort();
});

Deno.test("Partition.released() lets go of jumps that are done with", async () => {
  const [clock, memory] = [new HandClock(), new TestMemory()];
  let at = 0;
  for (let stop = 1; stop <= 3; stop++) {
    const partition = await partitionOf(live(clock), memory);
    at = (await untilLive(partition, at, clock)).at(-1)?.next ?? at;
    const { jumps } = await memory.load() as { jumps: unknown[] };
    assertEquals(jumps.length, stop === 1 ? 0 : 1, "the jump of this stop, none of earlier ones");
    await partition.released?.(at);
    clock.set(clock.now() + 3 * DAY_MS);
  }
  const record = await memory.load() as { jumps: unknown[] };
  assertEquals(record.jumps.length, 0);
});

Deno.test("Simulator.read() is the same whatever the position it starts from and the moments it was asked", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 8 }), async (pauses) => {
      const [clock, memory] = [new HandClock(), new TestMemory()];
      const partition = await partitionOf(live(clock, COUNTER, 10_000), memory);
      const seen: number[] = [];
      let at = 0;
      for (const pause of pauses) {
        const chunks = await untilLive(partition, at, clock);
        seen.push(...positionsOf(chunks));
        at = chunks.at(-1)?.next ?? at;
        clock.set(clock.now() + pause);
      }
      assertEquals(seen, Array.from({ length: seen.length }, (_, n) => n));
    }),
    { numRuns: 30 },
  );
});

Deno.test("Simulator.open() refuses to go on as another simulation", async () => {
  const memory = new TestMemory();
  const clock = new HandClock();
  await live(clock).open(memory);
  const pace = { kind: "live", historyMs: DAY_MS } as const;
  for (
    const [source, message] of [
      [new Simulator(COUNTER, { seed: 7, pace, clock }), "seed 42, not 7"],
      [new Simulator(COUNTER, { seed: 42, pace, clock, intervalMs: 500 }), "interval of 2000 ms, not 500"],
      [new Simulator(scenarioByName("parts"), { seed: 42, pace, clock }), "scenario counter, not parts"],
    ] as const
  ) await assertRejects(() => source.open(memory), SourceError, message);
  await assertRejects(() => live(clock).open(new TestMemory({ anchor: "noon" })), SourceError, "damaged");
});

Deno.test("new Simulator() refuses an interval out of range", () => {
  for (const intervalMs of [0, -1, 1.5, NaN]) {
    const options = { seed: 1, pace: { kind: "live", historyMs: 0 }, clock: new HandClock(), intervalMs } as const;
    assertThrows(() => new Simulator(COUNTER, options), RangeError, "from 1 to 2678400000 ms");
  }
});

Deno.test("Simulator.read() hands a failing clock's error on", async () => {
  const broken: Clock = { now: () => START, sleep: () => Promise.reject(new Error("no clock")) };
  const partition = await partitionOf(live(broken, COUNTER, 0), new TestMemory());
  await assertRejects(() => readAll(partition, 0), Error, "no clock");
});
