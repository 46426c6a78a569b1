/**
 * Tests that need a real server: where it cannot be had they say so and count as passed, unless SENSORIUM_TEST_REAL is
 * set, which makes its absence a failure.
 *
 * @module
 */
import { ServerMissing } from "./server.ts";

/** A server, or the reason why there is none. */
export type Needed<T> = { readonly server: T } | { readonly missing: string };

/**
 * Starts what tests of a file need.
 *
 * @param what for people: `Kafka`
 * @throws {Error} if it is missing although SENSORIUM_TEST_REAL is set
 */
export async function need<T>(what: string, start: () => Promise<T>): Promise<Needed<T>> {
  try {
    return { server: await start() };
  } catch (error) {
    if (!(error instanceof ServerMissing)) throw error;
    const missing = `no real ${what} on this machine: ${error.message}`;
    if (Deno.env.get("SENSORIUM_TEST_REAL")) throw new Error(`${missing}, and SENSORIUM_TEST_REAL wants it`);
    console.warn(missing);
    return { missing };
  }
}

/** Registers a test that is given the server. Without it, it is registered under the reason, and passes. */
export function testWith<T>(needed: Needed<T>, name: string, run: (server: T) => Promise<void>): void {
  if ("server" in needed) Deno.test(name, () => run(needed.server));
  else Deno.test(`${name} (not run: ${needed.missing})`, () => {});
}
