/**
 * Errors as `application/problem+json` (RFC 9457): one shape for all of them, and nothing of the inside in it.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { z } from "zod";
import type { FieldError } from "../actors/reading.ts";
import { requestIdOf } from "./request_id.ts";

/** Titles by status: the same sentence for the same status, as RFC 9457 wants it. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  408: "Request timeout",
  409: "Conflict",
  412: "Precondition failed",
  413: "Content too large",
  415: "Unsupported media type",
  422: "Unprocessable content",
  428: "Precondition required",
  429: "Too many requests",
  500: "Internal server error",
  501: "Not implemented",
  503: "Service unavailable",
  504: "No answer in time",
  507: "Insufficient storage",
};

/** A detail of a problem: a field's error, with its line where a body has lines. */
export interface ProblemError extends FieldError {
  /** 1-based line or element of the body. */
  readonly line?: number;
}

/** What a problem says beside its status and detail. */
export interface ProblemExtra {
  readonly errors?: readonly ProblemError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** More members of the answer, such as `accepted`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Thrown by a handler; answered as a problem. */
export class Problem extends Error {
  override name = "Problem";

  /**
   * @param status 4xx or 5xx
   * @param detail one sentence for a person
   */
  constructor(readonly status: ContentfulStatusCode, readonly detail: string, readonly extra: ProblemExtra = {}) {
    super(detail);
  }
}

/** Answers with a problem. `errors` is always there, so that a client needs no case for its absence. */
export function answerProblem(c: Context, problem: Problem): Response {
  const { status, detail, extra } = problem;
  const body = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail,
    instance: c.req.path,
    errors: extra.errors ?? [],
    request_id: requestIdOf(c),
    ...extra.members,
  };
  return c.body(JSON.stringify(body), status, { "content-type": "application/problem+json", ...extra.headers });
}

/**
 * The problem that an error is answered with.
 *
 * A `CursorError` (a cursor that the store did not make) and a `TooWideError` (what looks into too much) are the
 * client's, a `DiskError` (the disk takes no writes) passes, and so does a `StoreAwayError` (a KV server is away);
 * anything unknown is a 500 that says nothing.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Error && error.name === "CursorError") {
    return new Problem(400, "The query is not valid.", {
      errors: [{ field: "cursor", message: "cursor must be the `next` of an earlier answer to the same question" }],
    });
  }
  if (error instanceof Error && error.name === "DiskError") {
    return new Problem(503, `Nothing was changed: ${error.message}.`, { headers: { "retry-after": "5" } });
  }
  if (error instanceof Error && (error.name === "StoreAwayError" || error.name === "DeadlineError")) {
    const [, name] = /the KV server (\S+) does not answer/.exec(error.message) ?? [];
    const who = name === undefined ? "The store" : `The KV server ${name}`;
    return new Problem(503, `${who} does not answer now: ask again.`, { headers: { "retry-after": "5" } });
  }
  if (error instanceof Error && error.name === "TooWideError") {
    return new Problem(400, "The question is too wide.", { errors: [{ field: "", message: error.message }] });
  }
  return new Problem(500, "Something went wrong inside. It was logged.");
}

/** What a schema found wrong, by field; a nested one is named with dots. */
export function fieldErrors({ issues }: z.ZodError): FieldError[] {
  return issues.map(({ path, message }) => ({ field: path.join("."), message }));
}

/** A 404 for a thing of the given kind, such as a sensor. */
export function notFound(what: string, name: string): Problem {
  const short = name.length > 128 ? `${name.slice(0, 125)}...` : name;
  return new Problem(404, `There is no ${what} ${JSON.stringify(short)}.`);
}

/** A method that a path may have a handler for. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Answers every other method on `path` with 405 and `Allow`, and OPTIONS with 204. Register it after the handlers.
 *
 * @param methods those that `path` has handlers for; HEAD comes with GET
 */
export function onlyMethods(app: Hono, path: string, methods: readonly Method[]): void {
  const allow = methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).concat("OPTIONS").join(", ");
  app.all(path, (c) => {
    if (c.req.method === "OPTIONS") return c.body(null, 204, { allow });
    const headers = { allow };
    return answerProblem(c, new Problem(405, `${c.req.path} knows ${allow}, not ${c.req.method}.`, { headers }));
  });
}
