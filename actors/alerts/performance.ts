/**
 * How an alarm system performs, in the figures of ISA-18.2: alarms per 10 minutes, share of time in flood, stale and
 * chattering alarms, the ten worst actors, the mix of priorities.
 *
 * A fold over alerts, in any order. Bounded: 10-minute counts of at most {@linkcode PERFORMANCE.periodMs}, a number for
 * each alert, and names of at most {@linkcode PERFORMANCE.actors} actors; alerts of more actors count in everything but
 * the list of the worst, and are counted in `others`.
 *
 * @module
 */
import { type Condition, PRIORITIES, type Priority } from "./words.ts";

/** The standard's figures, and bounds. */
export const PERFORMANCE = {
  bucketMs: 600_000,
  /** Alarms in 10 minutes that are a flood. */
  flood: 10,
  /** Alarms in 10 minutes that one operator can handle: very likely acceptable, and the most that is manageable. */
  acceptable: 1,
  manageable: 2,
  /** Active for longer it is stale, ms. */
  staleMs: 86_400_000,
  /** Raised so many times … */
  chatterRaises: 3,
  /** … within so long it is chattering, ms. */
  chatterMs: 60_000,
  /** Shares of priorities that the standard recommends; critical counts as the highest of its three. */
  shares: { low: 0.8, medium: 0.15, high: 0.05 },
  /** Longest period that is looked at: 31 days. */
  periodMs: 31 * 86_400_000,
  actors: 20_000,
  /** Bad actors, stale and chattering ones that are named. */
  named: 10,
} as const;

/** What the fold needs of an alert. */
export interface PerformanceItem {
  readonly id: string;
  readonly state: "active" | "cleared";
  readonly sensor: string;
  readonly location?: string;
  readonly condition: Condition;
  readonly channel?: string;
  readonly priority: Priority;
  readonly raised_at: number;
  readonly cleared_at?: number;
  readonly chattering?: boolean;
}

/** A condition of a sensor's channel that raises alerts. */
export interface ActorView {
  readonly sensor: string;
  readonly condition: Condition;
  readonly channel?: string;
  readonly location?: string;
  /** Alerts that it raised in the period. */
  readonly count: number;
  /** Its share of all alerts of the period, 0 to 1. */
  readonly share: number;
}

/** The figures of a period. */
export interface PerformanceView {
  /** Inclusive, epoch ms; `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** Alerts raised in the period. */
  readonly alerts: number;
  readonly per_10_minutes: {
    readonly average: number;
    readonly most: number;
    /** When the 10 minutes with the most began; absent without alerts. */
    readonly most_at?: number;
    /** Shares of the 10-minute stretches that had at most so many. */
    readonly acceptable_ratio: number;
    readonly manageable_ratio: number;
  };
  /** Share of the 10-minute stretches with 10 or more; the standard's aim is below 0.01. */
  readonly flood_ratio: number;
  readonly floods: number;
  readonly stale: {
    readonly count: number;
    readonly oldest: readonly { readonly id: string; readonly raised_at: number }[];
  };
  /** Conditions that raised three times within a minute, or are held active because they did. */
  readonly chattering: { readonly count: number; readonly worst: readonly ActorView[] };
  readonly bad_actors: readonly ActorView[];
  /** Share of all alerts that the ten worst raised. */
  readonly bad_actors_ratio: number;
  readonly priorities: Readonly<Record<Priority, { readonly count: number; readonly ratio: number }>>;
  /** Alerts of actors beyond those that are told apart. */
  readonly others: number;
}

interface Actor {
  readonly item: PerformanceItem;
  count: number;
  raises: number[];
  chattering: boolean;
}

/** The fold. */
export class Performance {
  private readonly buckets: Uint32Array;
  private readonly actors = new Map<string, Actor>();
  private readonly counts: Record<Priority, number> = { low: 0, medium: 0, high: 0, critical: 0 };
  private readonly stale: { readonly id: string; readonly raised_at: number }[] = [];
  private alerts = 0;
  private staleCount = 0;
  private others = 0;

  /**
   * @param from inclusive, epoch ms
   * @param to exclusive, epoch ms; also the time at which stale ones are looked for
   * @throws {RangeError} for a period that is empty or longer than 31 days
   */
  constructor(private readonly from: number, private readonly to: number) {
    const { periodMs, bucketMs } = PERFORMANCE;
    if (!(to > from && to - from <= periodMs)) {
      throw new RangeError(`cannot look at ${to - from} ms of alerts: a period must be from 1 to ${periodMs} ms`);
    }
    this.buckets = new Uint32Array(Math.ceil((to - from) / bucketMs));
  }

