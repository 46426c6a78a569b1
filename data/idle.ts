/**
 * Notices that a server sends nothing any more.
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";

/** Aborts a request once one wait for it was too long. */
export class Idle {
  /** Longest wait. */
  readonly ms: number;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  /** For the request. */
  readonly signal: AbortSignal;
  /** Whether it was aborted for that. */
  ended = false;

  /**
   * @param ms longest wait
   * @param signal aborts the request as well
   */
  constructor(clock: Clock, ms: number, signal?: AbortSignal) {
    this.ms = ms;
    this.#clock = clock;
    this.signal = signal === undefined ? this.#abort.signal : AbortSignal.any([this.#abort.signal, signal]);
  }

  /** What `act` resolves to, if it does so in time. */
  async whileWaiting<T>(act: () => Promise<T>): Promise<T> {
    const waiting = new AbortController();
    this.#clock.sleep(this.ms, waiting.signal).then(() => {
      this.ended = true;
      this.#abort.abort(new Error("nothing came"));
    }, () => {}); // what was waited for has come
    try {
      return await act();
    } finally {
      waiting.abort();
    }
  }

  /** Lets go of the connection, wherever it stands. */
  stop(): void {
    this.#abort.abort(new Error("done"));
  }
}
