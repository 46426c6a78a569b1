/**
 * A backtest's figures as JSON: what `report.json` holds, and the API says.
 *
 * @module
 */
import type {
  AlarmView,
  BacktestReport,
  BacktestSideView,
  DetectorMeasureView,
  MeasureView,
  PairView,
} from "../../actors/backtests/port.ts";
import { agreementOf } from "../../models/agreement.ts";
import { BASELINES } from "./baselines.ts";
import { type Measure, ratesOf } from "./measure.ts";
import { agreements, closestOf, detectorSums, passedOf, type Side, summed } from "./summary.ts";
import { RULES } from "./tables.ts";
import { DETECTORS } from "./verdict.ts";

/** Alarms of a configuration that are told one by one. */
const ALARMS_MOST = 200;

/**
 * The figures of all configurations.
 *
 * @param baselines whether trivial detectors were counted
 * @param rate readings a second
 */
export function backtestFigures(sides: readonly Side[], baselines: boolean, rate: number): BacktestReport {
  return {
    readings_per_second: Math.round(rate),
    configurations: sides.map((side) => sideFigures(side, baselines)),
  };
}

function sideFigures(side: Side, baselines: boolean): BacktestSideView {
  const total = summed(side, (run) => run.measure()), closest = closestOf(side);
  return {
    name: side.name,
    about: side.about,
    total: measureView(total),
    files: side.runs.map(({ path, run }) => ({ file: path, ...measureView(run.measure()) })),
    detectors: [
      detectorView("combined", total),
      ...detectorSums(side).map(({ name, measure }) => detectorView(name, measure)),
    ],
    baselines: baselines
      ? BASELINES.map((detector, place) => ({
        detector,
        ...measureView(summed(side, (run) => run.baselineMeasure(place))),
      }))
      : [],
    agreement: agreements(side).map(({ pair, sum }) => pairView(pair, sum)),
    alerts: Object.fromEntries(side.alerts),
    not_judged: passedOf(side),
    ...(closest === undefined ? {} : { closest }),
    alarms: alarmViews(side),
  };
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function measureView(m: Measure): MeasureView {
  const { precision, recall, f1, delayMs, falsePerSensorDay, ratio } = ratesOf(m);
  return {
    readings: m.readings,
    alarms: m.alarms,
    false_alarms: m.falseAlarms,
    per_sensor_day: orNull(falsePerSensorDay),
    allowed: m.allowed,
    budget_ratio: orNull(ratio),
    labelled: m.labelled,
    events: m.events,
    found: m.found,
    precision: m.labelled ? orNull(precision) : null,
    recall: m.labelled ? orNull(recall) : null,
    f1: m.labelled ? orNull(f1) : null,
    delay_ms: orNull(delayMs),
  };
}

function detectorView(detector: string, m: Measure): DetectorMeasureView {
  const { readingPrecision, readingRecall } = ratesOf(m);
  return {
    detector,
    ...measureView(m),
    flagged_ratio: orNull(m.anomalous / m.readings),
    right_ratio: m.labelled ? orNull(readingPrecision) : null,
    hit_ratio: m.labelled ? orNull(readingRecall) : null,
  };
}

function pairView(
  { learning, rule }: { readonly learning: number; readonly rule: number },
  sum: Float64Array,
): PairView {
  const found = agreementOf(sum, 0);
  return {
    learning: DETECTORS[learning],
    rule: RULES[rule],
    both: found.both,
    only_learning: found.onlyFirst,
    only_rule: found.onlySecond,
    learning_ratio: found.firstRate,
    rule_ratio: found.secondRate,
    agreement: found.agreement,
    kappa: orNull(found.kappa),
  };
}

/** The strongest alarms first. */
function alarmViews({ runs }: Side): AlarmView[] {
  const alarms = runs.flatMap(({ path, run }) =>
    [...run.sensors.values()].flatMap(({ alarms }) =>
      alarms.map(({ sensor, time, strength, right, row, text, contributions }): AlarmView => {
        const labelled = right === undefined ? {} : { right };
        return { file: path, sensor, time, strength, ...labelled, row, explanation: text, contributions };
      })
    )
  );
  return alarms.sort((a, b) => b.strength - a.strength || a.time - b.time).slice(0, ALARMS_MOST);
}
