/**
 * What the detectors find: `deno task bench detectors [--data=FOLDER] [--days=0.5] [--budget=1e-3]
 * [--document=FILE]`
 *
 * One configuration for everything, through the actors that judge live and with their training. On scenarios with their
 * anomalies, and on labelled recordings: by reading, what a detector's flags are worth; by event, what its alarms are
 * worth, one for a stretch of flags; beside them trivial ones at the same budget. Tables in Markdown.
 *
 * @module
 */
import { judgingSchema } from "../actors/config.ts";
import { addMeasure, emptyMeasure, type Measure, ratesOf, SensorMeasure } from "../commands/backtest/measure.ts";
import { dataSets } from "./measure/datasets.ts";
import { DETECTORS, judgeLive } from "./measure/detectors.ts";
import { show } from "./measure/document.ts";
import { percent, short, table, whole } from "./measure/markdown.ts";
import { benchmarkScores, type JudgedFile, PROFILE_NAMES, windowsOf } from "./measure/nab.ts";
import { byTime, type DataSet, type Sample } from "./measure/recording.ts";
import { typesOf, withAnomalies } from "./measure/scenarios.ts";
import { flag, measure } from "./_measure.ts";

const DATA = flag("data", Deno.env.get("SENSORIUM_TEST_DATA") ?? "");
const DAYS = Number(flag("days", "0.5")), BUDGET = Number(flag("budget", "1e-3"));
/** A cycle of the parts, in days: so many items, one a second. */
const PARTS_DAYS = 6_600 / 86_400;

/** Counts of one sensor as its readings come. */
class SensorCounts {
  readonly measures: readonly SensorMeasure[] = DETECTORS.map(() => new SensorMeasure(true));
  #place = 0;
  #event = -1;
  #begun = 0;

  count(event: number, flags: Uint8Array, alarms: Uint8Array): void {
    this.#place++;
    if (event !== this.#event) this.#begun = this.#place;
    this.#event = event;
    this.measures.forEach((one, d) =>
      one.count(this.#place, event, this.#begun, flags[d] === 1, alarms[d] === 1, BUDGET)
    );
  }
}

/** A data set's counts, by detector. */
interface Counted {
  readonly name: string;
  readonly sums: readonly Measure[];
  /** By detector and recording, every row's alarm: for the benchmark's score. */
  readonly files: readonly JudgedFile[][];
  /** Readings that are passed over: late, there already, without a value. */
  passed: number;
}

/** What runs as one partition: all sensors that belong together, else each recording by itself. */
async function* partitionsOf(set: DataSet): AsyncGenerator<{ name: string; samples: Iterable<Sample> }> {
  if (set.together) yield { name: set.name, samples: byTime(await Array.fromAsync(set.recordings())) };
  else for await (const { sensor, samples } of set.recordings()) yield { name: sensor, samples };
}

async function count(set: DataSet): Promise<Counted> {
  const sums = DETECTORS.map(() => emptyMeasure()), files: JudgedFile[][] = DETECTORS.map(() => []);
  const result: Counted = { name: set.name, sums, files, passed: 0 };
  const judging = judgingSchema.parse({ types: typesOf(set.name), budget: { perReading: BUDGET } });
  for await (const { name, samples } of partitionsOf(set)) {
    const sensors = new Map<string, SensorCounts>(), rows: number[][] = DETECTORS.map(() => []), events: number[] = [];
    await judgeLive(name, samples, judging, BUDGET, ({ reading, event }, said) => {
      events.push(event);
      rows.forEach((own, d) => own.push(said?.alarms[d] ?? 0));
      if (said === undefined) {
        result.passed++;
        return;
      }
      let counts = sensors.get(reading.sensor);
      if (counts === undefined) sensors.set(reading.sensor, counts = new SensorCounts());
      counts.count(event, said.flags, said.alarms);
    });
    for (const { measures } of sensors.values()) measures.forEach(({ measure }, d) => addMeasure(sums[d], measure));
    const windows = windowsOf(events);
    rows.forEach((alarms, d) => files[d].push({ alarms, windows }));
  }
  return result;
}

async function counted(set: DataSet): Promise<Counted> {
  let result: Counted | undefined;
  const { seconds, busy } = await measure(async () => result = await count(set));
  if (result === undefined) throw new Error(`cannot count ${set.name}: nothing came back`);
  const times = `${seconds.toFixed(1)} s, ${busy.toFixed(1)} s of the processor`;
  console.error(
    `${set.name}: ${whole(result.sums[0].readings)} readings, ${whole(result.passed)} passed over, ${times}`,
  );
  return result;
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
function benchmarkTable({ files }: Counted): string {
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
const there = measured.filter(({ sums }) => sums[0].readings > 0), nab = there.find(({ name }) => name === "nab");
await show([
  { name: "detectors-short", text: shortTable(there) },
  { name: "detectors", text: wholeTable(there) },
  ...(nab === undefined ? [] : [{ name: "detectors-nab", text: benchmarkTable(nab) }]),
]);
