/**
 * Downloads of a file over HTTP that survive a cut line: parts are kept and gone on with.
 *
 * Beside `FILE` stand `FILE.part` (what has come so far) with `FILE.part.json` (of which version of the file), and
 * after a whole download `FILE.json` (size, SHA-256, where from). A part is only gone on with if the server says that
 * its file is still the same one; otherwise it begins anew.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../actors/ports.ts";
import { hashOf, readJson, remove, sizeOf } from "./files.ts";
import { Idle } from "./idle.ts";

/** A download that did not succeed; the message is one sentence for a person. */
export class DownloadError extends Error {
  override name = "DownloadError";
}

/** What is fetched and how. */
export interface DownloadOptions {
  /** `http:` or `https:`. */
  readonly url: string;
  /** Where the file goes; its folder must be there. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** SHA-256 in hex that the file must have; unknown by default. */
  readonly sha256?: string;
  /** Attempts in a row that bring nothing before it is given up; default 5. */
  readonly attempts?: number;
  /** Without a byte for so long an attempt is given up, ms; default 30 s. */
  readonly idleMs?: number;
  /** Told after each piece: bytes so far, and all bytes if the server said so. */
  readonly onProgress?: (bytes: number, total: number | undefined) => void;
}

/** What is known of a whole file. Kept beside it. */
const downloadRecordSchema = z.object({
  url: z.string(),
  bytes: z.number().int().nonnegative(),
  /** In hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  etag: z.string().optional(),
  last_modified: z.string().optional(),
});
/** What is known of a whole file. */
export type DownloadRecord = z.infer<typeof downloadRecordSchema>;

/** How a download went. */
export interface DownloadReport extends DownloadRecord {
  /** Whether the file was there already and is what it was. */
  readonly cached: boolean;
  /** Bytes of an earlier attempt that did not have to come again. */
  readonly resumed: number;
}

/** Which version of a file a part belongs to. */
const partSchema = z.object({
  url: z.string(),
  etag: z.string().optional(),
  last_modified: z.string().optional(),
  total: z.number().int().nonnegative().optional(),
});
type Part = z.infer<typeof partSchema>;

const BACKOFF_LEAST_MS = 1_000;
const BACKOFF_GREATEST_MS = 30_000;
/** Longest wait that a server may ask for, ms. */
const RETRY_AFTER_GREATEST_MS = 120_000;

/**
 * Fetches a file, or finds that it is there already.
 *
 * Verified are: the length that the server named; the SHA-256 if one is given; for a file that is there already, its
 * size and SHA-256 against the record of its download.
 *
 * @throws {DownloadError} if it is not there (404 and the like), if {@linkcode DownloadOptions.attempts} in a row bring
 * nothing, or if the file is not the expected one; what has come so far is kept for the next time
 * @throws the signal's reason, if it is aborted
 */
export async function download(options: DownloadOptions): Promise<DownloadReport> {
  const kept = await keptFile(options);
  if (kept !== undefined) return { ...kept, cached: true, resumed: 0 };
  const attempts = options.attempts ?? 5;
  let [resumed, failures] = [NaN, 0];
  for (;;) {
    const before = await sizeOf(`${options.path}.part`);
    if (Number.isNaN(resumed)) resumed = before;
    const outcome = await attempt(options);
    if (outcome.begunAnew) resumed = 0;
    if (outcome.done) return { ...await finish(options, outcome.part), cached: false, resumed };
    failures = await sizeOf(`${options.path}.part`) > before ? 1 : failures + 1;
    if (failures >= attempts) {
      throw new DownloadError(
        `cannot download ${options.url}: ${outcome.why}; ${attempts} attempts in a row brought nothing`,
      );
    }
    const backoff = Math.min(BACKOFF_GREATEST_MS, BACKOFF_LEAST_MS * 2 ** (failures - 1));
    await options.clock.sleep(outcome.waitMs ?? backoff, options.signal);
  }
}

/** The record of a file that is whole and unchanged. */
async function keptFile({ url, path, sha256 }: DownloadOptions): Promise<DownloadRecord | undefined> {
  const record = downloadRecordSchema.safeParse(await readJson(`${path}.json`)).data;
  if (record === undefined || record.url !== url || record.bytes !== await sizeOf(path)) return undefined;
  if (sha256 !== undefined && record.sha256 !== sha256.toLowerCase()) return undefined;
  return await hashOf(path) === record.sha256 ? record : undefined;
}

/** How one attempt ended. */
type Outcome =
  | { readonly done: true; readonly part: Part; readonly begunAnew: boolean }
  | { readonly done: false; readonly why: string; readonly waitMs?: number; readonly begunAnew: boolean };

/** One request: for the rest of the part, or for everything. */
async function attempt(options: DownloadOptions): Promise<Outcome> {
  const { url, path, signal } = options;
  const part = await partOf(options);
  const have = part === undefined ? 0 : await sizeOf(`${path}.part`);
  const validator = part === undefined ? undefined : validatorOf(part);
  const resuming = have > 0 && validator !== undefined;
  const headers = new Headers({ "accept-encoding": "identity" }); // stored bytes, so that ranges fit
  if (resuming) {
    headers.set("range", `bytes=${have}-`);
    headers.set("if-range", validator);
  }
  const idle = new Idle(options.clock, options.idleMs ?? 30_000, signal);
  try {
    const response = await idle.whileWaiting(() => fetch(url, { headers, signal: idle.signal }));
    return await receive(options, response, resuming ? part : undefined, have, idle);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DownloadError) throw error;
    const why = idle.ended ? `no byte came for ${idle.ms} ms` : error instanceof Error ? error.message : String(error);
    return { done: false, why, begunAnew: false };
  } finally {
    idle.stop();
  }
}

/** Takes an answer in: appends what continues the part, replaces it where the file is another or comes whole. */
async function receive(
  options: DownloadOptions,
  response: Response,
  part: Part | undefined,
  have: number,
  idle: Idle,
): Promise<Outcome> {
  const { url, path } = options;
  const { status } = response;
  if (status === 416 && part !== undefined) {
    await response.body?.cancel();
    // nothing is left to come if the file ends where the part does
    if (totalOf(response.headers.get("content-range")) === have && (part.total ?? have) === have) {
      return { done: true, part, begunAnew: false };
    }
    await remove(`${path}.part`);
    return { done: false, why: "the part does not fit the file", waitMs: 0, begunAnew: true };
  }
  if (status === 429 || status >= 500) {
    await response.body?.cancel();
    return { done: false, why: `the server answers ${status}`, begunAnew: false, ...waitOf(response, options.clock) };
  }
  const range = response.headers.get("content-range");
  const continues = status === 206 && part !== undefined && startOf(range) === have &&
    (part.total === undefined || totalOf(range) === part.total);
  if (status === 206 && !continues) {
    await response.body?.cancel();
    await remove(`${path}.part`);
    return { done: false, why: "the server continues another file", waitMs: 0, begunAnew: true };
  }
  if (status !== 200 && !continues) {
    await response.body?.cancel();
    throw new DownloadError(`cannot download ${url}: the server answers ${status}, expected 200`);
  }
  const whole = continues ? part : partFrom(url, response);
  if (!continues) await Deno.writeTextFile(`${path}.part.json`, JSON.stringify(whole));
  const bytes = await append(options, response, continues ? have : 0, whole.total, idle);
  const begunAnew = !continues;
  if (whole.total !== undefined && bytes !== whole.total) {
    return { done: false, why: `${bytes} of ${whole.total} bytes came`, begunAnew };
  }
  return { done: true, part: whole, begunAnew };
}

/** Writes a body behind the first `have` bytes of the part; the part's size afterwards. */
async function append(
  options: DownloadOptions,
  response: Response,
  have: number,
  total: number | undefined,
  idle: Idle,
): Promise<number> {
  const file = await Deno.open(`${options.path}.part`, { write: true, create: true });
  try {
    await file.truncate(have);
    await file.seek(have, Deno.SeekMode.Start);
    let bytes = have;
    const reader = (response.body ?? new Blob().stream()).getReader();
    for (;;) {
      const { done, value } = await idle.whileWaiting(() => reader.read());
      if (done) return bytes;
      for (let at = 0; at < value.length;) at += await file.write(value.subarray(at));
      bytes += value.length;
      options.onProgress?.(bytes, total);
    }
  } finally {
    file.close();
  }
}

/** Gives the part its name, after it was found to be the expected file; the record is written first. */
async function finish({ url, path, sha256: wanted }: DownloadOptions, part: Part): Promise<DownloadRecord> {
  const { etag, last_modified } = part;
  const sha256 = await hashOf(`${path}.part`);
  if (wanted !== undefined && wanted.toLowerCase() !== sha256) {
    await remove(`${path}.part`);
    throw new DownloadError(`cannot use ${url}: its SHA-256 is ${sha256}, expected ${wanted}`);
  }
  const record: DownloadRecord = {
    url,
    bytes: await sizeOf(`${path}.part`),
    sha256,
    ...(etag === undefined ? {} : { etag }),
    ...(last_modified === undefined ? {} : { last_modified }),
  };
  await Deno.writeTextFile(`${path}.json`, JSON.stringify(record));
  await Deno.rename(`${path}.part`, path);
  await remove(`${path}.part.json`);
  return record;
}

/** The part's version, if there is a part of this address. */
async function partOf({ url, path }: DownloadOptions): Promise<Part | undefined> {
  const part = partSchema.safeParse(await readJson(`${path}.part.json`)).data;
  return part?.url === url ? part : undefined;
}

function partFrom(url: string, { headers }: Response): Part {
  const [etag, lastModified, length] = ["etag", "last-modified", "content-length"].map((name) => headers.get(name));
  return {
    url,
    ...(etag === null ? {} : { etag }),
    ...(lastModified === null ? {} : { last_modified: lastModified }),
    ...(length === null || headers.has("content-encoding") ? {} : { total: Number(length) }),
  };
}

/** What `If-Range` takes: a strong entity tag, else a date; a weak tag does not vouch for bytes (RFC 9110, 13.1.5). */
function validatorOf({ etag, last_modified }: Part): string | undefined {
  return etag !== undefined && !etag.startsWith("W/") ? etag : last_modified;
}

/** First byte of `bytes 100-199/200`. */
function startOf(contentRange: string | null): number {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? "")?.[1] ?? NaN);
}

/** Length of the whole of `bytes 100-199/200`; an asterisk may stand for the range. */
function totalOf(contentRange: string | null): number {
  return Number(/^bytes .*\/(\d+)$/.exec(contentRange ?? "")?.[1] ?? NaN);
}

/** How long the server asks to wait, in seconds or until a date. */
function waitOf(response: Response, clock: Clock): { waitMs?: number } {
  const text = response.headers.get("retry-after");
  if (text === null) return {};
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.now();
  return Number.isNaN(ms) ? {} : { waitMs: Math.min(RETRY_AFTER_GREATEST_MS, Math.max(0, ms)) };
}
