/**
 * The program as a process of its own: started, listened to, and ended for certain.
 *
 * @module
 */
import { fromFileUrl, join } from "../std/path.ts";
import { freePorts } from "./servers/server.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

/** Longest wait for a line or an end, ms: that of a machine on which twenty others work, too. */
export const PATIENCE_MS = 180_000;

/** Processes that must not outlive this one. */
const alive = new Set<Deno.ChildProcess>();
addEventListener("unload", () => {
  for (const child of alive) kill(child, "SIGKILL");
});

/** How a program is run. */
export interface ProgramOptions {
  /** Permissions, default all. */
  readonly permissions?: readonly string[];
  /** Working directory, default the repository's root. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The port on which `deno serve` is to serve it, instead of running a command. */
  readonly serve?: number;
  /** What is run instead of `main.ts`, from the repository's root. */
  readonly entry?: string;
  /** Files and connections that it may have open; default as many as this process. */
  readonly openFiles?: number;
}

/** How a program ended. */
export interface End {
  /** Exit code; 128 and more if a signal ended it. */
  readonly code: number;
  readonly signal: Deno.Signal | null;
  /** Standard output, whole. */
  readonly out: string;
  /** Standard error, whole. */
  readonly error: string;
}

/** One run of `main.ts`. Disposing of it kills it, if it still runs, and waits until it is gone. */
export class Program implements AsyncDisposable {
  /** Resolves when it has ended and everything that it said was read. */
  readonly ended: Promise<End>;
  /** What it has said so far, both ways, in the order in which it came. */
  said = "";
  private readonly child: Deno.ChildProcess;
  private over = false;
  private readonly listeners = new Set<() => void>();

  /** Starts it with these arguments. */
  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const { serve } = options;
    const how = serve === undefined ? ["run"] : ["serve", "--host", "127.0.0.1", "--port", String(serve)];
    const { openFiles } = options, limited = openFiles !== undefined;
    const child = new Deno.Command(limited ? "sh" : Deno.execPath(), {
      args: [
        ...limited ? ["-c", `ulimit -n ${openFiles}; exec "$@"`, "sh", Deno.execPath()] : [],
        ...how,
        "--frozen",
        "--no-prompt",
        ...options.permissions ?? ["-A"],
        join(ROOT, options.entry ?? "main.ts"),
        ...args,
      ],
      cwd: options.cwd ?? ROOT,
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    alive.add(this.child = child);
    this.ended = this.wait();
  }

  /** Process id. */
  get pid(): number {
    return this.child.pid;
  }

  /** Sends a signal; nothing if it has ended. */
  signal(name: Deno.Signal): void {
    if (!this.over) kill(this.child, name);
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<End> {
    this.signal("SIGKILL");
    return await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill().then(() => {});
  }

  /**
   * Waits for something that it says.
   *
   * @returns the match
   * @throws {Error} with everything that it said, if it ended without or took too long
   */
  async says(pattern: RegExp, withinMs = PATIENCE_MS): Promise<RegExpExecArray> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.tell();
    }, withinMs);
    try {
      for (;;) {
        const match = pattern.exec(this.said);
        if (match) return match;
        if (late || this.over) {
          throw new Error(`the program ${late ? "did not say" : "ended without saying"} ${pattern}:\n${this.said}`);
        }
        await new Promise<void>((resolve) => this.listeners.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private async wait(): Promise<End> {
    const [out, error, { code, signal }] = await Promise.all([
      this.hear(this.child.stdout),
      this.hear(this.child.stderr),
      this.child.status,
    ]);
    this.over = true;
    alive.delete(this.child);
    this.tell();
    return { code, signal, out, error };
  }

  private async hear(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
    let whole = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      whole += text;
      this.said += text;
      this.tell();
    }
    return whole;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended in this instant.
  }
}

/** Runs a command to its end. */
export async function run(args: readonly string[], options?: ProgramOptions): Promise<End> {
  await using program = new Program(args, options);
  return await within(program.ended, PATIENCE_MS, `${args.join(" ")} has not ended`);
}

/** A running `start` with its address. */
export interface Instance {
  readonly program: Program;
  /** Without a slash at its end. */
  readonly url: string;
}

/** Starts an instance and waits until it answers. The caller disposes of its program. */
export async function startInstance(args: readonly string[], options?: ProgramOptions): Promise<Instance> {
  const program = new Program(["start", ...args], options);
  try {
    const [, url] = await program.says(/the page is at (http:\S+?)\/\s/);
    return { program, url };
  } catch (error) {
    await program.kill();
    throw error;
  }
}

/** The promise, or an error with `what` after `ms`. */
export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Error(`${what} after ${ms} ms`)), ms)),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** Time between two looks, ms. */
const LOOK_MS = 25;

/**
 * Looks until something is there.
 *
 * @param look undefined or false for not yet
 * @throws {Error} with `what`, if it is not there in time
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - begun > withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Asks an instance; rejects for anything but an answer of 2xx. */
export async function ask<T>(url: string, schema: { parse(value: unknown): T }): Promise<T> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  return schema.parse(JSON.parse(text));
}

/** A port that is free, also between two lives of whoever listens there. */
export function freePort(): number {
  return freePorts(1)[0];
}

/** A folder of its own, removed when it is disposed of. */
export class Folder implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "sensorium-" });

  /** A path in it. */
  at(name: string): string {
    return join(this.path, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
