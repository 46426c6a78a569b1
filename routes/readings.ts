/**
 * `POST /readings`: readings come in, and are answered for once they are durable. `GET /readings` lists those of all
 * sensors with their verdicts, the latest first.
 *
 * | body | content type | limit |
 * |---|---|---|
 * | one object or an array | `application/json` | 1 MiB |
 * | a reading a line | `application/x-ndjson` | any length; a line of 64 KiB |
 *
 * `202` with `{accepted, rejected, errors}` says what became of it; `400` with the same members where records came and
 * every one of them was refused. `Idempotency-Key` makes sending again harmless. `503` with `Retry-After` comes before
 * the first record is taken; afterwards a full log is felt as a body that is read slowly.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Ingest, IngestEnd, IngestFormat, IngestOutcome } from "../actors/ingest.ts";
import { clientOf } from "./auth/principal.ts";
import type { AppDeps } from "./deps.ts";
import { onlyMethods, Problem } from "./problem.ts";
import { nameParameter, pageParameters, periodParameters, readQuery } from "./query.ts";
import { wirePage, wireReading } from "./wire.ts";

/** Greatest JSON body, bytes. */
const JSON_BODY_BYTES = 1024 * 1024;

const FORMATS: Readonly<Record<string, IngestFormat>> = {
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
};

type Failure = Exclude<IngestEnd, "taken">;

const STATUS: Readonly<Record<Failure, 400 | 408 | 409 | 413 | 422 | 503>> = {
  malformed: 400,
  too_large: 413,
  busy: 503,
  closing: 503,
  in_progress: 409,
  mismatch: 422,
  idle: 408,
  broken: 400,
};

/** The format that the headers declare. */
function formatOf(c: Context): IngestFormat {
  const type = (c.req.header("content-type") ?? "").split(";")[0].trim().toLowerCase();
  const format = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined;
  if (format === undefined) {
    const allowed = "application/json or application/x-ndjson";
    const headers = { accept: Object.keys(FORMATS).join(", ") };
    throw new Problem(415, `The content type of readings is ${allowed}.`, { headers });
  }
  const coding = (c.req.header("content-encoding") ?? "identity").toLowerCase();
  if (coding !== "identity") {
    const headers = { "accept-encoding": "identity" };
    throw new Problem(415, "Readings are taken without a content encoding.", { headers });
  }
  return format;
}

/** The idempotency key, with the quotes of a structured field or without. */
function keyOf(c: Context): string | undefined {
  const header = c.req.header("idempotency-key");
  if (header === undefined) return undefined;
  const key = /^"([^"]*)"$/.exec(header)?.[1] ?? header;
  if (/^[!-~]{1,255}$/.test(key)) return key;
  const message = "Idempotency-Key must have 1 to 255 visible ASCII characters";
  throw new Problem(400, "The headers are not valid.", { errors: [{ field: "Idempotency-Key", message }] });
}

function answer(c: Context, outcome: IngestOutcome): Response {
  const { end, accepted, rejected, errors, detail, retryAfter } = outcome;
  if (end === "taken" && (accepted > 0 || rejected === 0)) return c.json({ accepted, rejected, errors }, 202);
  const headers = retryAfter === undefined ? undefined : { "retry-after": String(retryAfter) };
  const status = end === "taken" ? 400 : STATUS[end];
  const sentence = detail ?? (end === "taken" ? "No record could be accepted." : "The body could not be taken.");
  throw new Problem(status, sentence, { errors, members: { accepted, rejected }, headers });
}

async function take(c: Context, ingest: Ingest, deps: AppDeps): Promise<Response> {
  readQuery(c, z.object({}));
  const format = formatOf(c);
  const idempotencyKey = keyOf(c);
  if (format === "json" && Number(c.req.header("content-length") ?? 0) > JSON_BODY_BYTES) {
    throw new Problem(413, "A JSON body has at most 1 MiB; send more as application/x-ndjson.");
  }
  const body = c.req.raw.body ?? new Blob([]).stream();
  const client = clientOf(c),
    quota = deps.limits?.sensors,
    admit = quota && ((sensor: string) => quota.admit(client, sensor));
  const trace = deps.follow?.(c.req.header("traceparent"));
  return answer(c, await ingest.take(body, { format, idempotencyKey, client, admit, ...(trace ? { trace } : {}) }));
}

/** Query of `GET /readings`. */
export const readingsQuery = z.object({
  sensor: nameParameter,
  type: nameParameter,
  location: nameParameter,
  is_anomaly: z.enum(["true", "false"], { error: "is_anomaly must be true or false" }).optional(),
  ...periodParameters,
  ...pageParameters,
});

/** The routes of readings; none are taken without an ingest. The stream of them is in `streams.ts`. */
export function readings(deps: AppDeps): Hono {
  const app = new Hono(), { ingest, queries } = deps;
  app.get("/readings", async (c) => {
    const { limit, cursor, is_anomaly, ...filter } = readQuery(c, readingsQuery);
    const anomalous = is_anomaly === undefined ? {} : { anomalous: is_anomaly === "true" };
    return c.json(wirePage(await queries.latestReadings({ ...filter, ...anomalous }, limit, cursor), wireReading));
  });
  if (ingest !== undefined) app.post("/readings", (c) => take(c, ingest, deps));
  onlyMethods(app, "/readings", ingest === undefined ? ["GET"] : ["GET", "POST"]);
  return app;
}
