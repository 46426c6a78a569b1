/**
 * What comes out of the sensors as rows of tables: the columns, and how a row is made.
 *
 * A sensor's type and the day are no columns: they are the folder that a row lies in, see `layout.ts`.
 *
 * @module
 */
import type { AlertTransition, AlertView, ReadingView, WindowView } from "../../actors/views.ts";
import type { Cell, Column, ColumnType } from "../parquet.ts";

/** A row, and what decides the folder that it lies in. */
export interface Row {
  /** Of the sensor; undefined where it has none. */
  readonly type: string | undefined;
  /** Event time, epoch ms. */
  readonly time: number;
  readonly cells: readonly Cell[];
}

/** A table of items of one kind. */
export interface Table<Item> {
  /** Its folder. */
  readonly name: string;
  readonly columns: readonly Column[];
  /** The rows of an item; none for a reading whose values are all missing. */
  rows(item: Item): readonly Row[];
}

/** Where a sensor stands, beside what a view says. */
export interface About {
  readonly type?: string;
  readonly location?: string;
}

/** What a table is made of: names with their types, in order. */
function columnsOf(types: Readonly<Record<string, ColumnType>>): Column[] {
  return Object.entries(types).map(([name, type]) => ({ name, type }));
}

/** A row for each channel of each reading, with the band in which its value was expected. */
export const READINGS: Table<ReadingView & About> = {
  name: "readings",
  columns: columnsOf({
    id: "text",
    sensor: "text",
    location: "text",
    time: "time",
    channel: "text",
    value: "double",
    expected_low: "double",
    expected_high: "double",
    label: "whole",
  }),
  rows: ({ id, sensor, type, location = null, time, values, expected, label = null }) =>
    Object.entries(values).filter(([, value]) => value !== null).map(([channel, value]) => ({
      type,
      time,
      cells: [
        ...[id, sensor, location, time, channel, value],
        ...[expected?.[channel]?.[0] ?? null, expected?.[channel]?.[1] ?? null, label],
      ],
    })),
};

/** A row for each reading: the verdict on it. */
export const VERDICTS: Table<ReadingView & About> = {
  name: "verdicts",
  columns: columnsOf({
    id: "text",
    sensor: "text",
    location: "text",
    time: "time",
    is_anomaly: "boolean",
    held: "boolean",
    score: "double",
    rate: "double",
    alarm: "double",
    flags: "text",
    scores: "text",
    versions: "text",
    explanation: "text",
  }),
  rows: (reading) => {
    const { id, sensor, type, location = null, time, is_anomaly, held = false, flags } = reading;
    const { score = null, rate = null, alarm = null, scores, versions, explanation = null } = reading;
    const flagged = flags.map(({ detector, channel }) => channel === undefined ? detector : `${detector}:${channel}`);
    const cells = [
      ...[id, sensor, location, time, is_anomaly, held, score, rate, alarm, flagged.join(" ")],
      ...[json(scores), json(versions), explanation],
    ];
    return [{ type, time, cells }];
  },
};

/** A row for each channel of each window; a correction is another row, with a higher revision. */
export const WINDOWS: Table<WindowView> = {
  name: "windows",
  columns: columnsOf({
    id: "text",
    sensor: "text",
    location: "text",
    start: "time",
    end: "time",
    length_ms: "whole",
    channel: "text",
    count: "whole",
    mean: "double",
    min: "double",
    max: "double",
    std: "double",
    anomalies: "whole",
    score_max: "double",
    revision: "whole",
  }),
  rows: ({ id, sensor, type, location = null, start, end, length_ms, channels, score_max = null, revision }) =>
    Object.entries(channels).map(([channel, { count, mean, min, max, std, anomalies }]) => ({
      type,
      time: start,
      cells: [
        ...[id, sensor, location, start, end, length_ms, channel],
        ...[count, mean, min, max, std, anomalies, score_max, revision],
      ],
    })),
};

/** A row for each step in an alert's life. */
export const ALERT_STEPS: Table<AlertTransition> = {
  name: "alert_transitions",
  columns: columnsOf({
    id: "text",
    alert: "text",
    transition: "text",
    sensor: "text",
    location: "text",
    condition: "text",
    channel: "text",
    priority: "text",
    time: "time",
    value: "double",
    expected_low: "double",
    expected_high: "double",
    message: "text",
    by: "text",
    comment: "text",
    label: "text",
  }),
  rows: (step) => [{
    type: step.type,
    time: step.time,
    cells: [
      ...[step.id, step.alert, step.transition, step.sensor, step.location ?? null, step.condition],
      ...[step.channel ?? null, step.priority, step.time, step.value ?? null],
      ...[step.expected?.[0] ?? null, step.expected?.[1] ?? null],
      ...[step.message, step.by ?? null, step.comment ?? null, step.label ?? null],
    ],
  }],
};

/** A row for each alert as it stands; its day is that on which it was raised. */
export const ALERTS: Table<AlertView> = {
  name: "alerts",
  columns: columnsOf({
    id: "text",
    state: "text",
    sensor: "text",
    location: "text",
    condition: "text",
    channel: "text",
    priority: "text",
    raised_at: "time",
    cleared_at: "time",
    acknowledged_at: "time",
    acknowledged_by: "text",
    value: "double",
    expected_low: "double",
    expected_high: "double",
    message: "text",
    comment: "text",
    label: "text",
  }),
  rows: (alert) => [{
    type: alert.type,
    time: alert.raised_at,
    cells: [
      ...[alert.id, alert.state, alert.sensor, alert.location ?? null, alert.condition, alert.channel ?? null],
      ...[alert.priority, alert.raised_at, alert.cleared_at ?? null, alert.acknowledged_at ?? null],
      ...[alert.acknowledged_by ?? null, alert.value ?? null],
      ...[alert.expected?.[0] ?? null, alert.expected?.[1] ?? null],
      ...[alert.message, alert.comment ?? null, alert.label ?? null],
    ],
  }],
};

/** Columns of every table, by its name. */
export const TABLES: ReadonlyMap<string, readonly Column[]> = new Map(
  [READINGS, VERDICTS, WINDOWS, ALERT_STEPS, ALERTS].map(({ name, columns }) => [name, columns]),
);

function json(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
