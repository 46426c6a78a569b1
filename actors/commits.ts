/**
 * Makes durable what came out of a partition, cut by cut: outputs, the snapshots that cover them, the position. One
 * checkpoint at a time; reading goes on meanwhile.
 *
 * @module
 */
import type { CutResult } from "./batch.ts";
import type { Claim, CommitSink, Cut } from "./checkpoint.ts";
import type { CommandQueue } from "./commands/queue.ts";
import type { Followed } from "./followed.ts";
import { OutputsBucket } from "./outputs_bucket.ts";
import type { PartitionTally } from "./partition_tally.ts";
import type { Json, SourcePartition } from "./ports.ts";
import type { PartitionCounts } from "./router.ts";
import type { Shared } from "./shared.ts";
import type { Training, TrainingRecord } from "./training/training.ts";

/** Cuts that reading again may start from; with more, every other one goes. */
const MOST_CUTS = 32;

/** What commits are made with: the parts of a partition's run. */
export interface CommitsParts {
  readonly partition: SourcePartition;
  readonly shared: Shared;
  readonly sinks: readonly CommitSink[];
  readonly commands: CommandQueue;
  readonly tally: PartitionTally;
  readonly training?: Training;
  readonly followed?: Followed;
}

/** Where reading stands when it is cut. */
export interface CutPlace {
  readonly cut: Cut;
  /** Position up to which everything was read. */
  readonly readTo: number;
}

/** What is known of the partition at a cut that is being committed. */
interface Committing {
  readonly cut: Cut;
  readonly bucket: OutputsBucket;
  readonly results: readonly CutResult[];
  readonly sinks: Readonly<Record<string, Json>>;
  readonly ended: boolean;
  readonly training: TrainingRecord | undefined;
  /** Number of the last command before it. */
  readonly commandsTo: number;
}

/** The checkpoints of one run of a partition. */
export class Commits {
  /** What comes out until the next cut. */
  bucket = new OutputsBucket();
  /** The checkpoint that is being made; resolves once it is durable. */
  underWay?: Promise<void>;
  /** Why one failed: none is made after it. */
  failure?: unknown;
  /** Counts as of the last one, those of the shards included. */
  counts: PartitionCounts = { readings: 0, refused: 0, refusedHash: 0, future: 0, foreign: 0 };
  /** The last cut: when, up to where was read, and after how many readings. */
  last = { at: 0, readTo: 0, readings: 0 };
  /** Readings that shards refused since the record that the router was restored from. */
  refused = { count: 0, hash: 0 };
  private claim!: Claim; // from recover() on
  private cuts: Cut[] = [];
  private outputsCut = 0;
  /** What sinks want to find again; one that is not there this time keeps its state. */
  private sinkStates: Readonly<Record<string, Json>> = {};

  constructor(private readonly parts: CommitsParts) {}

  /** Goes on from what was stored, at this cut. */
  recover(claim: Claim, { cut, readTo }: CutPlace): void {
    const { recovery } = claim;
    this.claim = claim;
    this.sinkStates = recovery?.sinks ?? {};
    if (recovery) this.counts = { ...recovery.from.router.counts };
    this.outputsCut = recovery?.outputsCut ?? 0;
    this.cuts = [cut];
    this.last = { at: this.parts.shared.clock.now(), readTo, readings: cut.router.counts.readings };
  }

  /**
   * Cuts and makes everything before durable; rejects with what made it, or one before it, fail.
   *
   * @param here asked for once the one before is through; at once, if there is none: the cut is where reading stands then
   * @param share of the changed actors that are written, 0..1
   * @param ended whether the source has ended
   */
  make(here: () => CutPlace, share: number, ended: boolean): Promise<void> {
    if (this.failure) return Promise.reject(this.failure); // what the last one did not store is in no later one
    const run = this.underWay
      ? this.underWay.then(() => this.cutFollowed(here(), share, ended))
      : this.cutFollowed(here(), share, ended);
    const over = () => {
      if (this.underWay === settled) this.underWay = undefined;
    };
    const settled = run.then(over, (error) => {
      this.failure ??= error;
      over();
      throw error;
    });
    settled.catch(() => {}); // known as `failure`
    return this.underWay = settled;
  }

  /** Cuts, commits, and tells those readings that are followed. */
  private async cutFollowed(place: CutPlace, share: number, ended: boolean): Promise<void> {
    const followed = this.parts.followed?.cut(), { bucket, outputsCut } = this;
    try {
      await this.cutAndCommit(place, share, ended);
      followed?.stored(bucket.alerts(outputsCut));
    } catch (error) {
      followed?.failed(error);
      throw error;
    }
  }

