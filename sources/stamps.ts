/**
 * Times as files write them, to epoch milliseconds and back.
 *
 * @module
 */
import { parseTime, READING_LIMITS } from "../actors/reading.ts";
import type { Zone } from "../models/zone.ts";

/** How a time is written: ISO 8601, or seconds or milliseconds since 1970. */
export type StampFormat = "iso" | "epoch_s" | "epoch_ms";

const ZONELESS = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?$/;
const NUMBER = /^\d+(\.\d+)?$/;

/** Whether a text is an ISO 8601 date or date and time without a zone. */
export function isZoneless(text: string): boolean {
  return ZONELESS.test(text);
}

/** Reads and writes the times of one column, or of a date and a time column joined by a space. */
export class Stamps {
  // The date of the stamp before: stamps of a file mostly share it, and calendars cost more than clocks.
  #date = "";
  #midnight = NaN;

  constructor(readonly format: StampFormat, readonly zone: Zone | undefined) {}

  /** Epoch ms, fractions cut off; NaN if it cannot be read: then {@linkcode problem} says why. */
  read(value: unknown): number {
    if (this.format === "iso") return typeof value === "string" ? this.#readIso(value) : NaN;
    const number = typeof value === "number" ? value : typeof value === "string" && NUMBER.test(value) ? +value : NaN;
    // Rounded before it is cut: 1.001 s times 1000 is 1000.9999999999999.
    return parseTime(this.format === "epoch_s" ? Math.round(number * 1e6) / 1e3 : number);
  }

  #readIso(text: string): number {
    const last = text.charCodeAt(text.length - 1);
    if (text.length > 10 && (last < 48 || last > 57)) return parseTime(text); // Z, or no time at all
    if (!isZoneless(text)) return parseTime(text);
    if (this.zone === undefined) return NaN;
    const date = text.slice(0, 10);
    if (date !== this.#date) {
      this.#date = date;
      this.#midnight = Date.parse(`${date}T00:00:00Z`);
      if (Number.isNaN(this.#midnight) || new Date(this.#midnight).toISOString().slice(0, 10) !== date) {
        this.#midnight = NaN; // such as the 30th of February
      }
    }
    const time = this.zone.toUtc(this.#midnight + clock(text));
    return time >= READING_LIMITS.timeLeast && time <= READING_LIMITS.timeGreatest ? time : NaN;
  }

  /** Why {@linkcode read} gave NaN, in one sentence. */
  problem(value: unknown): string {
    const seen = typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value);
    if (this.format === "epoch_s") return `time must be seconds since 1970, not ${seen}`;
    if (this.format === "epoch_ms") return `time must be milliseconds since 1970, not ${seen}`;
    if (typeof value === "string" && isZoneless(value) && this.zone === undefined) {
      return `time ${seen} has no zone: declare the zone of this source, such as with --zone UTC`;
    }
    return `time must be ISO 8601 such as 2026-01-31T12:00:00Z, not ${seen}`;
  }

  /** The same time as the file would have written it, to the millisecond. */
  write(time: number): string | number {
    if (this.format === "epoch_ms") return time;
    if (this.format === "epoch_s") return time / 1000;
    if (this.zone === undefined) return new Date(time).toISOString();
    return new Date(this.zone.toLocal(time)).toISOString().slice(0, -1).replace("T", " ").replace(/\.000$/, "");
  }
}

/** Milliseconds since midnight of `YYYY-MM-DD HH:MM[:SS[.fff]]`, whose form was checked; NaN past 23:59:59. */
function clock(text: string): number {
  if (text.length === 10) return 0;
  const two = (at: number) => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  const hour = two(11), minute = two(14), second = text.length > 16 ? two(17) : 0;
  if (hour > 23 || minute > 59 || second > 59) return NaN;
  let fraction = 0;
  for (let at = 20, unit = 100; at < 23; at++, unit /= 10) {
    if (at < text.length) fraction += (text.charCodeAt(at) - 48) * unit;
  }
  return ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
}
