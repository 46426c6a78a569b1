/**
 * The first screen: is anything wrong, where, since when, why; then every sensor.
 *
 * @module
 * @import { Stage } from "../main.js"
 */
import { h, put } from "../core/dom.js";
import { alertLog } from "./alert_log.js";
import { apart } from "./apart.js";
import { counts } from "./counts.js";
import { grid } from "./grid.js";
import { lanes } from "./lanes.js";
import { worst } from "./worst.js";

/** Shows the overview. @param {Stage} stage */
export function overview(stage) {
  document.title = "Sensorium";
  stage.sync.watch(undefined);
  put(
    stage.main,
    h("h1", { class: "sr" }, "Overview"),
    counts(stage),
    h("div", { class: "columns" }, worst(stage), alertLog(stage)),
    apart(stage),
    lanes(stage),
    grid(stage),
  );
}
