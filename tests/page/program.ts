/**
 * The program itself as a child process, for tests of the page on the real thing.
 *
 * @module
 */
import { PATIENCE_MS } from "../process.ts";
import { ROOT } from "../project/tree.ts";

const ADDRESS = /the page is at (http:\/\/[^/\s]+)\//;

/** A running program. */
export interface Program {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends it at once, as the system does when memory is short: SIGKILL. */
  kill(): Promise<void>;
}

/**
 * Runs `start` and waits for the address that it prints.
 *
 * @param dataDir a directory that the test owns
 * @param args more of the command line, such as `--history 1`
 * @throws if it ends or says nothing in time; the error holds what it said
 */
export async function startProgram(dataDir: string, args: readonly string[]): Promise<Program> {
  const flags = ["--frozen", "--no-prompt", "--allow-read", "--allow-net", "--allow-env=SENSORIUM_*,OTEL_*"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, `--allow-write=${dataDir}`, "main.ts", "start", "--data-dir", dataDir, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const giveUp = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  let said = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the program ended before it listened; it said: ${said}`);
      said += value;
      const url = ADDRESS.exec(said)?.[1];
      if (url === undefined) continue;
      const drained = drain(reader);
      return {
        url,
        port: Number(new URL(url).port),
        async kill() {
          child.kill("SIGKILL");
          await child.status;
          await drained;
        },
      };
    }
  } finally {
    clearTimeout(giveUp);
  }
}

/** Takes what is said later on, so that the program never waits for a reader. */
async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}

/** One reading of `POST /readings`. */
export interface Posted {
  readonly sensor: string;
  readonly time: number;
  readonly values: Readonly<Record<string, number>>;
  readonly location?: string;
  readonly type?: string;
}

/** Posts readings. @throws unless all of them were accepted */
export async function post(url: string, readings: readonly Posted[]): Promise<void> {
  const response = await fetch(`${url}/readings`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: readings.map((reading) => JSON.stringify(reading)).join("\n"),
  });
  const text = await response.text();
  if (response.status !== 202 || JSON.parse(text).accepted !== readings.length) throw new Error(text);
}
