/**
 * The sensor's transition once more, slowly: everything is kept for ever and every number is computed from all of it.
 *
 * @module
 */
import type { Judging, SensorType } from "../../../actors/config.ts";

/** One value that a window may hold. */
interface Kept {
  readonly channel: string;
  readonly time: number;
  /** The value now, and every value that it ever had. */
  value: number;
  readonly had: number[];
  readonly flagged: boolean;
  /** Starts of the windows that it counts in, by specification. */
  readonly windows: readonly (readonly number[])[];
}

/** A window as it is emitted. */
export interface NaiveWindow {
  readonly spec: number;
  readonly start: number;
  readonly revision: number;
  /** Count, mean, least, greatest, deviation and flagged values by channel; nothing for one without values. */
  readonly channels: Readonly<Record<string, readonly number[]>>;
}

/** An alarm's step. */
export interface NaiveAlarm {
  readonly condition: "limit" | "zscore" | "silent";
  readonly channel?: string;
  readonly transition: "raised" | "cleared";
}

/** What happens to a sensor. */
export type NaiveEvent =
  | { readonly kind: "reading"; readonly time: number; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: "tick"; readonly time: number };

/** One sensor, by the book: `design.md`, Time. */
export class NaiveSensor {
  readonly windows: NaiveWindow[] = [];
  readonly alarms: NaiveAlarm[] = [];
  readonly counts = {
    readings: 0,
    anomalies: 0,
    late: 0,
    tooLate: 0,
    duplicates: 0,
    conflicts: 0,
    stepsBack: 0,
    impossible: 0,
  };
  greatest = -1;
  #previous = -1;
  #silent = false;
  readonly #kept: Kept[] = [];
  /** What each channel took in order, oldest first. */
  readonly #inOrder = new Map<string, Kept[]>();
  readonly #flags = new Map<string, boolean[]>();
  readonly #active = new Set<string>();
  /** Revision of every window that was ever opened; −1 before it is emitted. */
  readonly #revisions: Map<number, number>[];

  constructor(private readonly judging: Judging, private readonly type: SensorType) {
    this.#revisions = judging.windows.map(() => new Map());
  }

