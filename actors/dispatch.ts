/**
 * Sends the shards what a partition's router has filled for them, with what comes into force there, and takes their answers.
 *
 * @module
 */
import type { BatchConfiguration, ModelSwitch } from "./batch.ts";
import type { Commits } from "./commits.ts";
import type { Entry } from "./directory.ts";
import type { Followed } from "./followed.ts";
import type { PartitionTally } from "./partition_tally.ts";
import { setAside } from "./refusals.ts";
import type { Router } from "./router.ts";
import type { ShardHost } from "./runtime/host.ts";
import { NEVER } from "./sensor/layout.ts";
import type { LocalNetwork } from "./sensor/network.ts";
import type { Shared } from "./shared.ts";
import { candidatesIn } from "./training/sample.ts";
import type { Training } from "./training/training.ts";

/** What it is wired to: the parts of a partition's run. */
export interface DispatchParts {
  readonly partition: string;
  readonly shared: Shared;
  readonly router: Router;
  readonly commits: Commits;
  readonly tally: PartitionTally;
  readonly training?: Training;
  readonly followed?: Followed;
}

/** What the shards of one partition are sent. */
export class Dispatch {
  /** Versions that come into use with the next batch. */
  models: readonly ModelSwitch[] = [];
  /** Comes into force with the next batch. */
  configured?: BatchConfiguration;
  /** What was stored when the partition was taken over: outputs of positions before it are read again. */
  outputsRead = 0;
  /** Answers of the shards to what they were sent last: by then they have answered everything. */
  private readonly lastSent: Promise<unknown>[] = [];

  constructor(private readonly parts: DispatchParts) {}

  /** Sends each shard its batch, after bringing its sensors into memory and when it has room. */
  async send(): Promise<void> {
    const { shared, router, commits } = this.parts;
    for (const item of router.takeQuarantine()) setAside(commits.bucket.quarantine, item);
    const entries = router.takeArrivals();
    const arrivals = entries.length > 0 ? await shared.arrivals(entries) : [];
    for (let shard = 0; shard < router.builders.length; shard++) {
      const builder = router.builders[shard];
      if (builder.empty && this.models.length === 0 && !this.configured) continue;
      await this.held(shared.hosts[shard].room());
      this.post(shard, builder.take(arrivals[shard] ?? [], this.models, this.configured));
    }
    this.models = [];
    this.configured = undefined;
  }

  /** The source has ended at a position: every sensor of the partition is brought into memory, and its windows close. */
  async end(position: number): Promise<void> {
    const { partition, shared, router } = this.parts;
    const asleep = shared.asleep.before(NEVER - 1).map((sensor) => shared.directory.entries[sensor])
      .filter((entry: Entry) => entry.partition === partition && !entry.resident);
    for (const entry of asleep) entry.resident = true;
    const arrivals = await shared.arrivals(asleep);
    for (let shard = 0; shard < shared.hosts.length; shard++) {
      await shared.hosts[shard].room();
      if (arrivals[shard]?.length) this.post(shard, router.builders[shard].take(arrivals[shard]));
      this.post(shard, { kind: "end", partition, position });
    }
  }

  /** Resolves when the shards have answered all that they were sent. */
  async answered(): Promise<void> {
    await Promise.all(this.lastSent);
  }

  /** The networks that the partition's sensors have learnt since a time, epoch ms. */
  async networks(from: number): Promise<LocalNetwork[]> {
    const { partition, shared } = this.parts;
    const answers = await Promise.all(shared.hosts.map((host) => host.send({ kind: "round", partition, from })));
    return answers.flatMap(({ locals }) => locals);
  }

  /** Waits, and counts it as time for which the source was held back. */
  async held(wait: Promise<void>): Promise<void> {
    const { shared: { clock }, tally } = this.parts, begun = clock.now();
    await wait;
    tally.pausedMs += clock.now() - begun;
  }

  private post(shard: number, message: Parameters<ShardHost["send"]>[0] & { kind: "batch" | "end" }): void {
    const { shared, commits: { bucket }, followed } = this.parts, spans = followed?.sent(shard);
    const sent = spans ? { ...message, traces: spans.map(({ context }) => context) } : message;
    const answered = shared.hosts[shard].send(sent).then((output) => {
      shared.plans.add(shard, output.plans, output.places);
      bucket.add(shard, output);
      this.takeSamples(shard, output.samples);
    });
    if (spans) void answered.finally(() => spans.forEach((span) => span.end())).catch(() => {});
    answered.catch(() => {}); // reported by the checkpoint that waits for it
    bucket.expected.push(answered);
    this.lastSent[shard] = answered;
  }

  /** Candidates for samples; those of readings whose outputs are stored are stored, too. */
  private takeSamples(shard: number, records: Float64Array): void {
    const { training, shared } = this.parts;
    if (!training) return;
    for (const { plan, key, position, sensor, row } of candidatesIn(records)) {
      if (position < this.outputsRead) continue;
      const { group, channels } = shared.plans.get(shard, plan);
      training.samples.offer(group, channels, { key, position, sensor: shared.directory.entries[sensor].name, row });
    }
  }
}
