/**
 * Replays that are killed at random instants and begun again until they finish, compared with one that nobody killed.
 *
 * A history is one replay from its first to its last reading over as many lives as the kills make of it. Between two
 * lives the speed, the batches and the number of shards may change. All randomness follows from a seed, so a history can
 * be run again; only the instants that the machine makes of the milliseconds are its own.
 *
 * @module
 */
import { Random } from "../../models/random.ts";
import { join } from "../../std/path.ts";
import { PATIENCE_MS, Program, within } from "../process.ts";
import { JUDGING, recording } from "./recording.ts";
import { positionOf, type Stored, storedOutputs } from "./stored.ts";

/** What histories are run with. */
export interface KillOptions {
  /** Folder for files and data directories; emptied by the caller. */
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  /** Readings of each of the recording's 30 sensors; default 2,000: 60,000 readings. */
  readonly rounds?: number;
  /** Told after every history. */
  readonly report?: (history: History) => void;
}

/** What became of one history. */
export interface History {
  readonly seed: number;
  /** Kills that met a living process. */
  readonly kills: number;
  /** How each life was run. */
  readonly lives: readonly string[];
  /** How far the replay was at each kill, 0 to 1. */
  readonly reached: readonly number[];
  /** What differs from the run that was not killed; empty if nothing does. */
  readonly differences: readonly string[];
}

/** What came of a finished replay. */
interface Outcome {
  /** Counts for a person, without the time that it took. */
  readonly result: string;
  readonly digest: string;
  readonly stored: Stored;
}

/** Longest time between the begin of work and a kill, ms. */
const WORK_MS = 300;
/** One kill in so many comes before work has begun. */
const EARLY = 6;
/** With so many kills a history is left to finish. */
const KILLS_OF_ONE = 60;

/** Runs histories until so many kills have met a process. */
export async function killedReplays(options: KillOptions): Promise<History[]> {
  const { folder, kills, rounds = 2_000 } = options;
  const file = join(folder, "recording.ndjson"), config = join(folder, "config.json");
  await Deno.writeTextFile(file, [...recording({ rounds })].join("\n") + "\n");
  await Deno.writeTextFile(config, JSON.stringify({ judging: JUDGING }));
  const { size } = await Deno.stat(file);
  const args = ["replay", file, "--config", config, "--digest"];
  const undisturbed = await finish([...args, "--data-dir", join(folder, "undisturbed")]);
  // How long a process takes until it begins to work, on this machine under its present load.
  const begun = performance.now();
  await finish([...args, "--data-dir", join(folder, "undisturbed")]);
  const pace = { startMs: performance.now() - begun };
  const histories: History[] = [];
  for (let seed = options.seed, met = 0; met < kills; seed++) {
    const dataDir = join(folder, `killed-${seed}`);
    const replay = { args, dataDir, seed, most: Math.min(kills - met, KILLS_OF_ONE), size, pace };
    const history = await killedReplay(replay, undisturbed);
    await Deno.remove(dataDir, { recursive: true });
    histories.push(history);
    options.report?.(history);
    met += history.kills;
  }
  return histories;
}

/** What one history is made of. */
interface Killed {
  readonly args: readonly string[];
  readonly dataDir: string;
  readonly seed: number;
  /** Kills, then it is left to finish. */
  readonly most: number;
  /** Bytes of the recording. */
  readonly size: number;
  /** Time until a process begins to work, ms: learnt from each life, for the machine has more or less else to do. */
  readonly pace: { startMs: number };
}

async function killedReplay(killed: Killed, undisturbed: Outcome): Promise<History> {
  const { args, dataDir, seed, most, size, pace } = killed, random = new Random(seed);
  const lives: string[] = [], reached: number[] = [], differences: string[] = [];
  const paced = random.integer(3) > 0, whole = [...args, "--data-dir", dataDir];
  let printed: string | undefined;
  while (printed === undefined && reached.length < most) {
    const how = wayOf(random, paced), early = random.integer(EARLY) === 0;
    const killMs = Math.round(early ? pace.startMs * random.uniform() : pace.startMs + random.integer(WORK_MS));
    lives.push(`${how.join(" ")}, killed after ${killMs} ms`);
    const begun = performance.now();
    await using program = new Program([...whole, ...how]);
    const timer = setTimeout(() => program.signal("SIGKILL"), killMs);
    const end = await within(program.ended, PATIENCE_MS, `${lives.at(-1)}: no end`).finally(() => clearTimeout(timer));
    if (end.signal === "SIGKILL") {
      const before = reached.at(-1) ?? 0;
      reached.push(Math.max(0, await positionOf(dataDir, "replay")) / size);
      if (!early && reached.at(-1) === before) pace.startMs *= 1.2; // it had not begun to work
    } else if (end.code === 0) {
      printed = resultOf(end.out).digest;
      pace.startMs = Math.min(pace.startMs, (performance.now() - begun) / 2); // it was too quick to be killed
    } else throw new Error(`${lives.join("; ")}: exit ${end.code}:\n${end.error}`);
  }
  lives.push(printed === undefined ? "to the end" : "finished");
  const found = await finish(whole); // one that has printed its result does so again
  if (printed !== undefined && printed !== found.digest) differences.push("finished, it printed another digest again");
  return { seed, kills: reached.length, lives, reached, differences: [...differences, ...compare(undisturbed, found)] };
}

/** How one life is run: what must not change anything. */
function wayOf(random: Random, paced: boolean): string[] {
  const shards = [1, 1, 2, 3][random.integer(4)];
  const batch = ["0", "7", "1000"][random.integer(3)];
  const speed = paced ? ["2000", "4000", "8000"][random.integer(3)] : "max";
  const checkpoint = [10, 30, 100][random.integer(3)], snapshot = checkpoint * (1 + random.integer(5));
  const numbers = { shards, "batch-size": batch, speed, checkpoint, snapshot };
  return Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** Runs a replay to its end, undisturbed. */
async function finish(args: readonly string[]): Promise<Outcome> {
  await using program = new Program(args);
  const { code, out, error } = await within(program.ended, PATIENCE_MS, `${args.join(" ")}: no end`);
  if (code !== 0) throw new Error(`${args.join(" ")}: exit ${code}:\n${error}`);
  return { ...resultOf(out), stored: await storedOutputs(args[args.lastIndexOf("--data-dir") + 1]) };
}

/** Counts and digest out of what a replay prints. */
function resultOf(out: string): { readonly result: string; readonly digest: string } {
  const digest = /^digest (sha256:[0-9a-f]{64})$/m.exec(out)?.[1];
  if (digest === undefined || !/^finished after /m.test(out)) throw new Error(`a replay printed no result:\n${out}`);
  return { result: out.replace(/^finished after [\d.]+ s/m, "finished"), digest };
}

/** What differs, one sentence each. */
function compare(expected: Outcome, found: Outcome): string[] {
  const differences: string[] = [];
  if (found.digest !== expected.digest) differences.push(`digest ${found.digest} instead of ${expected.digest}`);
  if (found.result !== expected.result) differences.push(`result:\n${found.result}\ninstead of\n${expected.result}`);
  for (const kind of Object.keys(expected.stored) as (keyof Stored)[]) {
    const [mine, theirs] = [found.stored[kind], expected.stored[kind]];
    if (mine.hash !== theirs.hash) {
      differences.push(`${kind}: ${mine.count} entries instead of ${theirs.count}, or others`);
    }
  }
  return differences;
}
