/**
 * Is the alert budget kept? `deno task bench budget [--data=FOLDER] [--days=7] [--streams=6] [--readings=50000]
 * [--picture=FILE] [--document=FILE]`
 *
 * For budgets of 1, 10 and 100 false alarms in 100,000 readings of a sensor: false alarms to those allowed, with what is
 * found of events and how soon, on labelled recordings, on made-up streams and on simulated sensors in which nothing is
 * wrong; beside it peaks over threshold (SPOT), a fixed threshold and standard deviations. Tables in Markdown.
 *
 * @module
 */
import { ratesOf } from "../commands/backtest/measure.ts";
import { Surprise } from "../models/surprise/surprise.ts";
import { WAYS } from "./measure/contest.ts";
import { dataSets } from "./measure/datasets.ts";
import { show } from "./measure/document.ts";
import { BudgetsJudge } from "./measure/judge.ts";
import { percent, short, table, whole } from "./measure/markdown.ts";
import { type Dot, picture } from "./measure/picture.ts";
import type { DataSet } from "./measure/recording.ts";
import { withoutAnomalies } from "./measure/scenarios.ts";
import { RHYTHM_NAMES, rhythmStreams, STREAM_KINDS, streamSets } from "./measure/streams.ts";
import { joined, type Tally, tallyOf } from "./measure/tally.ts";
import { flag } from "./_measure.ts";

/** Alarms a reading that are asked for. */
const BUDGETS = [1e-5, 1e-4, 1e-3];
const NAMES = ["1", "10", "100"];
/** A budget counts as kept from and to these ratios, where at least so many alarms were allowed. */
const KEPT = [0.3, 2] as const, ALLOWED_LEAST = 10;

const DATA = flag("data", Deno.env.get("SENSORIUM_TEST_DATA") ?? "");
const DAYS = Number(flag("days", "7"));
const STREAMS = Number(flag("streams", "6")), READINGS = Number(flag("readings", "50000"));

async function measured(sets: readonly DataSet[]): Promise<Tally[]> {
  const tallies: Tally[] = [];
  for (const set of sets) {
    const begun = performance.now();
    const tally = await tallyOf(set, BUDGETS, ({ sensor }) => console.error(`  ${set.name}: ${sensor}`));
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    console.error(`${set.name}: ${whole(tally.readings)} readings, ${seconds} s`);
    if (tally.readings > 0) tallies.push(tally);
  }
  return tallies;
}

/** Whether a budget counts as kept; what is added up of many small parts is not exact. */
function isKept(ratio: number): boolean {
  const exact = Math.round(1e6 * ratio) / 1e6;
  return exact >= KEPT[0] && exact <= KEPT[1];
}

/** A ratio; in bold where it lies outside although enough was allowed, in brackets where too little was. */
function sayRatio(ratio: number, allowed: number): string {
  const text = ratio > 0 && ratio < 0.095 ? ratio.toFixed(2) : short(ratio);
  if (allowed < ALLOWED_LEAST) return `(${text})`;
  return isKept(ratio) ? text : `**${text}**`;
}

/** Ratios of all ways at all budgets. */
function ratioTable(tallies: readonly Tally[]): string {
  const head = ["data", "readings", "budget", "allowed", "false", ...WAYS];
  const rows = tallies.flatMap((tally) =>
    BUDGETS.map((_, b) => {
      const own = tally.measures[0][b], first = b === 0;
      const ratios = WAYS.map((_, way) => sayRatio(ratesOf(tally.measures[way][b]).ratio, own.allowed));
      const counted = [first ? tally.name : "", first ? whole(tally.readings) : "", NAMES[b]];
      return [...counted, short(own.allowed), whole(own.falseAlarms), ...ratios];
    })
  );
  return table(head, rows);
}

