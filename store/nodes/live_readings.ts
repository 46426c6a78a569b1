/**
 * Live readings of partitions that other processes run: written by these only while somebody follows them.
 *
 * A process with followers says so on every KV server, again and again; as long as it does, whoever runs a partition puts
 * the newest readings of each checkpoint in one value, that takes the place of the one before. So nothing more is written
 * per reading, and nothing at all while nobody looks. Streams of readings are thinned to the newest of each sensor anyway.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type { ReadingView } from "../../actors/views.ts";
import type { FleetKv } from "./fleet.ts";
import type { Hub } from "../hub.ts";
import { KEYS } from "../keys.ts";
import { KV_LIMITS } from "../kv.ts";
import type { TimedKv } from "./timed_kv.ts";

/** What it is made with. */
export interface LiveReadingsOptions {
  readonly clock: Clock;
  readonly freshId: () => string;
  /** Where readings are followed. */
  readonly readings: Pick<Hub<ReadingView>, "followers" | "publish">;
  /** Partitions that other processes run. */
  readonly elsewhere: () => readonly string[];
}

/** Between two looks whether somebody follows, ms. */
const LOOK_MS = 1_000;
/** Between two words that somebody does, and how long one counts, ms. */
const SAY_MS = 5_000, WANTED_MS = 15_000;
/** Readings of one checkpoint at the most: the newest of as many sensors. */
const MOST = 1_000;
/** Keys of one watch. */
const WATCHED = 10;

/** Live readings over KV servers. */
export class LiveReadings {
  private wantedUntil = -Infinity;
  private readonly writing = new Set<string>();

  constructor(
    private readonly fleet: Pick<FleetKv, "servers" | "of">,
    private readonly options: LiveReadingsOptions,
  ) {}

  /** Readings of a partition that runs here are committed: others are told, if they follow and the last write has ended. */
  tell(partition: string, readings: readonly ReadingView[]): void {
    if (readings.length === 0 || this.options.clock.now() >= this.wantedUntil || this.writing.has(partition)) return;
    this.writing.add(partition);
    void this.write(partition, newest(readings)).catch(() => {}).finally(() => this.writing.delete(partition));
  }

  private async write(partition: string, readings: readonly ReadingView[]): Promise<void> {
    let bytes = await packed(readings);
    for (let left = readings; bytes.length > KV_LIMITS.valueBytes && left.length > 1;) {
      left = left.slice(left.length >> 1); // the later half
      bytes = await packed(left);
    }
    if (bytes.length > KV_LIMITS.valueBytes) return;
    await this.fleet.of(partition).atomic().set(KEYS.readingsLive(partition), bytes).commit();
  }

  /** Learns what others want, and what they tell while somebody follows here; until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.follow(signal), ...this.fleet.servers.map((server) => this.learn(server, signal))]);
  }

  /** Whether others want readings: the first thing seen may be an old word. */
  private async learn(server: TimedKv, signal: AbortSignal): Promise<void> {
    let first = true;
    await watched(server, [KEYS.readingsWanted()], signal, this.options.clock, () => {
      if (!first) this.wantedUntil = this.options.clock.now() + WANTED_MS;
      first = false;
    });
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { clock, readings, elsewhere } = this.options;
    let watching = new AbortController(), watchedNow = "", saidAt = -Infinity;
    while (!signal.aborted) {
      const places = this.placesOf(readings.followers > 0 ? elsewhere() : []);
      if (places.length > 0 && clock.now() - saidAt >= SAY_MS) {
        saidAt = clock.now();
        await this.say();
      }
      const names = places.map(([partition, server]) => `${partition} ${server.name}`).join();
      if (names !== watchedNow) {
        watchedNow = names;
        watching.abort();
        watching = new AbortController();
        this.watch(places, AbortSignal.any([signal, watching.signal]));
      }
      await clock.sleep(LOOK_MS, signal).catch(() => {}); // aborted
    }
  }

  /** Partitions with their servers; one whose server is not known yet is left out. */
  private placesOf(partitions: readonly string[]): [string, TimedKv][] {
    return partitions.flatMap((partition) => {
      try {
        return [[partition, this.fleet.of(partition)]];
      } catch {
        return [];
      }
    });
  }

  private async say(): Promise<void> {
    const said = this.fleet.servers.map((server) =>
      server.atomic().set(KEYS.readingsWanted(), this.options.freshId()).commit()
    );
    await Promise.allSettled(said); // one that is away is told the next time
  }

  private watch(places: readonly [string, TimedKv][], signal: AbortSignal): void {
    const taken = async (entries: readonly Deno.KvEntryMaybe<unknown>[]) => {
      for (const { value } of entries) {
        if (value instanceof Uint8Array) this.options.readings.publish(await unpacked(value));
      }
    };
    for (const server of this.fleet.servers) {
      const keys = places.filter((place) => place[1] === server).map(([partition]) => KEYS.readingsLive(partition));
      for (let at = 0; at < keys.length; at += WATCHED) {
        void watched(server, keys.slice(at, at + WATCHED), signal, this.options.clock, taken);
      }
    }
  }
}

/** Calls `seen` at each change, and begins again when the watch ends, until the signal. Never rejects. */
async function watched(
  server: TimedKv,
  keys: readonly Deno.KvKey[],
  signal: AbortSignal,
  clock: Clock,
  seen: (entries: readonly Deno.KvEntryMaybe<unknown>[]) => void | Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const entries of server.changes(keys, signal)) await seen(entries);
    } catch {
      // The server is shown as away.
    }
    await clock.sleep(SAY_MS, signal).catch(() => {}); // aborted
  }
}

/** The newest of each sensor, in order of position. */
function newest(readings: readonly ReadingView[]): ReadingView[] {
  const bySensor = new Map<string, ReadingView>();
  for (const reading of readings) {
    bySensor.delete(reading.sensor); // the order is that of what stays
    bySensor.set(reading.sensor, reading);
  }
  return [...bySensor.values()].slice(-MOST);
}

async function packed(readings: readonly ReadingView[]): Promise<Uint8Array> {
  const text = new Blob([JSON.stringify(readings)]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(text).arrayBuffer());
}

async function unpacked(bytes: Uint8Array): Promise<ReadingView[]> {
  const text = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(text).text());
}
