/**
 * One partition of the readings' log as a source that ends where the log ends now: for whoever applies what is there
 * and waits for nothing.
 *
 * @module
 */
import type { LogEntry } from "../actors/log.ts";
import type { Source, SourcePartition } from "../actors/ports.ts";
import { chunksOf, logPartition } from "./http.ts";

/** The log, as far as it is needed here. */
export interface LogTail {
  /** Entries from the record at `from` on, up to where the partition ends now. */
  tail(partition: number, from: number): AsyncIterable<LogEntry>;
  /** Lets go of what lies before `position`. */
  released(partition: number, position: number): Promise<void>;
}

/** The rest of a partition. */
export class HttpTail implements Source {
  readonly name = "http";

  /**
   * @param reached called where the log ends, before the source does: it stops the run, which stores what it has; a
   * source that ended by itself would be taken for one that has ended for good
   */
  constructor(
    private readonly log: LogTail,
    private readonly partition: number,
    private readonly reached: () => Promise<void>,
  ) {}

  open(): Promise<readonly SourcePartition[]> {
    const { log, partition, reached } = this;
    return Promise.resolve([{
      id: logPartition(partition),
      read: async function* (from) {
        for await (const entry of log.tail(partition, from)) yield* chunksOf(entry, partition);
        await reached();
      },
      released: (position) => log.released(partition, position),
    }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
