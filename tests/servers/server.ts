/**
 * Real servers for tests and trials: each started once for a run, found again by whoever asks next, and ended for certain.
 *
 * A server belongs to a process (the run of the tests, or nobody where a person started it) and has a folder of its own
 * below the machine's folder for temporary files. A small shell waits for the owner's end and then ends the server and
 * removes its folder, so that a killed run leaves nothing behind.
 *
 * @module
 */
import { join } from "../../std/path.ts";

/** A server that runs. */
export interface Running {
  /** The folder with its files and its log. */
  readonly folder: string;
  /** Process id. */
  readonly pid: number;
  /** Ports by name. */
  readonly ports: Readonly<Record<string, number>>;
}

/** How a server is started. */
export interface ServerSpec {
  /** A word: `kafka`. */
  readonly name: string;
  /** How many ports it wants, by name. */
  readonly ports: readonly string[];
  /** Ports that a person's server takes, where they are free: those that everybody knows. */
  readonly usual?: Readonly<Record<string, number>>;
  /** Writes its configuration; the command to start it in that folder. */
  prepare(folder: string, ports: Readonly<Record<string, number>>): Promise<readonly string[]>;
  /** The command to start it again in a folder that was prepared. */
  again(folder: string): Promise<readonly string[]> | readonly string[];
  /** What its log says once it answers. */
  readonly ready: RegExp;
}

/** A machine lacks what a server needs; the message says what. */
export class ServerMissing extends Error {
  override name = "ServerMissing";
}

/** Longest wait for a server, ms; a busy machine gets it too. */
const READY_MS = 180_000;
const LOOK_MS = 50;
const STATE = "server.json";

/** Who starts servers: 0 is a person, and they stay until they are told to end. */
export type Owner = number;

/** The folder of everything that belongs to an owner. */
export function folderOfOwner(owner: Owner): string {
  return join(Deno.env.get("TMPDIR") ?? "/tmp", `sensorium-servers-${owner === 0 ? "stack" : owner}`);
}

function folderOf(name: string, owner: Owner): string {
  return join(folderOfOwner(owner), name);
}

/**
 * The server of that name, started unless it runs already.
 *
 * @param owner its end ends the server; default this process
 * @throws {ServerMissing} if this machine cannot run it
 */
export async function serverFor(spec: ServerSpec, owner: Owner = Deno.pid): Promise<Running> {
  const folder = folderOf(spec.name, owner), found = await runningIn(folder);
  if (found !== undefined) return found;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const ports = Object.fromEntries(freePorts(spec.ports.length).map((port, i) => [spec.ports[i], port]));
  for (const [name, port] of Object.entries(owner === 0 ? spec.usual ?? {} : {})) if (isFree(port)) ports[name] = port;
  const command = await spec.prepare(folder, ports), log = join(folder, "log");
  const pid = await spawn(command, folder, log, owner);
  await ready(spec, log, pid);
  return await written({ folder, pid, ports });
}

/** Starts a server again in its folder, with its ports and all that it had. */
export async function serverAgain(spec: ServerSpec, { folder, ports }: Running, owner: Owner): Promise<Running> {
  const log = join(folder, "log");
  await Deno.writeTextFile(log, "");
  const pid = await spawn(await spec.again(folder), folder, log, owner);
  await ready(spec, log, pid);
  return await written({ folder, pid, ports });
}

async function written(running: Running): Promise<Running> {
  await Deno.writeTextFile(join(running.folder, STATE), JSON.stringify(running));
  return running;
}

/** Ends a server and waits until it is gone; whether there was one. */
export async function stopServer(name: string, owner: Owner = Deno.pid): Promise<boolean> {
  const folder = folderOf(name, owner), found = await runningIn(folder);
  if (found !== undefined) await endProcess(found.pid, "SIGTERM");
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  return found !== undefined;
}

/** Ends a process and waits until it is gone; one that does not obey is killed after 10 s. */
export async function endProcess(pid: number, name: Deno.Signal): Promise<void> {
  signal(pid, name);
  for (let waited = 0; alive(pid); waited += LOOK_MS) {
    if (waited >= 10_000) signal(pid, "SIGKILL");
    await pause();
  }
}

/** The server that runs in a folder. */
async function runningIn(folder: string): Promise<Running | undefined> {
  try {
    const running = JSON.parse(await Deno.readTextFile(join(folder, STATE))) as Running;
    return alive(running.pid) ? running : undefined;
  } catch {
    return undefined;
  }
}

/** The server that a person's `stack up` started, if it runs. */
export function stackServer(name: string): Promise<Running | undefined> {
  return runningIn(folderOf(name, 0));
}

/** Starts a command on its own, in the background; its process id. */
async function spawn(command: readonly string[], cwd: string, log: string, owner: Owner): Promise<number> {
  // The shell in the middle watches the owner: a server must not outlive a test run that was killed.
  const script = `log=$1 folder=$2 owner=$3; shift 3
    "$@" >>"$log" 2>&1 </dev/null & pid=$!
    if [ "$owner" != 0 ]; then (
      while kill -0 "$owner" && kill -0 "$pid"; do sleep 1; done
      kill -0 "$owner" || { kill -9 "$pid"; rm -rf "$folder"; rm -f "$(dirname "$folder")/turn"; rmdir "$(dirname "$folder")"; }
    ) >/dev/null 2>&1 </dev/null & fi
    echo "$pid"`;
  const { code, stdout, stderr } = await new Deno.Command("setsid", {
    args: ["bash", "-c", script, "bash", log, cwd, String(owner), ...command],
    cwd,
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout).trim(), pid = Number(said);
  if (code !== 0 || !Number.isInteger(pid)) {
    throw new Error(`cannot start ${command[0]}: ${new TextDecoder().decode(stderr)}`);
  }
  return pid;
}

async function ready(spec: ServerSpec, log: string, pid: number): Promise<void> {
  for (let waited = 0; waited < READY_MS; waited += LOOK_MS) {
    const text = await Deno.readTextFile(log).catch(() => "");
    if (spec.ready.test(text)) return;
    if (!alive(pid)) throw new Error(`${spec.name} has ended at its start: ${text.slice(-2000)}`);
    await pause();
  }
  throw new Error(`${spec.name} does not answer after ${READY_MS} ms: ${log}`);
}

/** Ports below those that systems give to whoever asks for any: nobody is given one of them by chance. */
const PORTS_FROM = 20_000, PORTS = 10_000;

/** Ports that are free, all different, and stay so between two lives of whoever listens there. */
export function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = PORTS_FROM + Math.floor(PORTS * Math.random());
    if (isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

/** Whether a process runs. */
export function alive(pid: number): boolean {
  try {
    const state = /^State:\s+(\w)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return state !== undefined && state !== "Z";
  } catch {
    return false;
  }
}

/** Sends a signal; nothing if there is no such process. */
export function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // It has ended in this instant.
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** Runs a command to its end. @throws {ServerMissing} if there is no such program, {Error} if it fails */
export async function runTool(command: string, args: readonly string[], cwd?: string): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(command, { args: [...args], cwd, stdin: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new ServerMissing(`${command} is not installed`);
    throw error;
  }
  const { code, stdout, stderr } = output, decoder = new TextDecoder();
  if (code !== 0) {
    throw new Error(`${command} ${args[0]} has failed: ${decoder.decode(stderr) || decoder.decode(stdout)}`);
  }
  return decoder.decode(stdout);
}
