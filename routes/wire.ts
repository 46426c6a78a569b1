/**
 * Views as they go over the wire: the same names, times as ISO 8601 in UTC.
 *
 * @module
 */
import type {
  AlertTransition,
  AlertView,
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

/** A sensor. */
export function wireSensor(view: SensorView): Wire<SensorView, "state_since" | "last_time"> {
  return { ...view, state_since: iso(view.state_since), last_time: iso(view.last_time) };
}

/** A reading with its verdict. */
export function wireReading(view: ReadingView): Wire<ReadingView, "time"> {
  return { ...view, time: iso(view.time) };
}

/** A window. */
export function wireWindow(view: WindowView): Wire<WindowView, "start" | "end"> {
  return { ...view, start: iso(view.start), end: iso(view.end) };
}

/** An alert. */
export function wireAlert(view: AlertView): Wire<AlertView, "raised_at" | "cleared_at"> {
  const { cleared_at, ...rest } = view;
  const written = { ...rest, raised_at: iso(view.raised_at) };
  return cleared_at === undefined ? written : { ...written, cleared_at: iso(cleared_at) };
}

/** A step in an alert's life. */
export function wireTransition(view: AlertTransition): Wire<AlertTransition, "time"> {
  return { ...view, time: iso(view.time) };
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
