/**
 * `/backtests`: a recording, or a scenario's readings, judged as if they came now, in a thread of its own.
 *
 * | ask | for |
 * |---|---|
 * | `POST /backtests` | a new one: the body is the recording, or JSON that names a file or a scenario |
 * | `GET /backtests`, `/backtests/{id}` | how they stand, and what one came to |
 * | `GET /backtests/{id}/events` | every change, as server-sent events, until it is over |
 * | `GET /backtests/{id}/report` | the verdicts, a row for each of the input's; or the page, or the alerts |
 * | `GET /backtests/compare?a=&b=` | two of them side by side |
 * | `DELETE /backtests/{id}` | cancels it, or removes it when it is over |
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { z } from "zod";
import { compareBacktests } from "../actors/backtests/compare.ts";
import {
  type AlarmView,
  type BacktestInput,
  BacktestRefused,
  type BacktestReport,
  type Backtests,
  type BacktestSettings,
  type BacktestView,
  VERDICT_FORMATS,
} from "../actors/backtests/port.ts";
import type { Json } from "../actors/ports.ts";
import { auditDetail } from "./audit.ts";
import { stillMayOf } from "./auth/principal.ts";
import { readBody } from "./body.ts";
import type { AppDeps } from "./deps.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { readQuery } from "./query.ts";
import { type Frame, sse } from "./sse.ts";
import { iso } from "./wire.ts";

/** Bytes of a JSON body. */
const JSON_BYTES = 256 * 1024;
/** Followers of backtests at once. */
const FOLLOWERS_MOST = 200;
/** What the recording itself may be sent as. */
export const UPLOAD_TYPES = [
  "text/csv",
  "application/x-ndjson",
  "application/gzip",
  "application/octet-stream",
] as const;

const settings = {
  format: z.enum(VERDICT_FORMATS, { error: "format must be csv, ndjson or parquet" }).default("csv"),
  budget: z.string().min(1).max(40).optional().describe("`1/week`, `3/day`, or alarms a reading such as `1e-3`"),
  detectors: z.enum(["full", "light", "rules"], { error: "detectors must be full, light or rules" }).optional(),
  direction: z.enum(["both", "above", "below"], { error: "direction must be both, above or below" }).optional(),
  zone: z.string().min(1).max(64).optional().describe("Of times that name none, and of daily profiles"),
  start: z.string().min(1).max(64).optional().describe("Time of the first record of a file without times"),
};
const STEP_MOST = 86_400_000;

/** JSON in a parameter of the query. */
const jsonParameter = z.string().max(16_384).transform((text, context): Json => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
    return null;
  }
});

/** Query of `POST /backtests` with a recording as its body. */
export const uploadQuery = z.object({
  name: z.string().min(1).max(200).default("upload").describe("What the recording is called"),
  ...settings,
  baselines: z.enum(["true", "false"], { error: "baselines must be true or false" }).default("false"),
  step: z.string().refine((text) => /^\d{1,8}$/.test(text) && Number(text) <= STEP_MOST, {
    error: `step must be a whole number of milliseconds from 0 to ${STEP_MOST}`,
  }).optional().describe("Time between two records of a file without times, ms"),
  judging: jsonParameter.optional().describe("JSON: as the config file's part of this name"),
  compare: jsonParameter.optional().describe("JSON: the same of a second configuration"),
});

/** Body of `POST /backtests` that names what is judged. */
export const backtestBody = z.strictObject({
  file: z.string().min(1).max(1_024).optional().describe("Of the data directory: in `uploads` or `datasets`"),
  scenario: z.string().min(1).max(64).optional().describe("`facility`, `factory`, `parts` or `motes`"),
  hours: z.number().positive().max(744).default(24),
  seed: z.number().int().min(0).max(2 ** 31).default(1),
  ...settings,
  baselines: z.boolean().default(false),
  step: z.number().int().min(0).max(STEP_MOST).optional(),
  judging: z.record(z.string(), z.json()).optional(),
  compare: z.record(z.string(), z.json()).optional(),
});

