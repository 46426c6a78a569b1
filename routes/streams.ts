/**
 * `GET /alerts/stream` and `GET /readings/stream`: committed outputs as server-sent events, resumable.
 *
 * | event | data |
 * |---|---|
 * | `alert` | a step in an alert's life |
 * | `reading` | a reading with its verdict; thinned to the newest of each sensor |
 * | `resync` | the id to go on from was too old: ask for the present state again, events go on from here |
 *
 * A client goes on by `Last-Event-ID` (browsers send it by themselves) or `?last_event_id=`.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { concerns, PRIORITIES } from "../actors/alerts/words.ts";
import { sensorName, type SensorNames } from "../actors/names.ts";
import { Shares } from "../actors/shares.ts";
import type { AlertTransition, FeedItem, ReadingView } from "../actors/views.ts";
import { clientOf, stillMayOf } from "./auth/principal.ts";
import type { AppDeps } from "./deps.ts";
import { onlyMethods, Problem } from "./problem.ts";
import { integerParameter, nameParameter, readQuery } from "./query.ts";
import { type Frame, sse } from "./sse.ts";
import { thin } from "./thin.ts";
import { wireReading, wireTransition } from "./wire.ts";

/** Streams open at once, half of them to one client; more are answered with 503. */
const STREAMS_MAX = 10_000;

const resumeParameter = {
  last_event_id: z.string().max(4096, "last_event_id must have at most 4096 characters").optional(),
};

const placeParameters = { sensor: nameParameter, type: nameParameter, location: nameParameter };

/** Query of `GET /alerts/stream`. */
export const alertStreamQuery = z.object({
  ...placeParameters,
  /** The least. */
  priority: z.enum(PRIORITIES, { error: `priority must be one of ${PRIORITIES.join(", ")}` })
    .describe("The least priority; a step by which an alert falls below it comes too").optional(),
  ...resumeParameter,
});

/** Query of `GET /readings/stream`. */
export const readingStreamQuery = z.object({
  ...placeParameters,
  ...resumeParameter,
  /** Events a second, 1 to 1,000. */
  max_per_second: integerParameter(1, 1_000).default(50),
});

interface Filter {
  readonly sensor?: string;
  readonly type?: string;
  readonly location?: string;
}

/** The routes of streams. */
export function streams(deps: AppDeps): Hono {
  const app = new Hono(), open = new Shares(STREAMS_MAX), { names } = deps;
  const alertJson = once((step: AlertTransition) => ({ ...wireTransition(step), ...sensorName(step.sensor, names) }));

  function answer(c: Context, frames: (signal: AbortSignal) => AsyncIterable<Frame>): Response {
    const { clock, signal } = deps, client = clientOf(c), headers = { "retry-after": "2" };
    if (signal.aborted) throw new Problem(503, "The instance is going down.", { headers });
    const full = open.enter(client);
    if (full !== undefined) throw new Problem(503, `Of open streams ${full}.`, { headers });
    deps.counts?.stream(1);
    const ended = () => {
      open.leave(client);
      deps.counts?.stream(-1);
    };
    return sse(c, frames, { clock, signal, report: (error) => deps.report?.(error), stillMay: stillMayOf(c), ended });
  }

  app.get("/alerts/stream", (c) => {
    const query = byId(readQuery(c, alertStreamQuery), names);
    const had = lastEventId(c) ?? query.last_event_id, cursor = had ?? deps.feed.alertsCursor?.();
    const passes = (alert: AlertTransition) =>
      matches(query, alert) && isOf(query, alert.sensor) && concerns(query.priority, alert);
    return answer(c, async function* (signal) {
      // One that is cut off before its first alert comes again with this id, and misses nothing either.
      if (had === undefined && cursor !== undefined) yield { id: cursor };
      yield* framesOf(filtered(deps.feed.alerts(cursor, signal), passes), "alert", alertJson);
    });
  });
  app.get("/readings/stream", (c) => {
    const { max_per_second: perSecond, ...query } = byId(readQuery(c, readingStreamQuery), names);
    const cursor = lastEventId(c) ?? query.last_event_id;
    return answer(c, (signal) => {
      const wanted = filtered(deps.feed.readings(cursor, signal), readingFilter(deps, query));
      const thinned = thin(wanted, { keyOf: ({ sensor }) => sensor, perSecond, clock: deps.clock, signal });
      return framesOf(thinned, "reading", readingJson);
    });
  });
  onlyMethods(app, "/alerts/stream", ["GET"]);
  onlyMethods(app, "/readings/stream", ["GET"]);
  return app;
}

/** What a browser sends when it comes again; an empty one means that it had nothing yet. */
function lastEventId(c: Context): string | undefined {
  return c.req.header("last-event-id") || undefined;
}

/** The same filter, whose sensor may have been called by its name. */
function byId<F extends Filter>(filter: F, names: SensorNames | undefined): F {
  return names === undefined || filter.sensor === undefined ? filter : { ...filter, sensor: names.idOf(filter.sensor) };
}

function isOf(filter: Filter, sensor: string): boolean {
  return filter.sensor === undefined || filter.sensor === sensor;
}

function matches(filter: Filter, place: { readonly type?: string; readonly location?: string }): boolean {
  return (filter.type === undefined || filter.type === place.type) &&
    (filter.location === undefined || filter.location === place.location);
}

/** Sensors whose type and place one client's filter remembers; it forgets all of them when it is full. */
const REMEMBERED = 10_000;

/** A reading's view does not carry its sensor's type and place: they are asked for once a sensor. */
function readingFilter(deps: AppDeps, filter: Filter): (reading: ReadingView) => boolean | Promise<boolean> {
  if (filter.type === undefined && filter.location === undefined) return ({ sensor }) => isOf(filter, sensor);
  const remembered = new Map<string, boolean>();
  return async ({ sensor }) => {
    if (!isOf(filter, sensor)) return false;
    const known = remembered.get(sensor);
    if (known !== undefined) return known;
    const view = await deps.queries.sensor(sensor);
    if (view === undefined) return false; // not there yet: asked again with its next reading
    if (remembered.size >= REMEMBERED) remembered.clear();
    const passes = matches(filter, view);
    remembered.set(sensor, passes);
    return passes;
  };
}

async function* filtered<T>(
  items: AsyncIterable<FeedItem<T>>,
  passes: (data: T) => boolean | Promise<boolean>,
): AsyncGenerator<FeedItem<T>> {
  for await (const item of items) {
    if ("resync" in item || await passes(item.data)) yield item;
  }
}

const RESYNC = JSON.stringify({ detail: "The id is too old to go on from. Ask for the present state again." });

async function* framesOf<T>(
  items: AsyncIterable<FeedItem<T>>,
  event: string,
  json: (data: T) => string,
): AsyncGenerator<Frame> {
  for await (const item of items) {
    if ("resync" in item) yield { id: item.resync, event: "resync", data: RESYNC };
    else yield { id: item.id, event, data: json(item.data) };
  }
}

/** The JSON of a view, made once however many clients get it: they are all handed the same object. */
function once<T extends object>(wire: (view: T) => unknown): (view: T) => string {
  const made = new WeakMap<T, string>();
  return (view) => {
    let json = made.get(view);
    if (json === undefined) made.set(view, json = JSON.stringify(wire(view)));
    return json;
  };
}

const readingJson = once(wireReading);
