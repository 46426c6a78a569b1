/**
 * An alarm in one plain sentence.
 *
 * @module
 */
import { type View, VIEWS } from "../models/surprise/surprise.ts";
import type { SensorJudge } from "./backtest_judge.ts";

/** What each view of a signal looks at, in words that follow "unusual is". */
export const VIEW_WORDS: Readonly<Record<View, string>> = {
  value: "the value",
  mean: "the mean of the last readings",
  residual: "the step away from the recent level",
  seasonal: "the value for this time of the day or week",
  shape: "the form of the last stretch",
  run: "how long the value has not changed",
  activity: "how much the signal moves",
};

/** A number as a person reads it: five digits that count. */
export function sayNumber(value: number): string {
  if (!Number.isFinite(value)) return "unknown";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e9)) return value.toExponential(3);
  return String(Number(value.toPrecision(5)));
}

/** The view that says most of a channel. */
export function topView(views: ArrayLike<number>): View {
  let top = 0;
  for (let v = 1; v < VIEWS.length; v++) if (views[v] > views[top]) top = v;
  return VIEWS[top];
}

/**
 * What a sensor's last verdict says: `temperature 31.2, expected 20.1 to 24.6; most unusual is the value; one reading
 * in 12,000 is so unusual`.
 */
export function sayVerdict(judge: SensorJudge): string {
  const { channel: index, rate } = judge.verdict;
  if (index < 0) return "no value";
  const channel = judge.channels[index];
  const band = Number.isNaN(channel.low) ? "" : `, expected ${sayNumber(channel.low)} to ${sayNumber(channel.high)}`;
  const rare = rate < 1 ? `; one reading in ${Math.round(1 / rate).toLocaleString("en")} is so unusual` : "";
  const others = judge.channels.filter((_, c) => c !== index && judge.held(c) >= 3).length;
  const beside = others > 0 ? `; ${others} other channel${others > 1 ? "s" : ""} too` : "";
  return `${channel.name} ${sayNumber(channel.value)}${band}; most unusual is ${
    VIEW_WORDS[topView(channel.views)]
  }${beside}${rare}`;
}
