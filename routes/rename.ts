/**
 * `POST /sensors/{sensor}/rename`: the name by which a sensor is shown, and under which its readings may be sent.
 *
 * It changes nothing of how readings are judged, so it does not enter in band as upkeep does: it is done when it is
 * answered.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { NAMES_MOST, type SensorNames } from "../actors/names.ts";
import { isName, READING_LIMITS } from "../actors/reading.ts";
import type { Queries } from "../actors/views.ts";
import { auditDetail } from "./audit.ts";
import { readBody } from "./body.ts";
import { whoIn } from "./orders.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { UPKEEP_BODIES } from "./upkeep.ts";

/** What the route needs. */
export interface RenameDeps {
  /** Finds sensors by their names too. */
  readonly queries: Pick<Queries, "sensor">;
  /** Absent: the route is not there. */
  readonly names?: Pick<SensorNames, "rename">;
}

const BODY_BYTES = 8 * 1024;
const ALLOWED = `must have 1 to ${READING_LIMITS.sensorLength} characters, without control characters`;

/** The body; a name that is empty or absent is taken back. */
export const renameBody = UPKEEP_BODIES.reset.extend({
  name: z.string().max(READING_LIMITS.sensorLength, ALLOWED)
    .refine((name) => name === "" || isName(name, READING_LIMITS.sensorLength), ALLOWED).optional(),
});

/** What is answered. */
export const renamed = z.object({ sensor: z.string(), name: z.string().optional() });

/** The route; none without names. */
export function rename({ queries, names }: RenameDeps): Hono {
  const app = new Hono(), path = "/sensors/:sensor/rename";
  if (names === undefined) return app;
  app.post(path, async (c) => {
    const { by, comment, name: given } = await readBody(c, renameBody, BODY_BYTES, {}), asked = c.req.param("sensor");
    const sensor = (await queries.sensor(asked))?.sensor;
    if (sensor === undefined) throw notFound("sensor", asked);
    const name = given === "" || given === sensor ? undefined : given;
    auditDetail(c, JSON.stringify({ command: "rename", sensor, name, by: whoIn(c, by), comment }));
    const other = name === undefined ? undefined : await queries.sensor(name);
    const done = other !== undefined && other.sensor !== sensor ? "taken" : await names.rename(sensor, name);
    if (done === "taken") {
      throw new Problem(409, `Another sensor has the name ${JSON.stringify(name)}, or is shown by it.`);
    }
    if (done === "full") throw new Problem(409, `${NAMES_MOST} sensors have a name already; take one back first.`);
    return c.json({ sensor, ...(name === undefined ? {} : { name }) });
  });
  onlyMethods(app, path, ["POST"]);
  return app;
}
