/**
 * Analytics: how channels go together, what each place and type is like, what is usual at which hour, which values occur.
 *
 * @module
 * @import { Stage } from "../main.js"
 * @import { DistributionView, GroupStatistics, Looked, ProfileView, SummaryStatistics } from "../../actors/analytics/port.ts"
 * @import { Matrix } from "./correlation.js"
 */
import { CELLS_WORD } from "../charts/cells.js";
import { Figure } from "../charts/figure.js";
import * as api from "../core/analytics.js";
import { csvButton } from "../core/csv.js";
import { h, put, say } from "../core/dom.js";
import { count, dateTime, number } from "../core/format.js";
import { parseHash } from "../core/router.js";
import { matrixContent, strongest } from "./correlation.js";
import { periodChoice, periodOf } from "./period.js";
import { distributionContent, profileContent, profileDays } from "./profile.js";
import { keyFigures, Screen } from "./screen.js";
import { joinNames, namedSensors, sensorChoice } from "./sensor_choice.js";
import { plainTable } from "./tables.js";
import { choice, fill, labelled } from "./toolbar.js";
import { percent } from "./why.js";

/** Sensors that can be compared at once. */
const SENSORS_MOST = 24;
/** A long period is asked for again so often where the reader wants it live, ms. */
const LIVE_MS = 30_000;

/** @typedef {GroupStatistics & { location?: string | null, type?: string | null }} Group */
/** @typedef {{ summary: SummaryStatistics, matrix: Matrix | undefined, left: number, profile: ProfileView, days: ProfileView | undefined, distribution: DistributionView }} Answer */

/** Shows it. @param {Stage} stage */
export function analyticsView(stage) {
  const { model, sync, signal } = stage;
  sync.watch(undefined);
  const key = keyFigures("Of the period", [
    ["ana-sensors", "sensors"],
    ["ana-windows", "windows"],
    ["ana-readings", "readings"],
    ["ana-anomalies", "anomalous"],
    ["ana-ratio", "of all readings"],
    ["ana-alerts", "alerts"],
  ]);
  const of = h("p", { class: "muted", id: "ana-of" });
  const by = choice("by", [["", "sensors"], ["type", "types"]]);
  const source = choice("source", [["", "windows"], ["readings", "readings"], ["live", "windows, the latest most"]]);
  const channel = choice("channel", []);
  const days = choice("days", [["", "all days together"], ["week", "each weekday"]]);
  const heat = new Figure({ title: "Correlation", kind: "cells", x: "series", min: -1, max: 1 }, signal);
  const hours = new Figure({ title: "Profile by hour of day", kind: "lines", x: "hour", step: 3 }, signal);
  const week = new Figure({ title: "Profile by weekday and hour", kind: "cells", x: "hour" }, signal);
  const values = new Figure(
    { title: "Distribution of values", kind: "bars", x: "value", unit: "values", log: true },
    signal,
  );
  const strong = h("p", { class: "sentence", id: "ana-strong" });
  const places = h("div", { id: "ana-locations" });
  const types = h("div", { id: "ana-types" });
  /** @type {Answer | undefined} */
  let shown;

  new Screen(
    stage,
    {
      title: "Analytics",
      intro: "What a period was like: who goes together, what is usual where and when.",
      records: false,
      liveMs: LIVE_MS,
      load: async (query, asked) => {
        const answer = await load(query, asked);
        return () => draw(answer);
      },
    },
    h("div", { class: "view-controls" }, periodChoice(model, signal), sensorChoice(stage, SENSORS_MOST)),
    key.element,
    of,
    h(
      "section",
      { class: "panel", "aria-label": "How channels go together" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "How channels go together"),
        h("div", { class: "filters" }, labelled("Of", by), labelled("From", source)),
      ),
      strong,
      heat.element,
    ),
    h(
      "div",
      { class: "columns even start" },
      groupPanel("location", places, () => shown?.summary.by_location),
      h(
        "div",
        { class: "stack" },
        groupPanel("type", types, () => shown?.summary.by_type),
        h(
          "section",
          { class: "panel stack", "aria-label": "One channel" },
          h(
            "div",
            { class: "grid-head" },
            h("h2", {}, "One channel"),
            h("div", { class: "filters" }, labelled("Channel", channel), labelled("Days", days)),
          ),
          hours.element,
          week.element,
          values.element,
        ),
      ),
    ),
  );

  /** @param {URLSearchParams} query @param {AbortSignal} asked @returns {Promise<Answer>} */
  async function load(query, asked) {
    const filter = { location: query.get("location") ?? undefined, type: query.get("type") ?? undefined };
    const where = { ...filter, ...periodOf(query, model) };
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const one = namedSensors(query);
    // What is not about pairs is of one sensor at most: several are told together by the filters.
    const own = { ...where, sensor: one.length === 1 ? one[0] : undefined };
    const [summary, matrix, profile, distribution] = await Promise.all([
      api.statistics(own, asked),
      loadMatrix(query, where, asked),
      api.profile({ ...own, zone }, asked),
      api.distribution(own, asked),
    ]);
    const daily = query.get("days") === "week"
      ? await api.profile({ ...own, zone, weekday: "true", channel: channelOf(query, profile) }, asked)
      : undefined;
    return { summary, ...matrix, profile, days: daily, distribution };
  }

  /** @param {Answer} answer */
  function draw(answer) {
    shown = answer;
    const { query } = parseHash(location.hash);
    const { total } = answer.summary;
    const figures = {
      "ana-sensors": total.sensors,
      "ana-windows": total.windows,
      "ana-readings": total.readings,
      "ana-anomalies": total.anomalies,
      "ana-alerts": total.alerts,
    };
    const texts = Object.fromEntries(Object.entries(figures).map(([id, n]) => [id, count(n)]));
    const ratio = total.anomaly_ratio;
    key.show({ ...texts, "ana-ratio": ratio === null ? "–" : percent(ratio) }, {
      ...figures,
      ...(ratio === null ? {} : { "ana-ratio": ratio }),
    });
    say(of, scopeWords(answer.summary));
    by.value = query.get("by") ?? "";
    source.value = query.get("source") ?? "";
    by.disabled = source.value === "live";
    heat.show(matrixContent(answer.matrix, answer.left, CELLS_WORD));
    say(strong, strongest(answer.matrix));
    put(places, ...groupTables("location", answer.summary.by_location));
    put(types, ...groupTables("type", answer.summary.by_type));
    const names = answer.profile.channels.map((one) => one.channel);
    const name = channelOf(query, answer.profile) ?? "";
    fill(channel, names, name);
    days.value = query.get("days") ?? "";
    hours.element.hidden = answer.days !== undefined;
    week.element.hidden = answer.days === undefined;
    hours.show(profileContent(answer.profile, name));
    if (answer.days) week.show(profileDays(answer.days, name));
    values.show(distributionContent(answer.distribution, name));
  }
}

