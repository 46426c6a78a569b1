/**
 * The score of the Numenta Anomaly Benchmark for alarms: 100 is perfect, 0 raises nothing.
 *
 * Source: A. Lavin, S. Ahmad, Evaluating Real-time Anomaly Detection Algorithms – the Numenta Anomaly Benchmark, ICMLA
 * 2015. The first part of a file, 15 % and 750 rows at most, does not count. An alarm counts by where it lies: in a
 * window the more the earlier, only the best of each; outside negative, the more the farther behind the last window.
 * Every alarm counts, whatever its strength: no threshold is chosen afterwards.
 *
 * @module
 */

/** What one hit, one missed window and one false alarm weigh. */
const PROFILES = { standard: [1, 1, 0.11], "few false": [1, 1, 0.22], "few missed": [1, 2, 0.11] } as const;

/** Names of the profiles, in the order of {@linkcode benchmarkScores}. */
export const PROFILE_NAMES: readonly string[] = Object.keys(PROFILES);

/** A file that was judged. */
export interface JudgedFile {
  /** By row, whether an alarm begins. */
  readonly alarms: ArrayLike<number>;
  /** First and last row of each window, both included, in order. */
  readonly windows: readonly (readonly [number, number])[];
}

/** First and last row of each window, by the number of the window that each row lies in, −1 for none. */
export function windowsOf(events: readonly number[]): JudgedFile["windows"] {
  const windows = new Map<number, [number, number]>();
  for (const [row, event] of events.entries()) {
    if (event < 0) continue;
    const window = windows.get(event);
    if (window) window[1] = row;
    else windows.set(event, [row, row]);
  }
  return [...windows.values()];
}

/** What a place is worth, relative to its window: 1 long before its end, 0 at it, −1 long after. */
function worth(place: number): number {
  return place > 3 ? -1 : 2 / (1 + Math.exp(5 * place)) - 1;
}

/** The scores by profile. */
export function benchmarkScores(files: readonly JudgedFile[]): number[] {
  let windows = 0, found = 0, hits = 0, strays = 0;
  for (const file of files) {
    const counted = countFile(file);
    windows += file.windows.length;
    found += counted.found;
    hits += counted.hits;
    strays += counted.strays;
  }
  return Object.values(PROFILES).map(([hit, missed, stray]) => {
    const total = hit * hits - missed * (windows - found) + stray * strays, nothing = -missed * windows;
    return 100 * (total - nothing) / (hit * windows - nothing);
  });
}

function countFile({ alarms, windows }: JudgedFile): { found: number; hits: number; strays: number } {
  const first = Math.min(Math.floor(0.15 * alarms.length), 750), best = windows.map(() => -Infinity);
  let strays = 0;
  for (let row = first; row < alarms.length; row++) {
    if (alarms[row] !== 1) continue;
    const last = windows.findLastIndex(([from]) => from <= row);
    if (last < 0) {
      strays -= 1;
      continue;
    }
    const [from, to] = windows[last], width = to - from + 1;
    if (row <= to) best[last] = Math.max(best[last], worth(-(to - row + 1) / width) / worth(-1));
    else strays += worth((row - to) / (width - 1));
  }
  const hits = best.filter((one) => one > -Infinity);
  return { found: hits.length, hits: hits.reduce((sum, one) => sum + one, 0), strays };
}
