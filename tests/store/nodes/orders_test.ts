/**
 * Commands to a partition that another process runs: carried out once, whoever dies between which two writes, and whatever
 * becomes of a write; and whoever asked is told nothing that is not so.
 *
 * @module
 */
import fc from "fast-check";
import { CommandRefused } from "../../../actors/commands/words.ts";
import { judgingSchema } from "../../../actors/config.ts";
import type { Chunk, Source } from "../../../actors/ports.ts";
import { parseReading } from "../../../actors/reading.ts";
import { InlineHost } from "../../../actors/runtime/host.ts";
import { Supervisor } from "../../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../../actors/supervisor_options.ts";
import { Random } from "../../../models/random.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { KvCheckpointStore } from "../../../store/checkpoint/store.ts";
import { FleetKv } from "../../../store/nodes/fleet.ts";
import { commandDesk, forwardCommand } from "../../../store/nodes/forward.ts";
import { KEYS } from "../../../store/keys.ts";
import type { KvPort } from "../../../store/kv.ts";
import { followOrders } from "../../../store/nodes/order_desk.ts";
import { Orders } from "../../../store/nodes/orders.ts";
import { sourceMemory } from "../../../store/source_memory.ts";
import { TimedKv } from "../../../store/nodes/timed_kv.ts";
import type { Write } from "../../memory_kv.ts";
import { WatchedKv } from "../../watched_kv.ts";
import { SimulatedClock } from "../../simulation/clock.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const PARTITION = "live", STEP_MS = 500, DEADLINE_MS = 2_000, HEIR_STEPS = 4, TWICE_STEPS = 12, LAST_STEP = 80;
const judging = judgingSchema.parse({ detectors: "rules" });
const never = () => new Promise<never>(() => {});

/** What becomes of one write of a process. */
const FATES = ["dies before", "dies after", "lost", "unheard", "blind", "late", "twice"] as const;
type Fate = typeof FATES[number];

/** Lets everything run that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
}

/** A live partition with one reading, and nothing after it. */
const source: Source = {
  name: PARTITION,
  open: () => Promise.resolve([{ id: PARTITION, read }]),
  close: () => Promise.resolve(),
};

async function* read(from: number, signal: AbortSignal): AsyncGenerator<Chunk> {
  if (from === 0) {
    const items = [parseReading({ sensor: "pump", time: 1_800_000_000_000, values: { x: 1 } })];
    yield { kind: "readings", items, positions: [0], next: 1 };
  }
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** A process over the database, one of whose writes has a fate. */
class Process {
  readonly clock = new SimulatedClock();
  readonly stop = new AbortController();
  isDead = false;
  writes = 0;
  supervisor!: Supervisor;
  orders!: Orders;
  private readonly late: { steps: number; write: Write }[] = [];
  private readonly held: { steps: number; go: () => void }[] = [];
  private readonly fate?: [number, Fate];
  private readonly pace?: Random;

  private constructor(readonly name: string, private readonly kv: WatchedKv) {}

  /** @param pace how long calls take; default no time */
  static async start(name: string, kv: WatchedKv, fate?: [number, Fate], pace?: Random): Promise<Process> {
    const one = new Process(name, kv), { clock, stop } = one;
    let ids = 0;
    const freshId = () => `${name}-${++ids}`;
    const fleet = await FleetKv.open([new TimedKv(one.port(), "kv", clock, DEADLINE_MS)], freshId);

    one.orders = new Orders(fleet, { clock, freshId });
    const supervisor = one.supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging, storeAwayMs: STEP_MS }, {
      store: new KvCheckpointStore(fleet, {
        clock,
        freshId,
        deadlineMs: DEADLINE_MS,
        historyChunks: 10,
        fleet,
        owner: name,
      }),
      clock,
      shards: 1,
      host: (options) => new InlineHost(options),
      forward: (...command) => forwardCommand(one.orders, ...command),
    });
    await supervisor.load();
    Object.assign(one, { fate, pace, writes: 0 });
    void followOrders(fleet, { clock, node: name, desks: [commandDesk(supervisor)] }, stop.signal);
    return one;
  }

  /** Runs the partition. */
  async run(): Promise<void> {
    await this.supervisor.run(source, sourceMemory(this.kv, source.name), this.stop.signal);
  }

  die(): void {
    this.isDead = true;
    this.stop.abort();
  }

  /** Time passes; what came too late comes. */
  async pass(): Promise<void> {
    if (!this.isDead) this.clock.advance(STEP_MS);
    for (const one of this.late.splice(0)) {
      if (--one.steps > 0) this.late.push(one);
      else this.kv.apply(one.write);
    }
    for (const one of this.held.splice(0)) {
      if (--one.steps > 0) this.held.push(one);
      else one.go();
    }
    await turns();
  }

  /** It is heard of later, or happens later. */
  private async later<T>(ask: () => Promise<T>): Promise<T> {
    const [before, after] = [this.pace?.integer(3) ?? 0, this.pace?.integer(3) ?? 0];
    if (before > 0) await this.wait(before);
    const answer = await ask();
    if (after > 0) await this.wait(after);
    return answer;
  }

  private wait(steps: number): Promise<void> {
    return new Promise((go) => this.held.push({ steps, go }));
  }

  private port(): KvPort & Pick<Deno.Kv, "watch"> {
    const { kv } = this, alive = <T>(ask: () => Promise<T>) => this.isDead ? never() : this.later(ask);
    const list = async function* <T>(selector: Deno.KvListSelector, options?: Deno.KvListOptions) {
      yield* await alive(() => Array.fromAsync(kv.list<T>(selector, options)));
    };
    return {
      get: (key) => alive(() => kv.get(key)),
      getMany: (keys) => alive(() => kv.getMany(keys)),
      list,
      atomic: () => kv.atomicFor((write) => alive(() => this.commit(write))),
      watch: (keys: readonly Deno.KvKey[]) => kv.watch(keys) as ReadableStream<never>,
      close: () => {},
    };
  }

  private commit(write: Write): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    const [number, fate] = this.fate ?? [];
    if (this.writes++ !== number) return Promise.resolve(this.kv.apply(write));
    if (fate === "late") this.late.push({ steps: 1, write });
    if (fate === "twice") this.late.push({ steps: TWICE_STEPS, write });
    if (fate === "dies after" || fate === "unheard" || fate === "blind") this.kv.apply(write);
    if (fate === "twice") return Promise.resolve(this.kv.apply(write)); // and sent again, which comes late
    if (fate === "dies before" || fate === "dies after") {
      this.die();
      return never();
    }
    return fate === "blind" ? Promise.resolve({ ok: false }) : Promise.reject(new Error("the connection broke"));
  }
}

