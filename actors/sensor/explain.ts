/**
 * A verdict in one plain sentence, and what contributed to it.
 *
 * @module
 */
import { KNEE } from "../../models/budget/combiner.ts";
import { type View, VIEWS } from "../../models/surprise/surprise.ts";

/** What each view of a signal looks at, in words that follow "most unusual is". */
const VIEW_WORDS: Readonly<Record<View, string>> = {
  value: "the value",
  mean: "the mean of the last readings",
  residual: "the step away from the recent level",
  seasonal: "the value for this time of the day or week",
  shape: "the form of the last stretch",
  run: "how long the value has not changed",
  activity: "how much the signal moves",
};

/** What one channel adds to a sentence. */
export interface ChannelSaid {
  readonly channel: string;
  readonly unit?: string;
  readonly value: number;
  /** Band; NaN while nothing was expected. */
  readonly low: number;
  readonly high: number;
  /** 0 to 10, as held: what is a few readings old still counts. */
  readonly surprise: number;
  readonly view: View;
}

/** A channel's part in what was found. */
export interface Contribution {
  readonly channel: string;
  /** 0..1; those of a reading add up to 1. */
  readonly share: number;
  /** The view of the signal that is most unusual: which feature. */
  readonly feature: View;
  /** In words. */
  readonly because: string;
}

/** A number as a person reads it: five digits that count. */
export function sayNumber(value: number): string {
  if (!Number.isFinite(value)) return "unknown";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e9)) return value.toExponential(3);
  return String(Number(value.toPrecision(5)));
}

/** The same with its unit. */
export function sayQuantity(value: number, unit: string | undefined): string {
  return sayNumber(value) + (unit ? ` ${unit}` : "");
}

/**
 * What was found: `temperature 31.2 °C, expected 20.1 to 24.6 °C; most unusual is the value; one reading in 12,000 is so
 * unusual`.
 *
 * @param first the most surprising channel; undefined where no channel has a value
 * @param rate share of normal readings that are as unusual; 1 if it was not unusual
 * @param others how many other channels are unusual too
 * @param broken channels that break a configured limit: that is said first
 */
export function sayVerdict(
  first: ChannelSaid | undefined,
  rate: number,
  others: number,
  broken: readonly string[] = [],
): string {
  if (first === undefined) return "no value";
  const { channel, unit, value, low, high, view } = first;
  const band = Number.isNaN(low) ? "" : `, expected ${sayNumber(low)} to ${sayQuantity(high, unit)}`;
  const unusual = rate < 1 ? `; most unusual is ${VIEW_WORDS[view]}` : "";
  const beside = others > 0 ? `; ${others} other channel${others > 1 ? "s" : ""} too` : "";
  const rare = rate < 1 ? `; one reading in ${Math.round(1 / rate).toLocaleString("en")} is so unusual` : "";
  const limits = broken.length === 0 ? "" : `${broken.join(", ")} beyond the configured limit; `;
  return `${limits}${channel} ${sayQuantity(value, unit)}${band}${unusual}${beside}${rare}`;
}

/** What to say first: channels beyond a limit, then those that surprise most. */
export function inOrder(said: readonly ChannelSaid[], broken: readonly string[]): ChannelSaid[] {
  const rank = ({ channel }: ChannelSaid) => broken.includes(channel) ? 0 : 1;
  return said.toSorted((a, b) => rank(a) - rank(b) || b.surprise - a.surprise);
}

/** How many channels but the first are unusual. */
export function othersOf(said: readonly ChannelSaid[]): number {
  return said.filter(({ surprise }, i) => i > 0 && surprise >= UNUSUAL).length;
}

/** Surprise from which on a channel counts as unusual. */
const UNUSUAL = KNEE;
/** Contributions that are told. */
const MOST = 5;

/** The channels that are unusual now or were just now, the most unusual first; at most 5. */
export function contributionsOf(said: readonly ChannelSaid[]): Contribution[] {
  const parts = said.map((of) => ({ of, part: Math.log(of.surprise / UNUSUAL) })).filter(({ part }) => part > 0);
  const sum = parts.reduce((total, { part }) => total + part, 0);
  return parts.sort((a, b) => b.part - a.part).slice(0, MOST).map(({ of: { channel, view }, part }) => ({
    channel,
    share: part / sum,
    feature: view,
    because: VIEW_WORDS[view],
  }));
}

/** The view of a number, as `verdict.ts` packs it. */
export function viewNamed(number: number): View {
  return VIEWS[number] ?? "value";
}
