/**
 * The app on a port, for as long as the instance runs.
 *
 * Deno ends a server that cannot take a connection, such as when the process has as many files open as it may: anybody who
 * opens connections and sends half a request could end the instance so. Then the server is shut down in order, which closes
 * the connections without a request and lets answers under way go on, and another one listens in its place.
 *
 * @module
 */
import type { Hono } from "hono";
import { CutOffError } from "./sse.ts";

/** Where to listen. */
export interface ServeOptions {
  /** An address or a name of this machine; `127.0.0.1` is reached from this machine only. */
  readonly hostname: string;
  /** 0 for any that is free; which one is in the server's `addr`. */
  readonly port: number;
  /** Told of an error that came up while an answer was under way, or when no connection could be taken. */
  report?(error: unknown): void;
}

/** Time before it listens again, ms. */
const AGAIN_MS = 500;

/** An app that is served. */
export class Server {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  readonly #listen: (port: number) => Deno.HttpServer<Deno.NetAddr>;
  readonly #options: ServeOptions;
  readonly #closing = new AbortController();
  /** Those that are not shut down yet; the last one listens. */
  readonly #servers = new Set<Deno.HttpServer<Deno.NetAddr>>();
  readonly #watching: Promise<void>;

  /** @throws {Deno.errors.AddrInUse} if the port is taken */
  constructor(app: Hono, options: ServeOptions) {
    const { hostname, report } = this.#options = options;
    this.#listen = (port) =>
      Deno.serve({
        hostname,
        port,
        onListen: () => {},
        onError: (error) => {
          if (!(error instanceof CutOffError)) report?.(error);
          return new Response(null, { status: 500 });
        },
      }, app.fetch);
    const first = this.#listen(options.port);
    this.addr = first.addr;
    this.#watching = this.#watch(first);
  }

  /** Takes no more connections; resolves when every answer under way has ended. */
  async shutdown(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#servers].map((server) => server.shutdown()));
    await this.#watching;
  }

  /** Has one server after the other, until it is to end. */
  async #watch(first: Deno.HttpServer<Deno.NetAddr>): Promise<void> {
    let server: typeof first | undefined = first;
    while (server !== undefined) {
      this.#servers.add(server);
      try {
        await server.finished;
        return;
      } catch (error) {
        this.#options.report?.(error);
        this.#retire(server);
      }
      server = await this.#again();
    }
  }

  /** Closes what sends nothing; what is under way goes on. */
  #retire(server: Deno.HttpServer<Deno.NetAddr>): void {
    void server.shutdown().catch(() => {}).finally(() => this.#servers.delete(server));
  }

  /** Listens once more, as soon as it can; undefined if it is to end first. */
  async #again(): Promise<Deno.HttpServer<Deno.NetAddr> | undefined> {
    const { signal } = this.#closing;
    while (true) {
      await pause(AGAIN_MS, signal);
      if (signal.aborted) return undefined;
      try {
        return this.#listen(this.addr.port);
      } catch (error) {
        this.#options.report?.(error);
      }
    }
  }
}

/** Resolves after a time, or when the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

/**
 * Serves the app until the server is shut down. Prints nothing.
 *
 * To end: abort the app's signal (its streams end), then `await server.shutdown()`.
 *
 * @throws {Deno.errors.AddrInUse} if the port is taken
 */
export function serve(app: Hono, options: ServeOptions): Server {
  return new Server(app, options);
}
