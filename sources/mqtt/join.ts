/**
 * One reading of several messages: the channels of a sensor that come in topics of their own.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";

/** Sensors whose readings are held open at the same time; beyond that the oldest is closed. */
const OPEN_MOST = 10_000;
/** Longest time that a reading is held open, ms, unless values farther apart belong together. */
const HOLD_MS = 200;

interface Open {
  reading: Reading;
  /** Of the first message. */
  readonly ticket: number;
  /** When it came, epoch ms. */
  readonly opened: number;
}

/** Joins readings of a sensor that are close in time. */
export class Joiner {
  readonly #open = new Map<string, Open>();

  /** @param joinMs greatest distance in event time of values that are one reading, ms */
  constructor(private readonly joinMs: number) {}

  /** How long a reading may be held, ms. */
  get holdMs(): number {
    return Math.max(this.joinMs, HOLD_MS);
  }

  /** Ticket of the oldest message that is held; undefined if none is. */
  get oldest(): number | undefined {
    return this.#open.values().next().value?.ticket;
  }

  /**
   * Takes a reading.
   *
   * @param ticket of its message; they grow
   * @returns readings that are whole now
   */
  take(reading: Reading, ticket: number, now: number): Reading[] {
    const open = this.#open.get(reading.sensor);
    if (open !== undefined && this.#belongs(open.reading, reading)) {
      open.reading = {
        ...reading,
        ...open.reading,
        values: { ...open.reading.values, ...reading.values },
      };
      return [];
    }
    const whole = open === undefined ? [] : [open.reading];
    this.#open.delete(reading.sensor);
    this.#open.set(reading.sensor, { reading, ticket, opened: now });
    if (this.#open.size > OPEN_MOST) whole.push(...this.#close(1));
    return whole;
  }

  /** Readings that were held long enough. */
  due(now: number): Reading[] {
    let count = 0;
    for (const { opened } of this.#open.values()) {
      if (now - opened < this.holdMs) break;
      count++;
    }
    return this.#close(count);
  }

  #close(count: number): Reading[] {
    return [...this.#open].slice(0, count).map(([sensor, { reading }]) => {
      this.#open.delete(sensor);
      return reading;
    });
  }

  #belongs(first: Reading, second: Reading): boolean {
    return Math.abs(second.time - first.time) <= this.joinMs &&
      Object.keys(second.values).every((channel) => !Object.hasOwn(first.values, channel));
  }
}
