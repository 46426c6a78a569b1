/**
 * What a person says to alerts. Commands enter in band and take effect at a position: they are answered with 202, and what
 * they changed comes as steps over `/alerts/stream`.
 *
 * | ask | for |
 * |---|---|
 * | `POST /alerts/{id}/acknowledge`, `.../comment`, `.../label` | an alert, also after it has cleared |
 * | `POST /sensors/{sensor}/shelve`, `.../unshelve` | a condition, or the sensor as a whole; for a time, never for ever |
 * | `.../suppress`, `.../unsuppress`, `.../remove-from-service`, `.../return-to-service` | likewise, until taken back |
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { alertCommandSchema, type AlertDesk, commandError } from "../actors/alerts/commands.ts";
import type { AlertsConfig } from "../actors/alerts/rules.ts";
import { CONDITIONS } from "../actors/alerts/words.ts";
import { LABEL_LIMITS, type LabelStore } from "../actors/labels.ts";
import type { Clock } from "../actors/ports.ts";
import { READING_LIMITS } from "../actors/reading.ts";
import type { Queries } from "../actors/views.ts";
import { auditDetail } from "./audit.ts";
import { readBody, wrongBody } from "./body.ts";
import { keepLabel, type LabelDeps } from "./labels.ts";
import { orderAt, whoIn } from "./orders.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";

/** What the routes need. */
export interface AlertCommandDeps {
  readonly queries: Pick<Queries, "alert" | "sensor"> & Partial<Pick<Queries, "readings">>;
  /** Where labels are kept for training; absent: they only stand in their alerts. */
  readonly labels?: LabelStore;
  readonly clock?: Clock;
  /** Absent: alerts are only shown, and the routes are not there. */
  readonly desk?: AlertDesk;
  /** What is configured of alerts now. */
  readonly alerts?: () => AlertsConfig;
}

const BODY_BYTES = 8 * 1024;
const remark = {
  /** Who says so, beside the key's name; that alone unless told. */
  by: z.string().trim().min(1).max(128).optional(),
  comment: z.string().max(READING_LIMITS.textLength).optional(),
};
const where = {
  condition: z.enum(CONDITIONS).optional(),
  channel: z.string().min(1).max(READING_LIMITS.nameLength).optional(),
};

/** Bodies by the verb in the path. */
export const ALERT_BODIES = {
  acknowledge: z.strictObject(remark),
  comment: z.strictObject({ ...remark, comment: z.string().min(1).max(READING_LIMITS.textLength) }),
  label: z.strictObject({ ...remark, label: z.enum(["true_alarm", "false_alarm"]) }),
} as const;

/** Bodies by the verb in the path. */
export const SENSOR_BODIES = {
  shelve: z.strictObject({
    ...where,
    ...remark,
    for_ms: z.number().int().min(1_000).max(31 * 86_400_000).optional(),
    one_shot: z.boolean().optional(),
  }),
  unshelve: z.strictObject({ ...where, ...remark }),
  suppress: z.strictObject({ ...where, ...remark }),
  unsuppress: z.strictObject({ ...where, ...remark }),
  "remove-from-service": z.strictObject({ ...where, ...remark }),
  "return-to-service": z.strictObject({ ...where, ...remark }),
} as const;

/** Hands a command over. */
async function order(c: Context, deps: AlertCommandDeps, desk: AlertDesk, asked: object): Promise<Response> {
  const { data: command, error } = alertCommandSchema.safeParse(asked);
  if (error) throw wrongBody(error);
  const config = deps.alerts?.(), why = config && commandError(command, config);
  if (why !== undefined) {
    throw new Problem(400, "The command cannot be taken.", { errors: [{ field: "", message: why }] });
  }
  auditDetail(c, JSON.stringify(command));
  return await orderAt(c, desk, command);
}

/** What a person says of an alert is kept of its reading, too: supervised models are trained from that. */
async function learn(
  { labels, clock, queries }: AlertCommandDeps,
  alert: string,
  who: string,
  { label, comment }: z.infer<typeof ALERT_BODIES["label"]>,
): Promise<void> {
  if (!labels || !clock || !queries.readings) return;
  const said = comment === undefined ? {} : { comment: comment.slice(0, LABEL_LIMITS.commentLength) };
  const given = { alert, who, label: label === "true_alarm" ? 1 as const : 0 as const, ...said };
  await keepLabel({ clock, queries: queries as LabelDeps["queries"] }, labels, given);
}

/** The routes; none without a desk. */
export function alertCommands(deps: AlertCommandDeps): Hono {
  const app = new Hono(), { desk, queries } = deps;
  if (desk === undefined) return app;
  for (const [verb, schema] of Object.entries(ALERT_BODIES)) {
    const path = `/alerts/:id/${verb}`;
    app.post(path, async (c) => {
      const id = c.req.param("id") ?? "", { by, ...body } = await readBody<{ by?: string }>(c, schema, BODY_BYTES, {});
      if (await queries.alert(id) === undefined) throw notFound("alert", id);
      const who = whoIn(c, by), answer = await order(c, deps, desk, { command: verb, alert: id, by: who, ...body });
      if ("label" in body) await learn(deps, id, who, ALERT_BODIES.label.parse(body));
      return answer;
    });
    onlyMethods(app, path, ["POST"]);
  }
  for (const [verb, schema] of Object.entries(SENSOR_BODIES)) {
    const path = `/sensors/:sensor/${verb}`;
    app.post(path, async (c) => {
      const asked = c.req.param("sensor") ?? "";
      const given = await readBody<z.infer<typeof SENSOR_BODIES["shelve"]>>(c, schema, BODY_BYTES, {});
      const { for_ms: forMs, one_shot: oneShot, by, ...body } = given;
      const found = await queries.sensor(asked);
      if (found === undefined) throw notFound("sensor", asked);
      const shelf = { ...(forMs === undefined ? {} : { forMs }), ...(oneShot === undefined ? {} : { oneShot }) };
      const command = verb.replaceAll("-", "_");
      return await order(c, deps, desk, { command, sensor: found.sensor, by: whoIn(c, by), ...body, ...shelf });
    });
    onlyMethods(app, path, ["POST"]);
  }
  return app;
}
