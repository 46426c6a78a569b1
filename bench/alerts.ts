/**
 * What the life of alerts does for who must read them, and what it costs.
 *
 *     deno run -A bench/alerts.ts [--hours=24]
 *
 * The facility with 14 faults put in, with a rule that raises and clears at every reading, with the default rules, and with
 * an on-delay and a deadband too. Then what a reading costs while nothing is wrong, and while something is.
 *
 * @module
 */
import { LEVEL, moveLife } from "../actors/alerts/life.ts";
import { Lives } from "../actors/alerts/lives.ts";
import { type AlertsConfig, alertsSchema, makeRules } from "../actors/alerts/rules.ts";
import { flag } from "./_measure.ts";
import { type Day, playDay } from "./measure/alert_day.ts";

const AT_ONCE = { raise: 1, of: 1, clear: 1, offDelayMs: 0 };
const WAYS: readonly (readonly [string, AlertsConfig, number])[] = [
  [
    "every reading",
    alertsSchema.parse({ rules: { limit: AT_ONCE, silent: AT_ONCE }, chatterMs: 1000, calmMs: 1000 }),
    0,
  ],
  ["default", alertsSchema.parse({}), 0],
  ["on-delay 10 s, deadband 5 %", alertsSchema.parse({ rules: { limit: { onDelayMs: 10_000 } } }), 0.05],
];

function sayDay(name: string, day: Day, hours: number): void {
  const { performance: { per_10_minutes: per, flood_ratio, chattering }, faults, floods, spikes } = day;
  const raised = faults.filter(({ raised }) => raised > 0).length,
    times = faults.reduce((sum, one) => sum + one.raised, 0);
  console.log(
    `${name.padEnd(28)} ${day.alerts.length} alerts in ${hours} h, ${
      per.average.toFixed(2)
    } in 10 min, most ${per.most}, ` +
      `in flood ${(100 * flood_ratio).toFixed(1)} %, floods by location ${floods}, chattering ${chattering.count}; ` +
      `faults raised ${raised} of ${faults.length} by ${times} alerts, from spikes ${spikes}`,
  );
}

/** Nanoseconds of one of ten million rounds of `rounds`, once it is warm. */
function nanoseconds(rounds: (count: number) => void): number {
  const count = 10_000_000;
  rounds(count);
  const begun = performance.now();
  rounds(count);
  return (performance.now() - begun) * 1e6 / count;
}

if (import.meta.main) {
  const hours = Number(flag("hours", "24"));
  for (const [name, config, deadband] of WAYS) sayDay(name, playDay(hours, config, deadband), hours);
  const self = {
    partition: "p",
    sensor: "pump",
    channels: ["a"],
    units: ["°C"],
    rules: makeRules(alertsSchema.parse({})),
  };
  const quiet = new Lives(), open = new Lives(), ignore = () => {};
  let tended = 0;
  const check = nanoseconds((count) => {
    for (let n = 0; n < count; n++) if (quiet.tends(n & 7)) tended++;
  });
  const move = nanoseconds((count) => {
    for (let n = 0; n < count; n++) moveLife(open, self, 0, 0, LEVEL.broken, 99, 10, 80, n, n, ignore);
  });
  console.log(
    `a reading while it is quiet ${check.toFixed(1)} ns (${tended} tended), while an alert is open ${
      move.toFixed(0)
    } ns`,
  );
  console.log(`memory: nothing while quiet, ${open.data.byteLength} bytes for each condition that is not`);
}
