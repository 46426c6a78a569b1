/**
 * Files of tables under way: rows are appended to them, and once one is whole it gets its name.
 *
 *     readings/type=room/date=2026-03-01/part-facility-12.parquet     whole, and never changed again
 *     _open/facility/13.rows                                          under way; tools leave `_open` out
 *
 * What is under way is a small record. Whoever keeps it durably may die at any time: {@linkcode TableParts.restore} brings
 * the files back to where they were.
 *
 * @module
 */
import { z } from "zod";
import { dirname, join } from "../../std/path.ts";
import { type Disk, SinkError, systemDisk } from "../disk.ts";
import { beginText, rowsText, type TableFormat, utf8, writeParquet } from "./format.ts";
import { folderOf, type Period, PERIOD_MS } from "./layout.ts";
import { type Row, type Table, TABLES } from "./tables.ts";

/** Where files of tables are, and what they are like. */
export interface TablePartsOptions {
  /** All partitions may share it. */
  readonly folder: string;
  /** Part of every file's name. */
  readonly partition: string;
  readonly format: TableFormat;
  readonly period: Period;
  readonly disk?: Disk;
}

/** A file is whole at this size of its rows' text; a Parquet file is made in memory from so much. */
export const PART_BYTES = 32 << 20;
/** So long after a period's end its file is whole: windows of its last minute come after it. */
const GRACE_MS = 120_000;
/** In the folder of what is under way: files of this partition have been named. */
const BEGUN = "begun";

const count = z.number().int().min(0);
const partSchema = z.object({
  number: count,
  table: z.enum(TABLES.keys().toArray()),
  folder: z.string(),
  /** Bytes of its rows. */
  length: count,
  /** Event time from which on it is over, epoch ms. */
  over: z.number(),
});
/** What is under way, as it is kept. */
export const partsSchema = z.object({
  /** Number of the next file. */
  next: count,
  open: z.array(partSchema),
  /** Whole, and about to get their names. */
  whole: z.array(partSchema),
});
/** A file under way. */
export type TablePart = z.infer<typeof partSchema>;
/** What is under way. */
export type PartsRecord = z.infer<typeof partsSchema>;

/** The files of one partition. */
export class TableParts {
  private readonly disk: Disk;
  private readonly under: string;
  private record: PartsRecord = { next: 0, open: [], whole: [] };

  constructor(private readonly options: TablePartsOptions) {
    this.disk = options.disk ?? systemDisk;
    this.under = join(options.folder, "_open", options.partition);
  }

  /** What is to be kept. */
  get kept(): PartsRecord {
    return structuredClone(this.record);
  }

  /** Files under way. */
  get open(): readonly TablePart[] {
    return this.record.open;
  }

  /**
   * Goes on from a record, or begins.
   *
   * @throws {SinkError} if the folder holds another run's files, or lacks what the record says
   */
  async restore(record: PartsRecord | undefined): Promise<void> {
    const { disk, under, options: { folder, partition } } = this;
    await disk.makeFolder(under);
    const names = await disk.list(under);
    if (record === undefined && names.includes(BEGUN)) {
      throw new SinkError(
        `cannot write tables of ${partition} to ${folder}: it holds those of an earlier run; choose an empty folder`,
      );
    }
    if (record !== undefined) this.record = record;
    for (const part of this.record.open) await this.restorePart(part);
    await this.nameWhole();
    const known = new Set(this.record.open.map((part) => this.rowsPath(part)));
    for (const name of names) {
      const path = join(under, name);
      if (name !== BEGUN && !known.has(path)) await disk.remove(path);
    }
  }

  /** Cuts off what was written after the record was kept. */
  private async restorePart(part: TablePart): Promise<void> {
    const path = this.rowsPath(part), size = (await this.disk.look(path))?.size ?? 0;
    if (size > part.length) await this.disk.write(path, part.length, []);
    if (size >= part.length) return;
    throw new SinkError(
      `cannot go on writing tables to ${this.options.folder}: ${path} has ${size} bytes and must have at least ` +
        `${part.length}; put it back, or begin anew in an empty folder`,
    );
  }

  /**
   * Adds items to the files of their folders.
   *
   * @param now event time; what comes for a period before it is gathered for as long as the one of `now`
   */
  async add<Item>(table: Table<Item>, items: Iterable<Item>, now = -Infinity): Promise<void> {
    const { format, period } = this.options, folders = new Map<string, Row[]>();
    for (const item of items) {
      for (const row of table.rows(item)) {
        const folder = folderOf(table.name, row.type, row.time, period), known = folders.get(folder);
        if (known) known.push(row);
        else folders.set(folder, [row]);
      }
    }
    for (const [folder, rows] of folders) {
      const part = this.partOf(table.name, folder, Math.max(rows[0].time, now));
      const text = rowsText(format, table.columns, rows.map(({ cells }) => cells));
      const bytes = utf8(part.length === 0 ? beginText(format, table.columns) + text : text);
      await this.disk.write(this.rowsPath(part), part.length, [bytes]);
      part.length += bytes.length;
      if (part.length >= PART_BYTES) this.end((one) => one === part);
    }
  }

  /** Says that files are whole; they get their names with {@linkcode nameWhole}. */
  end(isWhole: (part: TablePart) => boolean): void {
    const { record } = this;
    record.whole.push(...record.open.filter(isWhole));
    record.open = record.open.filter((part) => !isWhole(part));
  }

  /** Gives the files that are whole their names; one that has it already is left alone. */
  async nameWhole(): Promise<void> {
    const { disk, under, record: { whole }, options: { folder, partition, format } } = this;
    if (whole.length > 0) await disk.write(join(under, BEGUN), 0, []);
    for (const part of whole) {
      const named = join(folder, part.folder, `part-${partition}-${part.number}.${format}`);
      if (await disk.look(this.rowsPath(part)) === undefined) continue;
      await disk.makeFolder(dirname(named));
      await this.place(part, named);
    }
    this.record.whole = [];
  }

  private async place(part: TablePart, named: string): Promise<void> {
    const { disk } = this, rows = this.rowsPath(part), made = `${rows}.made`;
    if (this.options.format !== "parquet") return await disk.rename(rows, named);
    let length = 0;
    await writeParquet(TABLES.get(part.table) ?? [], await disk.read(rows) ?? new Uint8Array(), async (bytes) => {
      await disk.write(made, length, [bytes]);
      length += bytes.length;
    });
    await disk.rename(made, named);
    await disk.remove(rows);
  }

  /** The file under way of a folder; a new one if there is none. */
  private partOf(table: string, folder: string, time: number): TablePart {
    const { record } = this, found = record.open.find((part) => part.folder === folder);
    if (found) return found;
    const length = PERIOD_MS[this.options.period], over = (Math.floor(time / length) + 1) * length + GRACE_MS;
    const part: TablePart = { number: record.next++, table, folder, length: 0, over };
    record.open.push(part);
    return part;
  }

  private rowsPath({ number }: TablePart): string {
    return join(this.under, `${number}.rows`);
  }
}
