/**
 * A plant that exists only in memory, behind the real routes: for tests, screenshots and a look at the page.
 *
 * Twenty-five sensors of a facility with seeded values: the same seed and the same present give the same plant. Time
 * passes only when a test calls {@linkcode FakePlant.tick}.
 *
 * @module
 */
import type {
  AlertFilter,
  AlertTransition,
  AlertView,
  Feed,
  FeedItem,
  Page,
  PeriodFilter,
  QuarantineView,
  Queries,
  ReadingFilter,
  ReadingView,
  SensorFilter,
  SensorView,
  SummaryView,
  WindowFilter,
  WindowView,
} from "../../actors/views.ts";
import { foldAlert } from "../../actors/alerts/fold.ts";
import { EventLog } from "./event_log.ts";
import { FakeSensor } from "./fake_sensor.ts";

/** What kinds of sensors stand in each place: typical value, daily swing, noise, limits. */
const KINDS = [
  { type: "temperature", unit: "°C", base: 21, swing: 2, noise: 0.15, low: 10, high: 30 },
  { type: "humidity", unit: "%", base: 45, swing: 5, noise: 0.5, low: 20, high: 70 },
  { type: "air_quality", unit: "AQI", base: 55, swing: 12, noise: 2, high: 150 },
  { type: "pressure", unit: "hPa", base: 1013, swing: 1.5, noise: 0.2, low: 980, high: 1040 },
  { type: "co2", unit: "ppm", base: 520, swing: 120, noise: 9, high: 1000 },
] as const;

/** Where they stand. */
const PLACES = ["server room", "office", "warehouse", "laboratory", "manufacturing floor"];

/** How large the plant is and when it is. */
export interface FakePlantOptions {
  /** The present, epoch ms; a multiple of 2,000. */
  readonly now: number;
  /** Places with five sensors each; default 5. */
  readonly places?: number;
  /** How much of the past has readings, ms; default 70 minutes. */
  readonly pastMs?: number;
}

/** Sensors, alerts and feeds in memory. */
export class FakePlant implements Queries {
  /** Event time of the last reading, epoch ms. */
  now: number;
  readonly sensorsByName = new Map<string, FakeSensor>();
  readonly alertsById = new Map<string, AlertView>();
  readonly alertLog = new EventLog<AlertTransition>();
  readonly readingLog = new EventLog<ReadingView>();
  #position = 0;
  readonly #pastMs: number | undefined;

  constructor(options: FakePlantOptions) {
    this.now = options.now;
    this.#pastMs = options.pastMs;
    for (let at = 0; at < (options.places ?? 5); at++) {
      const place = PLACES[at] ?? `hall ${at + 1}`;
      for (const kind of KINDS) {
        this.add(`${place.replaceAll(" ", "-")}-${kind.type}`, place, { ...kind, channel: kind.type });
      }
    }
  }

