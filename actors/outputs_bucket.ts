/**
 * Gathers what shards gave out between two cuts of a partition, and puts it into the shapes that are stored.
 *
 * The order of what is gathered depends on shards; everything is sorted before anybody sees it.
 *
 * @module
 */
import { placeOf } from "./alerts/ids.ts";
import type { ModelFamily, PlanName, ShardOutput } from "./batch.ts";
import type { ScoredReading } from "./evaluation/streaming.ts";
import { BIT } from "./sensor/layout.ts";
import type { CutOutputs, StoredChunk, StoredWindow } from "./checkpoint.ts";
import type { Judging, WindowSpec } from "./config.ts";
import type { Directory } from "./directory.ts";
import { type AlertOutput, WINDOW_CHANNEL, WINDOW_HEAD, WINDOW_RECORD } from "./sensor/outputs.ts";
import type { Rows } from "./sensor/rows.ts";
import { mergeRows } from "./sensor/rows_merge.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./sensor/verdict.ts";
import { viewVerdict } from "./sensor/view.ts";
import { QUARANTINE_MOST } from "./refusals.ts";
import type { QuarantineView, ReadingView } from "./views.ts";

/** What outputs refer to by number. */
export interface OutputParts {
  readonly directory: Directory;
  readonly plans: PlanTables;
  readonly options: { readonly judging: Judging };
}

/** Outputs of one partition between two cuts. */
export class OutputsBucket {
  private readonly parts: { readonly shard: number; readonly output: ShardOutput }[] = [];
  /** Resolve once their output is in. */
  readonly expected: Promise<void>[] = [];
  /** What the router did not accept. */
  readonly quarantine: QuarantineView[] = [];
  /** Sensors that were deleted, and where last. */
  private readonly deletions = new Map<string, number>();
  /** Bytes held, about. */
  bytes = 0;

  /** Adds a shard's output. */
  add(shard: number, output: ShardOutput): void {
    this.parts.push({ shard, output });
    this.bytes += (output.rows?.byteLength ?? 0) + (output.rowIndex?.byteLength ?? 0) + output.windows.byteLength +
      output.verdicts.byteLength + output.flags.byteLength +
      output.history.reduce((sum, chunk) => sum + chunk.rows.byteLength, 0) +
      1000 * (output.alerts.length + output.quarantine.length);
  }

  /** Notes that a sensor was deleted before the record at a position. */
  delete(sensor: string, position: number): void {
    this.deletions.set(sensor, position);
  }

  /** Sensors that were deleted at positions from `from` on, and where last. */
  deleted(from: number): ReadonlyMap<string, number> {
    return new Map([...this.deletions].filter(([, position]) => position >= from));
  }

  /** Whether an output is of a sensor that was deleted behind it. */
  private isGone(sensor: string, position: number): boolean {
    return this.deletions.size > 0 && position < (this.deletions.get(sensor) ?? 0);
  }

  /** Lines that shards found to be no readings: how many, and the sum of their hashes. */
  get refused(): { count: number; hash: number } {
    let count = 0, hash = 0;
    for (const { output } of this.parts) {
      count += output.refused;
      hash = (hash + output.refusedHash) >>> 0;
    }
    return { count, hash };
  }

  /** Windows of positions from `from` on that are to be stored, in order of position: those of deleted sensors are not. */
  storedWindows(from: number, plans: PlanTables, specs: readonly WindowSpec[], directory: Directory): StoredWindow[] {
    return this.windowsAt(from, plans, specs, directory)
      .filter(({ position, window }) => !this.isGone(window.sensor, position)).map(({ window }) => window);
  }

  /** Windows of positions from `from` on, in order of position. */
  windows(from: number, plans: PlanTables, specs: readonly WindowSpec[], directory: Directory): StoredWindow[] {
    return this.windowsAt(from, plans, specs, directory).map(({ window }) => window);
  }