/** What is found of the events, by all ways at all budgets. */
function foundTable(tallies: readonly Tally[]): string {
  const rows = tallies.flatMap((tally) =>
    BUDGETS.map((_, b) => {
      const cells = WAYS.map((_, way) => {
        const { precision, recall, delayMs } = ratesOf(tally.measures[way][b]);
        return [percent(precision), percent(recall), short(delayMs)].join(" / ");
      });
      return [b === 0 ? tally.name : "", NAMES[b], whole(tally.measures[0][b].events), ...cells];
    })
  );
  return table(["data", "budget", "events", ...WAYS], rows);
}

/** Ratios by kind of stream, of the budgets in order. */
function kindTable(tallies: readonly Tally[]): string {
  const ratios = ({ measures }: Tally) =>
    measures.map((own) => own.map((measure) => sayRatio(ratesOf(measure).ratio, measure.allowed)).join(" / "));
  return table(["kind", ...WAYS], tallies.map((tally) => [tally.name, ...ratios(tally)]));
}

function dotsOf(tallies: readonly Tally[]): Dot[] {
  return tallies.flatMap(({ name, measures }) =>
    measures.flatMap((own, way) =>
      own.map((measure, budget) => {
        const { ratio } = ratesOf(measure);
        return { way, budget, ratio, sure: measure.allowed >= ALLOWED_LEAST, title: `${name}: ${short(ratio)}` };
      })
    )
  );
}

/** Alarms of sensors that may raise one a day, however they report. */
function rhythmTable(): string {
  const plan = new Surprise(), dayMs = 86_400_000;
  const rows = RHYTHM_NAMES.map((rhythm) => {
    let days = 0, readings = 0, alarms = 0;
    for (const { samples } of rhythmStreams(rhythm, STREAMS, READINGS)) {
      const judge = new BudgetsJudge(plan, [{ alarms: 1, everyMs: dayMs }]);
      let first = NaN, last = NaN;
      for (const { reading } of samples) {
        if (Number.isNaN(first)) first = reading.time;
        last = reading.time;
        judge.take(reading);
        readings++;
        alarms += judge.alarms[0];
      }
      days += (last - first) / dayMs;
    }
    return [rhythm, whole(readings), whole(days), whole(alarms), sayRatio(alarms / days, days)];
  });
  return table(["readings come", "readings", "days", "false", "to those allowed"], rows);
}

/** How many of the ratios that can be judged are kept, by way. */
function keptTable(tallies: readonly Tally[]): string {
  const rows = WAYS.map((name, way) => {
    const sure = tallies.flatMap(({ measures }) => measures[way]).filter(({ allowed }) => allowed >= ALLOWED_LEAST);
    const ratios = sure.map((measure) => ratesOf(measure).ratio);
    const count = (test: (ratio: number) => boolean) => whole(ratios.filter(test).length);
    const kept = count(isKept), below = (ratio: number) => !isKept(ratio) && ratio < 1;
    return [
      name,
      whole(ratios.length),
      kept,
      count(below),
      count((ratio) => !isKept(ratio) && ratio > 1),
      short(Math.max(...ratios)),
    ];
  });
  return table(["way", "judged", "kept", "below", "above", "greatest"], rows);
}

const real = DATA === "" ? [] : await measured(dataSets(DATA));
const made = await measured(streamSets(STREAMS, READINGS));
const calm = await measured(withoutAnomalies(DAYS));

const groups = [
  ...real,
  ...(real.length > 0 ? [joined("all recordings", real, BUDGETS)] : []),
  joined(`${STREAM_KINDS.length} made-up kinds`, made, BUDGETS),
  ...calm,
  joined("all scenarios", calm, BUDGETS),
];
const each = [...real, ...made, ...calm];
const labelled = groups.filter((tally) => tally.labelled);
await show([
  { name: "budget", text: ratioTable(groups) },
  ...(labelled.length > 0 ? [{ name: "budget-found", text: foundTable(labelled) }] : []),
  { name: "budget-kinds", text: kindTable(made) },
  { name: "budget-time", text: rhythmTable() },
  { name: "budget-kept", text: keptTable(each) },
]);

const file = flag("picture", "");
if (file !== "") {
  const legend = { ways: WAYS, budgets: NAMES, kept: KEPT };
  await Deno.writeTextFile(file, picture(dotsOf(each), legend));
}
