/**
 * One file's backtest under one configuration: row by row through the sensors' actors, into text, counts and charts.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import type { ReadingsChunk } from "../../actors/ports.ts";
import { isRefusal, type Reading } from "../../actors/reading.ts";
import { isJudged, type Outcome, Rehearsal, type Rehearsed } from "../../actors/rehearsal.ts";
import type { AlertOutput } from "../../actors/sensor/outputs.ts";
import { SAID, VERDICT_CHANNEL, VERDICT_HEAD } from "../../actors/sensor/verdict.ts";
import type { ContributionView, ReadingView } from "../../actors/views.ts";
import { BASELINES } from "./baselines.ts";
import type { ChartAlarm, Span } from "./chart.ts";
import type { LabelWindow } from "./labels.ts";
import { addMeasure, emptyMeasure, type Measure, SensorMeasure } from "./measure.ts";
import { SensorProgress } from "./progress.ts";
import type { InputRow } from "./rows.ts";
import { Series } from "./series.ts";
import { Agreements, detectorMeasures, SensorFlags } from "./tables.ts";
import { VerdictFigures } from "./verdict.ts";

/** Sensors, channels of each and alarms that a file keeps for its report; what is beyond is counted only. */
export const KEPT = { sensors: 24, channels: 6, alarms: 500 } as const;

/** An alarm, to be listed and drawn. */
export interface Alarm extends ChartAlarm {
  readonly sensor: string;
  readonly strength: number;
  readonly row: number;
  readonly contributions: readonly ContributionView[];
}

/** The reading that came closest to an alarm, where there was none. */
export interface Closest {
  readonly time: number;
  /** 1 would be an alarm. */
  readonly part: number;
}

/** What a file's backtest keeps of one sensor. */
export interface SensorResult {
  readonly sensor: string;
  readonly progress: SensorProgress;
  readonly measure: SensorMeasure;
  readonly flags: SensorFlags;
  readonly baselineMeasures: readonly SensorMeasure[];
  readonly series: Map<string, Series> | undefined;
  readonly alarms: Alarm[];
  readonly spans: Span[];
  closest: Closest | undefined;
  /** The event that the last reading lies in, its number and beginning. */
  event: number;
  eventBegun: number;
  events: number;
}

/** Whether and how a file is labelled. */
export interface FileLabels {
  readonly windows: readonly LabelWindow[] | undefined;
  /** Whether the readings' own labels count, because no windows are declared. */
  readonly own: boolean;
}

/** What is kept beside counts. */
export interface RunOptions {
  readonly baselines: boolean;
  readonly series: boolean;
}

/** One file under one configuration. */
export class FileRun {
  readonly sensors = new Map<string, SensorResult>();
  readonly agreements = new Agreements();
  /** What the last row that was counted says. */
  readonly figures: VerdictFigures;
  rows = 0;
  /** Rows without a verdict by why, and readings that came late. */
  readonly passed: Record<Exclude<Outcome, Rehearsed>["passed"], number> = {
    invalid: 0,
    late: 0,
    future: 0,
    duplicate: 0,
    empty: 0,
    failed: 0,
    foreign: 0,
    channels: 0,
  };
  readonly #rehearsal: Rehearsal;

  /** @param partition the name that a replay of the file has: models are seeded by it */
  constructor(
    partition: string,
    readonly judging: Judging,
    private readonly labels: FileLabels,
    private readonly options: RunOptions,
  ) {
    this.#rehearsal = new Rehearsal(partition, judging);
    this.figures = new VerdictFigures(judging.detectors !== "rules");
  }

  /** Judges a piece of the file: what came of each of its readings, in their order. */
  judge(chunk: ReadingsChunk): Promise<Outcome[]> {
    return this.#rehearsal.take(chunk);
  }

  /** Transitions of alerts since the last call. */
  takeAlerts(): AlertOutput[] {
    return this.#rehearsal.takeAlerts();
  }

  /** A verdict as a person sees it. */
  view(outcome: Rehearsed): ReadingView {
    return this.#rehearsal.view(outcome);
  }

  /**
   * Counts a row, in order; of a reading of several rows the first.
   *
   * @returns its sensor; undefined where it has no verdict. What it says is in {@linkcode figures}.
   */
  count({ item, index, first }: InputRow, outcome: Outcome): SensorResult | undefined {
    this.rows++;
    if (!isJudged(outcome) || isRefusal(item)) {
      if (!isJudged(outcome) && first) this.passed[outcome.passed]++;
      return undefined;
    }
    const sensor = this.sensors.get(item.sensor) ?? this.#newSensor(item);
    this.figures.read(outcome);
    if (!first) return sensor;
    if (this.figures.late) this.passed.late++;
    else this.#count(sensor, item, index, outcome);
    return sensor;
  }

  /** The counts of all sensors. */
  measure(): Measure {
    return summed([...this.sensors.values()].map(({ measure }) => measure));
  }

