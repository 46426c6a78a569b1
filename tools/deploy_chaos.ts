/**
 * `deno task deploy-chaos`: readings by POST through processes that are killed at random, and what became of them.
 *
 * The tests do the same with fewer readings (`tests/deploy`).
 *
 * @module
 */
import { text, wholeNumber } from "../commands/settings/setting.ts";
import { type Command, COMMON, readSettings } from "../commands/settings/settings.ts";
import { deployChaos } from "../tests/deploy/chaos.ts";
import { program } from "./program.ts";

const settings = {
  readings: wholeNumber({ min: 80, max: 10_000_000, fallback: 10_000, help: "readings, 20 of them in a POST" }),
  sensors: wholeNumber({ min: 4, max: 10_000, fallback: 40, help: "sensors, a multiple of 4" }),
  processes: wholeNumber({ min: 1, max: 64, fallback: 4, help: "processes behind the proxy" }),
  kills: wholeNumber({ min: 0, max: 10_000, fallback: 40, help: "kills, spread over the sending" }),
  seed: COMMON.seed,
  kv: text({ fallback: undefined, help: "a store: path of a KV file or URL of a server (default: a new file)" }),
};

const command: Command<typeof settings> = {
  name: "deploy-chaos",
  summary: "Sends readings to processes of `deno serve` that are killed at random, and looks at what was stored.",
  settings,
  examples: [{ line: "deno task deploy-chaos --kills 40", does: "10,000 readings, 4 processes, 40 kills" }],
};

/** Runs it; 0 if everything is as it must be. */
async function run(args: readonly string[]): Promise<number> {
  const { values } = await readSettings(command, args),
    folder = await Deno.makeTempDir({ prefix: "sensorium-deploy-" });
  try {
    const { accepted, answerMs, followed, moves } = await deployChaos(values.kv ?? `${folder}/kv`, {
      ...values,
      report: (sentence) => console.log(sentence),
    });
    const { median, p99 } = answerMs;
    console.log(`${accepted} readings accepted, each stored once, all sensors as in a run without a kill`);
    console.log(`${followed.length} alert transitions followed over ${moves} moves between processes, none missed`);
    console.log(`an answer took ${median.toFixed(0)} ms in the median, ${p99.toFixed(0)} ms at p99`);
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await program(run);
