/**
 * Requests made from an instance's own document, sent to it, and judged by it.
 *
 * @module
 */
import fc from "fast-check";
import type { OpenApiDocument } from "../../routes/openapi.ts";
import { judgeOf } from "../routes/document.ts";
import { type Asked, requestsOf } from "../routes/requests.ts";

/** What came of it. */
export interface RequestsOutcome {
  readonly requests: number;
  /** How many were answered with each status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Operations, as method and path, that answered with 2xx. */
  readonly reached: ReadonlySet<string>;
  /** What was answered otherwise than documented, or failed; each kind of it once. */
  readonly wrong: readonly string[];
}

/** Not asked: they end the instance, or what it is asked with. */
const LEFT_OUT = [/^POST \/admin\/stop$/, /^DELETE \/session$/];
/** Longest wait for an answer to begin, ms. */
const PATIENCE_MS = 60_000;

/**
 * Asks an instance so many things.
 *
 * @param ask sends a request; a stream's answer is cancelled by who judges it
 */
export async function fuzzRequests(
  document: OpenApiDocument,
  ask: (asked: Asked) => Promise<Response>,
  count: number,
  seed: number,
): Promise<RequestsOutcome> {
  const judge = judgeOf(document), statuses = new Map<number, number>(), wrong = new Map<string, string>();
  const reached = new Set<string>(), sample = fc.sample(requestsOf(document), { numRuns: count, seed });
  const judged = async (asked: Asked, pathname: string) => {
    const response = await asking(ask, asked), { status, ok } = response;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (ok) reached.add(`${asked.method} ${asked.operation}`);
    const why = await judge(asked.method, pathname, response);
    return why ?? (status >= 500 && status !== 503 ? `${status}` : undefined);
  };
  let requests = 0;
  for (const asked of sample) {
    const { pathname } = new URL(asked.target, "http://localhost"); // which takes `.` and `..` out, as clients do
    if (LEFT_OUT.some((pattern) => pattern.test(`${asked.method} ${pathname}`))) continue;
    requests++;
    const said = await judged(asked, pathname).catch(String);
    if (said === undefined) continue;
    const kind = `${asked.method} ${asked.operation} ${said.replace(/\d+|".*?"/g, "").slice(0, 60)}`;
    if (!wrong.has(kind)) wrong.set(kind, `${asked.method} ${asked.target} ${asked.body ?? ""}: ${said}`);
  }
  return { requests, statuses, reached, wrong: [...wrong.values()] };
}

/** The answer; rejects when none begins in time. */
async function asking(ask: (asked: Asked) => Promise<Response>, asked: Asked): Promise<Response> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([ask(asked), late]);
  } finally {
    clearTimeout(timer);
  }
}
