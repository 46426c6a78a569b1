/**
 * Backtest: recorded readings judged as if they came now, what was found in them, and two configurations compared.
 *
 * @module
 * @import { BacktestState, BacktestView } from "../../actors/backtests/port.ts"
 * @import { Backtest, Comparison } from "../core/backtests.js"
 * @import { Stage } from "../main.js"
 */
import * as api from "../core/backtests.js";
import { h, put, reconcile, say } from "../core/dom.js";
import { count, dateTime } from "../core/format.js";
import { parseHash, setQuery } from "../core/router.js";
import { backtestForm } from "./backtest_form.js";
import { comparisonPanels, reportPanels } from "./backtest_report.js";
import { panel, Screen } from "./screen.js";
import { choice, labelled } from "./toolbar.js";
import { bar, percent } from "./why.js";

/** @typedef {{ all: BacktestView[], chosen: Backtest | undefined, comparison: Comparison | undefined }} Answer */

/** Shows it. @param {Stage} stage */
export function backtestView(stage) {
  const { sync, signal } = stage;
  sync.watch(undefined);
  const list = h("ul", { class: "rows backtests", id: "backtests" });
  const none = h("p", { class: "note" }, "None so far: choose a file or a scenario, and begin.");
  const said = h("p", { class: "muted", role: "status", id: "backtests-said" });
  const [one, other] = [choice("a", []), choice("b", [])];
  const compare = h("div", { class: "filters" }, labelled("Compare", one), labelled("with", other));
  const report = h("div", { class: "stack", id: "report" });
  /** @type {{ id: string | undefined, end: AbortController }} */
  let following = { id: undefined, end: new AbortController() };

  const screen = new Screen(
    stage,
    {
      title: "Backtest",
      intro: "Recorded readings, judged as if they came now: try a configuration before it goes live.",
      places: false,
      records: false,
      async load(query, asked) {
        const all = await api.backtests(asked);
        const [a, b] = [query.get("a"), query.get("b")];
        const comparison = a && b ? await api.compareBacktests(a, b, asked) : undefined;
        const id = comparison ? undefined : query.get("id") ?? all[0]?.id;
        const chosen = id === undefined ? undefined : await api.backtest(id, asked);
        return () => draw({ all, chosen, comparison });
      },
    },
    h(
      "div",
      { class: "columns backtest" },
      panel("What to judge, and how", backtestForm((id) => setQuery({ id, a: undefined, b: undefined }))),
      h("div", { class: "stack" }, panel("Backtests", said, none, list, compare), report),
    ),
  );

  /** @param {Answer} answer */
  function draw({ all, chosen, comparison }) {
    none.hidden = all.length > 0;
    reconcile(list, all, ({ id }) => id, create, (row, backtest) => show(row, backtest, chosen?.id));
    const done = all.filter(({ state }) => state === "done");
    compare.hidden = done.length < 2;
    const { query } = parseHash(location.hash);
    for (const [select, word] of /** @type {const} */ ([[one, "a"], [other, "b"]])) {
      const key = done.map(({ id }) => id).join();
      if (select.dataset.shown !== key) {
        select.dataset.shown = key;
        put(
          select,
          h("option", { value: "" }, "–"),
          ...done.map(({ id, name, created }) => h("option", { value: id }, `${name}, ${dateTime(created)}`)),
        );
      }
      select.value = query.get(word) ?? "";
    }
    const shown = JSON.stringify(comparison ? [query.get("a"), query.get("b")] : [chosen?.id, chosen?.state]);
    if (report.dataset.shown !== shown) {
      report.dataset.shown = shown;
      put(report, ...(comparison ? comparisonPanels(comparison) : chosenPanels(chosen)));
    }
    follow(all);
  }

  /** Follows the one that runs, so that its bar moves between two questions. @param {readonly BacktestView[]} all */
  function follow(all) {
    const running = all.find(({ state }) => state === "running")?.id;
    if (running === following.id) return;
    following.end.abort();
    following = { id: running, end: new AbortController() };
    if (running === undefined) return;
    const told = {
      /** @param {{ progress: number, readings: number }} now */
      progress: ({ progress, readings }) => {
        const row = [...list.children].find((one) => /** @type {HTMLElement} */ (one).dataset.key === running);
        if (row) put(/** @type {Element} */ (row.querySelector(".backtest-state")), ...progressOf(progress, readings));
      },
      state: () => screen.again(),
    };
    api.followBacktest(running, told, AbortSignal.any([signal, following.end.signal]));
  }

  /** @param {BacktestView} backtest */
  function create({ id }) {
    return h(
      "li",
      { class: "backtest-row" },
      h("a", { class: "name", href: `#/backtest?id=${encodeURIComponent(id)}` }),
      h("span", { class: "backtest-state" }),
      h("span", { class: "muted backtest-when" }),
      h("button", { type: "button", class: "small", onclick: () => remove(id) }),
    );
  }

  /** @param {string} id */
  async function remove(id) {
    try {
      await api.removeBacktest(id);
      say(said, "Done.");
      if (parseHash(location.hash).query.get("id") === id) setQuery({ id: undefined });
    } catch (error) {
      say(said, error instanceof Error ? error.message : String(error));
    }
    await screen.again();
  }
}

/** Words for states. @type {Readonly<Record<BacktestState, string>>} */
const WORDS = {
  queued: "waits for its turn",
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
  interrupted: "interrupted by a restart",
};

/** @param {number} progress @param {number} readings */
function progressOf(progress, readings) {
  return [bar(progress, "part"), ` ${percent(progress)}, ${count(readings)} readings`];
}

/** @param {HTMLElement} row @param {BacktestView} backtest @param {string | undefined} chosen */
function show(row, backtest, chosen) {
  const { id, name, state, created, progress, readings, alarms, error } = backtest;
  const [link, how, when, button] = row.children;
  row.dataset.state = state;
  say(link, name);
  if (id === chosen) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  if (state === "running") put(how, ...progressOf(progress, readings));
  else say(how, state === "done" ? `${count(alarms ?? 0)} alarms in ${count(readings)} readings` : WORDS[state]);
  if (error && state !== "done") say(how, `${WORDS[state]}: ${error}`);
  say(when, dateTime(created));
  const verb = state === "running" || state === "queued" ? "Cancel" : "Remove";
  say(button, verb);
  button.setAttribute("aria-label", `${verb} ${name}`);
}

/** @param {Backtest | undefined} chosen @returns {HTMLElement[]} */
function chosenPanels(chosen) {
  if (!chosen) return [];
  if (chosen.report) return reportPanels(chosen, chosen.report);
  return [
    panel(chosen.name, h("p", { class: "note" }, `Its report comes when it is done. It is ${WORDS[chosen.state]}.`)),
  ];
}
