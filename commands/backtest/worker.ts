/**
 * The thread in which a running instance's backtests are done, one at a time, so that live judging does not wait for them.
 *
 * @module
 */
import { readingWriter } from "../../data/output.ts";
import { scenarioByName } from "../../data/mod.ts";
import { dirname } from "../../std/path.ts";
import { type FilesPlan, judgeFiles } from "./files.ts";
import { sayFailure, type ScenarioPlan } from "./request.ts";
import { openOutput } from "./writer.ts";

/** What the thread is told. */
export type ToBacktest =
  | { readonly kind: "run"; readonly plan: FilesPlan; readonly scenario?: ScenarioPlan }
  | { readonly kind: "stop" };

/** What it tells. */
export type FromBacktest =
  | { readonly kind: "progress"; readonly done: number; readonly readings: number; readonly rate: number }
  | { readonly kind: "done"; readonly alarms: number; readonly isWhole: boolean }
  | { readonly kind: "failed"; readonly error: string };

/** Time between two words on progress, ms. */
const TELL_MS = 250;
/** Rounds of a scenario that are written at once. */
const ROUNDS = 200;

declare const self: DedicatedWorkerGlobalScope;
let stop = new AbortController();

self.onmessage = ({ data }: MessageEvent<ToBacktest>) => {
  if (data.kind === "stop") stop.abort();
  else void run(data.plan, data.scenario);
};

function tell(message: FromBacktest): void {
  self.postMessage(message);
}

async function run(plan: FilesPlan, scenario: ScenarioPlan | undefined): Promise<void> {
  stop = new AbortController();
  const { signal } = stop;
  let told = 0;
  try {
    if (scenario !== undefined) await writeScenario(scenario, plan.paths[0], signal);
    const [own] = await judgeFiles(plan, (done, readings, rate) => {
      if (performance.now() - told < TELL_MS) return;
      told = performance.now();
      tell({ kind: "progress", done, readings, rate });
    }, signal);
    const alarms = own.runs.reduce((sum, { run }) => sum + run.measure().alarms, 0);
    tell({ kind: "done", alarms, isWhole: !signal.aborted });
  } catch (error) {
    tell({ kind: "failed", error: sayFailure(error, dirname(plan.paths[0])) });
  }
}

/** Writes the scenario's readings to the file that is judged then. */
async function writeScenario({ name, seed, anchor, rounds }: ScenarioPlan, path: string, signal: AbortSignal) {
  const scenario = scenarioByName(name), run = { seed, anchor, intervalMs: scenario.intervalMs };
  const writer = readingWriter("ndjson", scenario), output = await openOutput(path), end = rounds * scenario.perRound;
  for (let from = 0; from < end && !signal.aborted; from += ROUNDS * scenario.perRound) {
    const places = Array.from({ length: Math.min(ROUNDS * scenario.perRound, end - from) }, (_, k) => from + k);
    await output.write(writer.write(places.flatMap((place) => scenario.reading(place, run) ?? [])));
    await new Promise<void>((resolve) => setTimeout(resolve, 0)); // a word to stop is heard here
  }
  await output.finish();
}
