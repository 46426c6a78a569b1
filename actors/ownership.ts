/**
 * Owning partitions: each is run for as long as it is this process's, begun again when its store was away or somebody
 * else had taken it meanwhile, and given up when the source says so.
 *
 * Whatever the source believes, the store decides: a run whose fence another owner has raised writes nothing more. What is
 * in memory of a partition goes whenever a run of it ends early, and the next one begins at the checkpoint, as after a crash.
 *
 * @module
 */
import { FencedError, StoreAwayError } from "./checkpoint.ts";
import type { PartitionRun } from "./partition_run.ts";
import type { Clock, Source, SourcePartition } from "./ports.ts";

/** What owning needs of the supervisor. */
export interface Owner {
  readonly clock: Clock;
  /** Makes a run of the partition, in the place of its last one. */
  begin(partition: SourcePartition, source: string): Pick<PartitionRun, "run" | "state" | "error">;
  /** Lets go of what is in memory of a partition that does not run. */
  forget(partition: string): Promise<void>;
  /** The same, and it is shown no more. */
  giveUp(partition: string): Promise<void>;
  /** Tells that a run has ended early. @param again whether it will be begun again */
  ended(partition: string, error: Error, again: boolean): void;
}

/** A partition that is this process's. */
interface Held {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** The partitions of one source that are this process's. */
export class Ownership {
  private readonly held = new Map<string, Held>();
  /** Those that are being given up: whoever gets them back waits for that. */
  private readonly leaving = new Map<string, Promise<void>>();

  /** @param storeAwayMs so long after its store did not answer a partition is begun again; absent: it has failed then */
  constructor(
    private readonly source: Source,
    private readonly owner: Owner,
    private readonly storeAwayMs: number | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /** Runs these partitions, and those that come and go, until they have ended or the signal is aborted. */
  async run(partitions: readonly SourcePartition[]): Promise<void> {
    for (const partition of partitions) this.take(partition);
    for await (const change of this.source.assignments?.(this.signal) ?? []) {
      if (change.kind === "assign") { for (const partition of change.partitions) this.take(partition); }
      else void Promise.all(change.ids.map((id) => this.leave(id))).then(change.done);
    }
    await Promise.all([...this.leaving.values(), ...[...this.held.values()].map(({ ended }) => ended)]);
  }

  private take(partition: SourcePartition): void {
    const { id } = partition;
    if (this.held.has(id)) return;
    const stop = new AbortController(), signal = AbortSignal.any([this.signal, stop.signal]);
    const ended = (this.leaving.get(id) ?? Promise.resolve()).then(() => this.hold(partition, signal));
    this.held.set(id, { stop, ended });
  }

  private leave(id: string): Promise<void> {
    const held = this.held.get(id);
    if (held === undefined) return this.leaving.get(id) ?? Promise.resolve();
    this.held.delete(id);
    held.stop.abort(GIVEN_UP);
    const left = held.ended.then(() => this.owner.giveUp(id)).finally(() => {
      if (this.leaving.get(id) === left) this.leaving.delete(id);
    });
    this.leaving.set(id, left);
    return left;
  }

  /** Runs a partition until its source has ended, it is stopped, or it has failed for good. */
  private async hold(partition: SourcePartition, signal: AbortSignal): Promise<void> {
    const { owner } = this;
    for (;;) {
      const run = owner.begin(partition, this.source.name);
      try {
        return await run.run(signal);
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown)),
          waitMs = this.waitAfter(error, signal);
        run.error = error.message;
        run.state = waitMs === undefined ? "failed" : "waiting";
        owner.ended(partition.id, error, waitMs !== undefined);
        if (waitMs === undefined) return;
        await owner.forget(partition.id);
        if (waitMs > 0) await owner.clock.sleep(waitMs, signal).catch(() => {});
        if (signal.aborted) return void (run.state = "stopped");
      }
    }
  }

  /** How long to wait before beginning again, ms; undefined: it is over. By then the source has said whose it is. */
  private waitAfter(error: Error, signal: AbortSignal): number | undefined {
    if (signal.aborted) return undefined; // its end was to be stored, and is not
    if (error instanceof StoreAwayError) return this.storeAwayMs;
    return error instanceof FencedError ? this.source.sharedWithinMs : undefined;
  }
}

const GIVEN_UP = new Error("the partition is another process's now");
