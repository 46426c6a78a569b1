/**
 * Names that people gave to sensors: a sensor keeps its id, and is shown and found by its name.
 *
 * What is stored of a sensor stays under its id, so ids of alerts and windows, and what sinks have, stay valid. A reading
 * that is sent under a name is logged under the id: the log's own replay needs no names.
 *
 * @module
 */
import type { AlertView, Queries, SensorView } from "./views.ts";

/** Sensors that may have a name at most. */
export const NAMES_MOST = 20_000;

/** Names of sensors. */
export interface SensorNames {
  /** Id of the sensor that is shown by this name; where there is none, what was asked for. */
  idOf(name: string): string;
  /** Name by which a sensor is shown; absent where it is shown by its id. */
  nameOf(sensor: string): string | undefined;
  /**
   * Gives a sensor a name, durably; without one it is shown by its id again.
   *
   * @returns `taken` if another sensor is shown by that name, `full` if {@linkcode NAMES_MOST} have one
   */
  rename(sensor: string, name?: string): Promise<"done" | "taken" | "full">;
}

/** The part of names that whoever takes readings in needs. */
export type NamesTaken = Pick<SensorNames, "idOf">;

/** What is said of one sensor, under its id. */
export function underId<T extends { readonly sensor: string }>(item: T, names: NamesTaken | undefined): T {
  const sensor = names?.idOf(item.sensor) ?? item.sensor;
  return sensor === item.sensor ? item : { ...item, sensor };
}

/** The name of an item's sensor, as its property `sensor_name`; nothing where it has none. */
export function sensorName(sensor: string, names: SensorNames | undefined): { readonly sensor_name?: string } {
  const name = names?.nameOf(sensor);
  return name === undefined ? {} : { sensor_name: name };
}

/** The same questions, whose sensors may be called by their names too, and whose answers say them. */
export function named(queries: Queries, names: SensorNames): Queries {
  /** An id goes before a name that is spelt alike: such a sensor can come by a source that knows no names. */
  const idOf = async (text: string) => {
    const id = names.idOf(text);
    return id === text || await queries.sensor(text) !== undefined ? text : id;
  };
  const resolved = async <F extends { readonly sensor?: string }>(filter: F): Promise<F> =>
    filter.sensor === undefined ? filter : { ...filter, sensor: await idOf(filter.sensor) };
  const sensorView = (view: SensorView): SensorView => {
    const name = names.nameOf(view.sensor);
    return name === undefined ? view : { ...view, name };
  };
  const alertView = (view: AlertView): AlertView => ({ ...view, ...sensorName(view.sensor, names) });
  return {
    summary: (own) => queries.summary(own),
    quarantine: (limit, cursor) => queries.quarantine(limit, cursor),
    readings: async (sensor, ...rest) => queries.readings(await idOf(sensor), ...rest),
    async sensors(filter, limit, cursor) {
      const page = await queries.sensors(filter, limit, cursor);
      return { ...page, items: page.items.map(sensorView) };
    },
    async sensor(text) {
      const view = await queries.sensor(await idOf(text));
      return view && sensorView(view);
    },
    latestReadings: async (filter, limit, cursor) => queries.latestReadings(await resolved(filter), limit, cursor),
    windows: async (filter, limit, cursor) => queries.windows(await resolved(filter), limit, cursor),
    async alerts(filter, limit, cursor) {
      const page = await queries.alerts(await resolved(filter), limit, cursor);
      return { ...page, items: page.items.map(alertView) };
    },
    async alert(id) {
      const view = await queries.alert(id);
      return view && alertView(view);
    },
  };
}
