/**
 * The address holds the view: `#/`, `#/?location=office&range=6h`, `#/detection?type=co2`, `#/sensors/NAME?range=1h`.
 * Links can be sent to a colleague, and Back works.
 *
 * @module
 */

/** Views that have a name of their own in the address. */
export const VIEWS =
  /** @type {const} */ (["live", "windows", "detection", "analytics", "federation", "predict", "backtest"]);

/** What goes along from view to view. */
const KEPT = ["location", "type", "refresh", "records", "period", "from", "to"];

/** @typedef {"overview" | "sensor" | (typeof VIEWS)[number]} ViewName */

/**
 * @typedef {object} Route
 * @property {ViewName} view
 * @property {string} sensor name, empty for any other view
 * @property {URLSearchParams} query
 */

/** Reads a hash. @param {string} hash @returns {Route} */
export function parseHash(hash) {
  const [path, search] = hash.replace(/^#/, "").split("?", 2);
  const query = new URLSearchParams(search ?? "");
  const named = VIEWS.find((view) => path === `/${view}`);
  if (named) return { view: named, sensor: "", query };
  const match = /^\/sensors\/([^/]+)$/.exec(path);
  if (!match) return { view: "overview", sensor: "", query };
  try {
    return { view: "sensor", sensor: decodeURIComponent(match[1]), query };
  } catch {
    return { view: "overview", sensor: "", query };
  }
}

/** Where a sensor is shown. @param {string} name */
export function sensorHref(name) {
  return `#/sensors/${encodeURIComponent(name)}`;
}

/** Where a view is, with the filters of the present one. @param {ViewName} view @param {URLSearchParams} query */
export function viewHref(view, query) {
  const kept = new URLSearchParams();
  for (const name of KEPT) {
    const value = query.get(name);
    if (value) kept.set(name, value);
  }
  const path = view === "overview" ? "#/" : `#/${view}`;
  return kept.size === 0 ? path : `${path}?${kept}`;
}

/**
 * Changes the query of the present view without leaving it.
 *
 * @param {Record<string, string | undefined>} changes empty or undefined takes one away
 */
export function setQuery(changes) {
  const [path, search] = (location.hash || "#/").split("?", 2);
  const query = new URLSearchParams(search ?? "");
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(null, "", text === "" ? path : `${path}?${text}`);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