/** What came of a command, and how often it was carried out. */
interface Told {
  readonly outcome: "done" | "busy" | "late" | "nothing";
  readonly times: number;
  /** Writes of the owner and of who asked. */
  readonly writes: readonly [number, number];
}

/** What becomes of the writes of whom, and what draws how long calls take; else they take no time. */
interface Fates extends Partial<Record<"owner" | "asker" | "heir", [number, Fate]>> {
  readonly seed?: number;
  /** When another process takes the partition though the owner lives, in steps. */
  readonly overtaken?: number;
}

/** Somebody says something to a sensor of another process. */
async function play(fates: Fates, isRun = true): Promise<Told> {
  const kv = new WatchedKv(), before = await Process.start("before", kv), running = before.run();
  await turns();
  before.stop.abort();
  await running;
  const pace = fates.seed === undefined ? undefined : new Random(fates.seed);
  const asker = await Process.start("asker", kv, fates.asker, pace);
  const owner = await Process.start("owner", kv, fates.owner, pace), all = [asker, owner];
  if (isRun) void owner.run();
  let outcome: Told["outcome"] = "nothing";
  void asker.supervisor.order({ command: "retire", sensor: "pump", by: "ann" }).then(
    () => outcome = "done",
    (error) => outcome = error instanceof CommandRefused && error.kind !== "unknown" ? error.kind : "nothing",
  );
  // Longer than anybody waits: what may still come has come.
  for (let step = 0, died = 0; isRun ? step < 120 : outcome === "nothing"; step++) {
    for (const one of all) await one.pass();
    const last = all[all.length - 1], isLast = step === LAST_STEP;
    if (step !== fates.overtaken && !isLast && (!last.isDead || ++died % HEIR_STEPS > 0)) continue;
    if (isLast) all.slice(1).forEach((one) => one.die()); // in the end one is left, whose calls take no time
    const [fate, slow] = isLast ? [] : [all.length === 2 ? fates.heir : undefined, pace];
    const heir = await Process.start(`heir-${all.length}`, kv, fate, slow);
    all.push(heir);
    void heir.run();
  }
  const times = (await kv.get<number>(KEYS.lastCommand(PARTITION))).value ?? 0;
  for (const one of all) one.stop.abort();
  await turns();
  const left = await Array.fromAsync(kv.list<{ answer?: unknown }>({ prefix: KEYS.orders() }));
  assert(left.every(({ value }) => value.answer !== undefined), "what is left is answered");
  return { outcome, times, writes: [owner.writes, asker.writes] };
}

Deno.test("Supervisor.order() has a command carried out by the process that runs the sensor", async () => {
  const { outcome, times } = await play({});
  assertEquals([outcome, times], ["done", 1]);
  const { outcome: refused, times: none } = await play({}, false);
  assertEquals([refused, none], ["busy", 0], "nobody runs it: it is withdrawn");
});

/** What is told is so, and nothing is done twice. */
async function check(fates: Fates): Promise<Told["outcome"]> {
  const { outcome, times } = await play(fates), which = `${JSON.stringify(fates)}: ${outcome}`;
  assert(fates.asker?.[1].startsWith("dies") || outcome !== "nothing", `${which}, it is told`);
  if (outcome === "done") assertEquals(times, 1, which);
  else if (outcome === "busy") assertEquals(times, 0, which);
  else assert(times <= 1, which);
  return outcome;
}

Deno.test("Supervisor.order() is carried out once, whoever dies between which writes, and whatever becomes of one", async () => {
  const { writes: [owners, askers] } = await play({}), outcomes = new Set<string>();
  for (const fate of FATES) {
    for (let number = 0; number < owners; number++) outcomes.add(await check({ owner: [number, fate] }));
    for (let number = 0; number < askers; number++) outcomes.add(await check({ asker: [number, fate] }));
  }
  assertEquals(outcomes, new Set(["done", "late", "nothing"]));
  const fateOf = (writes: number) => fc.tuple(fc.nat(writes - 1), fc.constantFrom(...FATES));
  const both = fc.record({
    owner: fateOf(owners),
    asker: fateOf(askers),
    heir: fateOf(owners),
    seed: fc.nat(),
    overtaken: fc.nat(20),
  }, {
    requiredKeys: [],
  });
  await fc.assert(fc.asyncProperty(both, async (fates) => void await check(fates)), {
    numRuns: Math.round(60 * SCALE),
  });
});
