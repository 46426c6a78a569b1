/**
 * What an instance without a process of its own does not do, and why: said to whoever asks for it.
 *
 * @module
 */
import { Problem } from "../../routes/problem.ts";

/** Paths, and why there is nothing. */
const ABSENT: readonly (readonly [RegExp, string])[] = [
  [/^\/backtests(\/|$)/, "Backtests need workers and a folder: run `deno task backtest` on a machine."],
  [
    /^\/evaluations(\/|$)/,
    "Models are evaluated by a process that goes on running: `deno task replay` or `start` over another store.",
  ],
  [
    /^\/admin\/export$/,
    "An export holds all writers up until it ends, which no request can do: `deno task export` does, while nothing " +
    "else uses the store.",
  ],
];

/** Why there is nothing under a path; undefined where that is because there is no such thing at all. */
export function absentHere(path: string): string | undefined {
  return ABSENT.find(([paths]) => paths.test(path))?.[1];
}

/** Correlations that follow the readings: there is nobody to follow them. */
export const NO_LIVE_CORRELATION = {
  views(): never {
    throw new Problem(
      501,
      "Live correlations follow all readings in a process that goes on running: ask /analytics/correlation instead.",
    );
  },
};
