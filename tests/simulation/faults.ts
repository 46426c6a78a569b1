/**
 * A database that fails as real ones do, and the connections of processes to it: they die, freeze, lose replies and send
 * writes that arrive much later, all drawn from a seed.
 *
 * @module
 */
import type { KvAtomic, KvPort } from "../../store/kv.ts";
import type { Random } from "../../models/random.ts";
import { MemoryKv, type Write } from "../memory_kv.ts";
import type { SimulatedClock } from "./clock.ts";

/** How long a call may take, ms; a fault that lasts longer passes this deadline. */
export const DEADLINE_MS = 10_000;

/** What becomes of one commit. */
export type Fault =
  /** The process dies before it, or right after it. */
  | "death before"
  | "death after"
  /** It is applied, but the answer is an error, or a failed check of the client's own second try. */
  | "reply lost"
  | "echo"
  /** It is not applied; the answer says so, or that a check failed. */
  | "error"
  | "false alarm"
  /** No answer in time: applied at once, or much later, or never. */
  | "slow"
  | "late"
  | "lost"
  /** Applied, and a copy of it arrives much later. */
  | "repeated"
  /** The process freezes before it and wakes when another one owns its partition. */
  | "freeze";

const FAULTS: readonly Fault[] = [
  "death before",
  "death after",
  "death before",
  "death after",
  "reply lost",
  "echo",
  "error",
  "false alarm",
  "slow",
  "late",
  "lost",
  "repeated",
  "freeze",
];

/** How much goes wrong. */
export interface Weather {
  /** Chance of a fault at a commit; a quarter of it at a read. */
  readonly perMille: number;
  /** Each as likely as the others. */
  readonly faults: readonly Fault[];
}

/** Every kind of fault, at one commit in sixteen. */
export const STORMY: Weather = { perMille: 60, faults: FAULTS };
/** None. */
export const CLEAR: Weather = { perMille: 0, faults: FAULTS };

/** Never settles; a new one each time, for whatever waits for it is kept alive by it. */
const never = () => new Promise<never>(() => {});

/** The database that outlives its processes. */
export class SharedKv extends MemoryKv {
  readonly #late: Write[] = [];

  constructor(readonly random: Random) {
    super();
  }

  /** Keeps a write that arrives later. */
  postpone(write: Write): void {
    this.#late.push(write);
  }

  /** Lets some of the late writes arrive, or all of them. */
  arrive(all = false): void {
    while (this.#late.length > 0 && (all || this.random.integer(8) === 0)) {
      this.apply(this.#late.splice(this.random.integer(this.#late.length), 1)[0]);
    }
  }
}

/** How a process ended, seen from outside. */
export type Fate = "died" | "froze";

/** One process's connection. */
export class Connection implements KvPort {
  /** Resolves when the process dies or freezes. */
  readonly fate: Promise<Fate>;
  /** Commits that were tried. */
  commits = 0;
  #meet!: (fate: Fate) => void;
  #state: "open" | "dead" | "frozen" = "open";
  #thaw: (() => void)[] = [];

  constructor(private readonly kv: SharedKv, private readonly clock: SimulatedClock, private weather: Weather) {
    this.fate = new Promise((resolve) => this.#meet = resolve);
  }

  /** Ends the process at once: nothing that it asked for is answered. */
  kill(): void {
    this.#state = "dead";
    this.#meet("died");
  }

  /** Wakes the frozen process; from now on it meets no fault. */
  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "open";
    this.weather = CLEAR;
    for (const go of this.#thaw.splice(0)) go();
  }

  async get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    await this.#beforeRead();
    return await this.kv.get<T>(key);
  }

  async getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    await this.#beforeRead();
    return await this.kv.getMany(keys);
  }

  async *list<T = unknown>(
    selector: Deno.KvListSelector,
    options?: Deno.KvListOptions,
  ): AsyncIterable<Deno.KvEntry<T>> {
    await this.#passable();
    yield* this.kv.list<T>(selector, options);
  }

  atomic(): KvAtomic {
    return this.kv.atomicFor((write) => this.#commit(write));
  }

  close(): void {}

  async #passable(): Promise<void> {
    if (this.#state === "frozen") await new Promise<void>((resolve) => this.#thaw.push(resolve));
    if (this.#state === "dead") await never();
  }

  async #beforeRead(): Promise<void> {
    await this.#passable();
    if (this.weather === CLEAR || this.kv.random.integer(4_000) >= this.weather.perMille) return;
    if (this.kv.random.integer(2) === 0) throw new Error("the network is down");
    await this.#silence();
  }

  /** Nothing comes back before the deadline has passed. */
  async #silence(): Promise<never> {
    await Promise.resolve();
    this.clock.advance(DEADLINE_MS);
    return await never();
  }

  async #commit(write: Write): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    const { random } = this.kv;
    this.commits++;
    await this.#passable();
    this.kv.arrive();
    const { perMille, faults } = this.weather;
    if (this.weather === CLEAR || random.integer(1_000) >= perMille) return this.kv.apply(write);
    return await this.#fail(write, faults[random.integer(faults.length)]);
  }

  async #fail(write: Write, fault: Fault): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    switch (fault) {
      case "death before":
        this.kill();
        return await never();
      case "death after":
        this.kv.apply(write);
        this.kill();
        return await never();
      case "reply lost":
        this.kv.apply(write);
        throw new Error("the connection was lost");
      case "echo":
        this.kv.apply(write);
        return { ok: false };
      case "error":
        throw new Error("the connection was refused");
      case "false alarm":
        return { ok: false };
      case "slow":
        this.kv.apply(write);
        return await this.#silence();
      case "late":
        this.kv.postpone(write);
        return await this.#silence();
      case "lost":
        return await this.#silence();
      case "repeated":
        this.kv.postpone(write);
        return this.kv.apply(write);
      case "freeze":
        this.#state = "frozen";
        this.#meet("froze");
        await this.#passable();
        return this.kv.apply(write);
    }
  }
}
