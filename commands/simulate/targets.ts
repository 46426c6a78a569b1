/**
 * Where simulated readings go: standard output, a file, or `POST /readings` of a running Sensorium.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { type ReadingWriter, readingWriter } from "../../data/output.ts";
import { CommandError } from "../process/errors.ts";

/** Takes readings in order. */
export interface Target {
  /** Resolves once they are taken: that is the backpressure. */
  send(readings: readonly Reading[]): Promise<void>;
  /** Ends the output so that what was sent is whole. */
  finish(): Promise<void>;
}

/** Nobody reads any more what is written (`| head`). */
export class ReaderGone extends Error {
  override name = "ReaderGone";
}

async function writeAll(file: { write(bytes: Uint8Array): Promise<number> }, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/**
 * Writes to standard output.
 *
 * @returns a target whose {@linkcode Target.send} rejects with {@linkcode ReaderGone} when the pipe is closed
 */
export function standardOutput(
  writer: ReadingWriter,
  out: { write(bytes: Uint8Array): Promise<number> } = Deno.stdout,
): Target {
  let begun = false;
  const put = async (text: string) => {
    const lead = begun ? "" : writer.begin();
    begun = true;
    try {
      await writeAll(out, lead + text);
    } catch (error) {
      throw error instanceof Deno.errors.BrokenPipe ? new ReaderGone("nobody reads standard output any more") : error;
    }
  };
  return { send: (readings) => put(writer.write(readings)), finish: () => put(writer.end()) };
}

/**
 * Writes to a file. It stands as `PATH.part` until it is finished, so that nobody takes a half for a whole.
 *
 * @throws {CommandError} if it cannot be opened
 */
export async function fileTarget(path: string, writer: ReadingWriter): Promise<Target> {
  const part = `${path}.part`;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(part, { write: true, create: true, truncate: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error; // says which flag is missing
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`cannot write ${path}: ${why}`, { cause: error });
  }
  await writeAll(file, writer.begin());
  return {
    send: (readings) => writeAll(file, writer.write(readings)),
    async finish() {
      await writeAll(file, writer.end());
      await file.sync();
      file.close();
      await Deno.rename(part, path);
    },
  };
}

/** How readings are sent over HTTP. */
export interface HttpTargetOptions {
  readonly url: URL;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Tells a person something that does not end the run. */
  readonly note: (sentence: string) => void;
  /** Attempts for one batch before the run ends; default 10. */
  readonly attempts?: number;
}

const answerSchema = z.object({
  accepted: z.number(),
  rejected: z.number(),
  errors: z.array(z.unknown()).default([]),
});
const problemSchema = z.object({ detail: z.string().optional(), title: z.string().optional() });

const BACKOFF_LEAST_MS = 1_000;
const BACKOFF_GREATEST_MS = 30_000;
/** Busy (503, 429), still taking the same batch (409), and failures of the server or before it. */
const PASSING: ReadonlySet<number> = new Set([409, 429, 500, 502, 503, 504]);

/** Sends NDJSON to `POST /readings`; each batch has an Idempotency-Key, so that sending it again doubles nothing. */
export function httpTarget({ url, clock, signal, note, attempts = 10 }: HttpTargetOptions): Target {
  const writer = readingWriter("ndjson", { channels: [] });
  const run = crypto.randomUUID();
  let batch = 0;
  return {
    async send(readings) {
      if (readings.length === 0) return;
      const request = { method: "POST", body: writer.write(readings), headers: headersOf(run, batch++) };
      for (let attempt = 1;; attempt++) {
        const outcome = await post(url, request, signal);
        if (outcome === "aborted") return;
        if (outcome instanceof Response && outcome.ok) return await judge(outcome, url, note);
        if (outcome instanceof Response && !PASSING.has(outcome.status)) throw await refused(outcome, url);
        if (attempt >= attempts) {
          throw new CommandError(`cannot send to ${url}: ${await why(outcome)} (${attempt} times)`);
        }
        if (attempt === 1) note(`${url}: ${await why(outcome)}; trying again`);
        else if (outcome instanceof Response) await outcome.body?.cancel();
        if (!await waited(clock, waitMs(outcome, attempt), signal)) return;
      }
    },
    finish: () => Promise.resolve(),
  };
}

function headersOf(run: string, batch: number): HeadersInit {
  return { "content-type": "application/x-ndjson", "idempotency-key": `simulate-${run}-${batch}` };
}

/** The answer, or why there is none. */
async function post(url: URL, request: RequestInit, signal: AbortSignal): Promise<Response | Error | "aborted"> {
  try {
    return await fetch(url, { ...request, signal });
  } catch (error) {
    if (signal.aborted) return "aborted";
    if (error instanceof Deno.errors.NotCapable) throw error; // says which flag is missing
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Says it if something was refused. */
async function judge(response: Response, url: URL, note: (sentence: string) => void): Promise<void> {
  const answer = answerSchema.safeParse(await response.json().catch(() => undefined)).data;
  if (answer === undefined || answer.rejected === 0) return;
  note(
    `${url} refused ${answer.rejected} of ${answer.accepted + answer.rejected} readings, the first with ${
      JSON.stringify(answer.errors[0] ?? "no reason")
    }`,
  );
}

async function refused(response: Response, url: URL): Promise<CommandError> {
  return new CommandError(`cannot send to ${url}: ${await why(response)}`);
}

/** What went wrong, in a few words. */
async function why(outcome: Response | Error): Promise<string> {
  if (outcome instanceof Error) return outcome.message;
  const problem = problemSchema.safeParse(await outcome.json().catch(() => undefined)).data;
  const detail = problem?.detail ?? problem?.title;
  return `the server answers ${outcome.status}${detail === undefined ? "" : `: ${detail}`}`;
}

/** How long to wait: as long as the server asks, else twice as long each time. */
function waitMs(outcome: Response | Error, attempt: number): number {
  const asked = outcome instanceof Response ? outcome.headers.get("retry-after") : null;
  if (asked !== null && /^\d{1,4}$/.test(asked)) return Number(asked) * 1_000;
  return Math.min(BACKOFF_GREATEST_MS, BACKOFF_LEAST_MS * 2 ** (attempt - 1));
}

async function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return !signal.aborted;
}
