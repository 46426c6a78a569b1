/**
 * Answers to the routes' questions: what is stored, joined with what the running actors hold.
 *
 * @module
 */
import { z } from "zod";
import type { AlertRecord } from "../actors/alerts/fold.ts";
import type { Supervisor } from "../actors/supervisor.ts";
import { viewRows } from "../actors/sensor/view.ts";
import { latestFirst, placeOf, positionOf, type ReadingPlace } from "./latest_readings.ts";
import { viewWindow } from "../actors/window_view.ts";
import type {
  AlertFilter,
  AlertView,
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
} from "../actors/views.ts";
import type { ChunkValue, WindowValue } from "./checkpoint/outputs.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { KEYS } from "./keys.ts";
import { KV_LIMITS, type KvPort } from "./kv.ts";
import type { FleetKv } from "./nodes/fleet.ts";

const FAR = Number.MAX_SAFE_INTEGER;
const DEFAULT_LENGTH_MS = 60_000;
/** Entries that one page may look at: a filter that nothing matches ends there, with a cursor to go on. */
const LOOK_AT = 20_000;
const place = z.array(z.union([z.string(), z.number()])).min(1).max(8);

const readingPlace = z.tuple([z.number(), z.string(), z.number()]);

/** Questions over the store and the supervisor. */
export class StoreQueries implements Queries {
  private names: readonly string[] = [];
  /** As of so many entries of the directory. */
  private namesOf = 0;

  /**
   * @param rate readings per second over the last seconds
   * @param cluster this node's name, and which KV server holds a partition, whoever runs it
   */
  constructor(
    private readonly kv: KvPort,
    private readonly supervisor: Supervisor,
    private readonly rate: () => number,
    private readonly cluster: { readonly node?: string; readonly holderOf?: FleetKv["holderOf"] } = {},
  ) {}

  async summary(own = false): Promise<SummaryView> {
    const states = await this.supervisor.answers.states(own), { node, holderOf } = this.cluster;
    const partitions = this.supervisor.partitions().map((view) => {
      const holder = holderOf?.(view.partition), error = view.error ?? holder?.problem;
      return { ...view, ...(holder ? { server: holder.name } : {}), ...(error === undefined ? {} : { error }) };
    });
    return { ...states, partitions, readings_per_second: this.rate(), ...(node === undefined ? {} : { node }) };
  }

  async sensors(filter: SensorFilter, limit: number, cursor?: string): Promise<Page<SensorView>> {
    const after = cursor === undefined ? "" : readCursor(cursor, z.tuple([z.string()]))[0];
    const { directory } = this.supervisor;
    const names = this.sortedNames().filter((name) => name > after && matches(filter, directory.find(name) ?? {}));
    const items: SensorView[] = [];
    for (let at = 0; at < names.length; at += limit) {
      for (const view of await this.supervisor.answers.sensors(names.slice(at, at + limit))) {
        if (filter.state !== undefined && view.state !== filter.state) continue;
        if (items.length === limit) return { items, next: writeCursor([items[limit - 1].sensor]) };
        items.push(view);
      }
    }
    return { items };
  }

  /** All names in order; sorted again only when there are more. */
  private sortedNames(): readonly string[] {
    const { directory } = this.supervisor, { length } = directory.entries;
    if (this.namesOf !== length) this.names = directory.present.map((entry) => entry.name).sort();
    this.namesOf = length;
    return this.names;
  }

  async sensor(name: string): Promise<SensorView | undefined> {
    return (await this.supervisor.answers.sensors([name]))[0];
  }

  async readings(sensor: string, period: PeriodFilter, limit: number, cursor?: string): Promise<Page<ReadingView>> {
    const before = cursor === undefined ? FAR : readCursor(cursor, z.tuple([z.number()]))[0];
    const items: ReadingView[] = [];
    for await (const reading of this.newestReadings(sensor)) {
      if (positionOf(reading) >= before || reading.time >= (period.to ?? FAR)) continue;
      if (reading.time < (period.from ?? 0)) continue;
      if (items.length === limit) return { items, next: writeCursor([positionOf(items[limit - 1])]) };
      items.push(reading);
    }
    return { items };
  }

