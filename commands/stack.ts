/**
 * `deno task stack up|down|list`: the real servers that this machine can run, for a person at a desk; those of the tests.
 *
 * A program of its own: it starts others, which no command of Sensorium itself may.
 *
 * @module
 */
import { STACK } from "../tests/servers/stack.ts";
import { ServerMissing, stackServer, stopServer } from "../tests/servers/server.ts";

const USAGE = `Usage: deno task stack up|down|list [SERVER...]

  up    starts the servers, or those named, and says how to reach them
  down  ends them; what they held is gone
  list  says which of them run

Servers: ${STACK.map(({ name, about }) => `${name} (${about})`).join(", ")}.`;

/** Runs the command; its exit code. */
async function stack([action, ...names]: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !STACK.some((server) => server.name === name));
  if (action === "--help" || action === "-h") return say(USAGE, 0);
  if (!["up", "down", "list"].includes(action) || unknown !== undefined) {
    if (unknown !== undefined) console.error(`sensorium: there is no server ${JSON.stringify(unknown)}`);
    return say(USAGE, 2);
  }
  let failed = 0;
  for (const { name, start } of STACK.filter((server) => names.length === 0 || names.includes(server.name))) {
    if (action === "down") console.log(`${name}: ${await stopServer(name, 0) ? "ended" : "did not run"}`);
    else if (action === "list") console.log(`${name}: ${await stackServer(name) ? "runs" : "does not run"}`);
    else {
      try {
        console.log(`${name}: ${await start()}`);
      } catch (error) {
        if (!(error instanceof ServerMissing)) throw error;
        console.log(`${name}: not on this machine: ${error.message}`);
        failed = names.length === 0 ? failed : 1; // one that was asked for by name
      }
    }
  }
  return failed;
}

function say(text: string, code: number): number {
  console.log(text);
  return code;
}

if (import.meta.main) Deno.exit(await stack(Deno.args));