const PARTS = ["verdicts", "alerts", "page"] as const;

/** Query of `GET /backtests/{id}/report`. */
export const reportQuery = z.object({
  part: z.enum(PARTS, { error: `part must be one of ${PARTS.join(", ")}` }).optional()
    .describe("Unless told, the page for a browser, else the verdicts"),
});

/** Query of `GET /backtests/compare`. */
export const compareBacktestsQuery = z.object({ a: z.string().min(1).max(64), b: z.string().min(1).max(64) });

/** A backtest over the wire. */
export function wireBacktest({ created, started, ended, ...view }: BacktestView) {
  return {
    ...view,
    created: iso(created),
    ...(started === undefined ? {} : { started: iso(started) }),
    ...(ended === undefined ? {} : { ended: iso(ended) }),
  };
}

/** An alarm over the wire. */
export function wireAlarm({ time, ...alarm }: AlarmView) {
  return { ...alarm, time: iso(time) };
}

/** A report over the wire. */
export function wireReport({ configurations, ...report }: BacktestReport) {
  return {
    ...report,
    configurations: configurations.map(({ closest, alarms, ...side }) => ({
      ...side,
      ...(closest === undefined ? {} : { closest: { ...closest, time: iso(closest.time) } }),
      alarms: alarms.map(wireAlarm),
    })),
  };
}

/** What the page may do that a backtest wrote: show itself, nothing else. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

const STATUS = { invalid: 400, unknown: 404, too_large: 413, slow: 408, busy: 503 } as const;

function problemFor(error: unknown): unknown {
  if (!(error instanceof BacktestRefused)) return error;
  const { kind, field, message } = error, headers = { "retry-after": "30" };
  const sentence = `${message[0].toUpperCase()}${message.slice(1)}.`;
  if (kind !== "invalid") return new Problem(STATUS[kind], sentence, kind === "busy" ? { headers } : {});
  return new Problem(400, "The backtest is not valid.", { errors: [{ field, message }] });
}

/** What is judged, and by what. */
async function asked(c: Context): Promise<readonly [BacktestInput, BacktestSettings]> {
  const type = (c.req.header("content-type") ?? "").split(";")[0].trim().toLowerCase();
  if (type === "application/json") return await named(c);
  if (!UPLOAD_TYPES.some((one) => one === type)) {
    const allowed = ["application/json", ...UPLOAD_TYPES].join(", ");
    throw new Problem(415, `The content type of a backtest is one of ${allowed}.`, { headers: { accept: allowed } });
  }
  const { name, baselines, step, ...rest } = readQuery(c, uploadQuery);
  const body = c.req.raw.body ?? new Blob([]).stream();
  const given = { ...rest, baselines: baselines === "true", step: step === undefined ? undefined : Number(step) };
  return [{ kind: "upload", name, body }, given];
}

async function named(c: Context): Promise<readonly [BacktestInput, BacktestSettings]> {
  readQuery(c, z.object({}));
  const { file, scenario, hours, seed, ...rest } = await readBody(c, backtestBody, JSON_BYTES);
  if (file !== undefined && scenario === undefined) return [{ kind: "file", name: file }, rest];
  if (scenario !== undefined && file === undefined) return [{ kind: "scenario", name: scenario, hours, seed }, rest];
  const message = "either file or scenario must be given";
  throw new Problem(400, "The body is not valid.", { errors: [{ field: "file", message }] });
}

async function fileOf(c: Context, store: Backtests, id: string): Promise<Response> {
  const {
    part = accepts(c, { header: "Accept", supports: ["*", "text/html"], default: "*" }) === "text/html"
      ? "page" as const
      : "verdicts" as const,
  } = readQuery(c, reportQuery);
  const file = await store.file(id, part);
  if (file === undefined) throw new Problem(409, "It has nothing to show: it is not done.");
  const headers: Record<string, string> = {
    "content-type": part === "page" ? "text/html; charset=utf-8" : file.type,
    "content-length": String(file.size),
  };
  if (part === "page") headers["content-security-policy"] = PAGE_POLICY;
  else headers["content-disposition"] = `attachment; filename="${file.name.replace(/[^\w.-]/g, "_")}"`;
  if (c.req.raw.method !== "HEAD") return c.body(file.body, 200, headers);
  await file.body.cancel();
  return c.body(null, 200, headers);
}

