/**
 * `/quarantine`: what was not accepted and why, newest first; it goes in again, corrected or as it was, or is given up.
 *
 * | ask | for |
 * |---|---|
 * | `GET /quarantine`, `/quarantine/{id}` | the records |
 * | `GET /quarantine/counts` | how many there are, and how many are gone, by reason |
 * | `POST /quarantine/{id}/retry` | takes it in through the log of readings; the body may be the reading, corrected |
 * | `DELETE /quarantine/{id}` | gives it up |
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { Ingest } from "../actors/ingest.ts";
import type { Quarantine, Settlement } from "../actors/quarantine.ts";
import { REFUSAL_SAMPLE_LENGTH } from "../actors/reading.ts";
import type { QuarantineView } from "../actors/views.ts";
import { auditDetail } from "./audit.ts";
import { clientOf } from "./auth/principal.ts";
import { readBytes } from "./body.ts";
import type { AppDeps } from "./deps.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { pageParameters, readQuery } from "./query.ts";

/** Bytes of a corrected reading. */
const READING_BYTES = 64 * 1024;

/** Query of `GET /quarantine`. */
export const quarantineQuery = z.object(pageParameters);

const none = z.object({});

/** The routes of the quarantine. */
export function quarantine({ queries, quarantine: store, ingest, limits }: AppDeps): Hono {
  const app = new Hono();
  app.get("/quarantine", async (c) => {
    const { limit, cursor } = readQuery(c, quarantineQuery);
    return c.json(await queries.quarantine(limit, cursor));
  });
  onlyMethods(app, "/quarantine", ["GET"]);
  if (store === undefined) return app;

  async function known(id: string): Promise<QuarantineView> {
    const view = await store?.find(id);
    if (view === undefined) throw notFound("record in quarantine", id);
    return view;
  }

  app.get("/quarantine/counts", async (c) => {
    readQuery(c, none);
    return c.json({ items: await store.counts() });
  });
  onlyMethods(app, "/quarantine/counts", ["GET"]);
  app.get("/quarantine/:id", async (c) => {
    readQuery(c, none);
    return c.json(await known(c.req.param("id")));
  });
  app.delete("/quarantine/:id", async (c) => {
    readQuery(c, none);
    const view = await known(c.req.param("id"));
    auditDetail(c, JSON.stringify({ discarded: view.id, reason: view.reason }));
    await settle(store, view, "discarded");
    return c.body(null, 204);
  });
  onlyMethods(app, "/quarantine/:id", ["GET", "DELETE"]);
  if (ingest === undefined) return app;
  app.post("/quarantine/:id/retry", async (c) => {
    readQuery(c, none);
    const view = await known(c.req.param("id")), body = await readBytes(c, READING_BYTES);
    const reading = body.length > 0 ? lineOf(body) : sampleOf(view);
    const client = clientOf(c), { sensors: quota } = limits ?? {};
    await taken(ingest, view.id, reading, quota && ((sensor) => quota.admit(client, sensor)));
    auditDetail(c, JSON.stringify({ retried: view.id, reason: view.reason, corrected: body.length > 0 }));
    await settle(store, view, "retried");
    return c.json({ accepted: 1, rejected: 0, errors: [] }, 202);
  });
  onlyMethods(app, "/quarantine/:id/retry", ["POST"]);
  return app;
}

async function settle(store: Quarantine, { id }: QuarantineView, how: Settlement): Promise<void> {
  const end = await store.settle(id, how);
  if (end === "gone") throw notFound("record in quarantine", id);
  if (end === "early") {
    const headers = { "retry-after": "2" };
    throw new Problem(503, "Its checkpoint is not whole yet: it would come again after a crash.", { headers });
  }
}

/** What is kept of a record, where it is all of it. */
function sampleOf({ sample }: QuarantineView): string {
  if (sample.length < REFUSAL_SAMPLE_LENGTH && sample !== "") return sample;
  throw new Problem(422, "Only the beginning of it is kept: send the whole reading, corrected.");
}

/** A reading as one line: between the words of JSON a line end is a space, and inside of them there is none. */
function lineOf(body: Uint8Array): string {
  return new TextDecoder().decode(body).replace(/[\r\n]+/g, " ");
}

/** Takes a reading in; sent again it is not taken twice. */
async function taken(
  ingest: Ingest,
  id: string,
  reading: string,
  admit: ((sensor: string) => string | undefined) | undefined,
): Promise<void> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${id}\n${reading}`));
  const idempotencyKey = `quarantine-${new Uint8Array(hash).toHex()}`;
  // A line of NDJSON, not JSON: an array would be several readings.
  const outcome = await ingest.take(new Blob([reading]).stream(), { format: "ndjson", idempotencyKey, admit });
  const { end, accepted, rejected, errors, detail, retryAfter } = outcome;
  if (end === "taken" && accepted === 1 && rejected === 0) return;
  if (end === "taken") {
    const sentence = errors.length > 0 ? "It is no reading." : "It must be one reading, in one line.";
    throw new Problem(400, sentence, { errors, members: { accepted, rejected } });
  }
  const headers = { "retry-after": String(retryAfter ?? 2) };
  throw new Problem(503, detail ?? "The log of readings does not take it now.", { headers });
}
