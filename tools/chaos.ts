/**
 * `deno task chaos`: nodes, KV servers and the broker killed, stopped and cut off at random, compared with one node in peace.
 *
 * The tests do the same for a short while (`tests/nodes`).
 *
 * @module
 */
import { z } from "zod";
import { choice, list, type Setting, wholeNumber } from "../commands/settings/setting.ts";
import { type Command, COMMON, readSettings } from "../commands/settings/settings.ts";
import { playChaos } from "../tests/nodes/chaos.ts";
import { type Deed, DEEDS } from "../tests/nodes/deeds.ts";
import { kafkaBroker } from "../tests/servers/kafka.ts";
import { program } from "./program.ts";

/** What each guard keeps off: without it every one of these does harm. */
const KEPT_OFF: Readonly<Record<string, readonly Deed["name"][]>> = {
  fence: ["stop a node in a write"],
  chain: ["a late write"],
  deadline: ["connections fall silent"],
};
/** How long things go wrong, in minutes: with all guards, and without one. */
const MINUTES = { guarded: 30, without: 1 } as const;

const ONLY: Setting<readonly Deed["name"][]> = {
  ...list({ help: "what may go wrong; default everything, without a guard what that one keeps off" }),
  schema: z.array(z.enum(DEEDS)),
  allowed: `of ${DEEDS.join(", ")}`,
  fallback: [],
};

const settings = {
  minutes: wholeNumber({
    min: 1,
    max: 10_000,
    fallback: MINUTES.guarded,
    help: `how long things go wrong; without a guard ${MINUTES.without} unless given`,
  }),
  seed: COMMON.seed,
  nodes: wholeNumber({ min: 1, max: 20, fallback: 3, help: "nodes of the group" }),
  servers: wholeNumber({ min: 1, max: 10, fallback: 2, help: "KV servers" }),
  partitions: wholeNumber({ min: 1, max: 100, fallback: 12, help: "partitions of the topic" }),
  without: choice({
    words: ["none", "fence", "chain", "order", "deadline"],
    fallback: "none",
    help: "a guard to leave out: the chaos should find out",
  }),
  deeds: ONLY,
  session: wholeNumber({ min: 1_000, max: 60_000, fallback: 3_000, help: "session of a member, in ms" }),
};

const command: Command<typeof settings> = {
  name: "chaos",
  summary: "Kills, stops and cuts off nodes, KV servers and the broker, and compares with one node left in peace.",
  settings,
  examples: [
    { line: "deno task chaos --minutes 30 --seed 1", does: "half an hour; needs denokv and Java" },
    { line: "deno task chaos --without chain", does: "fails in two minutes: late writes do harm" },
  ],
};

/** Plays it; 0 if nothing differs. */
async function chaos(args: readonly string[]): Promise<number> {
  const { values, origins } = await readSettings(command, args), { session, without, deeds: given, ...rest } = values;
  const minutes = without !== "none" && origins.minutes === "default" ? MINUTES.without : values.minutes;
  const only = given.length > 0 ? given : KEPT_OFF[without] ?? [];
  Deno.env.set("SENSORIUM_TEST_WITHOUT", without);
  const { differences, readings, deeds, figures, fenced, epochs = 0 } = await playChaos(await kafkaBroker(), {
    ...rest,
    ms: minutes * 60_000,
    sessionMs: session,
    ...(only.length === 0 ? {} : { deeds: only }),
    ...(without === "none" ? {} : { program: "tests/nodes/unguarded.ts" }),
    report: (line) => console.log(line),
  });
  const { availability, takeOverMs } = figures,
    at = (share: number) => takeOverMs[Math.floor(share * takeOverMs.length)];
  for (const [name, count] of Object.entries(deeds).sort()) {
    const stood = (figures.stoodStill[name] ?? 0) / count;
    console.log(`${name}: ${count} times, each time partitions stood still for ${stood.toFixed(1)} s in all`);
  }
  console.log(`models that all partitions share: those of the last ${epochs} epochs are kept`);
  console.log(`${readings} readings; ${fenced} times a node found that another one had its partition`);
  console.log(`partitions went on ${(100 * availability).toFixed(2)} % of the time`);
  if (takeOverMs.length > 0) {
    console.log(`taken over within ${at(0.5)} ms (half), ${at(0.9)} ms (nine of ten), ${takeOverMs.at(-1)} ms (all)`);
  }
  for (const difference of differences) console.error(difference);
  console.log(differences.length === 0 ? "as one node left in peace" : `${differences.length} differences`);
  return differences.length === 0 ? 0 : 1;
}

await program(chaos);
