/**
 * The page's start: one model, one line to the server, the header, and the view that the address names.
 *
 * @module
 */
import { Model } from "./core/model.js";
import { parseHash } from "./core/router.js";
import { comeBack } from "./core/session.js";
import { Sync } from "./core/sync.js";
import { analyticsView } from "./views/analytics.js";
import { backtestView } from "./views/backtest.js";
import { detectionView } from "./views/detection.js";
import { federationView } from "./views/federation.js";
import { header } from "./views/header.js";
import { footer } from "./views/footer.js";
import { liveView } from "./views/live.js";
import { overview } from "./views/overview.js";
import { predictView } from "./views/predict.js";
import { sensorView } from "./views/sensor.js";
import { windowsView } from "./views/windows.js";

/** Views by their name in the address; the sensor's needs a name besides. */
const SHOW = {
  overview,
  live: liveView,
  windows: windowsView,
  detection: detectionView,
  analytics: analyticsView,
  federation: federationView,
  predict: predictView,
  backtest: backtestView,
};

/** What every view is given. @typedef {{ model: Model, sync: Sync, main: HTMLElement, signal: AbortSignal }} Stage */

/** @param {string} id */
function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no part #${id}`);
  return element;
}

comeBack();
const model = new Model();
const sync = new Sync(model);
const main = part("main");
header(part("header"), model);
footer(part("footer"), model);

let leave = new AbortController();
let shown = "";

function route() {
  // The skip link's target is no view.
  if (location.hash === "#main") return;
  const { view, sensor, query } = parseHash(location.hash);
  const key = `${view} ${sensor}`;
  if (key === shown) return dispatchEvent(new CustomEvent("query", { detail: query }));
  const first = shown === "";
  shown = key;
  leave.abort();
  leave = new AbortController();
  const stage = { model, sync, main, signal: leave.signal };
  if (view === "sensor") sensorView(stage, sensor);
  else SHOW[view](stage);
  if (!first) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

addEventListener("hashchange", route);
route();
