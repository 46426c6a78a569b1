/**
 * The life of one condition on one channel, the slow and plain way: everything is looked up in the list of what came.
 *
 * @module
 */
import type { AlertRule } from "../../../actors/alerts/rules.ts";
import { PRIORITIES, type Transition } from "../../../actors/alerts/words.ts";

/** A step as the oracle foretells it. */
export interface Foretold {
  readonly transition: Transition;
  readonly told: boolean;
}

interface Seen {
  readonly level: number;
  readonly time: number;
}

/** What holds for all conditions. */
export interface OracleLimits {
  readonly shelveMostMs: number;
  readonly chatterMs: number;
  readonly calmMs: number;
}

/** One condition's whole history. */
export class Oracle {
  active = false;
  acknowledged = false;
  chattering = false;
  suppressed = false;
  outOfService = false;
  wholeSuppressed = false;
  shelf?: { readonly until: number; readonly oneShot: boolean };
  priority = "";
  raisedAt = 0;
  /** Readings since the last change between active and inactive. */
  private seen: Seen[] = [];
  private readonly raises: number[] = [];
  private toldAt = 0;

  constructor(private readonly rule: AlertRule, private readonly limits: OracleLimits) {}

  /** Whether somebody is told at a time. */
  isTold(time: number): boolean {
    const shelved = this.shelf !== undefined && this.shelf.until > time;
    return !shelved && !this.suppressed && !this.outOfService && !this.wholeSuppressed;
  }

  reading(level: number, time: number): Foretold[] {
    this.seen.push({ level, time });
    return this.active ? this.mayClear(time) ?? [] : this.mayRaise(time);
  }

  private mayRaise(time: number): Foretold[] {
    const { raise, of, onDelayMs } = this.rule;
    const last = this.seen.slice(-of);
    if (this.seen[this.seen.length - 1].level !== 2) return [];
    if (last.filter(({ level }) => level === 2).length < raise) return [];
    // The stretch: back to where a whole look-back of readings was unbroken.
    let from = this.seen.length - 1, gap = 0;
    for (let i = this.seen.length - 1; i >= 0 && gap < of; i--) {
      if (this.seen[i].level === 2) [from, gap] = [i, 0];
      else gap++;
    }
    if (time - this.seen[from].time < onDelayMs) return [];
    this.active = true;
    this.acknowledged = false;
    this.chattering = this.raises.length >= 2 && time - this.raises[this.raises.length - 2] <= this.limits.chatterMs;
    this.raises.push(time);
    if (this.shelf && this.shelf.until <= time) this.shelf = undefined;
    this.raisedAt = this.toldAt = time;
    this.priority = this.rule.priority;
    this.seen = [];
    return [{ transition: "raised", told: this.isTold(time) }];
  }

  private mayClear(time: number): Foretold[] | undefined {
    let from = this.seen.length;
    while (from > 0 && this.seen[from - 1].level === 0) from--;
    const quiet = this.seen.slice(from);
    const delay = this.chattering ? Math.max(this.rule.offDelayMs, this.limits.calmMs) : this.rule.offDelayMs;
    if (quiet.length < this.rule.clear || time - quiet[0].time < delay) return undefined;
    const step: Foretold = { transition: "cleared", told: this.isTold(time) };
    this.active = this.acknowledged = this.chattering = false;
    if (this.shelf && (this.shelf.oneShot || this.shelf.until <= time)) this.shelf = undefined;
    this.seen = [];
    return [step];
  }

  tick(time: number): Foretold[] {
    const cleared = this.active ? this.mayClear(time) : undefined;
    if (cleared) return cleared;
    const over = this.shelf !== undefined && this.shelf.until <= time;
    if (over) this.shelf = undefined;
    if (!this.active) return [];
    if (over) return [{ transition: "unshelved", told: this.isTold(time) }];
    const due = this.rule.escalate.filter(({ afterMs }) => time >= this.raisedAt + afterMs);
    if (due.length > this.passed) {
      this.passed = due.length;
      const before = this.priority, now = this.priority = due[due.length - 1].priority;
      const up = PRIORITIES.findIndex((p) => p === now) > PRIORITIES.findIndex((p) => p === before);
      return now === before ? [] : [{ transition: up ? "escalated" : "eased", told: this.isTold(time) }];
    }
    if (this.rule.reAlarmMs === 0 || time < this.toldAt + this.rule.reAlarmMs) return [];
    this.toldAt = time;
    if (!this.isTold(time)) return [];
    this.acknowledged = false;
    return [{ transition: "realarmed", told: true }];
  }

  /** Steps of the escalation behind it, of this alert. */
  private passedOf = -1;
  private passedCount = 0;
  private get passed(): number {
    return this.passedOf === this.raises.length ? this.passedCount : 0;
  }
  private set passed(count: number) {
    this.passedOf = this.raises.length;
    this.passedCount = count;
  }

  acknowledge(time: number): Foretold[] {
    if (!this.active || this.acknowledged) return [];
    this.acknowledged = true;
    this.toldAt = time;
    return [{ transition: "acknowledged", told: this.isTold(time) }];
  }

  shelve(forMs: number | undefined, oneShot: boolean, time: number): Foretold[] {
    const until = time + Math.min(forMs ?? Infinity, this.limits.shelveMostMs);
    const same = this.shelf !== undefined && this.shelf.until === until && this.shelf.oneShot === oneShot;
    this.shelf = { until, oneShot };
    return this.active && !same ? [{ transition: "shelved", told: this.isTold(time) }] : [];
  }

  unshelve(time: number): Foretold[] {
    const was = this.shelf !== undefined;
    this.shelf = undefined;
    return this.active && was ? [{ transition: "unshelved", told: this.isTold(time) }] : [];
  }

  put(what: "suppressed" | "outOfService" | "wholeSuppressed", on: boolean, time: number): Foretold[] {
    const was = this[what];
    this[what] = on;
    if (!this.active || was === on) return [];
    const out = what === "outOfService";
    const transition = out ? (on ? "out_of_service" : "in_service") : on ? "suppressed" : "unsuppressed";
    return [{ transition, told: this.isTold(time) }];
  }
}
