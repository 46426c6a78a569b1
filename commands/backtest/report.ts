/**
 * A backtest's report: one HTML file that needs nothing else, to be read, printed and shown to a colleague.
 *
 * @module
 */
import { chart, escapeHtml, sayTime } from "./chart.ts";
import type { Alarm, FileRun, SensorResult } from "./run.ts";
import type { Series } from "./series.ts";
import {
  agreementTable,
  ALARM_COLUMNS,
  alarmCells,
  detectorTable,
  sayAlerts,
  type Side,
  type Table,
  totalTable,
} from "./summary.ts";

/** Charts and listed alarms of a report; what is beyond is said, not drawn. */
const CHARTS_MOST = 120, LISTED_MOST = 200;

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --dim: #656d76; --line: #d0d7de; --paper: #fff; --band: #c9d3dd;
  --window: #f4d58d; --right: #1a7f37; --wrong: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #8d96a0; --line: #30363d; --paper: #0d1117;
  --band: #2f3b47; --window: #5c4a12; --right: #3fb950; --wrong: #ff7b72; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 74rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
p, li { max-width: 46rem; } .dim { color: var(--dim); }
.scroll { overflow-x: auto; margin: .5rem 0; }
code { overflow-wrap: anywhere; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem; }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child, .text { text-align: left; white-space: normal; }
svg { width: 100%; height: auto; display: block; font: 11px system-ui, sans-serif; }
svg text { fill: var(--dim); } svg .band { fill: var(--band); } svg .window { fill: var(--window); }
svg .value { fill: none; stroke: var(--ink); stroke-width: 1; stroke-linejoin: round; }
svg .alarm line { stroke: var(--wrong); stroke-dasharray: 4 3; } svg .alarm path { fill: var(--wrong); }
svg .right line { stroke: var(--right); stroke-dasharray: none; } svg .right path { fill: var(--right); }
.key { max-width: none; } .key span { white-space: nowrap; margin-right: 1.2rem; } .key b { display: inline-block; width: 1.1em; text-align: center; }
`;

/** What a report says at its top. */
export interface ReportHead {
  /** The command line, to do it again. */
  readonly command: string;
  readonly baselines: boolean;
  /** Readings a second. */
  readonly rate: number;
}

/** The report, piece by piece. */
export function* report(head: ReportHead, sides: readonly Side[]): Generator<string> {
  const [own] = sides;
  yield `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>Backtest: ${escapeHtml(own.name)}</title><style>${STYLE}</style><h1>Backtest</h1>`;
  yield `<p>${
    headline(own)
  }</p><p class="dim">Judged strictly in order: no figure of a reading depends on a later one. ` +
    `${Math.round(head.rate).toLocaleString("en")} readings a second.</p>` +
    `<details><summary>The command that made this</summary><p><code>${escapeHtml(head.command)}</code></p></details>`;
  yield html(totalTable("configuration", sides, head.baselines));
  yield `<p class="dim">${
    sides.map((side) => `<b>${escapeHtml(side.name)}</b>: ${escapeHtml(side.about)}`).join("<br>")
  }` +
    `${head.baselines ? "<br>The rows below are trivial detectors under the same budget, for comparison." : ""}</p>`;
  yield notes(totalTable("configuration", [], false));
  yield* detectors(sides);
  const byFile: Table = {
    first: "file",
    columns: ALARM_COLUMNS,
    rows: sides.flatMap((side) =>
      side.runs.map(({ path, run }) =>
        [sides.length > 1 ? `${path} (${side.name})` : path, alarmCells(run.measure())] as const
      )
    ),
  };
  yield `<h2>By file</h2>${html(byFile)}`;
  yield* charts(sides);
  yield alarmList(own);
  yield "</html>\n";
}

function headline(side: Side): string {
  const alarms = side.runs.reduce((sum, { run }) => sum + run.measure().alarms, 0);
  const sensors = side.runs.reduce((sum, { run }) => sum + run.sensors.size, 0);
  return `${count(alarms, "alarm")} in ${count(side.runs.length, "file")} with ${count(sensors, "sensor")}.`;
}

function count(number: number, what: string): string {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

function html({ first, columns, rows }: Table): string {
  const head = [[first, ""], ...columns].map(([name, note]) =>
    `<th scope="col"${note === "" ? "" : ` title="${escapeHtml(note)}"`}>${escapeHtml(name)}</th>`
  );
  const body = rows.map(([name, cells]) =>
    `<tr><td>${escapeHtml(name)}</td>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`
  );
  return `<div class="scroll" tabindex="0"><table><thead><tr>${head.join("")}</tr></thead><tbody>${
    body.join("")
  }</tbody></table></div>`;
}

function notes({ columns }: Table): string {
  const items = columns.map(([name, note]) => `<li><b>${escapeHtml(name)}</b>: ${escapeHtml(note)}</li>`);
  return `<details><summary>What the columns mean</summary><ul>${items.join("")}</ul></details>`;
}

/** What each detector is worth, how machine learning and rules agree, and the alerts. */
function* detectors(sides: readonly Side[]): Generator<string> {
  const named = (title: string, side: Side) => sides.length > 1 ? `${title}: ${escapeHtml(side.name)}` : title;
  for (const side of sides) {
    const table = detectorTable(side);
    yield `<h2>${named("Detector by detector", side)}</h2>${html(table)}${notes(table)}`;
  }
  for (const side of sides) {
    const table = agreementTable(side);
    if (table.rows.length === 0) continue;
    yield `<h2>${named("Machine learning against rules", side)}</h2><p class="dim">On their flags. Limits are those ` +
      `that are configured, of values and of their rate of change; 3 sigma is a z-score over the last readings.</p>` +
      `${html(table)}${notes(table)}`;
  }
  for (const side of sides) yield `<p>${named("Alerts raised", side)}: ${escapeHtml(sayAlerts(side))}.</p>`;
}

function* charts(sides: readonly Side[]): Generator<string> {
  yield `<h2>Charts</h2><p class="key dim"><span><b>—</b> value</span><span><b>▒</b> expected band: 99 of 100 normal ` +
    `readings lie inside</span><span><b style="color:var(--window)">■</b> labelled window</span>` +
    `<span><b style="color:var(--right)">▼</b> alarm in a window (solid)</span>` +
    `<span><b style="color:var(--wrong)">▼</b> other alarm (dashed)</span></p>`;
  let drawn = 0, left = 0;
  for (const side of sides) {
    for (const { path, run } of side.runs) {
      for (const sensor of ordered(run)) {
        for (const [channel, series] of courses(sensor)) {
          if (++drawn > CHARTS_MOST) {
            left++;
            continue;
          }
          const title = [path, sensor.sensor, channel, ...(sides.length > 1 ? [side.name] : [])].join(" · ");
          yield `<h3>${escapeHtml(title)}</h3>${chart(title, series, sensor.spans, sensor.alarms)}` +
            `<p class="dim">${escapeHtml(state(sensor))}</p>`;
        }
      }
    }
  }
  if (left > 0) yield `<p class="dim">${count(left, "more chart")} not drawn.</p>`;
}

/** A file's sensors, those with the most alarms first. */
function ordered(run: FileRun): SensorResult[] {
  return [...run.sensors.values()].sort((a, b) => b.alarms.length - a.alarms.length);
}

/** A sensor's courses, those first that contributed to alarms. */
function courses({ series, alarms }: SensorResult): [string, Series][] {
  const weight = (name: string) =>
    alarms.reduce((sum, { contributions }) => sum + (contributions.find((one) => one.channel === name)?.share ?? 0), 0);
  return [...series ?? []].sort(([a], [b]) => weight(b) - weight(a));
}

/** What there is to say of a sensor below its chart. */
function state({ alarms, closest, progress }: SensorResult): string {
  const parts = [count(alarms.length, "alarm")];
  if (progress.warm < 1) {
    parts.push(`still warming up: ${Math.floor(100 * progress.warm)} % of the readings that it takes`);
  } else if (alarms.length === 0 && closest !== undefined) {
    parts.push(`the closest was ${closest.part.toFixed(2)} of the threshold, ${sayTime(closest.time)}`);
  } else if (alarms.length === 0) parts.push("nothing came near one");
  return parts.join("; ");
}

function alarmList(side: Side): string {
  const all: [string, Alarm][] = side.runs.flatMap(({ path, run }) =>
    [...run.sensors.values()].flatMap(({ alarms }) => alarms.map((alarm): [string, Alarm] => [path, alarm]))
  ).sort(([, a], [, b]) => b.strength - a.strength);
  if (all.length === 0) return "";
  const rows = all.slice(0, LISTED_MOST).map(([path, alarm]) =>
    `<tr><td>${escapeHtml(`${path} ${alarm.sensor}`)}</td><td>${sayTime(alarm.time)}</td>` +
    `<td>${alarm.strength.toFixed(2)}</td><td>${
      alarm.right === undefined ? "–" : alarm.right ? "yes" : "no"
    }</td><td class="text">${escapeHtml(alarm.text)}</td></tr>`
  );
  const more = all.length > LISTED_MOST ? `<p class="dim">The ${LISTED_MOST} strongest of ${all.length}.</p>` : "";
  return `<h2>Alarms, the strongest first</h2>${more}<div class="scroll"><table><thead><tr><th>sensor</th><th>time</th>` +
    `<th>strength</th><th>labelled</th><th class="text">why</th></tr></thead><tbody>${
      rows.join("")
    }</tbody></table></div>`;
}
