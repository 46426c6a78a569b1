/**
 * `deno task stop`: ends the instance that runs on a data directory, gracefully, and waits until it has ended.
 *
 * Not by a signal: the process that a shell or a service file knows may be `npx`, which leaves the program running.
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";
import { lockState } from "../store/lock.ts";
import { systemClock } from "./process/clock.ts";
import { CommandError, EXIT } from "./process/errors.ts";
import { forgetInstance, type Instance, readInstance } from "./instance/instance.ts";
import { wholeNumber } from "./settings/setting.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";

const settings = {
  dataDir: COMMON.dataDir,
  wait: wholeNumber({
    min: 1,
    max: 600,
    fallback: 30,
    help: "how long to wait until it has ended, in seconds",
    placeholder: "SECONDS",
  }),
};

const command: Command<typeof settings> = {
  name: "stop",
  summary: "Ends a running instance gracefully: sources stop, a last checkpoint is made, streams are closed.",
  settings,
  examples: [
    { line: "deno task stop", does: "end the instance of .sensorium" },
    { line: "deno task stop --data-dir .sensorium/plant --wait 60", does: "another one, with more patience" },
  ],
};

/** Time between two looks at the lock, ms. */
const LOOK_MS = 100;
/** Longest time that the instance may take to answer, ms; it ends afterwards. */
const ANSWER_MS = 10_000;

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 once the instance has ended
 * @throws {CommandError} if none runs, or it did not end in time
 */
export async function stop(args: readonly string[]): Promise<number> {
  const { values } = await readSettings(command, args);
  const instance = await stopInstance(values.dataDir, values.wait * 1000);
  console.log(`stopped ${instance.url}, process ${instance.pid}`);
  return EXIT.done;
}

/**
 * Asks the instance of a data directory to end and waits until the directory is free.
 *
 * @param waitMs how long to wait for that, ms
 * @returns the instance that has ended
 * @throws {CommandError} if none runs, it refused, or it did not end in time
 */
export async function stopInstance(dataDir: string, waitMs: number, clock: Clock = systemClock): Promise<Instance> {
  const deadline = clock.now() + waitMs;
  const instance = await runningInstance(dataDir);
  await askToStop(instance, dataDir);
  while (await lockState(dataDir) === "held") {
    if (clock.now() >= deadline) {
      throw new CommandError(
        `process ${instance.pid} was asked to end but still holds ${dataDir} after ${waitMs / 1000} s: ` +
          `wait longer with --wait, or end it with a second signal: kill ${instance.pid}`,
      );
    }
    await clock.sleep(LOOK_MS);
  }
  return instance;
}

async function runningInstance(dataDir: string): Promise<Instance> {
  const instance = await readInstance(dataDir);
  if (await lockState(dataDir) !== "held") {
    if (instance !== undefined) await forgetInstance(dataDir); // its process was killed
    throw new CommandError(`no instance runs on the data directory ${dataDir}`);
  }
  if (instance === undefined) {
    throw new CommandError(
      `the data directory ${dataDir} is held by a command that serves no address (yet), such as a replay: ` +
        "end it with Ctrl+C or SIGTERM",
    );
  }
  return instance;
}

async function askToStop(instance: Instance, dataDir: string): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(`${instance.url}/admin/stop`, {
      method: "POST",
      headers: { authorization: `Bearer ${instance.token}` },
      redirect: "error", // the token is for this address alone
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    if (await lockState(dataDir) !== "held") return; // it was ending by itself
    throw new CommandError(
      `process ${instance.pid} holds ${dataDir} but does not answer at ${instance.url}: end it with a signal: ` +
        `kill ${instance.pid}`,
      { cause: error },
    );
  }
  await answer.body?.cancel();
  if (!answer.ok) {
    throw new CommandError(`the instance at ${instance.url} refused to stop (HTTP ${answer.status})`);
  }
}
