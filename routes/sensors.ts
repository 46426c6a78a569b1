/**
 * `GET /sensors`, `/sensors/{sensor}`, its `/readings` and its `/windows`.
 *
 * A sensor's name stands percent-encoded in the path, a `/` in it as `%2F`.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { SENSOR_STATES, type SensorView } from "../actors/views.ts";
import type { AppDeps } from "./deps.ts";
import { notFound, onlyMethods } from "./problem.ts";
import { nameParameter, pageParameters, periodParameters, readQuery } from "./query.ts";
import { wirePage, wireReading, wireSensor, wireWindow } from "./wire.ts";
import { lengthParameter } from "./windows.ts";

/** Query of `GET /sensors`. */
export const sensorsQuery = z.object({
  type: nameParameter,
  location: nameParameter,
  state: z.enum(SENSOR_STATES, { error: `state must be one of ${SENSOR_STATES.join(", ")}` }).optional(),
  ...pageParameters,
});

/** Query of `GET /sensors/{sensor}/readings`. */
export const sensorReadingsQuery = z.object({ ...periodParameters, ...pageParameters });

/** Query of `GET /sensors/{sensor}/windows`. */
export const sensorWindowsQuery = z.object({ length_ms: lengthParameter, ...periodParameters, ...pageParameters });

const none = z.object({});

/** The routes of sensors. */
export function sensors(deps: AppDeps): Hono {
  const { queries } = deps;
  const app = new Hono();

  async function known(name: string): Promise<SensorView> {
    const view = await queries.sensor(name);
    if (view === undefined) throw notFound("sensor", name);
    return view;
  }

  app.get("/sensors", async (c) => {
    const { limit, cursor, ...filter } = readQuery(c, sensorsQuery);
    return c.json(wirePage(await queries.sensors(filter, limit, cursor), wireSensor));
  });
  app.get("/sensors/:sensor", async (c) => {
    readQuery(c, none);
    return c.json(wireSensor(await known(c.req.param("sensor"))));
  });
  app.get("/sensors/:sensor/readings", async (c) => {
    const { limit, cursor, ...period } = readQuery(c, sensorReadingsQuery);
    const { sensor } = await known(c.req.param("sensor"));
    return c.json(wirePage(await queries.readings(sensor, period, limit, cursor), wireReading));
  });
  app.get("/sensors/:sensor/windows", async (c) => {
    const { limit, cursor, length_ms: lengthMs, ...period } = readQuery(c, sensorWindowsQuery);
    const { sensor } = await known(c.req.param("sensor"));
    return c.json(wirePage(await queries.windows({ sensor, lengthMs, ...period }, limit, cursor), wireWindow));
  });
  onlyMethods(app, "/sensors", ["GET"]);
  onlyMethods(app, "/sensors/:sensor", ["GET"]);
  onlyMethods(app, "/sensors/:sensor/readings", ["GET"]);
  onlyMethods(app, "/sensors/:sensor/windows", ["GET"]);
  return app;
}
