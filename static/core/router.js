/**
 * The address holds the view: `#/`, `#/?location=office&range=6h`, `#/sensors/NAME?range=1h`. Links can be sent to a
 * colleague, and Back works.
 *
 * @module
 */

/**
 * @typedef {object} Route
 * @property {"overview" | "sensor"} view
 * @property {string} sensor name, empty for the overview
 * @property {URLSearchParams} query
 */

/** Reads a hash. @param {string} hash @returns {Route} */
export function parseHash(hash) {
  const [path, search] = hash.replace(/^#/, "").split("?", 2);
  const query = new URLSearchParams(search ?? "");
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
