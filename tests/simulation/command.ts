/**
 * `deno task histories`: plays many histories and prints the seeds of those that diverge.
 *
 * @module
 */
import { wholeNumber } from "../../commands/settings/setting.ts";
import { type Command, readSettings } from "../../commands/settings/settings.ts";
import { program } from "../../tools/program.ts";
import { playHistory } from "./history.ts";

const settings = {
  count: wholeNumber({ min: 1, max: 100_000_000, fallback: 100_000, help: "how many histories" }),
  seed: wholeNumber({ min: 0, max: 4_294_967_295, fallback: 1, help: "seed of the first; each has the next one" }),
};

const command: Command<typeof settings> = {
  name: "histories",
  summary: "Plays histories of crashes, takeovers and database faults, and prints the seeds of those that diverge.",
  settings,
  examples: [
    { line: "deno task histories --count 3000", does: "some three minutes" },
    { line: "deno task histories --count 1 --seed 4711", does: "one alone" },
  ],
};

/** Says how far it is so often, ms. */
const SAY_MS = 10_000;

/** Plays them; 0 if none diverges. */
async function run(args: readonly string[]): Promise<number> {
  const { values: { count, seed: first } } = await readSettings(command, args), begun = performance.now();
  let diverged = 0, said = begun;
  for (let seed = first; seed < first + count; seed++) {
    const difference = await playHistory(seed);
    if (difference !== undefined) {
      diverged++;
      console.log(`history ${seed} diverges: ${difference}`);
      console.log(`  again with: deno task histories --count 1 --seed ${seed}`);
    }
    if (performance.now() - said < SAY_MS) continue;
    said = performance.now();
    console.log(`${seed - first + 1} of ${count} histories, ${diverged} divergences`);
  }
  console.log(
    `${count} histories in ${((performance.now() - begun) / 1_000).toFixed(1)} s, ${diverged} divergences`,
  );
  return diverged > 0 ? 1 : 0;
}

await program(run);
