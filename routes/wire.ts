/**
 * Views as they go over the wire: the same names, times as ISO 8601 in UTC.
 *
 * @module
 */
import type {
  AlertTransition,
  AlertView,
  ChannelView,
  ClosestView,
  DriftView,
  Page,
  PartitionView,
  ReadingView,
  SensorView,
  SummaryView,
  WindowView,
} from "../actors/views.ts";

/** The same properties as texts; what is optional stays so. */
type Texts<T> = { readonly [P in keyof T]: string };

/** A view whose times at `K` are written as text. */
export type Wire<T, K extends keyof T> = Omit<T, K> & Texts<Pick<T, K>>;

/** ISO 8601 in UTC, to the millisecond. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** A channel over the wire. */
export type WireChannel = Omit<Wire<ChannelView, "stuck_since">, "drift"> & {
  readonly drift?: Wire<DriftView, "since" | "adapted_at">;
};

/** A sensor over the wire. */
export type WireSensor = Omit<Wire<SensorView, "state_since" | "last_time">, "channels" | "closest" | "maintenance"> & {
  readonly maintenance?: { readonly from: string; readonly to: string };
  readonly channels: readonly WireChannel[];
  readonly closest?: Wire<ClosestView, "time">;
};

/** A sensor. */
export function wireSensor({ channels, closest, maintenance, ...view }: SensorView): WireSensor {
  return {
    ...view,
    state_since: iso(view.state_since),
    last_time: iso(view.last_time),
    channels: channels.map(wireChannel),
    ...(maintenance === undefined ? {} : { maintenance: { from: iso(maintenance.from), to: iso(maintenance.to) } }),
    ...(closest === undefined ? {} : { closest: { ...closest, time: iso(closest.time) } }),
  };
}

function wireChannel({ stuck_since, drift, ...view }: ChannelView): WireChannel {
  return {
    ...view,
    ...(stuck_since === undefined ? {} : { stuck_since: iso(stuck_since) }),
    ...(drift === undefined ? {} : { drift: wireDrift(drift) }),
  };
}

/** How a channel has drifted, with whatever stands beside it. */
export function wireDrift<T extends DriftView>(
  { since, adapted_at, ...view }: T,
): Omit<T, "since" | "adapted_at"> & Partial<Texts<Pick<DriftView, "since" | "adapted_at">>> {
  return {
    ...view,
    ...(since === undefined ? {} : { since: iso(since) }),
    ...(adapted_at === undefined ? {} : { adapted_at: iso(adapted_at) }),
  };
}

/** A reading with its verdict. */
export function wireReading(view: ReadingView): Wire<ReadingView, "time"> {
  return { ...view, time: iso(view.time) };
}

/** A window. */
export function wireWindow(view: WindowView): Wire<WindowView, "start" | "end"> {
  return { ...view, start: iso(view.start), end: iso(view.end) };
}

/** An alert over the wire. */
export type WireAlert = Wire<AlertView, "raised_at" | "cleared_at" | "acknowledged_at" | "shelved_until">;

/** An alert. */
export function wireAlert({ cleared_at, acknowledged_at, shelved_until, ...view }: AlertView): WireAlert {
  return {
    ...view,
    raised_at: iso(view.raised_at),
    ...(cleared_at === undefined ? {} : { cleared_at: iso(cleared_at) }),
    ...(acknowledged_at === undefined ? {} : { acknowledged_at: iso(acknowledged_at) }),
    ...(shelved_until === undefined ? {} : { shelved_until: iso(shelved_until) }),
  };
}

/** A step over the wire. */
export type WireTransition = Wire<AlertTransition, "time" | "raised_at" | "shelved_until"> & {
  readonly sensor_name?: string;
};

/** A step in an alert's life. */
export function wireTransition({ raised_at, shelved_until, ...view }: AlertTransition): WireTransition {
  return {
    ...view,
    time: iso(view.time),
    ...(raised_at === undefined ? {} : { raised_at: iso(raised_at) }),
    ...(shelved_until === undefined ? {} : { shelved_until: iso(shelved_until) }),
  };
}

/** A partition's counts. */
export function wirePartition(view: PartitionView): Wire<PartitionView, "source_time"> {
  const { source_time, ...rest } = view;
  return source_time === undefined ? rest : { ...rest, source_time: iso(source_time) };
}

/** Everything at a glance. */
export function wireSummary(
  view: SummaryView,
): Omit<SummaryView, "partitions"> & { readonly partitions: readonly Wire<PartitionView, "source_time">[] } {
  return { ...view, partitions: view.partitions.map(wirePartition) };
}

/** A page of a listing: `{items, next}`, without `next` on the last one. */
export function wirePage<T, U>(page: Page<T>, item: (view: T) => U): Page<U> {
  const items = page.items.map(item);
  return page.next === undefined ? { items } : { items, next: page.next };
}
