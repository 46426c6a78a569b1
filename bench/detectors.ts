/**
 * What the detectors find: `deno task bench detectors [--data=FOLDER] [--days=0.5] [--budget=1e-3]
 * [--document=FILE]`
 *
 * One configuration for everything. On scenarios with their anomalies, and on labelled recordings: by reading, what a
 * detector's flags are worth; by event, what its alarms are worth, one for a stretch of flags; beside them trivial ones at
 * the same budget. Tables in Markdown.
 *
 * @module
 */
import { addMeasure, emptyMeasure, type Measure, ratesOf, SensorMeasure } from "../commands/backtest_measure.ts";
import { Surprise } from "../models/surprise/surprise.ts";
import { benchmark, dataSets, windowOf } from "./measure/datasets.ts";
import { DETECTORS, SensorDetectors } from "./measure/detectors.ts";
import { BudgetsJudge } from "./measure/judge.ts";
import { show } from "./measure/document.ts";
import { percent, short, table, whole } from "./measure/markdown.ts";
import { benchmarkScores, type JudgedFile, PROFILE_NAMES } from "./measure/nab.ts";
import type { DataSet, Recording } from "./measure/recording.ts";
import { typeOf, withAnomalies } from "./measure/scenarios.ts";
import { flag } from "./_measure.ts";

const DATA = flag("data", Deno.env.get("SENSORIUM_TEST_DATA") ?? "");
const DAYS = Number(flag("days", "0.5")), BUDGET = Number(flag("budget", "1e-3"));
/** A cycle of the parts, in days: so many items, one a second. */
const PARTS_DAYS = 6_600 / 86_400;
const plan = new Surprise();

function detectorsOf(data: string, sensor: string): SensorDetectors {
  return new SensorDetectors(sensor, new BudgetsJudge(plan, [BUDGET]), BUDGET, typeOf(data, sensor));
}

function count({ data, sensor, samples }: Recording, sums: readonly Measure[]): void {
  const detectors = detectorsOf(data, sensor), measures = DETECTORS.map(() => new SensorMeasure(true));
  let place = 0, event = -1, begun = 0;
  for (const sample of samples) {
    if (!detectors.take(sample.reading)) continue;
    place++;
    if (sample.event !== event) begun = place;
    event = sample.event;
    const { flags, alarms } = detectors;
    for (let d = 0; d < DETECTORS.length; d++) {
      measures[d].count(place, event, begun, flags[d] === 1, alarms[d] === 1, BUDGET);
    }
  }
  measures.forEach(({ measure }, d) => addMeasure(sums[d], measure));
}

/** A data set's counts, by detector. */
interface Counted {
  readonly name: string;
  readonly sums: readonly Measure[];
}

async function counted(set: DataSet): Promise<Counted> {
  const sums = DETECTORS.map(() => emptyMeasure()), begun = performance.now();
  for await (const recording of set.recordings()) count(recording, sums);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  console.error(`${set.name}: ${whole(sums[0].readings)} readings, ${seconds} s`);
  return { name: set.name, sums };
}

/** Whether a detector has anything to say: limits only where some are declared. */
function speaks({ sums }: Counted, detector: number): boolean {
  return sums[detector].anomalous > 0 || DETECTORS[detector] !== "limits";
}

/** Everything about every detector. */
function wholeTable(sets: readonly Counted[]): string {
  const byReading = ["flagged", "precision", "recall", "F1"];
  const byEvent = ["alarms", "false in 1,000", "right", "found", "delay"];
  const rows = sets.flatMap((set) => {
    const { readings, events, labelledReadings } = set.sums[0];
    const own = set.sums.map((sum, d) => {
      const rates = ratesOf(sum), { readingPrecision, readingRecall, readingF1, precision, recall, delayMs } = rates;
      const shares = [sum.anomalous / sum.readings, readingPrecision, readingRecall, readingF1].map(percent);
      const strays = short(1_000 * sum.falseAlarms / sum.normal);
      return [
        "",
        DETECTORS[d],
        ...shares,
        whole(sum.alarms),
        strays,
        percent(precision),
        percent(recall),
        short(delayMs),
      ];
    }).filter((_, d) => speaks(set, d));
    own[0][0] = `${set.name}: ${whole(readings)} readings, ${whole(events)} events of ${
      percent(labelledReadings / readings)
    }`;
    return own;
  });
  return table(["data", "detector", ...byReading, ...byEvent], rows, 2);
}

/** The alarms alone: a row for each data set. */
function shortTable(sets: readonly Counted[]): string {
  const rows = sets.map((set) => [
    set.name,
    ...set.sums.map((sum, d) => {
      const { precision, recall, delayMs } = ratesOf(sum);
      return speaks(set, d) ? [percent(precision), percent(recall), short(delayMs)].join(" / ") : "–";
    }),
  ]);
  return table(["right / found / delay", ...DETECTORS], rows);
}

/** The benchmark's own score of each detector's alarms. */
async function benchmarkTable(folder: string): Promise<string> {
  const files: JudgedFile[][] = DETECTORS.map(() => []);
  for await (const { name, rows, windows } of benchmark(folder)) {
    const detectors = detectorsOf("nab", name), alarms = DETECTORS.map(() => new Uint8Array(rows.length));
    rows.forEach((reading, row) => {
      if (detectors.take(reading)) detectors.alarms.forEach((alarm, d) => alarms[d][row] = alarm);
    });
    const ends = windows.map((_, at): [number, number] => {
      const inside = rows.map(({ time }) => windowOf(windows, time) === at);
      return [inside.indexOf(true), inside.lastIndexOf(true)];
    });
    alarms.forEach((own, d) => files[d].push({ alarms: own, windows: ends }));
  }
  const rows = DETECTORS.map((name, d) => [name, ...benchmarkScores(files[d]).map((score) => score.toFixed(1))]);
  return table(["alarms of", ...PROFILE_NAMES], rows.filter(([name]) => name !== "limits"));
}

const sets = [
  withAnomalies("facility", DAYS),
  withAnomalies("parts", PARTS_DAYS),
  withAnomalies("factory", DAYS),
  ...(DATA === "" ? [] : dataSets(DATA)),
];
const measured: Counted[] = [];
for (const set of sets) measured.push(await counted(set));
const there = measured.filter(({ sums }) => sums[0].readings > 0);
await show([
  { name: "detectors-short", text: shortTable(there) },
  { name: "detectors", text: wholeTable(there) },
  ...(DATA === "" ? [] : [{ name: "detectors-nab", text: await benchmarkTable(`${DATA}/nab`) }]),
]);
