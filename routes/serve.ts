/**
 * The app on a port.
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
  /** Told of an error that came up while an answer was under way. */
  report?(error: unknown): void;
}

/**
 * Serves the app until the server is shut down. Prints nothing.
 *
 * To end: abort the app's signal (its streams end), then `await server.shutdown()`.
 *
 * @throws {Deno.errors.AddrInUse} if the port is taken
 */
export function serve(app: Hono, { hostname, port, report }: ServeOptions): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({
    hostname,
    port,
    onListen: () => {},
    onError: (error) => {
      if (!(error instanceof CutOffError)) report?.(error);
      return new Response(null, { status: 500 });
    },
  }, app.fetch);
}