  async latestReadings(filter: ReadingFilter, limit: number, cursor?: string): Promise<Page<ReadingView>> {
    const { from = 0, to = FAR, anomalous } = filter, { directory, options } = this.supervisor;
    const after: ReadingPlace = cursor === undefined ? [to, "", -1] : readCursor(cursor, readingPlace);
    const named = filter.sensor === undefined ? directory.entries : [directory.find(filter.sensor)];
    const entries = named.filter((entry) => entry !== undefined).filter((entry) => matches(filter, entry));
    const times = await this.supervisor.answers.times();
    const candidates = entries.map(({ sensor, name }) => ({
      sensor: name,
      latest: times.get(sensor) ?? Infinity,
      readings: () => this.newestReadings(name),
    }));
    const items: ReadingView[] = [];
    let looked = 0;
    for await (const reading of latestFirst(candidates, after, options.judging.latenessMs)) {
      if (reading.time < from) return { items };
      if (reading.time < to && (anomalous === undefined || reading.is_anomaly === anomalous)) items.push(reading);
      if (items.length === limit || ++looked === LOOK_AT) return { items, next: writeCursor([...placeOf(reading)]) };
    }
    return { items };
  }

  /** A sensor's readings, newest first: those in memory, then stored chunks. */
  async *newestReadings(sensor: string): AsyncGenerator<ReadingView> {
    let oldest = FAR;
    const partition = this.supervisor.directory.find(sensor)?.partition ?? "";
    for (const reading of await this.supervisor.answers.readings(sensor)) {
      oldest = positionOf(reading);
      yield reading;
    }
    const chunks = this.kv.list<ChunkValue>({ prefix: KEYS.readings(sensor) }, { reverse: true, batchSize: 10 });
    for await (const { value } of chunks) {
      for (const reading of viewRows({ name: sensor, partition }, value.channels, value.rows).reverse()) {
        if (positionOf(reading) >= oldest) continue; // in memory and in a stored chunk
        oldest = positionOf(reading);
        yield reading;
      }
    }
  }

  async windows(filter: WindowFilter, limit: number, cursor?: string): Promise<Page<WindowView>> {
    const from = cursor === undefined ? undefined : readCursor(cursor, place);
    return filter.sensor === undefined
      ? await this.windowsByTime(filter, limit, from)
      : await this.windowsOf(filter.sensor, filter, limit, from);
  }

  /** The lengths of which windows are stored, ms, least first. */
  async *windowLengths(): AsyncGenerator<number> {
    const all = KEYS.windowTimes(), end = [...all, Infinity];
    for (let least = 0;;) {
      const [first] = await Array.fromAsync(this.kv.list({ start: [...all, least], end }, { limit: 1 }));
      if (first === undefined) return;
      const lengthMs = Number(first.key[1]);
      yield lengthMs;
      least = lengthMs + 1;
    }
  }

  private async windowsOf(
    sensor: string,
    filter: WindowFilter,
    limit: number,
    from?: readonly (string | number)[],
  ): Promise<Page<WindowView>> {
    const prefix = KEYS.windowsOf(sensor, filter.lengthMs ?? DEFAULT_LENGTH_MS), items: WindowView[] = [];
    const selector = from ? { prefix, end: [...prefix, ...from] } : { prefix };
    let looked = 0;
    for await (const { key, value } of this.kv.list<WindowValue>(selector, { reverse: true })) {
      const start = Number(key[4]), rest = [Number(key[3]), start];
      if (start < (filter.to ?? FAR) && start >= (filter.from ?? 0) && matches(filter, value)) {
        items.push(windowOf(key, value));
      }
      if (items.length === limit || ++looked === LOOK_AT) return { items, next: writeCursor(rest) };
    }
    return { items };
  }