  /** The counts of each detector's flags, in the order of `DETECTORS`. */
  detectors(): Measure[] {
    return detectorMeasures([...this.sensors.values()].map(({ flags }) => flags));
  }

  /** The counts of a baseline, by its place in {@linkcode BASELINES}. */
  baselineMeasure(place: number): Measure {
    return summed([...this.sensors.values()].map(({ baselineMeasures }) => baselineMeasures[place]));
  }

  #newSensor({ sensor }: Reading): SensorResult {
    const labelled = this.labels.windows !== undefined, { baselines, series } = this.options;
    const result: SensorResult = {
      sensor,
      progress: new SensorProgress(this.judging, sensor, baselines),
      measure: new SensorMeasure(labelled),
      flags: new SensorFlags(labelled),
      baselineMeasures: baselines ? BASELINES.map(() => new SensorMeasure(labelled)) : [],
      series: series && this.sensors.size < KEPT.sensors ? new Map() : undefined,
      alarms: [],
      spans: [],
      closest: undefined,
      event: -1,
      eventBegun: 0,
      events: 0,
    };
    this.sensors.set(sensor, result);
    return result;
  }

  #count(sensor: SensorResult, reading: Reading, row: number, outcome: Rehearsed): void {
    const { figures } = this, { measure, progress } = sensor, { time } = reading;
    this.#locate(sensor, reading, row);
    progress.take(time, outcome.plan.type);
    const { event, eventBegun } = sensor, { budget, age } = progress, { labelled } = measure.measure;
    measure.count(time, event, eventBegun, figures.anomalous, figures.alarm > 0, budget);
    sensor.flags.count(figures, time, event, eventBegun, age, budget);
    this.agreements.count(figures, outcome.plan.group, event >= 0 ? 1 : labelled ? 0 : -1);
    this.#baselines(sensor, reading);
    draw(sensor.series, outcome, time);
    if (figures.rate < 1) {
      const part = Math.log(figures.rate) / Math.log(budget);
      if (part > (sensor.closest?.part ?? 0)) sensor.closest = { time, part };
    }
    if (figures.alarm === 0 || sensor.alarms.length >= KEPT.alarms) return;
    const { explanation = "", contributions = [] } = this.view(outcome);
    sensor.alarms.push({
      sensor: sensor.sensor,
      time,
      row,
      strength: figures.alarm,
      right: labelled ? event >= 0 : undefined,
      text: explanation,
      contributions,
    });
  }

  /** Finds the event that a reading lies in; a new one is drawn as a window. */
  #locate(sensor: SensorResult, { time, label }: Reading, row: number): void {
    const { windows, own } = this.labels, before = sensor.event;
    if (windows !== undefined) {
      sensor.event = windows.findIndex(({ by, from, to }) =>
        by === "row" ? row >= from && row <= to : time >= from && time <= to
      );
    } else if (own) sensor.event = label !== 1 ? -1 : before >= 0 ? before : sensor.events++;
    if (own && label !== undefined) { for (const { measure } of measuresOf(sensor)) measure.labelled = true; }
    if (sensor.event < 0) return;
    if (sensor.event !== before) {
      sensor.eventBegun = time;
      if (sensor.spans.length < KEPT.alarms) sensor.spans.push({ from: time, to: time });
    } else if (sensor.spans.length > 0) {
      sensor.spans[sensor.spans.length - 1] = { ...sensor.spans[sensor.spans.length - 1], to: time };
    }
  }

  #baselines(sensor: SensorResult, reading: Reading): void {
    const { progress: { baselines, budget }, baselineMeasures, event, eventBegun } = sensor;
    if (baselines === undefined) return;
    baselines.judge(reading, budget);
    for (let b = 0; b < BASELINES.length; b++) {
      const alarm = baselines.alarms[b] === 1;
      baselineMeasures[b].count(reading.time, event, eventBegun, alarm, alarm, budget);
    }
  }
}

/** Adds a reading's values and bands to the courses of its channels. */
function draw(series: SensorResult["series"], { verdict, at, plan: { channels } }: Rehearsed, time: number): void {
  if (series === undefined) return;
  for (let c = 0; c < channels.length; c++) {
    const from = at + VERDICT_HEAD + c * VERDICT_CHANNEL, value = verdict[from + SAID.value];
    if (Number.isNaN(value)) continue;
    let course = series.get(channels[c]);
    if (course === undefined && series.size < KEPT.channels) series.set(channels[c], course = new Series());
    course?.add(time, value, verdict[from + SAID.low], verdict[from + SAID.high]);
  }
}

function measuresOf({ measure, flags, baselineMeasures }: SensorResult): readonly SensorMeasure[] {
  return [measure, ...flags.measures, ...baselineMeasures];
}

function summed(measures: readonly SensorMeasure[]): Measure {
  const sum = emptyMeasure();
  for (const { measure } of measures) addMeasure(sum, measure);
  return sum;
}
