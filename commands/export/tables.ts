/**
 * `deno task export FOLDER --format parquet`: what is stored of a period as tables, in files for DuckDB, pandas and Spark.
 *
 * @module
 */
import type { AlertView, Page, PeriodFilter, Queries, SensorView, WindowView } from "../../actors/views.ts";
import { parseTime } from "../../actors/reading.ts";
import { TABLE_FORMATS, type TableFormat } from "../../sinks/tables/format.ts";
import type { Period } from "../../sinks/tables/layout.ts";
import { TableParts } from "../../sinks/tables/parts.ts";
import { ALERTS, READINGS, VERDICTS, WINDOWS } from "../../sinks/tables/tables.ts";
import { join } from "../../std/path.ts";
import { z } from "zod";
import { systemClock } from "../process/clock.ts";
import { Engine } from "../instance/engine.ts";
import { choice, custom, type Setting } from "../settings/setting.ts";
import { judgingOf } from "../settings/settings.ts";

/** The kinds that can be had. */
const KINDS = ["readings", "verdicts", "windows", "alerts"] as const;
type Kind = typeof KINDS[number];
/** Items that are asked for at a time. */
const PAGE = 2_000;

const moment = (help: string) =>
  custom<number | undefined>({
    schema: z.union([z.string(), z.number()]).transform(parseTime).refine((time) => !Number.isNaN(time)),
    allowed: "a time: ISO 8601 with a zone, or epoch ms",
    fallback: undefined,
    help,
    placeholder: "TIME",
  });

const KINDS_SETTING: Setting<readonly Kind[]> = {
  form: "list",
  schema: z.array(z.enum(KINDS)),
  allowed: `${KINDS.join(", ")} with commas between them`,
  fallback: KINDS,
  help: "tables that are written",
  placeholder: "KIND",
};

/** What is said of tables. */
export const EXPORT_TABLES = {
  format: choice({
    words: ["savepoint", ...TABLE_FORMATS],
    fallback: "savepoint",
    help: "one file of everything, to import again; or tables below the folder FILE",
  }),
  kinds: KINDS_SETTING,
  from: moment("tables: nothing before it"),
  to: moment("tables: nothing from it on"),
  period: choice({ words: ["hour", "day"], fallback: "day", help: "tables: how much time a folder holds" }),
};

/** What is written. */
export interface TablesWanted extends PeriodFilter {
  readonly kinds: readonly Kind[];
  readonly format: TableFormat;
  readonly period: Period;
}

/** Items of each kind that were written. */
export type TablesWritten = Readonly<Partial<Record<Kind, number>>>;

/**
 * Writes the tables of a store at rest below a folder, which gets its name once everything is in it.
 *
 * @param store data directory and KV, of which nothing else may be running
 */
export async function exportTables(
  store: { readonly dataDir: string; readonly kv?: string },
  folder: string,
  wanted: TablesWanted,
  signal: AbortSignal,
): Promise<TablesWritten> {
  const part = `${folder}.part`, { kinds, format, period } = wanted;
  const engine = await Engine.open({ ...store, judging: judgingOf({}), shards: 1, clock: systemClock });
  try {
    const parts = new TableParts({ folder: part, partition: "export", format, period });
    await parts.restore(undefined);
    const counts: Partial<Record<Kind, number>> = {};
    const isWanted = (kind: Kind) => kinds.includes(kind);
    const count = (kind: Kind, items: number) => counts[kind] = (counts[kind] ?? 0) + items;
    if (isWanted("readings") || isWanted("verdicts")) {
      for await (const readings of everyReading(engine.queries, wanted, signal)) {
        for (const [kind, table] of [["readings", READINGS], ["verdicts", VERDICTS]] as const) {
          if (!isWanted(kind)) continue;
          await parts.add(table, readings);
          count(kind, readings.length);
        }
      }
    }
    if (isWanted("windows")) {
      for await (const lengthMs of engine.queries.windowLengths()) {
        const page = (cursor?: string) => engine.queries.windows({ ...wanted, lengthMs }, PAGE, cursor);
        for await (const windows of pages<WindowView>(page, signal)) {
          await parts.add(WINDOWS, windows);
          count("windows", windows.length);
        }
      }
    }
    if (isWanted("alerts")) {
      const page = (cursor?: string) => engine.queries.alerts(wanted, PAGE, cursor);
      for await (const alerts of pages<AlertView>(page, signal)) {
        await parts.add(ALERTS, alerts);
        count("alerts", alerts.length);
      }
    }
    parts.end(() => true);
    await parts.nameWhole();
    await Deno.remove(join(part, "_open"), { recursive: true });
    await Deno.rename(part, folder);
    return counts;
  } catch (error) {
    await Deno.remove(part, { recursive: true }).catch(() => {});
    throw error;
  } finally {
    await engine.close();
  }
}

/** Readings of a period, each with where its sensor stands, sensor by sensor. */
async function* everyReading(queries: Queries, period: PeriodFilter, signal: AbortSignal) {
  for await (const sensors of pages<SensorView>((cursor) => queries.sensors({}, PAGE, cursor), signal)) {
    for (const { sensor, type, location } of sensors) {
      const page = (cursor?: string) => queries.readings(sensor, period, PAGE, cursor);
      for await (const readings of pages(page, signal)) yield readings.map((one) => ({ type, location, ...one }));
    }
  }
}

/** The pages of a listing that have something in them. */
async function* pages<Item>(
  page: (cursor: string | undefined) => Promise<Page<Item>>,
  signal: AbortSignal,
): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const { items, next }: Page<Item> = await page(cursor);
    if (items.length > 0) yield items;
    cursor = next;
  } while (cursor !== undefined);
}
