/**
 * Processes of `deno serve` without the processes: several deployments in this one, over one store and at one time, each of
 * which can come to its end between two of its writes.
 *
 * @module
 */
import type { z } from "zod";
import type { Clock } from "../../actors/ports.ts";
import { type Deployment, openDeployment } from "../../commands/deploy.ts";
import { CommandError } from "../../commands/process/errors.ts";
import { processWorld, type SettingsWorld } from "../../commands/settings/settings.ts";
import { assertEquals } from "../../std/assert.ts";
import { PATIENT } from "../actors/harness.ts";
import type { Write } from "../memory_kv.ts";
import { WatchedKv } from "../watched_kv.ts";

/** Time at which it begins, epoch ms: a whole number of days. */
export const START = 1_800_057_600_000;
const SETTINGS = { SENSORIUM_REQUIRE_KEYS: "false", SENSORIUM_LOG_PARTITIONS: "2", SENSORIUM_LOG_LEVEL: "error" };
const INFO = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
} as const;

/** Settings as variables, without setting any of this process: programs that other tests start meanwhile would inherit them. */
export function variables(settings: Readonly<Record<string, string>>): SettingsWorld {
  return { ...processWorld, variable: (name) => settings[name] };
}

/** A store, with the processes over it, and the time. */
export class Plant {
  now = START;
  readonly kv = new WatchedKv();
  /** Whether the store takes no connection. */
  isAway = false;
  /** Where no answer will come, whoever waits for one has waited long enough. */
  private isSilent = false;
  private readonly clock: Clock = {
    now: () => this.now,
    sleep: (ms, signal) => this.isSilent ? new Promise((resolve) => setTimeout(resolve, 0)) : PATIENT.sleep(ms, signal),
  };

  /** @param judging what stands under `judging` in a configuration file */
  constructor(private readonly judging: unknown) {}

  /** The same as it is now. */
  copy(): Plant {
    const copy = new Plant(this.judging), entries = [...this.kv.entries.values()];
    copy.now = this.now;
    copy.kv.apply({ checks: [], mutations: entries.map(({ key, value }) => ({ key, value, set: true })) });
    return copy;
  }

  /** Does something while the connection of a process keeps silent. */
  async inSilence<T>({ kv }: Process, work: () => Promise<T>): Promise<T> {
    kv.isSilent = this.isSilent = true;
    try {
      return await work();
    } finally {
      this.isSilent = false;
    }
  }

  /** Begins a process. */
  async process(): Promise<Process> {
    const settings = variables({ ...SETTINGS, SENSORIUM_JUDGING: JSON.stringify(this.judging) });
    let first: MortalKv | undefined;
    const open = () => {
      if (this.isAway) return Promise.reject(new CommandError("cannot open the KV"));
      const kv = new MortalKv(this.kv);
      first ??= kv;
      return Promise.resolve(Object.assign(kv, { watch: kv.watch as Deno.Kv["watch"] }));
    };
    const deployment = await openDeployment({ clock: this.clock, settings, open });
    if (first === undefined) throw new Error("the store was not opened");
    return new Process(deployment, first);
  }
}

/** What a process sees of the store, and does to it until it ends. */
export class MortalKv extends WatchedKv {
  /** Writes that it has left; it ends in place of the next one. */
  left = Infinity;
  /** Keys that it has read one by one. */
  readonly got: Deno.KvKey[] = [];
  /** Whether nothing of it is answered any more. */
  isSilent = false;
  /** Called before each write. */
  before: (write: Write) => void = () => {};
  readonly #end = Promise.withResolvers<void>();
  /** Resolves when it has ended. */
  readonly ended = this.#end.promise;

  constructor(inner: WatchedKv) {
    super();
    const silence = new Promise<never>(() => {}), heard = <T>(say: () => Promise<T>) => this.isSilent ? silence : say();
    this.get = (key) => {
      this.got.push(key);
      return heard(() => inner.get(key));
    };
    this.getMany = (keys) => heard(() => inner.getMany(keys));
    this.list = async function* (selector, options) {
      await heard(() => Promise.resolve());
      yield* inner.list(selector, options);
    };
    this.watch = (keys) => inner.watch(keys);
    this.commit = (write) => {
      if (this.left-- <= 0) {
        this.#end.resolve();
        return silence; // nobody is there who would go on
      }
      this.before(write);
      return heard(() => inner.commit(write));
    };
  }
}

/** A process, as its clients have it. */
export class Process {
  constructor(private readonly deployment: Deployment, readonly kv: MortalKv) {}

  /** Its answer to a request. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return this.deployment.fetch(new Request(`http://127.0.0.1${path}`, init), INFO);
  }

  /** What it says under a path. */
  async ask<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(await (await this.fetch(path)).json());
  }

  /** Its answer to readings. */
  send(readings: readonly unknown[]): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return this.fetch("/readings", { method: "POST", headers, body: JSON.stringify(readings) });
  }

  /** Sends readings, which it takes. */
  async post(readings: readonly unknown[]): Promise<void> {
    const answer = await this.send(readings);
    assertEquals(answer.status, 202, await answer.text());
  }

  /** Its turn of the cron; whether it came to its end, rather than the process. */
  minute(): Promise<boolean> {
    return Promise.race([this.deployment.minute().then(() => true), this.kv.ended.then(() => false)]);
  }
}