  /** Adds an alert, once. One raised before the period counts only if it is stale. */
  add(item: PerformanceItem): void {
    const { raised_at: raised } = item, { bucketMs, staleMs } = PERFORMANCE;
    if (raised >= this.to) return;
    const over = item.cleared_at ?? Infinity;
    if (over >= this.to && this.to - raised > staleMs) this.addStale(item);
    if (raised < this.from) return;
    this.alerts++;
    this.counts[item.priority]++;
    this.buckets[Math.floor((raised - this.from) / bucketMs)]++;
    this.addActor(item);
  }

  private addStale({ id, raised_at }: PerformanceItem): void {
    this.staleCount++;
    this.stale.push({ id, raised_at });
    this.stale.sort((a, b) => a.raised_at - b.raised_at || compare(a.id, b.id));
    if (this.stale.length > PERFORMANCE.named) this.stale.length = PERFORMANCE.named;
  }

  private addActor(item: PerformanceItem): void {
    const key = JSON.stringify([item.sensor, item.condition, item.channel ?? null]);
    let actor = this.actors.get(key);
    if (actor === undefined) {
      if (this.actors.size >= PERFORMANCE.actors) return void this.others++;
      this.actors.set(key, actor = { item, count: 0, raises: [], chattering: false });
    }
    actor.count++;
    if (item.chattering === true) actor.chattering = true;
    if (!actor.chattering) actor.chattering = chatters(actor.raises, item.raised_at);
  }

  /** The figures of what was added so far. */
  view(): PerformanceView {
    const { from, to, alerts, buckets } = this, { flood, acceptable, manageable } = PERFORMANCE;
    const share = (test: (count: number) => boolean) => buckets.filter(test).length / buckets.length;
    const most = buckets.reduce((greatest, count) => Math.max(greatest, count), 0);
    const actors = [...this.actors.values()].sort((a, b) => b.count - a.count || compare(keyOf(a), keyOf(b)));
    const worst = actors.slice(0, PERFORMANCE.named), chattering = actors.filter((actor) => actor.chattering);
    const view = ({ item: { sensor, condition, channel, location }, count }: Actor): ActorView => ({
      sensor,
      condition,
      ...(channel === undefined ? {} : { channel }),
      ...(location === undefined ? {} : { location }),
      count,
      share: part(count, alerts),
    });
    return {
      from,
      to,
      alerts,
      per_10_minutes: {
        average: alerts / buckets.length,
        most,
        ...(most === 0 ? {} : { most_at: from + buckets.indexOf(most) * PERFORMANCE.bucketMs }),
        acceptable_ratio: share((count) => count <= acceptable),
        manageable_ratio: share((count) => count <= manageable),
      },
      flood_ratio: share((count) => count >= flood),
      floods: buckets.filter((count, i) => count >= flood && !(i > 0 && buckets[i - 1] >= flood)).length,
      stale: { count: this.staleCount, oldest: this.stale.slice() },
      chattering: { count: chattering.length, worst: chattering.slice(0, PERFORMANCE.named).map(view) },
      bad_actors: worst.map(view),
      bad_actors_ratio: part(worst.reduce((sum, { count }) => sum + count, 0), alerts),
      priorities: mix(this.counts, alerts),
      others: this.others,
    };
  }
}

/** Whether three raises lie within a minute, now that one more is among them. */
function chatters(raises: number[], raised: number): boolean {
  let at = raises.length;
  while (at > 0 && raises[at - 1] > raised) at--;
  raises.splice(at, 0, raised);
  const { chatterRaises, chatterMs } = PERFORMANCE;
  for (let i = Math.max(chatterRaises - 1, at); i < raises.length && i < at + chatterRaises; i++) {
    if (raises[i] - raises[i - chatterRaises + 1] <= chatterMs) return true;
  }
  return false;
}

function mix(counts: Readonly<Record<Priority, number>>, all: number): PerformanceView["priorities"] {
  const of = (name: Priority) => ({ count: counts[name], ratio: part(counts[name], all) });
  const [low, medium, high, critical] = PRIORITIES;
  return { low: of(low), medium: of(medium), high: of(high), critical: of(critical) };
}

function part(count: number, all: number): number {
  return all === 0 ? 0 : count / all;
}

function keyOf({ item }: Actor): string {
  return `${item.sensor}\u0000${item.condition}\u0000${item.channel ?? ""}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
