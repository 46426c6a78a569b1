/**
 * A channel's readings with what was expected of them, as figures: the band, the anomalous ones, where alarms began, and
 * where another version of a model took over.
 *
 * @module
 * @import { ReadingView } from "../../actors/views.ts"
 * @import { Content, Mark } from "./figure_style.js"
 */
import { detectorWord } from "../views/why.js";

/** Changes of models that are marked: more would hide the line. */
const MARKS = 6;

/**
 * The channel over time in its band.
 *
 * @param {readonly ReadingView[]} readings oldest first @param {string} channel
 * @returns {Content}
 */
export function verdictContent(readings, channel) {
  const own = readings.filter(({ values }) => typeof values[channel] === "number");
  const alarms = own.filter(({ alarm }) => alarm !== undefined);
  const odd = own.filter(({ is_anomaly }) => is_anomaly).length;
  return {
    x: own.map(({ time }) => time),
    series: [
      {
        name: "expected, at most",
        values: own.map(({ expected }) => expected?.[channel]?.[1]),
        look: "band",
        tone: "band",
        word: "expected",
      },
      {
        name: "expected, at least",
        values: own.map(({ expected }) => expected?.[channel]?.[0]),
        look: "edge",
        tone: "band",
      },
      { name: "value", values: own.map(({ values }) => values[channel]), tone: "line" },
      {
        name: "anomalous",
        values: own.map(({ values, is_anomaly }) => is_anomaly ? values[channel] : null),
        look: "points",
        tone: "anomaly",
      },
    ],
    marks: [...alarms.slice(-MARKS).map(({ time }) => ({ x: time, text: "alarm" })), ...modelChanges(own)],
    said: `${own.length} readings, ${odd} anomalous`,
    none: "No reading of this channel yet.",
  };
}

/**
 * The scores of a sensor's readings over time, all detectors.
 *
 * @param {readonly ReadingView[]} readings oldest first
 * @returns {Content}
 */
export function scoreContent(readings) {
  const scored = readings.filter(({ score }) => score !== undefined);
  /** @type {(keyof import("../../actors/views.ts").ScoresView)[]} */
  const detectors = ["surprise", "forest", "network", "zscore", "logistic"];
  return {
    x: scored.map(({ time }) => time),
    series: [
      { name: "combined", values: scored.map(({ score }) => score), tone: "ink" },
      ...detectors.filter((detector) => scored.some(({ scores }) => scores?.[detector] !== undefined))
        .map((detector) => ({
          name: detectorWord(detector),
          values: scored.map(({ scores }) => scores?.[detector]),
          tone: "rug",
        })),
    ],
    marks: modelChanges(scored),
    none: "No reading here has a score: rules alone judge, or the sensor warms up.",
  };
}

/** Where another version of a model judges than before. @param {readonly ReadingView[]} readings @returns {Mark[]} */
function modelChanges(readings) {
  /** @type {Mark[]} */
  const marks = [];
  /** @type {Map<string, number>} */
  const before = new Map();
  for (const { time, versions = {} } of readings) {
    for (const [model, version] of Object.entries(versions)) {
      const last = before.get(model);
      if (last !== undefined && last !== version) marks.push({ x: time, text: `${model} v${version}` });
      before.set(model, version);
    }
  }
  return marks.slice(-MARKS);
}
