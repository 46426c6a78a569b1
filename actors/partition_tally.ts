/**
 * What the runs of one partition count, since the process began: a partition may be given up and taken again.
 *
 * @module
 */
import type { PartitionCounts } from "./router.ts";
import type { QuarantineReason, QuarantineView } from "./views.ts";

/** Counts of one partition. What is read again after a crash counts again. */
export class PartitionTally {
  /** How long the source was held back, ms. */
  pausedMs = 0;
  /** Writes refused because of another owner. */
  fenced = 0;
  /** When the last checkpoint was durable, epoch ms; −1 before the first. */
  checkpointAt = -1;
  /** What was not accepted, by reason. */
  readonly quarantined: Partial<Record<QuarantineReason, number>> = {};

  /** What was not accepted between two checkpoints: the router's and the shards' counts, and what else shards set aside. */
  refused(before: PartitionCounts, after: PartitionCounts, others: Iterable<QuarantineView>): void {
    this.add("invalid", after.refused - before.refused);
    this.add("future", after.future - before.future);
    this.add("foreign", after.foreign - before.foreign);
    for (const { reason } of others) if (reason !== "invalid") this.add(reason, 1);
  }

  private add(reason: QuarantineReason, count: number): void {
    if (count > 0) this.quarantined[reason] = (this.quarantined[reason] ?? 0) + count;
  }
}