  private windowsAt(from: number, plans: PlanTables, specs: readonly WindowSpec[], directory: Directory) {
    const found: { position: number; window: StoredWindow }[] = [];
    for (const { shard, output: { windows: records } } of this.parts) {
      for (let at = 0; at < records.length;) {
        const channels = records[at + WINDOW_RECORD.channels], next = at + WINDOW_HEAD + channels * WINDOW_CHANNEL;
        const position = records[at + WINDOW_RECORD.position];
        if (position >= from) {
          const entry = directory.entries[records[at + WINDOW_RECORD.sensor]];
          const plan = plans.get(shard, records[at + WINDOW_RECORD.plan]);
          const location = plans.place(shard, records[at + WINDOW_RECORD.place]);
          const spec = specs[records[at + WINDOW_RECORD.spec]], scoreMax = records[at + WINDOW_RECORD.scoreMax];
          found.push({
            position,
            window: {
              sensor: entry.name,
              ...(plan.type === undefined ? {} : { type: plan.type }),
              ...(location === undefined ? {} : { location }),
              lengthMs: spec.lengthMs,
              hopMs: spec.hopMs,
              start: records[at + WINDOW_RECORD.start],
              revision: records[at + WINDOW_RECORD.revision],
              ...(scoreMax < 0 ? {} : { scoreMax }),
              channels: plan.channels,
              statistics: records.slice(at + WINDOW_HEAD, next),
            },
          });
        }
        at = next;
      }
    }
    return found.sort((a, b) => a.position - b.position || compare(a.window.sensor, b.window.sensor));
  }

  /** Verdicts of positions from `from` on, in order of position, at most the last `most`. */
  verdicts(from: number, most: number, plans: PlanTables, directory: Directory): ReadingView[] {
    const found: { position: number; shard: number; at: number; records: Float64Array }[] = [];
    for (const { shard, output: { verdicts: records } } of this.parts) {
      for (let at = 0; at < records.length; at += VERDICT_HEAD + records[at + VERDICT.channels] * VERDICT_CHANNEL) {
        const position = records[at + VERDICT.position];
        if (position >= from) found.push({ position, shard, at, records });
      }
    }
    return found.sort((a, b) => a.position - b.position).slice(-most).map(({ shard, at, records }) => {
      const entry = directory.entries[records[at]], { channels } = plans.get(shard, records[at + VERDICT.plan]);
      return viewVerdict(entry, channels, records, at);
    });
  }

  /** Transitions that are to be stored: those of deleted sensors are not, but for the ends that the deletion gave them. */
  storedAlerts(from: number): AlertOutput[] {
    return this.alerts(from).filter(({ transition: { sensor, position } }) => !this.isGone(sensor, position));
  }

  /** Transitions of alerts of positions from `from` on, in order. */
  alerts(from: number): AlertOutput[] {
    return this.parts.flatMap(({ output }) => output.alerts)
      .filter(({ transition }) => transition.position >= from)
      .sort(({ transition: a }, { transition: b }) => a.position - b.position || compare(placeOf(a), placeOf(b)));
  }

  /** Whole chunks of histories. They may come again; under the same key they are the same. */
  history(from: number, directory: Directory): StoredChunk[] {
    return this.parts.flatMap(({ output }) => output.history)
      .map(({ sensor, ...rest }) => ({ sensor: directory.entries[sensor].name, ...rest }))
      .filter(({ sensor, position }) => position >= from && !this.isGone(sensor, position))
      .map(({ position: _, ...chunk }) => chunk);
  }

  /** Rows of text of positions from `from` on, in an order that does not depend on shards. */
  rows(from: number, directory: Directory): Uint8Array[] {
    const shards: Rows[][] = [];
    for (const { shard, output: { rows, rowIndex } } of this.parts) {
      if (rows && rowIndex && rowIndex.length > 0) (shards[shard] ??= []).push({ bytes: rows, index: rowIndex });
    }
    return mergeRows(Object.values(shards), from, (sensor) => directory.entries[sensor].name);
  }

