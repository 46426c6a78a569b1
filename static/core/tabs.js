/**
 * Which tabs may hold streams open.
 *
 * A browser has six connections to a server (HTTP/1.1) for all its tabs together, and a stream keeps one for ever: the
 * third tab on the screen would leave none for questions, and the fourth would stand still. So the tabs that are on the
 * screen tell each other of themselves, and the longest open ones stream; the others ask at intervals, as do all where
 * nobody looks. Locks would be shorter, but browsers give them to pages from `https:` or the same machine only.
 *
 * @module
 */

/** Tabs that stream: with two streams each, two connections stay free for questions. */
const STREAMING_TABS = 2;
/** A tab on the screen says that it is there so often, ms. */
const SAY_EVERY_MS = 2_000;
/** A tab that was not heard of for so long is gone, ms. */
const GONE_AFTER_MS = 7_000;

/** @typedef {{ id: string, here: boolean }} Word */

/** This tab among the others. */
export class Tabs {
  /** Sorts by age. */
  #id = `${String(Date.now()).padStart(15, "0")}-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  #channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("sensorium-tabs");
  /** When each of the others was last heard of. @type {Map<string, number>} */
  #others = new Map();
  #may = !document.hidden;
  #changed;

  /** @param {() => void} changed told when {@linkcode may} has changed */
  constructor(changed) {
    this.#changed = changed;
    this.#channel?.addEventListener("message", (event) => this.#hear(event.data));
    document.addEventListener("visibilitychange", () => this.#say());
    addEventListener("pagehide", () => this.#say(false));
    addEventListener("pageshow", () => this.#say());
    setInterval(() => this.#say(), SAY_EVERY_MS);
    this.#say();
  }

  /** Whether this tab may stream. */
  get may() {
    return this.#may;
  }

  #say(here = !document.hidden) {
    this.#channel?.postMessage({ id: this.#id, here });
    const now = Date.now();
    for (const [id, heard] of this.#others) if (now - heard > GONE_AFTER_MS) this.#others.delete(id);
    this.#judge();
  }

  /** @param {Word} word */
  #hear({ id, here }) {
    const known = this.#others.has(id);
    if (here) this.#others.set(id, Date.now());
    else this.#others.delete(id);
    if (here && !known) this.#say(); // so that it knows of this one at once
    else this.#judge();
  }

  #judge() {
    const older = [...this.#others.keys()].filter((id) => id < this.#id).length;
    const may = !document.hidden && older < STREAMING_TABS;
    if (may === this.#may) return;
    this.#may = may;
    this.#changed();
  }
}
