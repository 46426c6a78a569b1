/**
 * What the tests of routes, log and HTTP source stand on: a clock that a test moves, and ports with known answers.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type {
  AlertTransition,
  AlertView,
  FeedItem,
  Page,
  Queries,
  ReadingView,
  SensorView,
  SummaryView,
  WindowView,
} from "../../actors/views.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { CursorError } from "../../store/cursor.ts";
import { Hub } from "../../store/hub.ts";
import { PATIENCE_MS } from "../process.ts";

/** Runs everything that is ready to run, input and output included, without waiting for time to pass. */
export async function settle(rounds = 20): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise<void>((resolve) => setTimeout(resolve, 0));
}

/** Resolves when `holds` does; rejects when it does not for as long as a crowded machine may take. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`It never held: ${holds}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
}

/** A clock that stands still until it is advanced. */
export class FakeClock implements Clock {
  #now: number;
  #sleepers = new Set<{ at: number; wake: () => void }>();

  constructor(now = Date.UTC(2026, 0, 31, 12)) {
    this.#now = now;
  }

  /** How many sleep. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Time until the first of them wakes, ms; 0 where nobody sleeps. */
  get untilNext(): number {
    return Math.max(0, Math.min(...[...this.#sleepers].map(({ at }) => at)) - this.#now);
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        if (this.#sleepers.delete(sleeper)) reject(signal.reason);
      }, { once: true });
    });
  }

  /** Moves time on, waking each sleeper at its time and letting it run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#sleepers.delete(next);
      next.wake();
      await settle(2);
    }
    this.#now = end;
    await settle(2);
  }
}

/** The moment at which the fakes' things happen. */
export const NOON = Date.UTC(2026, 0, 31, 12);

/** A sensor of the given name. */
export function sensorView(sensor: string, more: Partial<SensorView> = {}): SensorView {
  return {
    sensor,
    partition: "http-0",
    type: "room",
    location: "server room",
    state: "ok",
    state_since: NOON,
    warmup_left: 0,
    last_time: NOON,
    is_anomaly: false,
    hour_sin: 0,
    hour_cos: -1,
    channels: [],
    readings: 1,
    anomalies: 0,
    late: 0,
    duplicates: 0,
    conflicts: 0,
    steps_back: 0,
    impossible: 0,
    active_alerts: [],
    ...more,
  };
}

/** A reading of a sensor at a position. */
export function readingView(sensor: string, position: number): ReadingView {
  const values = { temperature: 20 + position };
  return { id: `http-0/${position}/${sensor}`, sensor, time: NOON + position, values, is_anomaly: false, flags: [] };
}

/** A raised alert of a sensor at a position. */
export function transition(sensor: string, position: number, message = "too hot"): AlertTransition {
  const alert = `http-0:${position}:${sensor}:limit:temperature`;
  return {
    id: `${alert}/raised`,
    alert,
    transition: "raised",
    sensor,
    type: "room",
    location: "server room",
    condition: "limit",
    priority: "high",
    time: NOON + position,
    partition: "http-0",
    position,
    message,
  };
}

/** An alert as it stands after {@linkcode transition}. */
export function alertView(sensor: string, position: number): AlertView {
  const { alert, time, transition: _, partition: _p, position: _n, ...rest } = transition(sensor, position);
  return { ...rest, id: alert, state: "active", raised_at: time };
}

function page<T>(items: readonly T[], limit: number, cursor: string | undefined): Promise<Page<T>> {
  if (cursor !== undefined && !/^\d+$/.test(cursor)) return Promise.reject(new CursorError("not a cursor"));
  const from = Number(cursor ?? 0), to = from + limit;
  const part = items.slice(from, to);
  return Promise.resolve(to < items.length ? { items: part, next: String(to) } : { items: part });
}

/** Answers from arrays; remembers the filters that it was asked with. */
export class FakeQueries implements Queries {
  /** Arguments of the calls, with the method's name first. */
  readonly asked: unknown[][] = [];
  sensorViews: SensorView[] = [sensorView("a"), sensorView("a/b ü%2F"), sensorView("c", { type: "pump" })];
  alertViews: AlertView[] = [alertView("a", 7), alertView("a/b ü%2F", 8)];

