/**
 * A bar for the hours that a new data directory begins with.
 *
 * @module
 */
import type { Simulator } from "../../sources/simulator.ts";
import { systemClock } from "../process/clock.ts";
import type { Engine } from "../instance/engine.ts";
import { type ProgressBar, progressBar } from "../process/progress.ts";

/** Time between two looks at how far catching up is, ms. */
const LOOK_MS = 200;
/** Less than this behind the present is live, ms. */
const LIVE_MS = 10_000;

/** Shows how far the past is run through, until it is the present. */
export async function showCatchingUp(simulator: Simulator, engine: Engine, signal: AbortSignal): Promise<void> {
  let bar: ProgressBar | undefined;
  const begun = performance.now();
  while (!signal.aborted) {
    await systemClock.sleep(LOOK_MS, signal).catch(() => {});
    const { behindMs, totalMs } = simulator.behind();
    if (totalMs > 0 && behindMs < LIVE_MS) break;
    if (totalMs <= LIVE_MS) continue;
    bar ??= progressBar("the last hours");
    const readings = engine.supervisor.runs.reduce((sum, run) => sum + run.readings, 0);
    const rate = Math.round(readings * 1000 / (performance.now() - begun));
    bar.update(1 - behindMs / totalMs, `${readings.toLocaleString("en")} readings, ${rate.toLocaleString("en")}/s`);
  }
  bar?.update(1, "live");
  bar?.stop();
}
