/**
 * What streaming evaluation costs: `deno task bench evaluation`.
 *
 * Time to count a reading, time to make a cut of the last 10,000, and what that cut writes, by number of sensors. Beyond
 * 4,096 sensors the others are counted together.
 *
 * @module
 */
import { CELL_LENGTH } from "../actors/evaluation/cell.ts";
import { DEVICES_MOST } from "../actors/evaluation/counts.ts";
import { type ScoredReading, StreamingEvaluation } from "../actors/evaluation/streaming.ts";
import { best, measure, say } from "./_measure.ts";

const COUNT = 1_000_000, LAST = 10_000, RUNS = 3;

/** Scored readings of so many sensors, a second apart. */
function readings(sensors: number, from: number, count: number): ScoredReading[] {
  const names = Array.from({ length: sensors }, (_, at) => `sensor-${at}`);
  return Array.from({ length: count }, (_, at) => ({
    position: from + at,
    sensor: names[at % sensors],
    time: Math.floor((from + at) / sensors) * 1_000,
    version: 1,
    loss: (at % 97) / 97,
    flagged: at % 50 === 0,
  }));
}

for (const sensors of [25, 1_000, DEVICES_MOST, 10_000]) {
  const all = readings(sensors, 0, COUNT), last = readings(sensors, COUNT, LAST);
  let evaluation = new StreamingEvaluation();
  const counted = await best(RUNS, () => {
    evaluation = new StreamingEvaluation();
    return measure(() => evaluation.add(all));
  });
  evaluation.cut(COUNT);
  evaluation.add(last);
  const begun = performance.now(), { changes } = evaluation.cut(COUNT + LAST), ms = performance.now() - begun;
  const blocks = changes.flatMap((change) => change.blocks);
  const bytes = blocks.reduce((sum, { devices }) => sum + 8 * CELL_LENGTH * devices.length, 0);
  say(`${sensors.toLocaleString("en")} sensors`, COUNT, counted);
  console.log(`  a cut: ${ms.toFixed(1)} ms, ${blocks.length} blocks, ${(bytes / 1024).toFixed(0)} KiB of counts`);
}
