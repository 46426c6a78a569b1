/**
 * One POST to a receiver, under a deadline, to an address that was judged: HTTP/1.1 on a connection of its own.
 *
 * Not `fetch`: that looks the name up again by itself, so that it may connect elsewhere than was judged, and it sends a
 * POST twice when a kept connection is cut. Not `node:https` either, which wants a permission to read certificates that
 * the commands do not have. Of an answer only the head is read; no redirect is followed. The certificate of a receiver is
 * verified against its name.
 *
 * @module
 */
import { addressOf, type AllowedHosts, type Resolve } from "./address.ts";
import type { Answer } from "./retry.ts";

/** Longest head of an answer, bytes. */
const HEAD_BYTES = 16 * 1024;

/** What is sent. */
export interface Letter {
  readonly url: string;
  /** Printable ASCII. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How letters are sent. */
export interface PostOptions {
  readonly allowed: AllowedHosts;
  readonly resolve: Resolve;
  /** Longest time from the look-up to the head of the answer, ms. */
  readonly deadlineMs: number;
  /** Certificates of authorities that are trusted beside the public ones, PEM. */
  readonly authorities?: readonly string[];
}

/** Sends a letter. */
export type Post = (letter: Letter, signal: AbortSignal) => Promise<Answer>;

/** Makes the way letters are sent. Never rejects: what goes wrong is in the answer, without path and query. */
export function makePost(options: PostOptions): Post {
  const { deadlineMs } = options;
  return async (letter, signal) => {
    // Not AbortSignal.any(): `signal` lives as long as the process, and would remember every letter.
    const ended = new AbortController(), abort = () => ended.abort(signal.reason);
    const late = setTimeout(() => ended.abort(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    try {
      return await send(letter, options, ended.signal);
    } catch (error) {
      return { error: error instanceof Error ? sentence(error) : "the connection failed" };
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
    }
  };
}

async function send(letter: Letter, options: PostOptions, signal: AbortSignal): Promise<Answer> {
  const url = new URL(letter.url), request = encode(url, letter);
  const address = await unless(signal, addressOf(url, options.allowed, options.resolve));
  const connection = await unless(signal, connect(url, address, options.authorities), close);
  try {
    return await unless(signal, talk(connection, request));
  } finally {
    close(connection); // what is still being read or written ends with it
  }
}

async function connect(url: URL, hostname: string, authorities: PostOptions["authorities"]): Promise<Deno.Conn> {
  const secure = url.protocol === "https:", port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const connection = await Deno.connect({ hostname, port });
  if (!secure) return connection;
  const name = url.hostname.replace(/^\[|\]$/g, ""), caCerts = authorities && [...authorities];
  try {
    return await Deno.startTls(connection, { hostname: name, ...(caCerts ? { caCerts } : {}) });
  } catch (error) {
    close(connection);
    throw error;
  }
}

/** A request as bytes. */
function encode(url: URL, { headers, body }: Letter): Uint8Array {
  const encoder = new TextEncoder(), bytes = encoder.encode(body);
  const all = { host: url.host, connection: "close", "content-length": String(bytes.length), ...headers };
  let head = `POST ${url.pathname}${url.search} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(all)) {
    if (!/^[\x20-\x7e]*$/.test(value)) throw new Error(`the header ${name} must be printable ASCII`);
    head += `${name}: ${value}\r\n`;
  }
  const start = encoder.encode(`${head}\r\n`), request = new Uint8Array(start.length + bytes.length);
  request.set(start);
  request.set(bytes, start.length);
  return request;
}

/** Writes a request and reads the head of what answers it. */
async function talk(connection: Deno.Conn, request: Uint8Array): Promise<Answer> {
  // A receiver may answer before it has read everything, and read no more: then its answer counts.
  const written = writeAll(connection, request).then(() => undefined, (error: unknown) => error);
  let head: string | undefined;
  try {
    head = await readHead(connection);
  } catch (error) {
    throw await written ?? error;
  }
  if (head === undefined) throw await written ?? new Error("the connection was closed without an answer");
  return answerOf(head);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** The head of the final answer; undefined if the connection ends before it. */
async function readHead(connection: Deno.Conn): Promise<string | undefined> {
  const buffer = new Uint8Array(HEAD_BYTES), decoder = new TextDecoder("latin1");
  for (let length = 0, from = 0; length < buffer.length;) {
    const read = await connection.read(buffer.subarray(length));
    if (read === null) return undefined;
    length += read;
    for (;;) {
      const text = decoder.decode(buffer.subarray(from, length)), end = text.indexOf("\r\n\r\n");
      if (end < 0) break;
      const head = text.slice(0, end);
      if (!/^HTTP\/1\.[01] 1\d\d/.test(head)) return head;
      from += end + 4; // 100 Continue and its like come before the answer
    }
  }
  throw new Error(`the head of the answer has more than ${HEAD_BYTES} bytes`);
}

function answerOf(head: string): Answer {
  const [first, ...lines] = head.split("\r\n"), status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
  if (!(status >= 200 && status <= 599)) throw new Error("the receiver does not speak HTTP/1.1");
  const retryAfter = lines.map((line) => /^retry-after:[ \t]*(.{0,100}?)[ \t]*$/i.exec(line)?.[1])
    .find((value) => value !== undefined);
  return {
    status,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(status < 300 ? {} : { error: `the receiver answered ${status}` }),
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

/** The result, unless the signal is aborted before; what comes afterwards is handed to `late`. */
async function unless<T>(signal: AbortSignal, work: Promise<T>, late?: (result: T) => void): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort(); // one that is aborted already tells no listener
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([aborted, work]);
  } catch (error) {
    work.then(late, () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What went wrong, on one line of at most 200 characters. */
function sentence({ message, name }: Error): string {
  // deno-lint-ignore no-control-regex -- control characters are exactly what must not reach a log
  return (message === "" ? name : message).replace(/[\u0000-\u001f\u007f]+/g, " ").slice(0, 200);
}
