/**
 * What a backtest's alarms are worth: counted against labels where there are any, and against the budget always.
 *
 * An event is a labelled window, or a stretch of labelled readings of a sensor. It is found if an alarm begins within
 * it, at a delay from its beginning; nothing outside of it counts for it, and no reading is called found because
 * another one of its event was (no point adjustment).
 *
 * @module
 */

/** Counts of one or several sensors; they add up. */
export interface Measure {
  /** Readings judged, and those among them outside of events. */
  readings: number;
  normal: number;
  /** Time outside of events, ms. */
  normalMs: number;
  /** Whether there were labels. */
  labelled: boolean;
  alarms: number;
  /** Alarms outside of events, and what the budget allowed there. */
  falseAlarms: number;
  allowed: number;
  events: number;
  found: number;
  /** From an event's beginning to its first alarm, ms, of each event found. */
  delays: number[];
  /** Anomalous readings, labelled readings, and both. */
  anomalous: number;
  labelledReadings: number;
  hits: number;
}

/** Nothing counted yet. */
export function emptyMeasure(): Measure {
  return {
    readings: 0,
    normal: 0,
    normalMs: 0,
    labelled: false,
    alarms: 0,
    falseAlarms: 0,
    allowed: 0,
    events: 0,
    found: 0,
    delays: [],
    anomalous: 0,
    labelledReadings: 0,
    hits: 0,
  };
}

/** Adds one's counts to another. */
export function addMeasure(sum: Measure, one: Measure): void {
  for (const key of Object.keys(one) as (keyof Measure)[]) {
    const value = one[key];
    if (key === "delays") sum.delays.push(...one.delays);
    else if (key === "labelled") sum.labelled ||= one.labelled;
    else sum[key] += value as number;
  }
}

/** Follows one sensor. */
export class SensorMeasure {
  readonly measure: Measure = emptyMeasure();
  #event = -1;
  #begun = 0;
  #found = false;
  #last = NaN;

  /** @param labelled whether the input says what is anomalous */
  constructor(labelled: boolean) {
    this.measure.labelled = labelled;
  }

  /**
   * Counts a reading.
   *
   * @param event number of the event that it lies in, from 0 on; −1 for none
   * @param begun time of that event's beginning, epoch ms
   */
  count(time: number, event: number, begun: number, anomalous: boolean, alarm: boolean, budget: number): void {
    const m = this.measure;
    m.readings++;
    if (event >= 0 && event !== this.#event) {
      m.events++;
      this.#found = false;
      this.#begun = begun;
    }
    this.#event = event;
    if (event < 0) {
      m.normal++;
      m.allowed += budget;
      if (time > this.#last) m.normalMs += time - this.#last;
    } else m.labelledReadings++;
    this.#last = time;
    if (anomalous) m.anomalous++;
    if (anomalous && event >= 0) m.hits++;
    if (!alarm) return;
    m.alarms++;
    if (event < 0) m.falseAlarms++;
    else if (!this.#found) {
      this.#found = true;
      m.found++;
      m.delays.push(time - this.#begun);
    }
  }
}

/** Rates made of counts; NaN where there is nothing to divide by. */
export interface Rates {
  /** Alarms that lie in an event, as a share. */
  readonly precision: number;
  /** Events found, as a share. */
  readonly recall: number;
  readonly f1: number;
  /** Median delay of the events found, ms. */
  readonly delayMs: number;
  readonly falsePerSensorDay: number;
  /** False alarms to what the budget allowed. */
  readonly ratio: number;
  /** The same by reading, without adjustment. */
  readonly readingPrecision: number;
  readonly readingRecall: number;
  readonly readingF1: number;
}

/** Makes rates of counts. */
export function ratesOf(m: Measure): Rates {
  const precision = (m.alarms - m.falseAlarms) / m.alarms, recall = m.found / m.events;
  const readingPrecision = m.hits / m.anomalous, readingRecall = m.hits / m.labelledReadings;
  return {
    precision,
    recall,
    f1: harmonic(precision, recall),
    delayMs: median(m.delays),
    falsePerSensorDay: m.falseAlarms * 86_400_000 / m.normalMs,
    ratio: m.falseAlarms / m.allowed,
    readingPrecision,
    readingRecall,
    readingF1: harmonic(readingPrecision, readingRecall),
  };
}

function harmonic(a: number, b: number): number {
  return a + b > 0 ? 2 * a * b / (a + b) : a === 0 || b === 0 ? 0 : NaN;
}

function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