/** @param {URLSearchParams} query @param {ProfileView} profile */
function channelOf(query, { channels }) {
  const names = channels.map(({ channel }) => channel);
  return names.find((name) => name === query.get("channel")) ?? names[0];
}

/** @param {URLSearchParams} query @param {import("../core/api.js").Query} where @param {AbortSignal} asked */
async function loadMatrix(query, where, asked) {
  const source = query.get("source") ?? "";
  if (source === "live") {
    const places = await api.liveCorrelation({ location: where.location }, asked);
    return { matrix: places[0], left: 0 };
  }
  const names = namedSensors(query);
  const found = await api.correlation({
    ...where,
    sensors: names.length > 0 ? joinNames(names) : undefined,
    by: query.get("by") ?? undefined,
    source: source === "" ? undefined : source,
  }, asked);
  return { matrix: found, left: found.left_out };
}

/** What was looked at. @param {Looked} scope */
function scopeWords({ period: { from, to }, truncated }) {
  const more = truncated ? " There is more than is looked at: each sensor gave the newest of it." : "";
  return `${dateTime(from)} to ${dateTime(to)}.${more}`;
}

/** @param {"location" | "type"} of @param {HTMLElement} table @param {() => readonly Group[] | undefined} groups */
function groupPanel(of, table, groups) {
  return h(
    "section",
    { class: "panel", "aria-label": `By ${of}` },
    h(
      "div",
      { class: "grid-head" },
      h("h2", {}, `By ${of}`),
      csvButton(`statistics by ${of}`.replaceAll(" ", "-"), () => ({
        heads: headsOf(of),
        rows: rowsOf(of, groups() ?? []),
      })),
    ),
    table,
  );
}

/** @param {"location" | "type"} of */
function headsOf(of) {
  return [of, "channel", "values", "mean", "std", "min", "max", "anomalous"];
}

/** A row for each channel of a group. @param {"location" | "type"} of @param {readonly Group[]} groups */
function rowsOf(of, groups) {
  return groups.flatMap((group) =>
    group.channels.map(({ channel, count, mean, std, min, max, anomalies }) => [
      group[of] ?? "none given",
      channel,
      count,
      mean,
      std,
      min,
      max,
      anomalies,
    ])
  );
}

/** Each group as a whole, then its channels. @param {"location" | "type"} of @param {readonly Group[]} groups */
function groupTables(of, groups) {
  const whole = groups.map((group) => [
    group[of] ?? "none given",
    group.sensors,
    group.readings,
    group.anomalies,
    group.anomaly_ratio === null ? "–" : percent(group.anomaly_ratio),
    group.alerts,
  ]);
  const rows = groups.flatMap((group) =>
    group.channels.map(({ channel, count, mean, std, min, max }, at) => [
      h("span", { class: at === 0 ? "" : "sr" }, group[of] ?? "none given"),
      channel,
      count,
      mean,
      std,
      `${number(min)} to ${number(max)}`,
    ])
  );
  const none = "Nothing in this period.";
  return [
    plainTable(`Table of anomalies by ${of}`, [of, "sensors", "readings", "anomalous", "share", "alerts"], whole, none),
    rows.length > 0 && plainTable(
      `Table of statistics by ${of}`,
      [of, "channel", "values", "mean", "std", "range"],
      rows,
      none,
    ),
  ];
}
