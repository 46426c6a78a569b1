/**
 * The latest readings of many sensors, with their verdicts. The API lists readings sensor by sensor, so they are asked
 * for sensor by sensor: all of it once, then what came since.
 *
 * @module
 * @import { ReadingView, SensorView } from "../../actors/views.ts"
 * @import { Model } from "./model.js"
 */
import * as api from "./api.js";

/** Sensors that are asked for: those with alerts first, then by name. */
export const SENSORS_MOST = 40;
/** Questions at once: a browser has six connections to a server. */
const AT_ONCE = 3;

/** The sensors that a query's location and type let pass, those with active alerts first. @param {Model} model @param {URLSearchParams} query */
export function chosenSensors(model, query) {
  const location = query.get("location");
  const type = query.get("type");
  return [...model.sensors.values()]
    .filter((sensor) => (!location || sensor.location === location) && (!type || sensor.type === type))
    .sort((a, b) =>
      model.activeOf(b.sensor).length - model.activeOf(a.sensor).length || (a.sensor < b.sensor ? -1 : 1)
    );
}

/** Latest readings of several sensors. */
export class Recent {
  /** Newest first. @type {Map<string, ReadingView[]>} */
  #bySensor = new Map();
  #each = 0;

  /**
   * Asks for what is missing.
   *
   * @param {readonly SensorView[]} sensors at most {@linkcode SENSORS_MOST} of them are taken
   * @param {number} records in all
   * @param {AbortSignal} signal
   */
  async load(sensors, records, signal) {
    const chosen = sensors.slice(0, SENSORS_MOST);
    const each = Math.max(1, Math.ceil(records / Math.max(1, chosen.length)));
    if (each > this.#each) this.#bySensor.clear();
    this.#each = each;
    const names = new Set(chosen.map(({ sensor }) => sensor));
    for (const name of this.#bySensor.keys()) if (!names.has(name)) this.#bySensor.delete(name);
    const waiting = [...names];
    const ask = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await this.#ask(name, signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
  }

  /** @param {string} name @param {AbortSignal} signal */
  async #ask(name, signal) {
    const from = this.#bySensor.get(name)?.[0]?.time;
    const { items } = await api.readings(name, { from, limit: Math.min(api.LIMIT_MAX, this.#each) }, signal);
    const byId = new Map([...items, ...this.#bySensor.get(name) ?? []].map((reading) => [reading.id, reading]));
    this.#bySensor.set(name, [...byId.values()].sort((a, b) => b.time - a.time).slice(0, this.#each));
  }

  /** Takes a live reading of a sensor that is shown. @param {ReadingView} reading */
  add(reading) {
    const own = this.#bySensor.get(reading.sensor);
    if (!own || (own[0] && own[0].time >= reading.time)) return false;
    own.unshift(reading);
    if (own.length > this.#each) own.pop();
    return true;
  }

  /** Readings of one sensor, newest first. @param {string} sensor @returns {readonly ReadingView[]} */
  of(sensor) {
    return this.#bySensor.get(sensor) ?? [];
  }

  /** All of them, newest first. @param {number} most @returns {ReadingView[]} */
  latest(most) {
    return [...this.#bySensor.values()].flat().sort((a, b) => b.time - a.time).slice(0, most);
  }
}
