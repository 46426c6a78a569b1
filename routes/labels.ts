/**
 * `/labels`: what people say of readings, to train supervised models from.
 *
 * | ask | for |
 * |---|---|
 * | `POST /labels` | says of a reading whether it was anomalous: by sensor and time, by its id, or by an alert's |
 * | `GET /labels` | what was said, newest reading first |
 * | `GET /labels/counts` | how many of either kind each group has, and whether that is enough to train |
 *
 * A reading has one label, the last that was given. Its values are kept with it, so that it can be learnt from when the
 * reading itself is gone. `deno task train --labels` trains.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { groupOf } from "../actors/federation/group.ts";
import { type Label, LABEL_LIMITS, type LabelStore } from "../actors/labels.ts";
import { parseTime } from "../actors/reading.ts";
import { labelledModel, LABELS_LEAST } from "../actors/relabel.ts";
import type { Queries, ReadingView } from "../actors/views.ts";
import { readBody } from "./body.ts";
import type { AppDeps } from "./deps.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { nameParameter, PAGE_LIMIT, pageParameters, readQuery } from "./query.ts";
import { iso, type Wire, wirePage } from "./wire.ts";

const BODY_BYTES = 16 * 1024;
/** Pages of readings that are looked through for one of them: all that a sensor keeps. */
const PAGES_MOST = 10;

const limits = LABEL_LIMITS;
const text = (length: number) => z.string().min(1).max(length);

/** The body of a label. */
export const labelBody = z.strictObject({
  sensor: text(128).optional(),
  time: z.union([z.string(), z.number()]).optional(),
  reading: text(1024).optional(),
  alert: text(1024).optional(),
  label: z.union([z.literal(0), z.literal(1)], { error: "label must be 0 (normal) or 1 (anomalous)" }),
  who: text(limits.whoLength).optional(),
  comment: z.string().max(limits.commentLength).optional(),
}).superRefine(({ sensor, time, reading, alert }, context) => {
  const ways = [sensor !== undefined || time !== undefined, reading !== undefined, alert !== undefined];
  if (ways.filter((way) => way).length !== 1) {
    context.addIssue({ code: "custom", message: "say which reading: by sensor and time, by reading, or by alert" });
  } else if (ways[0] && (sensor === undefined || Number.isNaN(parseTime(time)))) {
    const message = "sensor and time go together; time is ISO 8601 with a zone, or epoch milliseconds";
    context.addIssue({ code: "custom", path: [sensor === undefined ? "sensor" : "time"], message });
  }
});

/** Query of `GET /labels`. */
export const labelsQuery = z.object({
  group: nameParameter,
  sensor: nameParameter,
  label: z.enum(["0", "1"], { error: "label must be 0 or 1" }).optional(),
  ...pageParameters,
});

type Body = z.infer<typeof labelBody>;
/** A label, its values and what it is of. */
type Target = Pick<Label, "sensor" | "time" | "values" | "reading" | "alert">;

function wireLabel(label: Label): Wire<Label, "time" | "created"> {
  return { ...label, time: iso(label.time), created: iso(label.created) };
}

/** The reading of a sensor at a time, if it is still kept. */
async function readingAt(
  queries: Pick<Queries, "readings">,
  sensor: string,
  time: number,
): Promise<ReadingView | undefined> {
  return (await queries.readings(sensor, { from: time, to: time + 1 }, 1)).items.find((one) => one.time === time);
}

/** The reading of an id, if it is still kept. */
async function readingOf(queries: Pick<Queries, "readings">, id: string): Promise<ReadingView | undefined> {
  const sensor = sensorOf(id);
  for (let page = 0, cursor: string | undefined; sensor !== undefined && page < PAGES_MOST; page++) {
    const { items, next } = await queries.readings(sensor, {}, PAGE_LIMIT, cursor);
    const found = items.find((one) => one.id === id);
    if (found !== undefined || next === undefined) return found;
    cursor = next;
  }
  return undefined;
}

