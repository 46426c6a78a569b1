/**
 * `/webhooks`: where steps of alerts are delivered to, and what came of it. For administrators.
 *
 * | ask | for |
 * |---|---|
 * | `GET /webhooks`, `GET /webhooks/{name}` | endpoints and how they are; no secrets |
 * | `POST /webhooks` | adds one; the answer has its secret, this once |
 * | `DELETE /webhooks/{name}` | removes one |
 * | `POST /webhooks/{name}/stop`, `.../resume` | stops deliveries; goes on from where it was stopped |
 * | `POST /webhooks/{name}/test` | sends an event that says it is a test |
 * | `GET /webhooks/{name}/attempts` | the last 200 attempts, newest first |
 * | `GET /webhooks/{name}/dead` | what could not be delivered: the last 1,000, oldest first |
 * | `POST /webhooks/{name}/dead/{number}/retry`, `DELETE /webhooks/{name}/dead/{number}` | sends it once more; throws it away |
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  type AttemptView,
  type DeadLetter,
  type Deliveries,
  DeliveryError,
  endpointSchema,
  type EndpointView,
} from "../actors/alerts/delivery.ts";
import { readBody } from "./body.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { readQuery } from "./query.ts";
import { iso } from "./wire.ts";

/** What the routes need. */
export interface WebhooksDeps {
  /** Absent: the routes are not there. */
  readonly deliveries?: Deliveries;
}

const BODY_BYTES = 64 * 1024;
const STATUS = { unknown: 404, conflict: 409, refused: 422, elsewhere: 503 } as const;

/** An endpoint as it goes over the wire. */
function wireEndpoint({ created_at, last_delivered_at, next_attempt_at, ...rest }: EndpointView) {
  return {
    ...rest,
    created_at: iso(created_at),
    ...(last_delivered_at === undefined ? {} : { last_delivered_at: iso(last_delivered_at) }),
    ...(next_attempt_at === undefined ? {} : { next_attempt_at: iso(next_attempt_at) }),
  };
}

function wireAttempt({ time, ...rest }: AttemptView) {
  return { ...rest, time: iso(time) };
}

function wireDead({ time, ...rest }: DeadLetter) {
  return { ...rest, time: iso(time) };
}

/** What was refused, as a problem. */
async function ruled<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    throw new Problem(STATUS[error.kind], `${error.message[0].toUpperCase()}${error.message.slice(1)}.`);
  }
}

function nameIn(c: Context): string {
  readQuery(c, z.object({}));
  return c.req.param("name") ?? "";
}

function numberIn(c: Context): number {
  const text = c.req.param("number") ?? "";
  if (!/^\d{1,15}$/.test(text)) throw notFound("dead letter", text);
  return Number(text);
}

function listing(app: Hono, deliveries: Deliveries): void {
  app.get("/webhooks", async (c) => {
    readQuery(c, z.object({}));
    return c.json({ items: (await deliveries.list()).map(wireEndpoint) });
  });
  app.post("/webhooks", async (c) => {
    const { endpoint, secret } = await ruled(deliveries.add(await readBody(c, endpointSchema, BODY_BYTES)));
    return c.json({ ...wireEndpoint(endpoint), secret }, 201);
  });
  app.get("/webhooks/:name", async (c) => {
    const name = nameIn(c), endpoint = await deliveries.endpoint(name);
    if (endpoint === undefined) throw notFound("webhook", name);
    return c.json(wireEndpoint(endpoint));
  });
  app.delete("/webhooks/:name", async (c) => {
    const name = nameIn(c);
    if (!await deliveries.remove(name)) throw notFound("webhook", name);
    return c.body(null, 204);
  });
  onlyMethods(app, "/webhooks", ["GET", "POST"]);
  onlyMethods(app, "/webhooks/:name", ["GET", "DELETE"]);
}

function working(app: Hono, deliveries: Deliveries): void {
  for (const verb of ["stop", "resume"] as const) {
    app.post(`/webhooks/:name/${verb}`, async (c) => c.json(wireEndpoint(await ruled(deliveries[verb](nameIn(c))))));
    onlyMethods(app, `/webhooks/:name/${verb}`, ["POST"]);
  }
  app.post("/webhooks/:name/test", async (c) => c.json(wireAttempt(await ruled(deliveries.test(nameIn(c))))));
  onlyMethods(app, "/webhooks/:name/test", ["POST"]);
  app.get("/webhooks/:name/attempts", async (c) => {
    return c.json({ items: (await ruled(deliveries.attempts(nameIn(c)))).map(wireAttempt) });
  });
  onlyMethods(app, "/webhooks/:name/attempts", ["GET"]);
  app.get("/webhooks/:name/dead", async (c) => {
    return c.json({ items: (await ruled(deliveries.dead(nameIn(c)))).map(wireDead) });
  });
  onlyMethods(app, "/webhooks/:name/dead", ["GET"]);
  app.post("/webhooks/:name/dead/:number/retry", async (c) => {
    return c.json(wireAttempt(await ruled(deliveries.retry(nameIn(c), numberIn(c)))));
  });
  onlyMethods(app, "/webhooks/:name/dead/:number/retry", ["POST"]);
  app.delete("/webhooks/:name/dead/:number", async (c) => {
    const name = nameIn(c), number = numberIn(c);
    if (!await ruled(deliveries.discard(name, number))) throw notFound("dead letter", String(number));
    return c.body(null, 204);
  });
  onlyMethods(app, "/webhooks/:name/dead/:number", ["DELETE"]);
}

/** The routes; none without deliveries. */
export function webhooks({ deliveries }: WebhooksDeps): Hono {
  const app = new Hono();
  if (deliveries === undefined) return app;
  listing(app, deliveries);
  working(app, deliveries);
  return app;
}