  /** All of it from `from` on and before `cut`, as sinks are given it. */
  between(from: number, cut: number, { directory, plans, options: { judging } }: OutputParts): CutOutputs {
    let groups: Map<number, string> | undefined;
    return {
      from,
      cut,
      rows: () => this.rows(from, directory),
      readings: () => this.verdicts(from, Infinity, plans, directory),
      scored: (family) => this.scored(from, family, plans, directory),
      windows: () => this.windows(from, plans, judging.windows, directory),
      alerts: () => this.alerts(from).map(({ transition }) => transition),
      about: (sensor) => {
        const entry = directory.find(sensor), { type, location } = entry ?? {};
        const group = entry && (groups ??= this.groups(plans)).get(entry.sensor);
        return {
          ...(type === undefined ? {} : { type }),
          ...(location === undefined ? {} : { location }),
          ...(group === undefined ? {} : { group }),
        };
      },
    };
  }

  /** See `CutOutputs.scored()`. From the records: a view of every reading would cost more than counting it. */
  private *scored(from: number, family: ModelFamily, plans: PlanTables, directory: Directory) {
    const score = VERDICT[family], versionAt = VERDICT[`${family}Version`], bit = BIT[family];
    for (const { shard, output: { verdicts: of } } of this.parts) {
      for (let at = 0; at < of.length; at += VERDICT_HEAD + of[at + VERDICT.channels] * VERDICT_CHANNEL) {
        const guess = of[at + score], version = of[at + versionAt], label = of[at + VERDICT.label];
        if (of[at + VERDICT.position] < from || guess !== guess || version === 0) continue;
        const reading: ScoredReading = {
          position: of[at + VERDICT.position],
          sensor: directory.entries[of[at]].name,
          time: of[at + VERDICT.time],
          version,
          loss: (guess - (label === 1 ? 1 : 0)) ** 2,
          flagged: (of[at + VERDICT.bits] & bit) !== 0,
          ...(label === 0 || label === 1 ? { label } : {}),
        };
        yield { group: plans.get(shard, of[at + VERDICT.plan]).group, reading };
      }
    }
  }

  /** The group of each sensor that has a verdict here, as of its last one. */
  private groups(plans: PlanTables): Map<number, string> {
    const groups = new Map<number, string>();
    for (const { shard, output: { verdicts } } of this.parts) {
      for (let at = 0; at < verdicts.length; at += VERDICT_HEAD + verdicts[at + VERDICT.channels] * VERDICT_CHANNEL) {
        groups.set(verdicts[at], plans.get(shard, verdicts[at + VERDICT.plan]).group);
      }
    }
    return groups;
  }

  /** Everything that shards did not accept, in any order. */
  *setAsideByShards(): Generator<QuarantineView> {
    for (const { output } of this.parts) yield* output.quarantine;
  }

  /** What was not accepted, of positions from `from` on, in order; of more than {@linkcode QUARANTINE_MOST} the last. */
  notAccepted(from: number): QuarantineView[] {
    return [...this.quarantine, ...this.parts.flatMap(({ output }) => output.quarantine)]
      .filter(({ position }) => position >= from)
      .sort((a, b) => a.position - b.position || compare(a.reason, b.reason))
      .slice(-QUARANTINE_MOST);
  }
}

/** The plans and locations that each shard's outputs refer to by number. */
export class PlanTables {
  private readonly tables: PlanName[][] = [];

  private readonly locations: string[][] = [];

  /** Takes what a shard said of its plans and locations. */
  add(shard: number, plans: readonly PlanName[], places: readonly string[]): void {
    (this.locations[shard] ??= []).push(...places);
    const table = this.tables[shard] ??= [];
    for (const plan of plans) table[plan.number] = plan;
  }

  /** A location of a shard; undefined for −1. */
  place(shard: number, number: number): string | undefined {
    return this.locations[shard][number];
  }

  /** A plan of a shard. */
  get(shard: number, number: number): PlanName {
    return this.tables[shard][number];
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
