/**
 * The latest readings of all sensors that the filters let pass, with their verdicts: all of it once, then what came since.
 *
 * @module
 * @import { ReadingView } from "../../actors/views.ts"
 * @import { Model } from "./model.js"
 */
import * as api from "./api.js";

/** Which readings: none of it given, all. @typedef {{ sensor?: string, location?: string, type?: string, is_anomaly?: "true" }} Which */

/** The sensors that a query's location and type let pass, those with active alerts first. @param {Model} model @param {URLSearchParams} query */
export function chosenSensors(model, query) {
  const { location, type } = filterOf(query);
  return [...model.sensors.values()]
    .filter((sensor) => (!location || sensor.location === location) && (!type || sensor.type === type))
    .sort((a, b) =>
      model.activeOf(b.sensor).length - model.activeOf(a.sensor).length || (a.sensor < b.sensor ? -1 : 1)
    );
}

/** Location and type of an address. @param {URLSearchParams} query @returns {{ location?: string, type?: string }} */
export function filterOf(query) {
  return { location: query.get("location") || undefined, type: query.get("type") || undefined };
}

/** Latest readings. */
export class Recent {
  /** Newest first. @type {readonly ReadingView[]} */
  items = [];
  #which = "";
  #most = 0;

  /**
   * Asks for what is missing.
   *
   * @param {Which} which @param {number} most @param {AbortSignal} signal
   */
  async load(which, most, signal) {
    const key = JSON.stringify(which);
    const known = key === this.#which && most <= this.#most ? this.items : [];
    const { items } = await api.latestReadings({ ...which, from: known[0]?.time, limit: most }, signal);
    const byId = new Map([...items, ...known].map((reading) => [reading.id, reading]));
    this.#which = key;
    this.#most = most;
    this.items = [...byId.values()].sort((a, b) => b.time - a.time).slice(0, most);
  }

  /** Takes a live reading that the filters let pass, unless it was in the answer already. @param {ReadingView} reading */
  add(reading) {
    for (const { id, time } of this.items) {
      if (time > reading.time || id === reading.id) return;
      if (time < reading.time) break;
    }
    this.items = [reading, ...this.items.slice(0, this.#most - 1)];
  }
}
