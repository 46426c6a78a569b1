/**
 * Sensorium's command line: picks the command, and ends with its exit code or one sentence. Without a command, `deno serve`
 * and Deno Deploy find here what answers their requests.
 *
 * @module
 */
import { EXIT, nearMiss, UsageError } from "./commands/process/errors.ts";
import { explain } from "./commands/process/explain.ts";
import { columns, exampleLines } from "./commands/process/help.ts";
import { type CommandName, COMMANDS } from "./commands/process/names.ts";
import type { Deployment } from "./commands/deploy.ts";
import { refusedDeno, VERSION } from "./commands/process/version.ts";

/** A command: takes what stands behind its name, resolves to the exit code. */
type Run = (args: readonly string[]) => Promise<number>;

/** Every command's module is loaded only when it is asked for. */
const load: Readonly<Partial<Record<CommandName, () => Promise<Run>>>> = {
  start: async () => (await import("./commands/start.ts")).start,
  replay: async () => (await import("./commands/replay.ts")).replay,
  backtest: async () => (await import("./commands/backtest.ts")).backtest,
  stop: async () => (await import("./commands/stop.ts")).stop,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  train: async () => (await import("./commands/train.ts")).train,
  data: async () => (await import("./commands/data.ts")).data,
  consume: async () => (await import("./commands/consume.ts")).consume,
  export: async () => (await import("./commands/export.ts")).exportData,
  import: async () => (await import("./commands/import.ts")).importData,
  keys: async () => (await import("./commands/keys.ts")).keys,
  partitions: async () => (await import("./commands/partitions.ts")).partitions,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
};

/**
 * Runs one command.
 *
 * @param args the command's name and what stands behind it
 * @returns the exit code: 0 done, 1 failed, 2 asked wrongly
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const refused = refusedDeno(Deno.version.deno);
    if (refused !== undefined) throw new UsageError(refused);
    return await dispatch(args);
  } catch (error) {
    return end(error);
  }
}

async function dispatch([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(overview());
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  if (name === "--version" || name === "-V") {
    console.log(`sensorium ${VERSION} (deno ${Deno.version.deno})`);
    return EXIT.done;
  }
  const command = Object.hasOwn(load, name) ? load[name as CommandName] : undefined;
  if (command === undefined) throw unknownCommand(name);
  const run = await command();
  return await run(args);
}

function unknownCommand(name: string): UsageError {
  const meant = nearMiss(name, Object.keys(load));
  const hint = meant === undefined ? `there are ${Object.keys(load).join(", ")}` : `did you mean ${meant}?`;
  return new UsageError(`unknown command ${JSON.stringify(name)}: ${hint}`);
}

/** What `--help` alone shows. */
function overview(): string {
  const commands = Object.entries(COMMANDS).filter(([name]) => Object.hasOwn(load, name));
  return [
    "Sensorium: watches sensors, and says when something goes wrong, why, and whether to believe it.",
    "",
    "Usage: deno task COMMAND [flags]",
    "",
    ...columns(commands.map(([name, { summary }]) => [name, summary])),
    "",
    "Examples:",
    ...exampleLines(commands.map(([, { example, summary }]) => ({ line: example, does: summary }))),
    "",
    "deno task COMMAND --help shows a command's flags. Exit codes: 0 done, 1 failed, 2 asked wrongly.",
    "A task has only the permissions that it needs; SENSORIUM_DENO_FLAGS='--allow-write=/srv/data' grants more.",
  ].join("\n");
}

/** Prints how it ended. */
function end(error: unknown): number {
  const { exitCode, text, asked } = explain(error, debugging());
  if (asked) console.log(text);
  else console.error(`sensorium: ${text}`);
  return exitCode;
}

/** Whether stacks are wanted; not without permission to look. */
function debugging(): boolean {
  const permitted = Deno.permissions.querySync({ name: "env", variable: "SENSORIUM_LOG_LEVEL" }).state === "granted";
  return permitted && Deno.env.get("SENSORIUM_LOG_LEVEL") === "debug";
}

/** The instance behind {@linkcode fetch}: opened by the first request, again by the next one if that fails. */
let deployment: Promise<Deployment> | undefined;

async function deployed(): Promise<Deployment> {
  deployment ??= import("./commands/deploy.ts").then(({ openDeployment }) => openDeployment());
  try {
    return await deployment;
  } catch (error) {
    deployment = undefined;
    throw error;
  }
}

/** Answers a request, as `deno serve` and Deno Deploy hand them over. */
async function fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
  try {
    return await (await deployed()).fetch(request, info);
  } catch (error) {
    end(error);
    return new Response("Sensorium cannot answer now.\n", { status: 503, headers: { "retry-after": "5" } });
  }
}

/** Calls something again and again, as its schedule says, once the last call is over. */
type Cron = (name: string, schedule: string, minute: () => Promise<void>) => Promise<void>;

/** Has time pass for what nobody asks for, once a minute; nothing where there is no cron. */
export function registerCron(cron: Cron | undefined): void {
  void cron?.("sensorium", "* * * * *", async () => await (await deployed()).minute());
}

/** What `deno serve` and Deno Deploy look for. */
export default { fetch } satisfies Deno.ServeDefaultExport;

if (import.meta.main && Deno.args.length > 0) {
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    Deno.exit(end(event.reason));
  });
  Deno.exit(await main(Deno.args));
} else if (import.meta.main) {
  // `deno run main.ts` comes to its end now and asks what there is; `deno serve` stays.
  addEventListener("unload", () => console.log(overview()));
  Deno.exitCode = EXIT.usage;
  registerCron(Deno.cron);
}