async function* framesOf(store: Backtests, id: string, signal: AbortSignal): AsyncGenerator<Frame> {
  let number = 0;
  for await (const { event, backtest } of store.follow(id, signal)) {
    const { progress, readings, readings_per_second } = backtest;
    const data = event === "state" ? wireBacktest(backtest) : { progress, readings, readings_per_second };
    yield { id: String(++number), event, data: JSON.stringify(data) };
  }
}

/** The routes of backtests; none without them. */
export function backtests(deps: AppDeps): Hono {
  const app = new Hono(), { backtests: store, clock, signal } = deps;
  if (store === undefined) return app;
  let followers = 0;
  const known = (id: string) => store.find(id) ?? fail(notFound("backtest", id));
  const reportOf = async (id: string) => {
    const view = known(id), report = await store.report(id);
    return report ?? fail(new Problem(409, `The backtest ${view.id} is ${view.state}: it has no report.`));
  };

  app.post("/backtests", async (c) => {
    const [input, given] = await asked(c);
    try {
      const view = await store.submit(input, given);
      auditDetail(c, JSON.stringify({ backtest: view.id, input: view.input }));
      return c.json(wireBacktest(view), 202, { location: `/backtests/${view.id}` });
    } catch (error) {
      throw problemFor(error);
    }
  });
  app.get("/backtests", (c) => {
    readQuery(c, z.object({}));
    return c.json({ items: store.list().map(wireBacktest) });
  });
  app.get("/backtests/compare", async (c) => {
    const { a, b } = readQuery(c, compareBacktestsQuery);
    const [one, other] = [await reportOf(a), await reportOf(b)], { measures, alarms } = compareBacktests(one, other);
    return c.json({
      a: wireBacktest(known(a)),
      b: wireBacktest(known(b)),
      measures,
      alarms: { ...alarms, only_a: alarms.only_a.map(wireAlarm), only_b: alarms.only_b.map(wireAlarm) },
    });
  });
  app.get("/backtests/:id", async (c) => {
    readQuery(c, z.object({}));
    const view = known(c.req.param("id")), report = await store.report(view.id);
    return c.json({ ...wireBacktest(view), ...(report === undefined ? {} : { report: wireReport(report) }) });
  });
  app.get("/backtests/:id/report", (c) => fileOf(c, store, known(c.req.param("id")).id));
  app.get("/backtests/:id/events", (c) => {
    readQuery(c, z.object({}));
    const { id } = known(c.req.param("id"));
    if (signal.aborted || followers >= FOLLOWERS_MOST) {
      throw new Problem(503, "There are too many followers.", { headers: { "retry-after": "5" } });
    }
    followers++;
    const ended = () => void followers--;
    const options = { clock, signal, report: (error: unknown) => deps.report?.(error), stillMay: stillMayOf(c), ended };
    return sse(c, (signal) => framesOf(store, id, signal), options);
  });
  app.delete("/backtests/:id", async (c) => {
    readQuery(c, z.object({}));
    await store.remove(known(c.req.param("id")).id);
    return c.body(null, 204);
  });
  onlyMethods(app, "/backtests", ["GET", "POST"]);
  onlyMethods(app, "/backtests/compare", ["GET"]);
  onlyMethods(app, "/backtests/:id", ["GET", "DELETE"]);
  onlyMethods(app, "/backtests/:id/report", ["GET"]);
  onlyMethods(app, "/backtests/:id/events", ["GET"]);
  return app;
}

function fail(problem: Problem): never {
  throw problem;
}
