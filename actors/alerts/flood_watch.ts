/**
 * The floods of an instance, from what is stored: an overlay that anybody can make again.
 *
 * It reads the alerts of the last day once and follows the feed from there. Nothing of it is stored; the same alerts give
 * the same floods, under the same ids. Bounded: the last {@linkcode FLOODS_KEPT} floods.
 *
 * @module
 */
import type { AlertFilter, FeedItem, Page } from "../views.ts";
import type { AlertRecord } from "./fold.ts";
import { Floods, type FloodStep, type FloodView, foldFlood } from "./flood.ts";
import { readAlertId, stepId } from "./ids.ts";
import type { AlertStep } from "./words.ts";

/** Floods that are kept; of more, those that began first go. */
const FLOODS_KEPT = 1_000;
/** Alerts that the start looks at, at most. */
const READ_MOST = 100_000;
const PAGE = 1_000, DAY_MS = 86_400_000;

/** What the watch needs of a stored alert. */
export type WatchedAlert = Omit<AlertRecord, "last_position" | "state">;

/** Where it reads. */
export interface FloodSources {
  /** Alerts by when they were raised, newest first. */
  alerts(filter: AlertFilter, limit: number, cursor?: string): Promise<Page<WatchedAlert>>;
  readonly feed: {
    alerts(cursor: string | undefined, signal: AbortSignal): AsyncIterable<FeedItem<AlertStep>>;
    alertsCursor?(): string;
  };
  /** Greatest time that several sensors of a partition have reached: by it floods end. Undefined where it is not known. */
  sourceTime(partition: string): number | undefined;
}

/** The floods. */
export class FloodWatch {
  private readonly folds = new Map<string, Floods>();
  private readonly views = new Map<string, FloodView>();

  constructor(private readonly sources: FloodSources) {}

  /**
   * Follows until `signal` is aborted.
   *
   * @throws what the store or the feed throws; it may be run again and makes the same floods
   */
  async run(signal: AbortSignal): Promise<void> {
    let cursor = this.sources.feed.alertsCursor?.();
    await this.read(signal);
    while (!signal.aborted) {
      for await (const item of this.sources.feed.alerts(cursor, signal)) {
        if ("resync" in item) {
          cursor = item.resync;
          await this.read(signal); // what was missed is stored as alerts
        } else {
          cursor = item.id;
          this.take(item.data);
        }
      }
    }
  }

  /** The floods, the newest first. */
  list(): readonly FloodView[] {
    const views = new Map(this.views);
    for (const [partition, fold] of this.folds) {
      const time = this.sources.sourceTime(partition);
      if (time === undefined) continue;
      // On a copy: what a flood is must not depend on when somebody looked.
      for (const step of new Floods(partition, fold.save()).tick(time, -1)) {
        const view = foldFlood(views.get(step.flood), step);
        if (view !== undefined) views.set(step.flood, view);
      }
    }
    return [...views.values()].sort((a, b) => b.began_at - a.began_at || (a.id < b.id ? 1 : -1));
  }

  /** Takes the alerts of the last day, in order of position: once, at the beginning. */
  async read(signal: AbortSignal): Promise<void> {
    const alerts: WatchedAlert[] = [];
    let cursor: string | undefined, newest: number | undefined;
    do {
      const from = newest === undefined ? {} : { from: newest - DAY_MS };
      const page = await this.sources.alerts(from, PAGE, cursor);
      alerts.push(...page.items);
      newest ??= page.items.at(0)?.raised_at;
      const last = page.items.at(-1)?.raised_at ?? Infinity;
      cursor = newest !== undefined && last < newest - DAY_MS ? undefined : page.next;
    } while (cursor !== undefined && alerts.length < READ_MOST && !signal.aborted);
    const steps = alerts.flatMap(raised);
    steps.sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1)).forEach((step) => this.take(step));
  }

  private take(step: AlertStep): void {
    const { partition } = step, fold = this.folds.get(partition) ?? new Floods(partition);
    this.folds.set(partition, fold);
    fold.take(step).forEach((one) => this.fold(one));
  }

  private fold(step: FloodStep): void {
    const view = foldFlood(this.views.get(step.flood), step);
    if (view === undefined) return;
    this.views.set(step.flood, view);
    if (this.views.size <= FLOODS_KEPT) return;
    const [oldest] = this.views.keys();
    this.views.delete(oldest);
  }
}

/** The step by which an alert was raised; none for an alert whose id is none. */
function raised(alert: WatchedAlert): AlertStep[] {
  const place = readAlertId(alert.id);
  if (place === undefined) return [];
  const { partition, position } = place,
    { id, raised_at, priority, condition, sensor, location, message, notify } = alert;
  return [{
    id: stepId(id, "raised", position),
    alert: id,
    transition: "raised",
    sensor,
    ...(location === undefined ? {} : { location }),
    condition,
    priority,
    time: raised_at,
    partition,
    position,
    message,
    ...(notify === false ? { notify } : {}),
  }];
}
