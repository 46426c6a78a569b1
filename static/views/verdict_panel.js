/**
 * One sensor's last verdict: the sentence, what contributed, what each detector said by which version, how it stands to
 * the alert budget, what came closest to an alarm, what the isolation forest looked at, and what has drifted.
 *
 * @module
 * @import { SensorView } from "../../actors/views.ts"
 */
import { h } from "../core/dom.js";
import { expected, measure, moment, number } from "../core/format.js";
import { bar, contributionList, percent, scoreList, scoreText } from "./why.js";

/**
 * What stands in it.
 *
 * @param {SensorView} sensor @param {number} now epoch ms
 * @returns {Node[]}
 */
export function verdictPanel(sensor, now) {
  const { explanation, contributions = [], scores = {}, versions = {}, score, rate, budget, closest } = sensor;
  if (score === undefined) return [h("p", { class: "note" }, "No detector has judged it yet; rules alone do.")];
  /** @type {[string, string, string][]} */
  const facts = [
    ["sensor-score", "combined score", scoreText(score)],
    ["sensor-rate", "as unusual as", rate === undefined || rate >= 1 ? "usual" : `1 reading in ${number(1 / rate)}`],
    ["sensor-budget", "an alarm from", budget === undefined ? "–" : `1 reading in ${number(1 / budget)}`],
    [
      "sensor-closest",
      "closest in a day",
      closest ? `${percent(closest.part)} of the way, ${moment(closest.time, now)}` : "nothing",
    ],
  ];
  return [
    h("p", { class: "verdict-said", id: "sensor-explanation" }, explanation ?? ""),
    contributions.length > 0 ? contributionList(contributions) : h("p", { class: "muted" }, nothing(sensor)),
    h(
      "dl",
      { class: "facts" },
      ...facts.map(([id, word, text]) => h("div", {}, h("dt", {}, word), h("dd", { id }, text))),
      ...sensor.channels.filter((channel) => channel.expected).map((channel) =>
        h(
          "div",
          {},
          h("dt", {}, `${channel.channel} now, expected`),
          h("dd", {}, `${measure(channel.value, channel.unit)}, ${expected(channel.expected, channel.unit)}`),
        )
      ),
    ),
    scoreList(scores, versions),
    ...forestParts(sensor),
    ...driftLines(sensor, now),
  ];
}

/** Features that raised the forest's score, as bars against the strongest. @param {SensorView} sensor @returns {Node[]} */
function forestParts({ forest_contributions: parts = [] }) {
  if (parts.length === 0) return [];
  const most = parts[0].part;
  return [
    h("h3", {}, "What the isolation forest finds unusual"),
    h(
      "ul",
      { class: "parts", id: "sensor-forest", "aria-label": "Features that raised the isolation forest's score" },
      ...parts.map(({ feature, part }) =>
        h(
          "li",
          {},
          bar(part / most, "part"),
          h("span", {}, h("strong", {}, feature), ` ${number(part)}`),
        )
      ),
    ),
  ];
}

/** Channels that are not what they were when they were learnt. @param {SensorView} sensor @param {number} now @returns {Node[]} */
function driftLines({ channels }, now) {
  const drifted = channels.filter(({ drift }) => drift && (drift.status !== "steady" && drift.status !== "learning"));
  return drifted.map(({ channel, drift }) => {
    const since = drift?.since === undefined ? "" : ` since ${moment(drift.since, now)}`;
    const doing = drift?.status === "adapting" ? "is learnt anew" : "has drifted";
    return h(
      "p",
      { class: "muted", "data-drift": channel },
      `${channel} ${doing}${since}: its values differ from those that were learnt by ${number(drift?.index)} ` +
        "(population stability index, 0.25 counts as drifted).",
    );
  });
}

/** What is said where no channel stands out. @param {SensorView} sensor */
function nothing({ is_anomaly }) {
  if (!is_anomaly) return "Nothing stands out.";
  return "No channel stands out from what it did lately: it is anomalous by a rule, or as a whole.";
}
