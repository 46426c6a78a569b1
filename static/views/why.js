/**
 * Why a verdict is what it is: what contributed, and what each detector said. Used wherever one is explained.
 *
 * @module
 * @import { ContributionView, FlagView, ReadingView, ScoresView } from "../../actors/views.ts"
 */
import { h } from "../core/dom.js";
import { count, number } from "../core/format.js";

/** Contributions that a list names. */
const TOP = 3;

/** What each view of the signal is called. @type {Readonly<Record<string, string>>} */
const DETECTORS = {
  surprise: "surprise",
  zscore: "3 sigma",
  forest: "isolation forest",
  network: "neural network",
  logistic: "learnt from labels",
};

/** Detectors whose flags are machine learning. @type {readonly string[]} */
export const LEARNT = ["surprise", "forest", "network", "logistic"];
/** Detectors whose flags are rules that a person has set. @type {readonly string[]} */
export const RULES = ["limit", "warning", "rate", "physical"];

/** The word for a detector. @param {string} detector */
export function detectorWord(detector) {
  return DETECTORS[detector] ?? detector.replaceAll("_", " ");
}

/** Detectors that flagged a reading, each once. @param {readonly FlagView[]} flags */
export function flagged(flags) {
  return [...new Set(flags.map(({ detector }) => detector))];
}

/** A share as per cent. @param {number} share 0 to 1 */
export function percent(share) {
  const value = share * 100;
  return `${value > 0 && value < 1 ? "<1" : count(Math.round(value))} %`;
}

/** A score, 0 to 1, so that 0.99 and 0.999 are told apart. @param {number | undefined} score */
export function scoreText(score) {
  if (score === undefined) return "–";
  return score >= 0.99 && score < 1 ? score.toFixed(4) : score.toFixed(2);
}

/** The top contributions in a few words: `temperature 62 % (level), humidity 38 % (shape)`. @param {readonly ContributionView[] | undefined} contributions */
export function contributionText(contributions) {
  return (contributions ?? []).slice(0, TOP).map(({ channel, share, feature }) =>
    `${channel} ${percent(share)} (${feature})`
  ).join(", ");
}

/** The top contributions as bars with words. @param {readonly ContributionView[]} contributions */
export function contributionList(contributions) {
  return h(
    "ul",
    { class: "parts", "aria-label": "What contributed most" },
    ...contributions.slice(0, TOP).map(({ channel, share, feature, because }) =>
      h(
        "li",
        {},
        bar(share, "part"),
        h("span", {}, h("strong", {}, channel), ` ${percent(share)}, ${feature}: ${because}`),
      )
    ),
  );
}

/** What each detector says of a reading, as a table of bars. @param {ScoresView} scores @param {Partial<Record<string, number>>} versions */
export function scoreList(scores, versions) {
  return h(
    "dl",
    { class: "scores", "aria-label": "Scores by detector" },
    ...Object.entries(scores).map(([detector, score]) =>
      h(
        "div",
        {},
        h("dt", {}, detectorWord(detector), versions[detector] === undefined ? "" : ` v${versions[detector]}`),
        h("dd", {}, bar(score, score > 0.99 ? "part far" : "part"), h("data", { value: score }, scoreText(score))),
      )
    ),
  );
}

/** A bar of 0 to 1; beside it stands the figure. @param {number} share @param {string} look */
export function bar(share, look) {
  const fill = h("span", {});
  fill.style.setProperty("width", `${Math.max(0, Math.min(1, share)) * 100}%`);
  return h("span", { class: `bar ${look}`, "aria-hidden": "true" }, fill);
}

/** One anomalous reading in a sentence: the server's own where it has one. @param {ReadingView} reading */
export function reason(reading) {
  if (reading.explanation) return reading.explanation;
  const flags = reading.flags.map(({ detector, channel }) => channel ? `${detector} on ${channel}` : detector);
  return flags.length > 0 ? flags.join(", ") : `score ${number(reading.score)}`;
}
