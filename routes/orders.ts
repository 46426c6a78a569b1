/**
 * Handing commands over: who says so, and how it is answered.
 *
 * @module
 */
import type { Context } from "hono";
import { type CommandPlace, CommandRefused } from "../actors/commands/words.ts";
import { LOCAL, principalOf } from "./auth/principal.ts";
import { Problem } from "./problem.ts";

/** Seconds after which a command that could not be taken may be tried again. */
const RETRY_SECONDS = 5;

/** Who says so: the key's own name always, and before it the person's, where one was given. */
export function whoIn(c: Context, by: string | undefined): string {
  const { id, name = id } = principalOf(c);
  if (by === undefined || by === name) return name;
  return id === LOCAL.id ? by : `${by} (${name})`.slice(0, 128);
}

/**
 * Hands a command over and answers 202 with its place; 404 for no such sensor, 503 if it cannot be taken now, 504 if
 * whoever runs the sensor has not answered and may carry it out yet.
 */
export async function orderAt<T extends { readonly command: string }>(
  c: Context,
  desk: { order(command: T): Promise<CommandPlace> },
  command: T,
): Promise<Response> {
  try {
    const { partition, position } = await desk.order(command);
    return c.json({ command: command.command, partition, position }, 202);
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
    const detail = `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
    if (error.kind === "unknown") throw new Problem(404, detail);
    if (error.kind === "late") throw new Problem(504, detail);
    throw new Problem(503, detail, { headers: { "retry-after": String(RETRY_SECONDS) } });
  }
}
