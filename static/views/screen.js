/**
 * A view that asks the server again and again: its head with filters, what stands there while there is no answer, and
 * what is said when there is none. What was shown stays when a question fails.
 *
 * @module
 * @import { Stage } from "../main.js"
 */
import { ApiError } from "../core/api.js";
import { h, put, say } from "../core/dom.js";
import { clockSeconds } from "../core/format.js";
import { parseHash } from "../core/router.js";
import { refreshMs, toolbar } from "./toolbar.js";

/**
 * What makes a view.
 *
 * @typedef {object} Plan
 * @property {string} title
 * @property {string} intro one sentence: what it answers
 * @property {boolean} [places] location and type can be chosen
 * @property {boolean} [records] how many records can be chosen
 * @property {number} [liveMs] time between two questions where it is live
 * @property {(query: URLSearchParams, signal: AbortSignal) => Promise<() => void>} load asks, then gives what draws the answer
 */

/** What the server says of a path that it does not serve. */
const NOT_SERVED = "There is nothing here.";

/** Such a view. */
export class Screen {
  #stage;
  #plan;
  #note = h("p", { class: "note", id: "view-note", role: "status" }, "Loading…");
  #asked = h("span", { class: "muted asked" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController} */
  #question = new AbortController();
  /** @type {readonly HTMLElement[]} */
  #parts;

  /** @param {Stage} stage @param {Plan} plan @param {...HTMLElement} parts */
  constructor(stage, plan, ...parts) {
    const { model, main, signal } = stage;
    this.#stage = stage;
    this.#plan = plan;
    this.#parts = parts;
    document.title = `${plan.title} – Sensorium`;
    put(
      main,
      h(
        "div",
        { class: "view-head" },
        h(
          "div",
          {},
          h("h1", { id: "view-title" }, plan.title),
          h("p", { class: "muted" }, plan.intro, " ", this.#asked),
        ),
        toolbar(model, signal, { again: () => this.again(), places: plan.places, records: plan.records }),
      ),
      this.#note,
      ...parts,
    );
    addEventListener("query", () => this.again(), { signal });
    let connection = model.connection;
    model.on("connection", () => {
      if (model.connection === "live" && connection === "lost") this.again();
      connection = model.connection;
    }, signal);
    document.addEventListener("visibilitychange", () => document.hidden || this.again(), { signal });
    signal.addEventListener("abort", () => {
      clearTimeout(this.#timer);
      this.#question.abort();
    });
    // Who knows no sensor yet cannot choose any: wait for the first list of them.
    if (model.sensorsLoaded || plan.places === false) this.again();
    else {
      const waiting = new AbortController();
      model.on("sensors", () => {
        waiting.abort();
        if (!signal.aborted) this.again();
      }, waiting.signal);
      const tell = () => say(this.#note, waitingFor(model, "sensors"));
      model.on("connection", tell, waiting.signal);
      tell();
    }
  }

  /** Asks now. */
  async again() {
    const { signal } = this.#stage;
    clearTimeout(this.#timer);
    this.#question.abort();
    const question = this.#question = new AbortController();
    const query = parseHash(location.hash).query;
    try {
      const draw = await this.#plan.load(query, question.signal);
      if (question.signal.aborted || signal.aborted) return;
      draw();
      this.#note.hidden = true;
      say(this.#asked, `As of ${clockSeconds(Date.now())}.`);
    } catch (error) {
      if (question.signal.aborted || signal.aborted) return;
      this.#note.hidden = false;
      const why = error instanceof Error ? error.message : String(error);
      if (why === NOT_SERVED) {
        return this.#leave("This instance does not have it: it works within requests alone, as on Deno Deploy.");
      }
      if (error instanceof ApiError && error.status === 501) return this.#leave(why);
      say(this.#note, `${why} Trying again.`);
    }
    const wait = refreshMs(query, this.#plan.liveMs);
    if (wait !== undefined) this.#timer = setTimeout(() => this.#next(), wait);
  }

  /** Nothing comes here, however often it is asked for. @param {string} why */
  #leave(why) {
    for (const part of this.#parts) part.hidden = true;
    say(this.#note, why);
  }

  #next() {
    if (document.hidden) this.#timer = setTimeout(() => this.#next(), 1_000);
    else this.again();
  }
}

/** What stands where something will be: that it comes, or why it does not. @param {Stage["model"]} model @param {import("../core/model.js").Kind} kind */
export function waitingFor({ errors }, kind) {
  const why = errors.get(kind);
  return why === undefined ? "Loading…" : `${why} Trying again.`;
}

/** A panel with a heading. @param {string} title @param {...HTMLElement} parts */
export function panel(title, ...parts) {
  return h("section", { class: "panel", "aria-label": title }, h("h2", {}, title), ...parts);
}

/** A panel of one figure, whose title is its heading. @param {{ element: HTMLElement }} figure */
export function figurePanel({ element }) {
  return h("section", { class: "panel" }, element);
}

/**
 * Key figures in a row.
 *
 * @param {string} name what they are of
 * @param {readonly (readonly [string, string])[]} figures id and word of each
 */
export function keyFigures(name, figures) {
  /** @type {Map<string, HTMLElement>} */
  const values = new Map();
  const element = h(
    "dl",
    { class: "tiles key", "aria-label": name },
    ...figures.map(([id, word]) => {
      const value = h("dd", { id }, "–");
      values.set(id, value);
      return h("div", { class: "tile" }, h("dt", {}, word), value);
    }),
  );
  return {
    element,
    /** @param {Record<string, string>} texts by id @param {Record<string, number>} [exact] */
    show(texts, exact = {}) {
      for (const [id, text] of Object.entries(texts)) {
        const value = values.get(id);
        if (!value) continue;
        say(value, text);
        if (exact[id] !== undefined) value.dataset.value = String(exact[id]);
      }
    },
    /** Calls one otherwise. @param {string} id @param {string} word */
    name(id, word) {
      const term = values.get(id)?.parentElement?.querySelector("dt");
      if (term) say(term, word);
    },
  };
}
