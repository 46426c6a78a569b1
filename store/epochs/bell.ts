/**
 * Two bells: one rings whenever a partition has brought something to an epoch, the other whenever an epoch was trained, in
 * whatever process.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { Waiters } from "../../actors/waiters.ts";
import type { FleetKv } from "../nodes/fleet.ts";
import { KEYS } from "../keys.ts";

/** Longest sleep, ms: a bell that was rung while a server was away is not heard. */
const LOOK_MS = 5_000;
/** Time before a server that has ended a watch is listened to again, ms. */
const AGAIN_MS = 1_000;

/** Wakes who waits for others. */
export class EpochBell {
  private readonly waiters = new Waiters();
  /** How often it rang: taken before looking, so that no ring is missed in between. */
  rings = 0;

  constructor(private readonly clock: Clock, private readonly what: "brought" | "trained") {}

  /** Wakes everybody in this process; in others that does the write of its key. */
  ring(): void {
    this.rings++;
    this.waiters.wake();
  }

  /** Until it has rung more than `rings` times, so much time has passed, or the signal; it may be early. */
  async wait(rings: number, ms: number, signal: AbortSignal): Promise<void> {
    if (rings !== this.rings) return;
    const rung = new AbortController(), either = AbortSignal.any([signal, rung.signal]);
    const slept = this.clock.sleep(Math.min(ms, LOOK_MS), either).catch(() => {});
    await Promise.race([this.waiters.wait(either), slept]);
    rung.abort();
  }

  /** Listens to all servers until the signal. */
  async follow(fleet: FleetKv, signal: AbortSignal): Promise<void> {
    await Promise.all(fleet.servers.map(async (server) => {
      while (!signal.aborted) {
        try {
          for await (const _ of server.changes([KEYS.epochBell(this.what)], signal)) this.ring();
        } catch {
          // It is shown as away.
        }
        await this.clock.sleep(AGAIN_MS, signal).catch(() => {});
      }
    }));
  }
}
