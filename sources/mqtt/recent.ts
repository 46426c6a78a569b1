/**
 * The readings that came last into the log: what a broker, or a device, sends again is known by them.
 *
 * A sensor's actor knows a duplicate among its last values alone; a broker sends again all that was not acknowledged when the
 * connection broke, which may be more. A reading with the same sensor, time and values says nothing new, so leaving it out
 * loses nothing.
 *
 * @module
 */
import type { LogPort } from "../../actors/log.ts";
import { SourceError } from "../../actors/ports.ts";

/** So many readings are remembered at least, and twice as many at most; brokers send fewer ahead of our acknowledgements. */
const RECENT_LINES = 10_000;
/** Longest line that is remembered: longer ones are rare, and would take too much. */
const LINE_LENGTH = 1_000;

/** Remembers the last lines. */
export class RecentLines {
  /** In two generations: a set from which the oldest is taken one by one gets slow. */
  #lines = new Set<string>();
  #older = new Set<string>();

  /** Whether this very reading is among them. */
  has(line: string): boolean {
    return this.#lines.has(line) || this.#older.has(line);
  }

  /** Takes lines that are durable now. */
  add(lines: Iterable<string>): void {
    for (const line of lines) {
      if (line.length > LINE_LENGTH) continue;
      this.#lines.add(line);
      if (this.#lines.size < RECENT_LINES) continue;
      this.#older = this.#lines;
      this.#lines = new Set();
    }
  }

  /** Takes what the log holds of before, as after a restart. */
  async load(log: LogPort): Promise<void> {
    for (let partition = 0; partition < log.partitions; partition++) {
      try {
        await this.#load(log, partition);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error; // what is released meanwhile was acknowledged long ago
      }
    }
  }

  async #load(log: LogPort, partition: number): Promise<void> {
    const end = log.end(partition), from = Math.max(log.least(partition), end - 2 * RECENT_LINES);
    if (from >= end) return;
    const decoder = new TextDecoder(), { signal } = new AbortController();
    for await (const entry of log.read(partition, from, signal)) {
      if (entry.kind === "lines") this.add(decoder.decode(entry.bytes).split("\n", entry.count));
      if (entry.position + (entry.kind === "tick" ? 1 : entry.count) >= end) return;
    }
  }
}
