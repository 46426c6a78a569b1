/**
 * The lines at the bottom: where readings come from and how many, and where outputs go and what waits. Where several nodes
 * share the partitions, which node has which, and behind that every partition with its KV server.
 *
 * @module
 * @import { SummaryView } from "../../actors/views.ts"
 * @import { Model } from "../core/model.js"
 * @import { Sink } from "../core/api.js"
 */
import { h, put } from "../core/dom.js";
import { count, duration, moment, number } from "../core/format.js";
import { plainTable } from "./tables.js";

/** Partitions that are named, of one node where there are several. */
const NAMED = 12;
/** Older data is a recording's: its age says nothing, ms. */
const RECORDED_MS = 86_400_000;

/** Fills the footer; it stays for the life of the page. @param {HTMLElement} element @param {Model} model */
export function footer(element, model) {
  const lines = h("div", { class: "foot-lines" });
  const table = h("div", { id: "partitions" });
  const behind = h("details", { class: "behind", hidden: true }, h("summary", {}, "Partitions"), table);
  put(element, lines, behind);
  function show() {
    const { summary, sinks } = model;
    if (!summary) return;
    const shared = isShared(summary);
    put(
      lines,
      h("p", {}, `${number(summary.readings_per_second)} readings/s${shared ? " on this node" : ""}`),
      ...(shared ? nodeLines(summary) : partitionLines(summary)),
      ...sinks.map(sinkLine),
    );
    behind.hidden = !shared && summary.partitions.length <= NAMED; // else all is said
    // Who reads it by keyboard keeps the place.
    if (behind.open && !table.contains(document.activeElement)) put(table, partitionTable(summary));
  }
  const forever = new AbortController().signal;
  model.on("summary", show, forever);
  model.on("sinks", show, forever);
  behind.addEventListener("toggle", show);
}

/** Whether other processes have some of the partitions. @param {SummaryView} summary */
export function isShared({ partitions }) {
  return partitions.some(({ state }) => state === "elsewhere");
}

/** @param {SummaryView["partitions"][number]} partition */
function isWrong({ state, error }) {
  return state === "waiting" || state === "failed" || error !== undefined;
}

/** A line for each partition. @param {SummaryView} summary */
function partitionLines({ partitions }) {
  return [
    ...partitions.slice(0, NAMED).map((partition) => {
      const { partition: name, readings, refused, state, error } = partition;
      const line = `${name}: ${count(readings)} readings, ${count(refused)} refused, ${state}`;
      return h("p", { class: isWrong(partition) ? "wrong" : "" }, error ? `${line}: ${error}` : line);
    }),
    partitions.length > NAMED && h("p", {}, `and ${count(partitions.length - NAMED)} more partitions`),
  ];
}

/** @param {SummaryView["partitions"]} partitions */
function namesOf(partitions) {
  const more = partitions.length > NAMED ? ` and ${count(partitions.length - NAMED)} more` : "";
  return `${partitions.map(({ partition }) => partition).sort().slice(0, NAMED).join(", ")}${more}`;
}

/** A line for each node, this one first, and one for each reason why partitions cannot go on. @param {SummaryView} summary */
function nodeLines(summary) {
  const own = nodeOf(summary, undefined);
  const nodes = Map.groupBy(summary.partitions, ({ owner }) => nodeOf(summary, owner));
  const wrong = Map.groupBy(summary.partitions.filter(isWrong), ({ error, state }) => error ?? state);
  const names = [...nodes.keys()].sort((a, b) => Number(b === own) - Number(a === own) || (a < b ? -1 : 1));
  return [
    ...names.map((name) => {
      const partitions = nodes.get(name) ?? [];
      const sum = (/** @type {"readings" | "refused"} */ what) =>
        count(partitions.reduce((n, one) => n + one[what], 0));
      const line = `${namesOf(partitions)}: ${sum("readings")} readings, ${sum("refused")} refused${ageOf(partitions)}`;
      return h("p", { "data-node": name }, h("strong", {}, name), ` ${line}`);
    }),
    ...[...wrong].map(([why, partitions]) => h("p", { class: "wrong" }, `${namesOf(partitions)}: ${why}`)),
  ];
}

/** How old the data of the partition is that is furthest behind: a node that is gone has nobody else to say so. @param {SummaryView["partitions"]} partitions */
function ageOf(partitions) {
  const age = Date.now() - Math.min(...partitions.map(({ source_time = NaN }) => source_time));
  return age >= 0 && age < RECORDED_MS ? `, data ${duration(age)} old` : "";
}

/** What a person calls a node. @param {SummaryView} summary @param {string | undefined} owner undefined: this one */
function nodeOf({ node }, owner) {
  return owner ?? (node === undefined ? "This node" : `This node, ${node}`);
}

/** @param {SummaryView} summary */
function partitionTable(summary) {
  const partitions = summary.partitions.toSorted((a, b) => a.partition < b.partition ? -1 : 1);
  const held = partitions.some(({ server }) => server !== undefined);
  const now = Date.now();
  return plainTable(
    "Table of partitions",
    ["partition", "node", ...(held ? ["KV server"] : []), "state", "readings", "refused", "data to", "why"],
    partitions.map(({ partition, owner, server, state, readings, refused, source_time, error }) => [
      partition,
      nodeOf(summary, owner),
      ...(held ? [server ?? "–"] : []),
      state === "elsewhere" ? "runs there" : state,
      readings,
      refused,
      source_time === undefined ? "–" : moment(source_time, now),
      error ?? "",
    ]),
    "No partition yet.",
  );
}

/** @param {Sink} sink */
function sinkLine(sink) {
  const { state, error, failing_since, backlog_items, backlog_age_seconds, delivered, set_aside, missed } = sink;
  const failing = state === "failing" || state === "stopped";
  const parts = [
    `${count(delivered)} delivered`,
    `${count(backlog_items)} waiting${backlog_items > 0 ? ` for ${duration(backlog_age_seconds * 1000)}` : ""}`,
    set_aside > 0 && `${count(set_aside)} set aside`,
    missed > 0 && `${count(missed)} missed`,
    failing_since === undefined ? state : `${state} since ${moment(failing_since, Date.now())}`,
  ];
  return h(
    "p",
    { class: failing ? "wrong" : "", "data-sink": sink.sink },
    `Sink ${sink.sink}: ${parts.filter(Boolean).join(", ")}${error ? `: ${error}` : ""}`,
  );
}
