/**
 * `deno task histories`: plays many histories and prints the seeds of those that diverge.
 *
 *     deno task histories --count 100000 --seed 1     that many, from this seed on
 *     deno task histories --replay 4711               this one alone
 *
 * @module
 */
import { parseArgs } from "node:util";
import { playHistory } from "./history.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: { count: { type: "string" }, seed: { type: "string" }, replay: { type: "string" } },
});
const whole = (name: string, text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} must be a whole number from 0 to 9007199254740991, not ${text}`);
  Deno.exit(2);
};
const single = flags.replay !== undefined;
const first = single ? whole("replay", flags.replay, 0) : whole("seed", flags.seed, 1);
const count = single ? 1 : whole("count", flags.count, 100_000);
const started = performance.now();
let diverged = 0;
for (let seed = first; seed < first + count; seed++) {
  const difference = await playHistory(seed);
  if (difference !== undefined) {
    diverged++;
    console.log(`history ${seed} diverges: ${difference}`);
    console.log(`  again with: deno task histories --replay ${seed}`);
  }
  const done = seed - first + 1;
  if (done % 10_000 === 0) console.log(`${done} histories, ${diverged} divergences`);
}
const seconds = (performance.now() - started) / 1_000;
console.log(`${count} histories in ${seconds.toFixed(1)} s, ${diverged} divergences`);
if (diverged > 0) Deno.exit(1);
