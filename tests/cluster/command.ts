/**
 * `deno task cluster`: a thousand nodes in virtual time, and how they bear what happens to them.
 *
 * @module
 */
import { wholeNumber } from "../../commands/settings/setting.ts";
import { type Command, COMMON, readSettings } from "../../commands/settings/settings.ts";
import { simulate } from "./cluster.ts";
import type { Spread } from "./observer.ts";
import { program } from "../../tools/program.ts";

const number = (min: number, fallback: number, help: string) => wholeNumber({ min, max: 1_000_000, fallback, help });

const settings = {
  nodes: number(1, 1_000, "nodes"),
  partitions: number(1, 3_000, "partitions of the topic"),
  servers: number(1, 50, "KV servers"),
  sensors: number(1, 2, "sensors of a partition at first, a reading every 5 s each"),
  storm: number(0, 10, "sensors that each partition gets at once, in the middle"),
  minutes: number(3, 10, "virtual minutes"),
  kills: number(0, 100, "nodes that are killed; each comes again after 30 s"),
  freezes: number(0, 20, "nodes that freeze for a minute and go on"),
  awayMs: number(0, 60_000, "ms for which a KV server is away"),
  seed: COMMON.seed,
};

const command: Command<typeof settings> = {
  name: "cluster",
  summary: "Simulates a cluster in virtual time with the product's own runs and checkpoints.",
  settings,
  examples: [{ line: "deno task cluster --nodes 100 --partitions 300", does: "a tenth of it" }],
};

function say(name: string, { count, median, p99, greatest }: Spread): void {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  console.log(
    `${name}: ${count.toLocaleString("en")}, median ${seconds(median)}, p99 ${seconds(p99)}, longest ${
      seconds(greatest)
    }`,
  );
}

/** Simulates it disturbed and in peace; 0 if every sensor came to the same. */
async function run(args: readonly string[]): Promise<number> {
  const { values } = await readSettings(command, args), begun = performance.now();
  const found = await simulate(values);
  const calm = await simulate({ ...values, nodes: 1, kills: 0, freezes: 0, awayMs: 0 });
  const percent = (share: number) => `${(100 * share).toPrecision(3)} %`;
  console.log(`${found.readings.toLocaleString("en")} readings of ${found.digests.size.toLocaleString("en")} sensors`);
  console.log(
    `${found.moves.toLocaleString("en")} assignments, ${found.interruptions.toLocaleString("en")} runs given up`,
  );
  say("stretches of a partition without owner", found.gaps);
  console.log(`partitions' time without owner: ${percent(found.withoutOwner)}`);
  say("looks at a partition's lag", found.lag);
  console.log(`readings read twice: ${found.twice.toLocaleString("en")} (${percent(found.twice / found.readings)})`);
  console.log(`atomic writes: ${found.commits.toLocaleString("en")}`);
  const differing = [...calm.digests].filter(([sensor, digest]) => found.digests.get(sensor) !== digest).length;
  console.log(`sensors that differ from one node in peace: ${differing} of ${calm.digests.size.toLocaleString("en")}`);
  console.log(`simulated in ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
  return differing === 0 && found.digests.size === calm.digests.size ? 0 : 1;
}

await program(run);
