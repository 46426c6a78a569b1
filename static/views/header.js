/**
 * The strip at the top: name, connection lamp with the age of the data, clock with its zone, light or dark.
 *
 * @module
 * @import { Model } from "../core/model.js"
 */
import { h, put, say, svg } from "../core/dom.js";
import { parseHash, viewHref } from "../core/router.js";
import { unknownNow } from "./counts.js";
import { clockSeconds, dateTime, duration, offset, zone } from "../core/format.js";

/** Data older than this is told by its date instead of its age, ms. */
const AGE_MOST_MS = 86_400_000;

/** The server's clock may be ahead of the reader's by so much, ms. */
const CLOCKS_APART_MS = 60_000;

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

/** Fills the header; it stays for the life of the page. @param {HTMLElement} element @param {Model} model */
export function header(element, model) {
  const lamp = h("span", { class: "lamp-icon", "aria-hidden": "true" });
  const word = h("strong", { id: "connection" });
  const age = h("span", { id: "age", class: "muted" });
  const time = h("time", { class: "clock" });
  put(
    element,
    h(
      "a",
      { href: "#/", class: "brand", "aria-label": "Sensorium, overview" },
      logo(),
      h("span", {}, "Sensorium"),
    ),
    navigation(),
    h("p", { class: "lamp", role: "status", id: "lamp" }, lamp, word, " ", age),
    h("p", { class: "clock-box muted", title: zone() }, time, h("span", { class: "zone" }, ` ${offset()}`)),
    themeButton(),
  );
  const lampBox = /** @type {HTMLElement} */ (element.querySelector("#lamp"));
  const words = { connecting: "Connecting", live: "Live", lost: "Disconnected" };

  function tick() {
    say(time, clockSeconds(Date.now()));
    const trouble = troubleOf(model);
    const state = model.connection === "live" && trouble ? "trouble" : model.connection;
    lampBox.dataset.state = state;
    lampBox.title = unknownNow(model) ?? "";
    say(word, trouble && state === "trouble" ? trouble : words[model.connection]);
    say(age, ageOf(model));
  }
  // Read out only when the connection changes, not each second.
  age.setAttribute("aria-live", "off");
  tick();
  setInterval(tick, 1000);
  const forever = new AbortController().signal;
  for (const topic of /** @type {const} */ (["connection", "summary", "sinks"])) model.on(topic, tick, forever);
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main")?.focus();
  });
}

/** What is wrong with where readings come from or outputs go to, in few words. @param {Model} model */
function troubleOf(model) {
  const partitions = model.summary?.partitions ?? [];
  if (partitions.some((partition) => partition.state === "failed")) return "Source failed";
  if (partitions.length > 0 && partitions.every((partition) => partition.state === "finished")) {
    return "Replay finished";
  }
  if (unknownNow(model) !== undefined) return "Not all is known";
  return model.sinks.some(({ state }) => state === "failing") ? "Sink failing" : undefined;
}

/** @param {Model} model */
function ageOf(model) {
  const now = model.now();
  if (Number.isNaN(now)) return model.connection === "live" ? "no readings yet" : "";
  const age = Date.now() - now;
  if (age < -CLOCKS_APART_MS || age > AGE_MOST_MS) return `data to ${dateTime(now)}`;
  return model.connection === "live" ? `data ${duration(age)} old` : `retrying, data ${duration(age)} old`;
}

/** Views by what a person calls them. */
const NAMES = /** @type {const} */ ([
  ["overview", "Overview"],
  ["live", "Live"],
  ["windows", "Windows"],
  ["detection", "Detection"],
  ["analytics", "Analytics"],
  ["federation", "Federation"],
  ["predict", "Predict"],
  ["backtest", "Backtest"],
]);

/** The row of views; filters go along from one to the next. */
function navigation() {
  const links = NAMES.map(([view, name]) => h("a", { href: viewHref(view, new URLSearchParams()) }, name));
  function follow() {
    if (location.hash === "#main") return;
    const { view, query } = parseHash(location.hash);
    NAMES.forEach(([name], at) => {
      links[at].setAttribute("href", viewHref(name, query));
      if (name === view) {
        links[at].setAttribute("aria-current", "page");
        // On a phone the row scrolls.
        requestAnimationFrame(() => links[at].scrollIntoView({ block: "nearest", inline: "nearest" }));
      } else links[at].removeAttribute("aria-current");
    });
  }
  addEventListener("hashchange", follow);
  follow();
  return h("nav", { class: "views", "aria-label": "Views" }, ...links);
}

function logo() {
  return svg(
    "svg",
    { viewBox: "0 0 32 32", class: "logo", "aria-hidden": "true" },
    svg("path", { d: "M2 18h7l3.5-10 6 17 4-11 2 4H30" }),
  );
}

function themeButton() {
  let at = Math.max(0, THEMES.findIndex((theme) => theme === document.documentElement.dataset.theme));
  const button = h("button", { type: "button", class: "theme", id: "theme" });
  const label = () => {
    say(button, `◐ ${THEMES[at]}`);
    button.setAttribute("aria-label", `Theme: ${THEMES[at]}`);
  };
  button.addEventListener("click", () => {
    at = (at + 1) % THEMES.length;
    const theme = THEMES[at];
    try {
      if (theme === "auto") localStorage.removeItem("sensorium-theme");
      else localStorage.setItem("sensorium-theme", theme);
    } catch {
      // Without storage the choice holds until the page is left.
    }
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    label();
    dispatchEvent(new Event("theme"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("theme")));
  label();
  return button;
}
