/**
 * One sensor's last verdict: the sentence, what contributed, what each detector said by which version, how it stands to
 * the alert budget, and what came closest to an alarm.
 *
 * @module
 * @import { SensorView } from "../../actors/views.ts"
 */
import { h } from "../core/dom.js";
import { expected, measure, moment, number } from "../core/format.js";
import { contributionList, percent, scoreList, scoreText } from "./why.js";

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
  ];
}

/** What is said where no channel stands out. @param {SensorView} sensor */
function nothing({ is_anomaly }) {
  if (!is_anomaly) return "Nothing stands out.";
  return "No channel stands out from what it did lately: it is anomalous by a rule, or as a whole.";
}