  private async windowsByTime(
    filter: WindowFilter,
    limit: number,
    from?: readonly (string | number)[],
  ): Promise<Page<WindowView>> {
    const lengthMs = filter.lengthMs ?? DEFAULT_LENGTH_MS, prefix = KEYS.windowTimes(lengthMs);
    const least = filter.from ?? 0, end = from ?? [filter.to ?? FAR];
    if (!(Number(end[0]) >= least)) return { items: [] }; // the database takes no period that ends before it begins
    const selector = { start: [...prefix, least], end: [...prefix, ...end] };
    const items: WindowView[] = [];
    let keys: Deno.KvKey[] = [], looked = 0;
    const fetch = async () => {
      for (const entry of await this.kv.getMany(keys)) {
        if (entry.value !== null && matches(filter, entry.value as WindowValue)) {
          items.push(windowOf(entry.key, entry.value as WindowValue));
        }
      }
      keys = [];
    };
    for await (const { key } of this.kv.list(selector, { reverse: true })) {
      keys.push(KEYS.window(String(key[3]), lengthMs, Number(key[4]), Number(key[2])));
      const enough = items.length + keys.length >= limit;
      if (keys.length === KV_LIMITS.getMany || enough) await fetch();
      if (items.length >= limit || ++looked === LOOK_AT) {
        return { items, next: writeCursor([...key.slice(2)].map(plain)) };
      }
    }
    await fetch();
    return { items };
  }

  async alerts(filter: AlertFilter, limit: number, cursor?: string): Promise<Page<AlertView>> {
    const prefix = KEYS.alertTimes(), items: AlertView[] = [];
    const end = cursor === undefined ? [filter.to ?? FAR] : readCursor(cursor, place);
    const least = filter.from ?? 0;
    if (!(Number(end[0]) >= least)) return { items: [] };
    const selector = { start: [...prefix, least], end: [...prefix, ...end] };
    let looked = 0;
    for await (const { key, value } of this.kv.list<AlertRecord>(selector, { reverse: true })) {
      if (matches(filter, value) && matchesAlert(filter, value)) items.push(viewAlert(value));
      if (items.length === limit || ++looked === LOOK_AT) {
        return { items, next: writeCursor([...key.slice(1)].map(plain)) };
      }
    }
    return { items };
  }

  async alert(id: string): Promise<AlertView | undefined> {
    const raisedAt = (await this.kv.get<number>(KEYS.alert(id))).value;
    if (raisedAt === null) return undefined;
    const { value } = await this.kv.get<AlertRecord>(KEYS.alertAt(raisedAt, id));
    return value === null ? undefined : viewAlert(value);
  }

  async quarantine(limit: number, cursor?: string): Promise<Page<QuarantineView>> {
    const prefix = KEYS.quarantines(), items: QuarantineView[] = [];
    const selector = cursor === undefined ? { prefix } : { prefix, end: [...prefix, ...readCursor(cursor, place)] };
    for await (const { key, value } of this.kv.list<QuarantineView>(selector, { reverse: true })) {
      items.push(value);
      if (items.length === limit) return { items, next: writeCursor([...key.slice(1)].map(plain)) };
    }
    return { items };
  }
}

/** A stored alert as it is shown. */
function viewAlert({ last_position: _, last_command: _c, ...alert }: AlertRecord): AlertView {
  return alert;
}

/** A stored window as it is shown: some of it is in its key. */
function windowOf(key: Deno.KvKey, value: WindowValue): WindowView {
  const [, sensor, lengthMs, hopMs, start] = key;
  return viewWindow({
    sensor: String(sensor),
    lengthMs: Number(lengthMs),
    hopMs: Number(hopMs),
    start: Number(start),
    ...value,
  });
}

function plain(part: Deno.KvKeyPart): string | number {
  return typeof part === "number" ? part : String(part);
}

/** Whether a sensor's type and location are those that are asked for. */
export function matches(
  filter: { readonly type?: string; readonly location?: string },
  value: { readonly type?: string; readonly location?: string },
): boolean {
  return (filter.type === undefined || filter.type === value.type) &&
    (filter.location === undefined || filter.location === value.location);
}

function matchesAlert(filter: AlertFilter, alert: AlertView): boolean {
  return (filter.sensor === undefined || filter.sensor === alert.sensor) &&
    (filter.state === undefined || filter.state === alert.state) &&
    (filter.condition === undefined || filter.condition === alert.condition);
}
