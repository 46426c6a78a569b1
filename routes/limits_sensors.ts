/**
 * Quotas on new sensors: names are made up for nothing, and each costs memory and room in the store for good.
 *
 * A name is new until the instance knows its sensor. A client (a key, or an address without one) may bring so many new
 * ones in a day, and all together there may be so many sensors; a reading of one beyond is refused, with the reason.
 * A sensor's channels are bounded too (`READING_LIMITS.channels`).
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";

/** How many sensors there may be. */
export interface SensorLimits {
  /** Sensors of the instance. */
  readonly all: number;
  /** New ones that a client may bring in a day. */
  readonly ofClient: number;
}

/** The sensors that an instance knows. */
export interface KnownSensors {
  has(name: string): boolean;
  readonly count: number;
}

/** Clients that are remembered; beyond that the one not heard of for longest begins anew. */
const CLIENTS_MAX = 1_000;
const DAY_MS = 86_400_000;
/** After so many new names it is looked which of them the instance knows by now. */
const LOOK_AGAIN = 1_000;

interface Client {
  readonly since: number;
  /** New ones of the day. */
  count: number;
  /** Those of them that the instance did not know yet when it was last looked. */
  readonly pending: Set<string>;
}

/** Counts new sensors by client. Memory: as many names as may be new, 128 characters each. */
export class SensorQuota {
  readonly #clients = new Map<string, Client>();
  /** Admitted names that were not known yet when it was looked last. */
  #pending = 0;

  constructor(
    private readonly limits: SensorLimits,
    private readonly known: KnownSensors,
    private readonly clock: Clock,
  ) {}

  /**
   * Judges a reading's sensor.
   *
   * @returns undefined if it may come in, else one sentence that says why not
   */
  admit(client: string, sensor: string): string | undefined {
    if (this.known.has(sensor)) return undefined;
    const mine = this.clientOf(client);
    if (mine.pending.has(sensor)) return undefined;
    const { all, ofClient } = this.limits;
    if (mine.count >= ofClient) return `is new, and ${ofClient} new sensors a day are allowed to one client`;
    if (this.known.count + this.#pending >= all && this.known.count + this.counted() >= all) {
      return `is new, and there are ${all} sensors already`;
    }
    mine.count++;
    mine.pending.add(sensor);
    if (++this.#pending % LOOK_AGAIN === 0) this.counted();
    return undefined;
  }

  private clientOf(name: string): Client {
    const now = this.clock.now(), had = this.#clients.get(name);
    const client = had !== undefined && now - had.since < DAY_MS
      ? had
      : { since: now, count: 0, pending: new Set<string>() };
    this.#clients.delete(name);
    this.#clients.set(name, client);
    if (this.#clients.size > CLIENTS_MAX) {
      for (const oldest of this.#clients.keys()) {
        this.#clients.delete(oldest);
        break;
      }
    }
    return client;
  }

  /** Admitted names that the instance does not know yet. */
  private counted(): number {
    let count = 0;
    for (const { pending } of this.#clients.values()) {
      for (const name of pending) if (this.known.has(name)) pending.delete(name);
      count += pending.size;
    }
    return this.#pending = count;
  }
}