  private async cutAndCommit({ cut, readTo }: CutPlace, share: number, ended: boolean): Promise<void> {
    const { bucket, parts: { shared, tally, commands } } = this, { position, router } = cut;
    this.bucket = new OutputsBucket();
    const begun = shared.clock.now();
    this.last = { at: begun, readTo, readings: router.counts.readings };
    const commandsTo = commands.number, training = this.parts.training?.record(); // at once: reading goes on while shards answer
    const keeps = this.parts.sinks.map((sink) => [sink.name, sink.cut(ended)] as const);
    const results = await this.cutShards(position, share);
    await Promise.all(bucket.expected);
    shared.released(results);
    const counts = this.countsOf(router.counts, bucket), from = this.outputsCut, to = Math.max(position, from);
    if (keeps.length > 0) await this.claim.writeBegun(to, training);
    const outputs = bucket.between(from, to, shared);
    const states = await Promise.all(keeps.map(async ([name, keep]) => [name, await keep(outputs)]));
    const sinks = { ...this.sinkStates, ...Object.fromEntries(states) };
    const counted = { ...cut, router: { ...router, counts } };
    await this.commit({ cut: counted, bucket, results, sinks, ended, training, commandsTo });
    this.sinkStates = sinks;
    tally.refused(this.counts, counts, bucket.setAsideByShards());
    this.counts = counts;
    tally.checkpointAt = shared.clock.now();
    shared.commits.add((tally.checkpointAt - begun) / 1000);
  }

  /** Asks every shard for its share of snapshots, and to let go of sensors that are not needed in memory. */
  private cutShards(position: number, share: number): Promise<CutResult[]> {
    const { shared, partition } = this.parts, release = shared.chooseReleases(partition.id);
    return Promise.all(shared.hosts.map((host, shard) =>
      host.send({
        kind: "cut",
        partition: partition.id,
        position,
        share,
        least: shared.options.snapshotLeast,
        release: release.filter((entry) => entry.shard === shard).map((entry) => entry.sensor),
      })
    ));
  }

  /** What the router counted, less what shards refused of it. */
  private countsOf(routed: PartitionCounts, { refused: { count, hash } }: OutputsBucket): PartitionCounts {
    this.refused.count += count;
    this.refused.hash = (this.refused.hash + hash) >>> 0;
    return {
      ...routed,
      readings: routed.readings - this.refused.count,
      refused: routed.refused + this.refused.count,
      refusedHash: (routed.refusedHash + this.refused.hash) >>> 0,
    };
  }

  private async commit({ cut, bucket, results, sinks, ended, training, commandsTo }: Committing): Promise<void> {
    const { claim, parts: { shared, partition, commands } } = this, { directory, plans, options } = shared;
    const from = this.outputsCut, alerts = bucket.alerts(from), deleted = bucket.deleted(from);
    await claim.writeOutputs({
      cut: Math.max(cut.position, from),
      windows: options.storeWindows ? bucket.storedWindows(from, plans, options.judging.windows, directory) : [],
      history: bucket.history(from, directory),
      alerts: bucket.storedAlerts(from),
      quarantine: bucket.notAccepted(from),
      deleted,
      sinks,
      counts: cut.router.counts,
      sourceTime: cut.router.sourceTime.time,
      ...(training ? { training } : {}),
      samples: this.parts.training?.samples.take(cut.position) ?? [],
    });
    commands.isStored(commandsTo);
    this.outputsCut = Math.max(cut.position, from);
    for (const sink of this.parts.sinks) await sink.committed?.();
    shared.committed(partition.id, bucket.verdicts(from, options.feedReadings, plans, directory), alerts);
    // In order of name, as the store keeps them: see `roll.ts`.
    const snapshots = results.flatMap(({ snapshots }) => snapshots).sort((a, b) => a.name < b.name ? -1 : 1);
    // Also those whose outputs went before a crash: their snapshots may be there still.
    await claim.writeSnapshots(snapshots, bucket.deleted(0).keys());
    shared.stored(snapshots);
    this.keepCuts(cut, results);
    await claim.writePosition(this.cuts, ended, await shared.statesToTell(partition.id));
    const [{ position }] = this.cuts;
    this.parts.training?.released(position);
    commands.release(position);
    await partition.released?.(position);
  }

  /** Adds a cut, and drops those before the oldest change that no snapshot holds. */
  private keepCuts(cut: Cut, results: readonly CutResult[]): void {
    this.cuts.push(cut);
    const oldest = Math.min(...results.map(({ oldestChange }) => oldestChange < 0 ? Infinity : oldestChange));
    while (this.cuts.length > 1 && this.cuts[1].position <= oldest) this.cuts.shift();
    if (this.cuts.length > MOST_CUTS) this.cuts = this.cuts.filter((_, i) => i % 2 === 0 || i === this.cuts.length - 1);
  }
}
