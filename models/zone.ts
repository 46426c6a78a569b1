/**
 * Local times of a declared zone as UTC.
 *
 * At the end of summer time an hour comes twice: the earlier instant is meant. At its beginning an hour is left out:
 * such a time is taken as if the clock had not been put forward yet (02:30 is 03:30). Both as in RFC 5545.
 *
 * @module
 */

const HOUR = 3_600_000, DAY = 86_400_000;
const CACHED_HOURS = 4_096;
const FIXED = /^([+-])(\d\d):?(\d\d)$/;

/** A zone, with what was found about it so far. */
export interface Zone {
  /** `UTC`, an IANA name such as `Europe/Berlin`, or an offset such as `+02:00`. */
  readonly name: string;
  /** Epoch ms of a local time, given as the epoch ms that it would have in UTC. */
  toUtc(local: number): number;
  /** Local time of an instant, as the epoch ms that it would have in UTC. */
  toLocal(utc: number): number;
}

/**
 * Makes a zone.
 *
 * @returns undefined for a name that is none
 */
export function makeZone(name: string): Zone | undefined {
  if (/^(utc|z|gmt)$/i.test(name)) return fixedZone("UTC", 0);
  const fixed = FIXED.exec(name);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    if (Number(fixed[3]) > 59 || minutes > 14 * 60) return undefined;
    return fixedZone(name, (fixed[1] === "-" ? -1 : 1) * minutes * 60_000);
  }
  try {
    return new NamedZone(name);
  } catch {
    return undefined; // RangeError: no such zone
  }
}

function fixedZone(name: string, offset: number): Zone {
  return { name, toUtc: (local) => local - offset, toLocal: (utc) => utc + offset };
}

class NamedZone implements Zone {
  readonly #format: Intl.DateTimeFormat;
  /** Offsets by local hour, of hours with no change of the clock within a day. */
  readonly #offsets = new Map<number, number>();

  constructor(readonly name: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  toLocal(utc: number): number {
    return utc + this.#offsetAt(utc);
  }

  toUtc(local: number): number {
    const hour = Math.floor(local / HOUR);
    const known = this.#offsets.get(hour);
    if (known !== undefined) return local - known;
    const before = this.#offsetAt(local - DAY), after = this.#offsetAt(local + DAY);
    if (before === after) {
      if (this.#offsets.size >= CACHED_HOURS) this.#offsets.clear();
      this.#offsets.set(hour, before);
      return local - before;
    }
    // A change is near. With the offset before it: right before the change, in the hour that comes twice, and, by
    // definition, in the hour that is left out. With the offset after it: wherever that is then in force.
    const early = local - before, late = local - after;
    return this.#offsetAt(early) !== before && this.#offsetAt(late) === after ? late : early;
  }

  /** Local less UTC, ms, at an instant. */
  #offsetAt(utc: number): number {
    const part: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(utc)) part[type] = value;
    const seconds = Date.UTC(+part.year, +part.month - 1, +part.day, +part.hour, +part.minute, +part.second);
    return seconds - Math.floor(utc / 1000) * 1000;
  }
}

const QUARTER_MS = 900_000;

/** Local times of a zone for readings in order: the offset is looked up once for each quarter of an hour, at which alone it changes. */
export class LocalTime {
  #quarter = NaN;
  #offset = 0;

  constructor(private readonly zone: Zone) {}

  /** Epoch ms as the clock on the wall shows it. */
  of(time: number): number {
    const quarter = Math.floor(time / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#offset = this.zone.toLocal(quarter * QUARTER_MS) - quarter * QUARTER_MS;
    }
    return time + this.#offset;
  }
}