  summary(): Promise<SummaryView> {
    return Promise.resolve({
      sensors: 3,
      anomalous: 0,
      silent: 0,
      stuck: 0,
      dirty: 0,
      warming_up: 0,
      failed: 0,
      active_alerts: 2,
      partitions: [{
        partition: "http-0",
        source: "http",
        position: 9,
        source_time: NOON,
        readings: 9,
        refused: 0,
        future: 0,
        state: "running",
      }],
      readings_per_second: 1.5,
    });
  }

  sensors(filter: unknown, limit: number, cursor?: string): Promise<Page<SensorView>> {
    this.asked.push(["sensors", filter, limit, cursor]);
    return page(this.sensorViews, limit, cursor);
  }

  sensor(name: string): Promise<SensorView | undefined> {
    this.asked.push(["sensor", name]);
    return Promise.resolve(this.sensorViews.find(({ sensor }) => sensor === name));
  }

  readings(sensor: string, period: unknown, limit: number, cursor?: string): Promise<Page<ReadingView>> {
    this.asked.push(["readings", sensor, period, limit, cursor]);
    return page([3, 2, 1].map((position) => readingView(sensor, position)), limit, cursor);
  }

  latestReadings(filter: object, limit: number, cursor?: string): Promise<Page<ReadingView>> {
    this.asked.push(["latestReadings", filter, limit, cursor]);
    return this.readings("a", {}, limit, cursor);
  }

  windows(filter: { sensor?: string }, limit: number, cursor?: string): Promise<Page<WindowView>> {
    this.asked.push(["windows", filter, limit, cursor]);
    const sensor = filter.sensor ?? "a";
    const window = { id: `${sensor}/60000/${NOON}`, sensor, start: NOON, end: NOON + 60_000, length_ms: 60_000 };
    return page([{ ...window, hop_ms: 60_000, revision: 0, channels: {} }], limit, cursor);
  }

  alerts(filter: unknown, limit: number, cursor?: string): Promise<Page<AlertView>> {
    this.asked.push(["alerts", filter, limit, cursor]);
    return page(this.alertViews, limit, cursor);
  }

  alert(id: string): Promise<AlertView | undefined> {
    return Promise.resolve(this.alertViews.find((alert) => alert.id === id));
  }

  quarantine(limit: number, cursor?: string): Promise<Page<never>> {
    this.asked.push(["quarantine", limit, cursor]);
    return page<never>([], limit, cursor);
  }
}

/** Dependencies of an app over fakes, with what a test needs to move them. */
export interface FakeDeps extends AppDeps {
  readonly clock: FakeClock;
  readonly queries: FakeQueries;
  readonly alertHub: Hub<AlertTransition>;
  readonly readingHub: Hub<ReadingView>;
  /** Takes the instance down. */
  readonly down: AbortController;
  /** What was reported as a 500. */
  readonly reported: unknown[];
}

/** Fresh fakes. */
export function fakeDeps(more: Partial<AppDeps> = {}, capacity = 1_000): FakeDeps {
  const down = new AbortController();
  const reported: unknown[] = [];
  const alertHub = new Hub<AlertTransition>({
    partitionOf: ({ partition }) => partition,
    positionOf: ({ position }) => position,
    capacity,
  });
  const readingHub = new Hub<ReadingView>({
    partitionOf: ({ id }) => id.split("/")[0],
    positionOf: ({ id }) => Number(id.split("/")[1]),
    capacity,
  });
  return {
    feed: {
      alerts: (cursor, signal): AsyncIterable<FeedItem<AlertTransition>> => alertHub.follow(cursor, signal),
      readings: (cursor, signal): AsyncIterable<FeedItem<ReadingView>> => readingHub.follow(cursor, signal),
    },
    health: () => ({ ready: true, reasons: [], partitions: [], lock: true, kv: true }),
    version: "0.0.0-test",
    signal: down.signal,
    report: (error) => reported.push(error),
    ...more,
    clock: new FakeClock(),
    queries: new FakeQueries(),
    alertHub,
    readingHub,
    down,
    reported,
  };
}
