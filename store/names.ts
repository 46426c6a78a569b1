/**
 * Names of sensors in the key-value store, and all of them in memory: every reading that comes over HTTP or MQTT is looked
 * up in them. Memory: two names of at most 128 characters for each of {@linkcode NAMES_MOST} sensors.
 *
 * Every change also rewrites one key, and checks that it is as it was read: so changes by several processes come one after
 * the other, and whoever looks at that key knows whether to read again.
 *
 * @module
 */
import { NAMES_MOST, type SensorNames } from "../actors/names.ts";
import type { Clock } from "../actors/ports.ts";
import { StoreError } from "./checkpoint/chain.ts";
import { unlessAway, within } from "./deadline.ts";
import { KEYS } from "./keys.ts";
import type { KvPort } from "./kv.ts";

/** How the store of names works. */
export interface NameStoreOptions {
  readonly clock: Clock;
  /** How long a call to the database may take, ms; default 30 s. */
  readonly deadlineMs?: number;
  /** Sensors that may have a name; default {@linkcode NAMES_MOST}. */
  readonly most?: number;
}

const DEADLINE_MS = 30_000, TRIES = 20;
/** Names that were changed elsewhere, or went with a deleted sensor, are noticed within so long, ms. */
const REFRESH_MS = 2_000;

/** Names in a key-value store; see the module. */
export class KvNames implements SensorNames {
  #ids: ReadonlyMap<string, string> = new Map();
  #names: ReadonlyMap<string, string> = new Map();
  #version: string | null = null;

  private constructor(private readonly kv: KvPort, private readonly options: NameStoreOptions) {}

  /** Reads the names; those of a store that is away once it is there, by {@linkcode run}. */
  static async open(kv: KvPort, options: NameStoreOptions): Promise<KvNames> {
    const names = new KvNames(kv, options);
    await unlessAway(names.refresh());
    return names;
  }

  idOf(name: string): string {
    return this.#ids.get(name) ?? name;
  }

  nameOf(sensor: string): string | undefined {
    return this.#names.get(sensor);
  }

  async rename(sensor: string, name?: string): Promise<"done" | "taken" | "full"> {
    for (let tries = 0; tries < TRIES; tries++) {
      await this.refresh();
      const before = this.nameOf(sensor);
      if (before === name) return "done";
      if (name !== undefined && this.#ids.has(name)) return "taken";
      if (before === undefined && this.#ids.size >= (this.options.most ?? NAMES_MOST)) return "full";
      const key = KEYS.sensorNamesVersion();
      const atomic = this.kv.atomic().check({ key, versionstamp: this.#version }).set(key, 1);
      if (before !== undefined) atomic.delete(KEYS.sensorName(before));
      if (name !== undefined) atomic.set(KEYS.sensorName(name), sensor);
      await this.ask(atomic.commit()); // whether it was done is seen when it is read again
    }
    throw new StoreError(`cannot rename ${sensor}: others are renamed at the same time`);
  }

  /** Reads the names again if they were changed. */
  async refresh(): Promise<void> {
    const { versionstamp } = await this.ask(this.kv.get(KEYS.sensorNamesVersion()));
    if (versionstamp === this.#version) return;
    const ids = new Map<string, string>(), names = new Map<string, string>();
    for await (const { key, value } of this.kv.list<string>({ prefix: KEYS.sensorNames() })) {
      ids.set(String(key[1]), value);
      names.set(value, String(key[1]));
    }
    this.#ids = ids;
    this.#names = names;
    this.#version = versionstamp;
  }

  /** Keeps up with what is changed elsewhere, until the signal. */
  async run(signal: AbortSignal, report: (error: unknown) => void): Promise<void> {
    let isFailing = false;
    while (!signal.aborted) {
      await this.options.clock.sleep(REFRESH_MS, signal).catch(() => {}); // aborted
      try {
        if (!signal.aborted) await this.refresh();
        isFailing = false;
      } catch (error) {
        if (!isFailing) report(error);
        isFailing = true;
      }
    }
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs ?? DEADLINE_MS, answer);
  }
}

/** Takes away the name of a sensor that was deleted. O(all names). */
export async function forgetName(kv: KvPort, options: NameStoreOptions, sensor: string): Promise<void> {
  await (await KvNames.open(kv, options)).rename(sensor);
}
