/**
 * The facility into the files sink and the rows sink, as a process of its own that a test kills: `killed_run.ts FOLDER`.
 *
 * It prints a line for each batch saved, and at the end the digest.
 *
 * @module
 */
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { systemClock } from "../../commands/process/clock.ts";
import { Engine } from "../../commands/instance/engine.ts";
import { judgingOf } from "../../commands/settings/settings.ts";
import { scenarioByName } from "../../data/mod.ts";
import { FilesSink } from "../../sinks/files.ts";
import { RowsSink } from "../../sinks/rows.ts";
import { Injection } from "../../sources/injection.ts";
import { Simulator } from "../../sources/simulator.ts";
import { join } from "../../std/path.ts";

/** Rounds of 25 readings. */
const ROUNDS = 2_000;

const [folder] = Deno.args, scenario = scenarioByName("facility");
const engine = await Engine.open({
  dataDir: join(folder, "data"),
  judging: judgingOf({}, { types: scenario.types }),
  shards: 1,
  clock: systemClock,
  sinks: (partition) => [
    new FilesSink({
      folder: join(folder, "batches"),
      partition,
      records: 700,
      clock: systemClock,
      log: (line) => console.log(line),
    }),
    new RowsSink(join(folder, "rows.csv")),
  ],
  supervisor: {
    checkpointMs: 5,
    checkpointReadings: 3_000,
    wanted: { ...SUPERVISOR_DEFAULTS.wanted, rows: true },
  },
  failed: (_, error) => {
    throw error;
  },
});
const anchor = Date.parse("2026-03-01T00:00:00Z");
const simulator = new Simulator(scenario, {
  seed: 42,
  pace: { kind: "finite", anchor, rounds: ROUNDS },
  clock: systemClock,
});
await engine.run(new Injection(simulator, 7, { chance: 0.02 }), new AbortController().signal);
console.log(`digest ${await engine.digest()}`);
await engine.close();