  /** Adds a sensor with its past. */
  add(name: string, place: string, kind: ConstructorParameters<typeof FakeSensor>[2]): FakeSensor {
    const sensor = new FakeSensor(name, place, kind, this.now, this.#pastMs);
    this.sensorsByName.set(name, sensor);
    return sensor;
  }

  /** The sensor of a name; throws if there is none. */
  get(name: string): FakeSensor {
    const sensor = this.sensorsByName.get(name);
    if (!sensor) throw new Error(`the plant has no sensor ${name}`);
    return sensor;
  }

  /** Two seconds pass: every sensor that is not silent reads what it measures, or what is given for it. */
  tick(values: Readonly<Record<string, number>> = {}): void {
    this.now += 2_000;
    for (const sensor of this.sensorsByName.values()) {
      if (sensor.state === "silent" || sensor.state === "failed") continue;
      this.readingLog.push(sensor.read(this.now, values[sensor.name], this.#position++));
    }
  }

  /** Raises an alert now, or `ago` ms ago. */
  raise(
    name: string,
    alert: Pick<AlertView, "priority" | "condition" | "message"> & Partial<AlertView>,
    ago = 0,
  ): string {
    const sensor = this.get(name);
    const position = this.#position++;
    const id = `main:${position}:${name}:${alert.condition}:${sensor.kind.channel}`;
    const { type } = sensor.kind;
    const base = { sensor: name, type, location: sensor.place, channel: sensor.kind.channel, ...alert };
    this.alertsById.set(id, { ...base, id, state: "active", raised_at: this.now - ago });
    this.alertLog.push({
      ...base,
      id: `${id}/raised`,
      alert: id,
      transition: "raised",
      time: this.now - ago,
      partition: "main",
      position,
    });
    sensor.alerts.add(id);
    return id;
  }

  /** Clears an alert now, or `ago` ms ago. */
  clear(id: string, ago = 0): void {
    const alert = this.alertsById.get(id);
    if (!alert) throw new Error(`the plant has no alert ${id}`);
    this.alertsById.set(id, { ...alert, state: "cleared", cleared_at: this.now - ago });
    const { state: _, raised_at: __, cleared_at: ___, ...rest } = alert;
    const position = this.#position++;
    const step = { transition: "cleared", time: this.now - ago, partition: "main", position } as const;
    this.alertLog.push({ ...rest, ...step, id: `${id}/cleared`, alert: id });
    this.get(alert.sensor).alerts.delete(id);
  }

  /** One more step of an alert's life, such as its acknowledgement, now. */
  step(id: string, step: Pick<AlertTransition, "transition"> & Partial<AlertTransition>): void {
    const alert = this.alertsById.get(id);
    if (!alert) throw new Error(`the plant has no alert ${id}`);
    const position = this.#position++, { sensor, condition, channel, priority, message } = alert;
    const said = { sensor, condition, channel, priority, message, partition: "main", position, time: this.now };
    const full: AlertTransition = { ...said, id: `${id}/${step.transition}/${position}`, alert: id, ...step };
    const after = foldAlert({ ...alert, last_position: -1 }, full);
    if (after) this.alertsById.set(id, after);
    this.alertLog.push(full);
  }

  summary(): Promise<SummaryView> {
    const views = [...this.sensorsByName.values()].map((sensor) => sensor.view());
    const of = (state: SensorView["state"]) => views.filter((view) => view.state === state).length;
    return Promise.resolve({
      sensors: views.length,
      anomalous: views.filter((view) => view.is_anomaly).length,
      silent: of("silent"),
      stuck: of("stuck"),
      dirty: of("dirty"),
      warming_up: of("warming_up"),
      failed: of("failed"),
      maintenance: of("maintenance"),
      retired: of("retired"),
      active_alerts: [...this.alertsById.values()].filter((alert) => alert.state === "active").length,
      partitions: [{
        partition: "main",
        source: "facility",
        position: this.#position,
        ...(views.length === 0 ? {} : { source_time: this.now }),
        readings: views.reduce((sum, view) => sum + view.readings, 0),
        refused: 0,
        future: 0,
        state: "running",
      }],
      readings_per_second: views.length / 2,
    });
  }

  sensors(filter: SensorFilter, limit: number, cursor?: string): Promise<Page<SensorView>> {
    const views = [...this.sensorsByName.values()].map((sensor) => sensor.view())
      .filter((view) => agree(filter, view))
      .sort((a, b) => a.sensor < b.sensor ? -1 : 1);
    return Promise.resolve(page(views, limit, cursor));
  }

  sensor(name: string): Promise<SensorView | undefined> {
    return Promise.resolve(this.sensorsByName.get(name)?.view());
  }

  readings(name: string, period: PeriodFilter, limit: number, cursor?: string): Promise<Page<ReadingView>> {
    const readings = this.get(name).readings.filter((reading) => within(period, reading.time)).toReversed();
    return Promise.resolve(page(readings, limit, cursor));
  }

  latestReadings(filter: ReadingFilter, limit: number, cursor?: string): Promise<Page<ReadingView>> {
    const { sensor, type, location, anomalous } = filter;
    const readings = [...this.sensorsByName.values()].filter(({ name, kind, place }) =>
      (!sensor || name === sensor) && (!type || kind.type === type) && (!location || place === location)
    ).flatMap(({ readings }) => readings)
      .filter(({ time, is_anomaly }) => within(filter, time) && (anomalous === undefined || is_anomaly === anomalous))
      .toSorted((a, b) => b.time - a.time);
    return Promise.resolve(page(readings, limit, cursor));
  }

  windows(filter: WindowFilter, limit: number, cursor?: string): Promise<Page<WindowView>> {
    const { sensor: only, type, location } = filter;
    const sensors = [...this.sensorsByName.values()].filter(({ name, kind, place }) =>
      (!only || name === only) && (!type || kind.type === type) && (!location || place === location)
    );
    const windows = sensors.flatMap((sensor) => sensor.windows).filter((window) => within(filter, window.start));
    return Promise.resolve(page(windows.sort((a, b) => b.start - a.start), limit, cursor));
  }

  alerts(filter: AlertFilter, limit: number, cursor?: string): Promise<Page<AlertView>> {
    const { from, to, ...same } = filter;
    const alerts = [...this.alertsById.values()]
      .filter((alert) => agree(same, alert) && within({ from, to }, alert.raised_at))
      .sort((a, b) => b.raised_at - a.raised_at);
    return Promise.resolve(page(alerts, limit, cursor));
  }

  alert(id: string): Promise<AlertView | undefined> {
    return Promise.resolve(this.alertsById.get(id));
  }

  quarantine(): Promise<Page<QuarantineView>> {
    return Promise.resolve({ items: [] });
  }

  // The port has one name for the listing and the feed of each kind, on two objects: this is the feed.
  readonly feed: Feed = {
    alerts: (cursor, signal): AsyncIterable<FeedItem<AlertTransition>> => this.alertLog.follow(cursor, signal),
    readings: (cursor, signal): AsyncIterable<FeedItem<ReadingView>> => this.readingLog.follow(cursor, signal),
  };
}

/** Whether every property that the filter names is the item's. */
function agree(filter: object, item: object): boolean {
  const have = new Map(Object.entries(item));
  return Object.entries(filter).every(([name, value]) => value === undefined || have.get(name) === value);
}

function within({ from = 0, to = Infinity }: PeriodFilter, time: number): boolean {
  return time >= from && time < to;
}

function page<T>(items: readonly T[], limit: number, cursor = "0"): Page<T> {
  const at = Number(cursor);
  const next = at + limit < items.length ? { next: String(at + limit) } : {};
  return { items: items.slice(at, at + limit), ...next };
}
