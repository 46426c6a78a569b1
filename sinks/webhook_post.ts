/**
 * One POST to a receiver, under a deadline, to an address that was judged.
 *
 * Not `fetch`: that cannot be told which address to connect to, and sends a POST twice when a kept connection is cut.
 * Here every POST has a connection of its own, no redirect is followed, and of the answer a little is read.
 *
 * @module
 */
import { request as requestHttp, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIPv6, type LookupFunction } from "node:net";
import { addressOf, type AllowedHosts, type Resolve } from "./webhook_address.ts";
import type { Answer } from "./webhook_retry.ts";

/** Bytes of an answer that are read; it says nothing that is used. */
const ANSWER_BYTES = 16 * 1024;

/** What is sent. */
export interface Letter {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How letters are sent. */
export interface PostOptions {
  readonly allowed: AllowedHosts;
  readonly resolve: Resolve;
  /** Longest time from the look-up to the end of the answer, ms. */
  readonly deadlineMs: number;
}

/** Sends a letter. */
export type Post = (letter: Letter, signal: AbortSignal) => Promise<Answer>;

/** Makes the way letters are sent. Never rejects: what goes wrong is in the answer, without the URL's query. */
export function makePost(options: PostOptions): Post {
  return async (letter, signal) => {
    const late = AbortSignal.timeout(options.deadlineMs), ended = AbortSignal.any([signal, late]);
    try {
      return await send(letter, options, ended);
    } catch (error) {
      if (late.aborted) return { error: `no answer within ${options.deadlineMs / 1000} s` };
      return { error: error instanceof Error ? sentence(error) : "the connection failed" };
    }
  };
}

async function send(letter: Letter, { allowed, resolve }: PostOptions, signal: AbortSignal): Promise<Answer> {
  const url = new URL(letter.url);
  const address = await unless(signal, addressOf(url, allowed, resolve));
  signal.throwIfAborted(); // one that is aborted already tells no listener
  const lookup: LookupFunction = (_hostname, { all }, done) => {
    const family = isIPv6(address) ? 6 : 4;
    if (all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  const bytes = new TextEncoder().encode(letter.body);
  const { promise, resolve: answered, reject } = Promise.withResolvers<Answer>();
  const options: RequestOptions = {
    method: "POST",
    agent: false,
    lookup,
    headers: { ...letter.headers, "content-length": String(bytes.length) },
  };
  const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options, (response) => {
    const status = response.statusCode ?? 0, retryAfter = response.headers["retry-after"];
    const failed = status >= 200 && status < 300 ? undefined : `the receiver answered ${status}`;
    const answer = {
      status,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(failed === undefined ? {} : { error: failed }),
    };
    let read = 0;
    response.on("data", (piece: Uint8Array) => {
      if ((read += piece.length) > ANSWER_BYTES) answered(answer);
    });
    response.on("end", () => answered(answer));
    response.on("error", reject);
    response.on("close", () => reject(new Error("the answer broke off")));
  });
  request.on("error", reject);
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    request.end(bytes);
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    request.on("error", () => {}); // what a connection says that is let go is nobody's business
    request.destroy();
  }
}

/** The answer, unless the signal is aborted before. */
async function unless<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    answer.catch(() => {});
  }
}

/** What went wrong, on one line of at most 200 characters. */
function sentence({ message, name }: Error): string {
  // deno-lint-ignore no-control-regex -- control characters are exactly what must not reach a log
  return (message === "" ? name : message).replace(/[\u0000-\u001f\u007f]+/g, " ").slice(0, 200);
}
