/**
 * One file's backtest under one configuration: row by row through its sensors' judges, into text, counts and charts.
 *
 * @module
 */
import { isRefusal, type Reading } from "../actors/reading.ts";
import { BASELINES, SensorBaselines } from "./backtest_baselines.ts";
import type { ChartAlarm, Span } from "./backtest_chart.ts";
import { type JudgePlan, SensorJudge } from "./backtest_judge.ts";
import type { LabelWindow } from "./backtest_labels.ts";
import { addMeasure, emptyMeasure, type Measure, SensorMeasure } from "./backtest_measure.ts";
import { contributionsOf } from "./backtest_output.ts";
import type { InputRow } from "./backtest_rows.ts";
import { sayVerdict } from "./backtest_sentence.ts";
import { Series } from "./backtest_series.ts";

/** Sensors, channels of each and alarms that a file keeps for its report; what is beyond is counted only. */
export const KEPT = { sensors: 24, channels: 6, alarms: 500 } as const;

/** An alarm, to be listed and drawn. */
export interface Alarm extends ChartAlarm {
  readonly sensor: string;
  readonly strength: number;
  readonly row: number;
  readonly contributions: ReturnType<typeof contributionsOf>;
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
  readonly judge: SensorJudge;
  readonly measure: SensorMeasure;
  readonly baselines: SensorBaselines | undefined;
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

/** One file under one configuration. */
export class FileRun {
  readonly sensors = new Map<string, SensorResult>();
  rows = 0;
  refused = 0;
  late = 0;
  duplicates = 0;

  constructor(
    private readonly plan: JudgePlan,
    private readonly labels: FileLabels,
    private readonly withBaselines: boolean,
    private readonly withSeries: boolean,
  ) {}

  /**
   * Judges a row.
   *
   * @returns its sensor, with the verdict in its judge; undefined for what is no reading
   */
  take({ item, index }: InputRow): SensorResult | undefined {
    this.rows++;
    if (isRefusal(item)) {
      this.refused++;
      return undefined;
    }
    const sensor = this.sensors.get(item.sensor) ?? this.#newSensor(item);
    const verdict = sensor.judge.judge(item);
    if (verdict.passed === "late") this.late++;
    else if (verdict.passed === "duplicate") this.duplicates++;
    else this.#count(sensor, item, index);
    return sensor;
  }

  /** The counts of all sensors. */
  measure(): Measure {
    return summed([...this.sensors.values()].map(({ measure }) => measure));
  }

  /** The counts of a baseline, by its place in {@linkcode BASELINES}. */
  baselineMeasure(place: number): Measure {
    return summed([...this.sensors.values()].map(({ baselineMeasures }) => baselineMeasures[place]));
  }

  #newSensor({ sensor }: Reading): SensorResult {
    const labelled = this.labels.windows !== undefined;
    const result: SensorResult = {
      sensor,
      judge: new SensorJudge(this.plan),
      measure: new SensorMeasure(labelled),
      baselines: this.withBaselines ? new SensorBaselines(sensor) : undefined,
      baselineMeasures: this.withBaselines ? BASELINES.map(() => new SensorMeasure(labelled)) : [],
      series: this.withSeries && this.sensors.size < KEPT.sensors ? new Map() : undefined,
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

  #count(sensor: SensorResult, reading: Reading, row: number): void {
    const { judge, measure } = sensor, { verdict } = judge, { time } = reading;
    this.#locate(sensor, reading, row);
    const { event, eventBegun } = sensor;
    measure.count(time, event, eventBegun, verdict.anomalous, verdict.alarm > 0, verdict.budget);
    this.#baselines(sensor, reading);
    this.#draw(sensor, reading);
    if (verdict.rate < 1) {
      const part = Math.log(verdict.rate) / Math.log(verdict.budget);
      if (part > (sensor.closest?.part ?? 0)) sensor.closest = { time, part };
    }
    if (verdict.alarm === 0 || sensor.alarms.length >= KEPT.alarms) return;
    sensor.alarms.push({
      sensor: sensor.sensor,
      time,
      row,
      strength: verdict.alarm,
      right: measure.measure.labelled ? event >= 0 : undefined,
      text: sayVerdict(judge),
      contributions: contributionsOf(judge),
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
    const { baselines, baselineMeasures, event, eventBegun } = sensor;
    if (baselines === undefined) return;
    const { budget } = sensor.judge.verdict;
    baselines.judge(reading, budget);
    for (let b = 0; b < BASELINES.length; b++) {
      const alarm = baselines.alarms[b] === 1;
      baselineMeasures[b].count(reading.time, event, eventBegun, alarm, alarm, budget);
    }
  }

  #draw({ series, judge }: SensorResult, { time }: Reading): void {
    if (series === undefined) return;
    for (const channel of judge.channels) {
      if (channel.time !== time) continue;
      let course = series.get(channel.name);
      if (course === undefined && series.size < KEPT.channels) series.set(channel.name, course = new Series());
      course?.add(time, channel.value, channel.low, channel.high);
    }
  }
}

function measuresOf({ measure, baselineMeasures }: SensorResult): readonly SensorMeasure[] {
  return [measure, ...baselineMeasures];
}

function summed(measures: readonly SensorMeasure[]): Measure {
  const sum = emptyMeasure();
  for (const { measure } of measures) addMeasure(sum, measure);
  return sum;
}