/** The sensor in a reading's id, which is `partition/position/sensor`, each percent-encoded. */
function sensorOf(id: string): string | undefined {
  const parts = id.split("/");
  try {
    return parts.length < 3 ? undefined : decodeURIComponent(parts.slice(2).join("/"));
  } catch {
    return undefined; // a percent sign that begins nothing
  }
}

function ofReading({ sensor, time, values, id }: ReadingView): Target {
  return { sensor, time, values, reading: id };
}

/** What a label is given to. */
async function targetOf(queries: LabelDeps["queries"], { sensor, time, reading, alert }: Body): Promise<Target> {
  if (alert !== undefined) {
    const found = await queries.alert(alert);
    if (found === undefined) throw notFound("alert", alert);
    const raising = await readingAt(queries, found.sensor, found.raised_at);
    return { sensor: found.sensor, time: found.raised_at, ...(raising ? ofReading(raising) : {}), alert };
  }
  if (reading !== undefined) {
    const found = await readingOf(queries, reading);
    if (found === undefined) throw notFound("stored reading", reading);
    return ofReading(found);
  }
  const at = parseTime(time), found = await readingAt(queries, sensor ?? "", at);
  if (found === undefined) throw notFound("stored reading", `${sensor} ${iso(at)}`);
  return ofReading(found);
}

/** What keeping a label needs. */
export type LabelDeps = Pick<AppDeps, "clock"> & {
  readonly queries: Pick<Queries, "alert" | "sensor" | "readings">;
};

/**
 * Keeps a label of a reading or an alert.
 *
 * @returns the label, and whether its reading had none
 * @throws {Problem} 404 for what there is not, 507 where there is no room
 */
export async function keepLabel(
  { queries, clock }: LabelDeps,
  store: LabelStore,
  body: Body,
): Promise<{ readonly given: Label; readonly done: "new" | "replaced" }> {
  const target = await targetOf(queries, body), { label, who, comment } = body;
  const sensor = await queries.sensor(target.sensor);
  if (sensor === undefined) throw notFound("sensor", target.sensor);
  const given: Label = {
    ...target,
    group: groupOf(sensor.type, sensor.channels.map(({ channel }) => channel)),
    label,
    ...(who === undefined ? {} : { who }),
    ...(comment === undefined ? {} : { comment }),
    created: clock.now(),
  };
  const done = await store.put(given);
  if (done === "full") throw new Problem(507, `There are ${limits.labels} labels, which is the most.`);
  return { given, done };
}

async function give(c: Context, deps: AppDeps, store: LabelStore): Promise<Response> {
  const { given, done } = await keepLabel(deps, store, await readBody(c, labelBody, BODY_BYTES));
  return c.json(wireLabel(given), done === "new" ? 201 : 200);
}

/** The routes of labels; none without a store of them. */
export function labels(deps: AppDeps): Hono {
  const app = new Hono(), { labels: store } = deps;
  if (store === undefined) return app;
  app.post("/labels", (c) => give(c, deps, store));
  app.get("/labels", async (c) => {
    const { limit, cursor, label, ...filter } = readQuery(c, labelsQuery);
    const which = label === undefined ? filter : { ...filter, label: label === "1" ? 1 as const : 0 as const };
    return c.json(wirePage(await store.list(which, limit, cursor), wireLabel));
  });
  app.get("/labels/counts", async (c) => {
    readQuery(c, z.object({}));
    const items = (await store.counts()).map((count) => ({
      ...count,
      least: LABELS_LEAST,
      enough: count.zeros >= LABELS_LEAST && count.ones >= LABELS_LEAST,
      model: labelledModel(count.group),
    }));
    return c.json({ items });
  });
  onlyMethods(app, "/labels", ["GET", "POST"]);
  onlyMethods(app, "/labels/counts", ["GET"]);
  return app;
}
