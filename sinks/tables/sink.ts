/**
 * The tables sink: readings, verdicts, windows and steps of alerts as files in folders by type and day or hour, for DuckDB,
 * pandas and Spark.
 *
 * Rows are appended at each checkpoint; how far is stored with the checkpoint's outputs, so a restart cuts off what came
 * after and gets those rows again. A file gets its name only after the checkpoint that made it whole is stored: whatever
 * has a name is whole, and each row is in one file once.
 *
 * A file is whole when its period is over by the time of most readings, at a size (`parts.ts`), or when the source ends.
 * What comes for a period that is over goes to a further file of it.
 *
 * @module
 */
import type { CommitSink, CutOutputs } from "../../actors/checkpoint.ts";
import type { Json } from "../../actors/ports.ts";
import { viewWindow } from "../../actors/window_view.ts";
import { partsSchema, TableParts, type TablePartsOptions } from "./parts.ts";
import { ALERT_STEPS, READINGS, VERDICTS, WINDOWS } from "./tables.ts";

/** Files of one partition under way at a time; of more the oldest periods are ended first. */
const OPEN_MOST = 256;

/** Writes tables. One for each partition. */
export class TablesSink implements CommitSink {
  readonly name = "tables";
  private readonly parts: TableParts;
  /** The time of most readings so far, epoch ms. */
  private now = -Infinity;

  constructor(options: TablePartsOptions) {
    this.parts = new TableParts(options);
  }

  /** @throws {SinkError} if the folder holds another run's files, or lacks what the state says */
  async recover(state: Json | undefined): Promise<void> {
    await this.parts.restore(state === undefined ? undefined : partsSchema.parse(state));
  }

  cut(ended: boolean): (outputs: CutOutputs) => Promise<Json> {
    return (outputs) => this.keep(outputs, ended);
  }

  /** What is whole gets its name. */
  async committed(): Promise<void> {
    await this.parts.nameWhole();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async keep(outputs: CutOutputs, ended: boolean): Promise<Json> {
    const { parts } = this;
    const readings = outputs.readings().map((reading) => ({ ...outputs.about(reading.sensor), ...reading }));
    const now = this.now = Math.max(this.now, median(readings.map(({ time }) => time)));
    await parts.add(READINGS, readings, now);
    await parts.add(VERDICTS, readings, now);
    await parts.add(WINDOWS, outputs.windows().map(viewWindow), now);
    await parts.add(ALERT_STEPS, outputs.alerts(), now);
    parts.end((part) => ended || part.over <= now);
    const oldest = [...parts.open].sort((a, b) => a.over - b.over).slice(0, Math.max(0, parts.open.length - OPEN_MOST));
    if (oldest.length > 0) parts.end((part) => oldest.includes(part));
    return parts.kept;
  }
}

/** The middle one of some times; −Infinity of none. */
function median(times: number[]): number {
  return times.length === 0 ? -Infinity : times.sort((a, b) => a - b)[times.length >> 1];
}
