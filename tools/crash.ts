/**
 * `deno task crash`: replays as processes, killed at random instants and begun again, compared with one never killed.
 *
 * The tests do the same with fewer kills (`tests/crash`).
 *
 * @module
 */
import { killedReplays } from "../tests/crash/kills.ts";
import { systemClock } from "../commands/process/clock.ts";
import { toggle, wholeNumber } from "../commands/settings/setting.ts";
import { type Command, COMMON, readSettings } from "../commands/settings/settings.ts";
import { program } from "./program.ts";

const settings = {
  kills: wholeNumber({ min: 1, max: 1_000_000, fallback: 500, help: "kills that meet a living process" }),
  seed: COMMON.seed,
  rounds: wholeNumber({ min: 100, max: 1_000_000, fallback: 2_000, help: "readings of each of the 30 sensors" }),
  verbose: toggle({ fallback: false, help: "say of every history how it was run" }),
};

const command: Command<typeof settings> = {
  name: "crash",
  summary: "Kills replays at random instants, and compares what they stored with a run that was never killed.",
  settings,
  examples: [{ line: "deno task crash --kills 500", does: "500 kills; some ten minutes on two cores" }],
};

/** Runs the histories; 0 if none differs. */
async function crash(args: readonly string[]): Promise<number> {
  const { values } = await readSettings(command, args), begun = systemClock.now();
  const folder = await Deno.makeTempDir({ prefix: "sensorium-crash-" });
  let kills = 0, differing = 0;
  try {
    const histories = await killedReplays({
      folder,
      kills: values.kills,
      seed: values.seed,
      rounds: values.rounds,
      report: (history) => {
        kills += history.kills;
        const same = history.differences.length === 0;
        if (!same) differing++;
        const places = history.reached.map((share) => Math.round(100 * share)).join(" ");
        console.log(`seed ${history.seed}: ${same ? "the same" : "DIFFERENT"}, killed at ${places} %; ${kills} so far`);
        if (values.verbose || !same) console.log(history.lives.map((life) => `  ${life}`).join("\n"));
        for (const difference of history.differences) console.log(`  ${difference}`);
      },
    });
    const seconds = Math.round((systemClock.now() - begun) / 1000);
    console.log(`${kills} kills in ${histories.length} histories, ${differing} of them different, ${seconds} s`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return differing === 0 ? 0 : 1;
}

await program(crash);
