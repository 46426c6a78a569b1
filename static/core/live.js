/**
 * Following a stream of the API, through restarts of the server and cuts of the line.
 *
 * The browser's EventSource reconnects by itself after a cut and sends the last id it saw. It gives up for good when
 * the answer is no stream (a proxy's 502, a 503 at start); then a new one is opened here with that id, a little later
 * each time, 30 s apart at most.
 *
 * @module
 */
import { parse } from "./api.js";

const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 30_000;

/**
 * What a follower is told.
 *
 * @template T
 * @typedef {object} Follower
 * @property {(data: T) => void} event something new; may come twice, under the same id in its data
 * @property {(again: boolean) => void} open the stream stands; `again` if it stood before
 * @property {() => void} lost the stream broke and is being opened again
 * @property {() => void} resync too much was missed: ask for everything again
 */

/**
 * One stream, followed until it is closed.
 *
 * @template T
 */
export class Stream {
  /** @type {EventSource | undefined} */
  #source;
  #lastId = "";
  #retryMs = RETRY_FIRST_MS;
  #opened = false;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #path;
  #type;
  #follower;

  /**
   * @param {string} path with its query
   * @param {string} type the events that count, such as `alert`
   * @param {Follower<T>} follower
   */
  constructor(path, type, follower) {
    this.#path = path;
    this.#type = type;
    this.#follower = follower;
    this.#connect();
  }

  /** Ends it; {@linkcode open} goes on from the last id. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  /** Goes on if it was closed. */
  open() {
    this.#closed = false;
    this.retry();
  }

  /** Tries again at once, if it is down: somebody knows that the server is back. */
  retry() {
    if (this.#closed || this.#source?.readyState === EventSource.OPEN) return;
    this.#retryMs = RETRY_FIRST_MS;
    this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const url = new URL(this.#path, location.origin);
    if (this.#lastId !== "") url.searchParams.set("last_event_id", this.#lastId);
    const source = new EventSource(url);
    this.#source = source;
    source.onopen = () => {
      this.#retryMs = RETRY_FIRST_MS;
      const again = this.#opened;
      this.#opened = true;
      this.#follower.open(again);
    };
    source.onerror = () => {
      this.#follower.lost();
      if (source.readyState === EventSource.CLOSED) this.#later();
    };
    source.addEventListener(this.#type, (event) => this.#take(event));
    source.addEventListener("resync", (event) => {
      this.#lastId = event.lastEventId;
      this.#follower.resync();
    });
  }

  /** @param {MessageEvent<string>} event */
  #take(event) {
    if (event.lastEventId !== "") this.#lastId = event.lastEventId;
    this.#follower.event(/** @type {T} */ (parse(event.data)));
  }

  #later() {
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MOST_MS, this.#retryMs * 2);
  }
}
