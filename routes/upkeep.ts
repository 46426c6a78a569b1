/**
 * Upkeep of a sensor: it runs again after its actor was stopped, forgets what it has learnt, is retired, maintained, exchanged
 * for another device, or deleted with its data.
 *
 * Commands enter in band, as those to alerts do: each is answered when it is durable, with the position at which it
 * takes effect.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { type CommandDesk, MAINTENANCE_MOST_MS, type UpkeepCommand } from "../actors/commands/words.ts";
import { parseTime, READING_LIMITS } from "../actors/reading.ts";
import type { Queries } from "../actors/views.ts";
import { auditDetail } from "./audit.ts";
import { readBody } from "./body.ts";
import { orderAt, whoIn } from "./orders.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";

/** What the routes need. */
export interface UpkeepDeps {
  readonly queries: Pick<Queries, "sensor">;
  /** Absent: the routes are not there. */
  readonly desk?: CommandDesk;
}

const BODY_BYTES = 8 * 1024;
const remark = {
  /** Who says so, beside the key's name; that alone unless told. */
  by: z.string().trim().min(1).max(128).optional(),
  comment: z.string().max(READING_LIMITS.textLength).optional(),
};
const time = z.iso.datetime({ offset: true });

/** Bodies by the verb in the path. */
export const UPKEEP_BODIES = {
  restart: z.strictObject(remark),
  reset: z.strictObject(remark),
  replace: z.strictObject(remark),
  delete: z.strictObject(remark),
  retire: z.strictObject(remark),
  unretire: z.strictObject(remark),
  maintenance: z.strictObject({ ...remark, from: time.optional(), to: time }),
} as const;

type Body = { by?: string; comment?: string; from?: string; to?: string };

function commandOf(verb: keyof typeof UPKEEP_BODIES, sensor: string, by: string, body: Body): UpkeepCommand {
  const whose = { sensor, by, ...(body.comment === undefined ? {} : { comment: body.comment }) };
  if (verb !== "maintenance") return { command: verb, ...whose };
  const to = parseTime(body.to), from = body.from === undefined ? undefined : parseTime(body.from);
  if (from !== undefined && to - from > MAINTENANCE_MOST_MS) {
    const message = `must be at most ${
      MAINTENANCE_MOST_MS / 86_400_000
    } days behind from; what lasts longer is retired`;
    throw new Problem(400, "The body is not valid.", { errors: [{ field: "to", message }] });
  }
  return { command: verb, ...whose, to, ...(from === undefined ? {} : { from }) };
}

/** The routes; none without a desk. */
export function upkeep({ desk, queries }: UpkeepDeps): Hono {
  const app = new Hono();
  if (desk === undefined) return app;
  for (const verb of Object.keys(UPKEEP_BODIES) as (keyof typeof UPKEEP_BODIES)[]) {
    const path = `/sensors/:sensor/${verb}`;
    app.post(path, async (c) => {
      const asked = c.req.param("sensor") ?? "",
        { by, ...body } = await readBody<Body>(c, UPKEEP_BODIES[verb], BODY_BYTES, {});
      const found = await queries.sensor(asked);
      if (found === undefined) throw notFound("sensor", asked);
      const command = commandOf(verb, found.sensor, whoIn(c, by), body);
      auditDetail(c, JSON.stringify(command));
      return await orderAt(c, desk, command);
    });
    onlyMethods(app, path, ["POST"]);
  }
  return app;
}
