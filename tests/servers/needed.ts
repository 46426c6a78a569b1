/**
 * Tests that need a real server or program: where it cannot be had they say so and count as passed, unless
 * SENSORIUM_TEST_REAL names it (`Kafka,PostgreSQL`), which makes its absence a failure.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import { folderOfOwner, ServerMissing } from "./server.ts";

/** A server, or the reason why there is none. */
export type Needed<T> = { readonly server: T } | { readonly missing: string };

let turn: Promise<Deno.FsFile> | undefined;

/**
 * Waits for this file's turn with the real servers, which lasts until its tests have ended: some end a server, or let it
 * keep silent, and files run beside each other.
 */
async function takeTurn(): Promise<Deno.FsFile> {
  const folder = folderOfOwner(Deno.pid);
  await Deno.mkdir(folder, { recursive: true });
  const file = await Deno.open(join(folder, "turn"), { create: true, write: true });
  await file.lock(true);
  return file;
}

/**
 * Starts the server that tests of a file need, once it is this file's turn.
 *
 * @param what for people: `Kafka`
 * @throws {Error} if it is missing although SENSORIUM_TEST_REAL names it
 */
export async function need<T>(what: string, start: () => Promise<T>): Promise<Needed<T>> {
  await (turn ??= takeTurn());
  return await needTool(what, start);
}

/**
 * The same for what nobody else can be in the way of: a program, a right.
 *
 * @throws {Error} if it is missing although SENSORIUM_TEST_REAL names it
 */
export async function needTool<T>(what: string, find: () => Promise<T>): Promise<Needed<T>> {
  try {
    return { server: await find() };
  } catch (error) {
    if (!(error instanceof ServerMissing)) throw error;
    const missing = `no real ${what} on this machine: ${error.message}`;
    if ((Deno.env.get("SENSORIUM_TEST_REAL") ?? "").split(",").includes(what)) {
      throw new Error(`${missing}, and SENSORIUM_TEST_REAL names it`);
    }
    console.warn(missing);
    return { missing };
  }
}

/** Registers a test that is given the server. Without it, it is registered under the reason, and passes. */
export function testWith<T>(needed: Needed<T>, name: string, run: (server: T) => Promise<void>): void {
  if ("server" in needed) Deno.test(name, () => run(needed.server));
  else Deno.test(`${name} (not run: ${needed.missing})`, () => {});
}
