/**
 * Applying what the readings' log holds, within a request: no process owns anything between two of them.
 *
 * A pass takes over each partition that is behind its log, as a node does at its start, applies what is there, makes a
 * checkpoint of all of it and lets go. Another process may do the same at the same time: the fence and the chain key let
 * one of them win. The loser looks whether the winner has done its work, too, and else tries again, a bounded number of
 * times; what it cannot apply stays in the log for the next request or the minute's cron.
 *
 * @module
 */
import { FencedError, StoreAwayError } from "../../actors/checkpoint.ts";
import {
  type CommandDesk,
  type CommandPlace,
  CommandRefused,
  type SensorCommand,
  sensorOf,
} from "../../actors/commands/words.ts";
import type { Clock } from "../../actors/ports.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import { logPartition } from "../../sources/http.ts";
import { HttpTail } from "../../sources/http_tail.ts";
import type { OutputsValue } from "../../store/checkpoint/outputs.ts";
import { KEYS } from "../../store/keys.ts";
import { KV_LIMITS, type KvPort } from "../../store/kv.ts";
import type { ReadingLog } from "../../store/log/log.ts";
import type { SnapshotCache } from "../../store/checkpoint/snapshot_cache.ts";

/** Passes before a request gives up; waits between them grow from 10 ms to 640 ms, half of it by chance. */
const TRIES = 8;

/** What it is wired to. */
export interface ApplyingParts {
  readonly kv: KvPort;
  readonly log: ReadingLog;
  readonly supervisor: Supervisor;
  readonly cache: SnapshotCache;
  readonly clock: Clock;
  /** In 0..1: parts those that wait for the same. */
  readonly chance: () => number;
}

/** A command that waits for its partition's next pass. */
interface Order {
  readonly command: SensorCommand;
  readonly partition: string;
  place?: Promise<CommandPlace>;
}

/** What the log holds could not be applied now: to whoever asks, the store is away. It is there, and will be later. */
class NotAppliedError extends StoreAwayError {}

/** Applies what is in the log, one pass at a time. */
export class Applying implements CommandDesk {
  /** The pass under way and the one behind it, which covers whatever came before it begins. */
  #running: Promise<void> = Promise.resolve();
  #waiting?: Promise<void>;
  #orders: Order[] = [];
  /** Partitions that are to take another version of the configuration. */
  readonly #configured = new Set<string>();
  /** What each partition's state in memory is as of. */
  readonly #seen = new Map<string, string | null>();
  /** Why partitions could not be run, by their ids; the supervisor tells. */
  readonly #failures = new Map<string, Error>();

  constructor(private readonly parts: ApplyingParts) {}

  /** Ids of the log's partitions. */
  get partitions(): string[] {
    return Array.from({ length: this.parts.log.partitions }, (_, partition) => logPartition(partition));
  }

  /** Told by the supervisor when the run of a partition has failed. */
  failed(partition: string, error: Error): void {
    this.#failures.set(partition, error);
  }

  /**
   * Applies everything that is in the log now.
   *
   * @throws {NotAppliedError} if others were faster too often, or the store fails
   */
  apply(): Promise<void> {
    return this.#waiting ??= this.#after(() => {
      this.#waiting = undefined;
      return this.#pass();
    });
  }

  async order(command: SensorCommand): Promise<CommandPlace> {
    await this.refresh();
    const name = sensorOf(command), entry = name === undefined ? undefined : this.parts.supervisor.directory.find(name);
    if (!entry) {
      throw new CommandRefused("unknown", `cannot ${command.command}: there is no sensor ${name ?? "of that alert"}`);
    }
    const order: Order = { command, partition: entry.partition };
    this.#orders.push(order);
    try {
      await this.apply();
    } catch (error) {
      this.#orders = this.#orders.filter((one) => one !== order); // who is told that it failed must not find it done later
      if (!order.place) throw error; // else it was another partition's
    }
    if (order.place) return await order.place;
    throw new CommandRefused("busy", `cannot ${command.command}: ${entry.partition} could not be taken over`);
  }

  /** Another version of the configuration is there: {@linkcode Applying.settle} brings every partition to it. */
  configure(): void {
    for (const partition of this.partitions) this.#configured.add(partition);
  }

  /** Applies what was configured, if something was; what cannot be now comes with a partition's next readings. */
  async settle(): Promise<void> {
    if (this.#configured.size > 0) await this.apply().finally(() => this.#configured.clear());
  }

  /** Brings what is known of sensors up to what is stored, where others have written since. */
  refresh(): Promise<void> {
    return this.#after(async () => {
      const { cache, supervisor } = this.parts;
      for (const partition of this.partitions) {
        const version = await cache.version(partition);
        if (version === this.#seen.get(partition)) continue;
        await supervisor.loadAgain(partition);
        this.#seen.set(partition, version);
      }
    });
  }

  #after(work: () => Promise<void>): Promise<void> {
    return this.#running = this.#running.catch(() => {}).then(work); // whoever it concerns was told
  }

  async #pass(): Promise<void> {
    const { clock, chance } = this.parts;
    for (let tries = 0; tries < TRIES; tries++) {
      const behind = await this.#behind();
      if (behind.length === 0) return;
      this.#failures.clear();
      await Promise.all(behind.map((partition) => this.#run(partition)));
      if (this.#failures.size === 0) continue; // more may have come; mostly nothing is behind then
      const [[partition, error]] = this.#failures;
      if (!(error instanceof FencedError) && tries === TRIES - 1) {
        throw new NotAppliedError(`${partition} cannot be applied: ${error.message}`, { cause: error });
      }
      await clock.sleep(10 * 2 ** Math.min(tries, 6) * (0.5 + chance()));
    }
    if ((await this.#behind()).length > 0) throw new NotAppliedError(`others were faster ${TRIES} times`);
  }

  /** Partitions whose log holds more than their outputs cover, that somebody has a command for, or that were configured. */
  async #behind(): Promise<number[]> {
    const { kv, log } = this.parts, ends = await log.ends(), behind: number[] = [];
    for (let from = 0; from < ends.length; from += KV_LIMITS.getMany) {
      const some = ends.slice(from, from + KV_LIMITS.getMany);
      const found = await kv.getMany(some.map((_, i) => KEYS.outputs(logPartition(from + i))));
      found.forEach(({ value }, i) => {
        const partition = from + i, id = logPartition(partition);
        const isOrdered = this.#orders.some((order) => order.partition === id) ||
          (this.#configured.has(id) && ends[partition] > 0);
        if (ends[partition] > ((value as OutputsValue | null)?.cut ?? 0) || isOrdered) behind.push(partition);
      });
    }
    return behind;
  }

  /** Takes a partition over, applies the rest of its log and what people said, and stores all of it. */
  async #run(partition: number): Promise<void> {
    const { log, supervisor } = this.parts, id = logPartition(partition), stop = new AbortController();
    const tail = new HttpTail(log, partition, async () => {
      const mine = this.#orders.filter((order) => order.partition === id);
      this.#orders = this.#orders.filter((order) => order.partition !== id);
      for (const order of mine) order.place = supervisor.order(order.command);
      await Promise.allSettled(mine.map(({ place }) => place));
      stop.abort();
    });
    await supervisor.run(tail, NO_MEMORY, stop.signal);
    if (this.#failures.has(id)) await supervisor.forget(id);
    else this.#configured.delete(id);
    this.#seen.delete(id); // others may have written since, too
  }
}

/** The log remembers what there is to remember. */
const NO_MEMORY = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