  take(event: NaiveEvent): void {
    if (event.kind === "tick") return this.#tick(event.time);
    const { time, values } = event, { counts } = this;
    if (time < this.#previous) counts.stepsBack++;
    this.#previous = time;
    if (time < this.greatest - this.judging.latenessMs) counts.tooLate++;
    else if (time < this.greatest) this.#late(time, values);
    else this.#next(time, values);
  }

  end(): void {
    this.judging.windows.forEach((_, spec) => this.#emitUpTo(spec, Infinity));
  }

  #next(time: number, values: Readonly<Record<string, number>>): void {
    this.greatest = time;
    this.judging.windows.forEach((_, spec) => this.#emitUpTo(spec, time));
    if (this.#silent) this.alarms.push({ condition: "silent", transition: "cleared" });
    this.#silent = false;
    const open = this.#windowsOf(time);
    let taken = 0, anomalous = false;
    for (const [channel, value] of Object.entries(values)) {
      const past = this.#inOrder.get(channel) ?? [], last = past.at(-1);
      if (last?.time === time && !this.#again(last, value)) continue;
      taken++;
      const ten = past.slice(-10).map((kept) => kept.value), { mean, std } = spread(ten);
      const z = ten.length === 10 && std > 0 ? (value - mean) / std : 0;
      const { low = -Infinity, high = Infinity, physicalLow = -Infinity, physicalHigh = Infinity } =
        this.type.channels[channel] ?? {};
      const limit = value < low || value > high, zscore = Math.abs(z) > 3;
      if (value < physicalLow || value > physicalHigh) this.counts.impossible++;
      if (limit || zscore) anomalous = true;
      const kept = { channel, time, value, had: [value], flagged: limit || zscore, windows: open };
      this.#kept.push(kept);
      this.#inOrder.set(channel, [...past, kept]);
      this.#alarm("limit", channel, limit);
      this.#alarm("zscore", channel, zscore);
    }
    if (taken > 0) this.counts.readings++;
    if (anomalous) this.counts.anomalies++;
  }

  #late(time: number, values: Readonly<Record<string, number>>): void {
    if (Object.keys(values).length === 0) return;
    const open = this.#windowsOf(time);
    let taken = 0, corrected = false, anomalous = false;
    for (const [channel, value] of Object.entries(values)) {
      const same = (this.#inOrder.get(channel) ?? []).slice(-10).filter((kept) => kept.time === time);
      if (same.length > 0) {
        const old = same[0].value;
        if (!this.#again(same[0], value)) {
          if (same[0].value !== old) corrected = true;
          continue;
        }
      }
      taken++;
      const { low = -Infinity, high = Infinity } = this.type.channels[channel] ?? {},
        limit = value < low || value > high;
      if (limit) anomalous = true;
      this.#kept.push({ channel, time, value, had: [value], flagged: limit, windows: open });
    }
    if (taken > 0 || corrected) {
      open.forEach((starts, spec) => {
        for (const start of starts) {
          const revision = this.#revisions[spec].get(start) ?? -1;
          if (revision >= 0 || start + this.judging.windows[spec].lengthMs <= this.greatest) this.#emit(spec, start);
        }
      });
    }
    if (taken === 0) return;
    this.counts.readings++;
    this.counts.late++;
    if (anomalous) this.counts.anomalies++;
  }

  /** A second value of one time; true if it counts as a value of its own. */
  #again(kept: Kept, value: number): boolean {
    if (kept.value === value) {
      this.counts.duplicates++;
      return false;
    }
    this.counts.conflicts++;
    if (this.judging.duplicates === "last") {
      kept.value = value;
      kept.had.push(value);
    }
    return this.judging.duplicates === "keep";
  }

  #tick(time: number): void {
    this.judging.windows.forEach((_, spec) => this.#emitUpTo(spec, time - this.judging.latenessMs));
    const after = this.type.silentAfterMs ?? (this.type.intervalMs ?? Infinity) * 10;
    if (this.greatest < 0 || this.#silent || time < this.greatest + after) return;
    this.#silent = true;
    this.alarms.push({ condition: "silent", transition: "raised" });
  }

  /** Windows that hold a time and are not final, latest first; they are open from now on. */
  #windowsOf(time: number): number[][] {
    return this.judging.windows.map(({ lengthMs, hopMs }, spec) => {
      const starts: number[] = [];
      for (let start = Math.floor(time / hopMs) * hopMs; start > time - lengthMs && start >= 0; start -= hopMs) {
        if (start + lengthMs <= this.greatest - this.judging.latenessMs) continue;
        starts.push(start);
        if (!this.#revisions[spec].has(start)) this.#revisions[spec].set(start, -1);
      }
      return starts;
    });
  }

  #emitUpTo(spec: number, time: number): void {
    const due = [...this.#revisions[spec]].filter(([start, revision]) =>
      revision < 0 && start + this.judging.windows[spec].lengthMs <= time
    );
    for (const [start] of due.sort(([a], [b]) => a - b)) this.#emit(spec, start);
  }

  #emit(spec: number, start: number): void {
    const revision = (this.#revisions[spec].get(start) ?? -1) + 1;
    this.#revisions[spec].set(start, revision);
    const channels: Record<string, readonly number[]> = {};
    for (const channel of new Set(this.#kept.map((kept) => kept.channel))) {
      const held = this.#kept.filter((kept) => kept.channel === channel && kept.windows[spec].includes(start));
      if (held.length === 0) continue;
      const { mean, std } = spread(held.map((kept) => kept.value)), had = held.flatMap((kept) => kept.had);
      const flagged = held.filter((kept) => kept.flagged).length;
      channels[channel] = [held.length, mean, Math.min(...had), Math.max(...had), std, flagged];
    }
    this.windows.push({ spec, start, revision, channels });
  }

  /** Three of the last five raise, five quiet ones clear. */
  #alarm(condition: "limit" | "zscore", channel: string, broken: boolean): void {
    const id = `${condition} ${channel}`, flags = [...(this.#flags.get(id) ?? []), broken], last = flags.slice(-5);
    this.#flags.set(id, flags);
    if (!this.#active.has(id) && broken && last.filter((flag) => flag).length >= 3) {
      this.#active.add(id);
      this.alarms.push({ condition, channel, transition: "raised" });
    } else if (this.#active.has(id) && last.length === 5 && !last.includes(true)) {
      this.#active.delete(id);
      this.alarms.push({ condition, channel, transition: "cleared" });
    }
  }
}

function spread(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}
