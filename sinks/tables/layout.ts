/**
 * Folders of tables, as DuckDB, pandas and Spark expect them (Hive's way):
 *
 *     readings/type=room/date=2026-03-01/part-facility-12.parquet
 *     readings/type=room/date=2026-03-01/hour=05/part-facility-12.parquet      hourly
 *
 * @module
 */
import { join } from "../../std/path.ts";

/** How much event time a folder holds. */
export type Period = "hour" | "day";

/** Of a period, ms. */
export const PERIOD_MS: Readonly<Record<Period, number>> = { hour: 3_600_000, day: 86_400_000 };

/** Stands for "none", by Hive's convention: readers make a null of it. */
const NO_TYPE = "__HIVE_DEFAULT_PARTITION__";

/** The folder of a table's rows of one type and one period (UTC). */
export function folderOf(table: string, type: string | undefined, time: number, period: Period): string {
  const iso = new Date(time).toISOString(), hour = period === "hour" ? [`hour=${iso.slice(11, 13)}`] : [];
  return join(table, `type=${type === undefined ? NO_TYPE : escaped(type)}`, `date=${iso.slice(0, 10)}`, ...hour);
}

/** A name that is a folder's on any system; what is not a letter, a digit or one of `-_.` is escaped as in a URL. */
function escaped(name: string): string {
  const safe = encodeURIComponent(name).replace(/[!'()*~]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return /^\.+$/.test(safe) ? safe.replaceAll(".", "%2e") : safe;
}
