/**
 * Runs one partition: reads its source, lets commands enter, routes to the shards, pauses for training, and cuts, until the
 * source ends or the run is stopped. What is cut is made durable by `commits.ts`.
 *
 * @module
 */
import type { BatchConfiguration, ModelSwitch } from "./batch.ts";
import type { Claim, CommitSink, Cut } from "./checkpoint.ts";
import { CommandQueue } from "./commands/queue.ts";
import type { CommandPlace, SensorCommand } from "./commands/words.ts";
import { Commits, type CutPlace } from "./commits.ts";
import type { Judging } from "./config.ts";
import type { Entry } from "./directory.ts";
import { Followed } from "./followed.ts";
import type { Chunk, SourcePartition } from "./ports.ts";
import { setAside } from "./refusals.ts";
import { type PartitionCounts, type RecordTap, Router } from "./router.ts";
import { NEVER } from "./sensor/layout.ts";
import type { Shared } from "./shared.ts";
import type { PartitionTally } from "./partition_tally.ts";
import type { ModelDrift } from "./training/forest_model.ts";
import { candidatesIn } from "./training/sample.ts";
import type { EpochPart } from "./training/epochs.ts";
import { Training } from "./training/training.ts";
import type { PartitionView } from "./views.ts";

/** Bytes of outputs that wait for a checkpoint before reading waits too. */
const PENDING_BYTES = 64 << 20;

/** Why waiting for the clock ends early; one for all, since an error for each chunk would cost more than the waiting. */
const LEFT = new Error("the run has ended"), CAME = new Error("the next chunk came");

/** Position of a record of a chunk: an index among parsed readings, an offset in text. */
function positionIn(chunk: Chunk, at: number): number {
  return chunk.kind === "readings" ? chunk.positions[at] : chunk.position + at;
}

/** Where in a chunk, from `from` on, the records at a position and behind it start; Infinity if there are none. */
function placeIn(chunk: Chunk, from: number, position: number): number {
  if (position === Infinity || chunk.kind === "tick" || chunk.kind === "farewell") return Infinity;
  if (chunk.kind === "lines") return Math.max(from + 1, position - chunk.position);
  const found = chunk.positions.findIndex((one, i) => i > from && one >= position);
  return found < 0 ? Infinity : found;
}

/** One partition under way. */
export class PartitionRun {
  /** Where the partition stands. */
  state: PartitionView["state"] = "running";
  /** Why it failed, one sentence. */
  error?: string;
  /** Done between 0 and 1, where it is known. */
  progress?: number;
  private readTo = 0;
  private router: Router;
  private claim!: Claim; // from its beginning on
  /** What was stored when the partition was taken over: outputs of positions before it are read again. */
  private outputsRead = 0;
  /** Which models came into use up to here is known: so they do when it is read again. */
  private trainedTo = 0;
  /** New commands enter from here on: before it everything must come out as it did. */
  private entersFrom = 0;
  private readonly sinks: readonly CommitSink[];
  /** Makes what came out durable, cut by cut. */
  private readonly commits: Commits;
  /** Trains the partition's models; absent where there is no registry, or rules alone judge. */
  private readonly training?: Training;
  /** Versions that come into use with the next batch. */
  private models: readonly ModelSwitch[] = [];
  /** Answers of the shards to what they were sent last: by then they have answered everything. */
  private readonly lastSent: Promise<unknown>[] = [];
  private readonly commands: CommandQueue;
  /** Readings that are followed; absent where none are. */
  private readonly followed?: Followed;
  /** What all runs of this partition count. */
  readonly tally: PartitionTally;
  /** What it judges by, and the version of the configuration that this is. */
  judging: Judging;
  private configuration = 0;
  /** The last version that was told to enter. */
  private ordered = 0;
  /** Comes into force with the next batch. */
  private configured?: BatchConfiguration;

  constructor(readonly partition: SourcePartition, readonly source: string, private readonly shared: Shared) {
    const { directory, hosts, options } = shared;
    this.judging = options.judging;
    this.router = new Router(
      partition.id,
      directory,
      hosts.length,
      options.judging,
      (time) => shared.asleep.before(time),
    );
    this.tally = shared.tallyOf(partition.id);
    this.sinks = shared.sinksOf(partition.id);
    this.commands = new CommandQueue(partition.id);
    if (shared.tracing) this.followed = new Followed(partition.id, { ...shared.tracing, directory });
    if (shared.models && options.judging.detectors !== "rules") {
      const training = this.training = new Training(partition.id, options.judging, shared.models);
      this.router.pause = (tick, readings) => training.pauses.isDue(tick, readings);
    }
    const { sinks, commands, tally, training, followed } = this;
    this.commits = new Commits({
      partition,
      shared,
      sinks,
      commands,
      tally,
      ...(training ? { training } : {}),
      ...(followed ? { followed } : {}),
    });
  }

  /** Counts as of the last checkpoint, those of the shards included. */
  get counts(): PartitionCounts {
    return this.commits.counts;
  }

  /** Position up to which everything was read. */
  get position(): number {
    return this.readTo;
  }

  /** How far each group's model is from what it was trained on. */
  get drifts(): readonly ModelDrift[] {
    return Object.values(this.training?.drifts ?? {});
  }

  /** Source time, epoch ms; −1 before the first reading. */
  get sourceTime(): number {
    return this.router.time;
  }

  /** Readings routed so far, less those that shards are known to have refused. */
  get readings(): number {
    return this.router.counts.readings - this.commits.refused.count;
  }

  /**
   * Takes a command to a sensor of the partition; resolves once it is durable.
   *
   * @param order id of the order by which another process sent it
   * @throws {CommandRefused} if there are too many, or the partition does not run
   */
  order(sensor: string, command: SensorCommand, order?: string): Promise<CommandPlace> {
    return this.commands.order(sensor, command, order);
  }

  /** Whether the partition was taken over: nobody else writes anything of it from then on, unless this one is fenced. */
  get isClaimed(): boolean {
    return this.claim !== undefined;
  }

  /**
   * Takes the partition over and runs it. Resolves when the source has ended or `signal` was aborted, after a last
   * checkpoint; a finished partition resolves at once.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      this.claim = await this.shared.store.claim(this.partition.id);
      if (this.claim.overtaken || this.shared.isForgotten(this.partition.id)) {
        await this.shared.loadAgain(this.partition.id);
      }
      await this.recover();
      if (this.state !== "finished") await this.readOn(signal);
    } finally {
      await this.commits.underWay?.catch(() => {}); // known as `failure`
      this.commands.close(`cannot take a command: ${this.partition.id} does not run any more`);
      for (const sink of this.sinks) await sink.close();
    }
  }

  private async readOn(signal: AbortSignal): Promise<void> {
    const left = new AbortController(), reading = AbortSignal.any([signal, left.signal]);
    const chunks = this.partition.read(this.readTo, reading, this.claim.memory)[Symbol.asyncIterator]();
    let isAtPause = false;
    try {
      while (!signal.aborted && !isAtPause) {
        const { done, value } = await this.next(chunks.next());
        if (done) break;
        isAtPause = !await this.take(value, signal);
      }
    } finally {
      left.abort(LEFT); // a live source that waits would not hear of its end before something comes
      await chunks.return?.();
    }
    if (!signal.aborted) return await this.end();
    if (!isAtPause) await this.checkpoint(1, false); // else what came since the last one is read again
    this.state = "stopped";
  }

  private async recover(): Promise<void> {
    const { recovery } = this.claim;
    for (const sink of this.sinks) await sink.recover(recovery?.sinks[sink.name]);
    if (this.sinks.some((sink) => sink.take)) this.router.tap = this.tapFrom(recovery?.outputsCut ?? 0);
    if (recovery) {
      this.router.restore(recovery.from.router);
      this.readTo = recovery.from.position;
      this.outputsRead = recovery.outputsCut;
      this.trainedTo = recovery.trainedTo;
      this.entersFrom = recovery.outputsBegun;
      if (recovery.finished) this.state = "finished";
      if (recovery.commands) this.commands.restore(recovery.commands, this.readTo);
    }
    if (recovery?.from.configuration) await this.configure(recovery.from.configuration, this.router.time);
    this.models = await this.training?.restore(recovery?.from.training, recovery?.training, recovery?.samples ?? []) ??
      [];
    this.commits.recover(this.claim, this.cutHere(false));
  }

  /** Where reading can go on from, as things stand. */
  private cutHere(ended: boolean): CutPlace {
    const { training, configuration, readTo } = this;
    const cut: Cut = {
      position: ended ? readTo + 1 : readTo,
      router: this.router.record(),
      ...(training ? { training: training.cut() } : {}),
      ...(configuration === 0 ? {} : { configuration }),
    };
    return { cut, readTo };
  }

  /** Hands records to the sinks, those from `from` on: they have the others. */
  private tapFrom(from: number): RecordTap {
    return (item, position, accepted) => {
      if (position < from) return;
      for (const sink of this.sinks) this.commits.bucket.bytes += sink.take?.(item, position, accepted) ?? 0;
    };
  }

  /** Waits for the source; when it lets us wait, what came before is made durable in the meantime. */
  private async next(chunk: Promise<IteratorResult<Chunk>>): Promise<IteratorResult<Chunk>> {
    const { clock, options } = this.shared, came = chunk.then(() => "chunk" as const);
    came.catch(() => {}); // also where something else ends this before it is waited for
    while (true) {
      if (this.commits.failure) throw this.commits.failure; // also where nothing comes that would find out
      await this.enter(this.readTo);
      const stop = new AbortController(), unstored = this.readTo > this.commits.last.readTo || this.commands.isUnstored;
      const waits: Promise<"chunk" | "due" | "command" | "stored">[] = [came];
      if (unstored) {
        const due = clock.sleep(Math.max(1, options.checkpointMs - (clock.now() - this.commits.last.at)), stop.signal);
        due.catch(() => {}); // the abort below
        waits.push(due.then(() => "due"));
      }
      // Where everything is read again, a command waits for that.
      if (this.readTo >= this.entersFrom) waits.push(this.commands.arrival().then(() => "command"));
      if (this.commits.underWay) waits.push(this.commits.underWay.then(() => "stored"));
      const first = await Promise.race(waits).finally(() => stop.abort(CAME));
      if (first === "chunk") return await chunk;
      if (first === "command" || first === "stored") continue;
      await this.cutIfDue();
      await this.commits.underWay;
    }
  }

  /** Commands enter before the record at `position`: those that were recorded there, then new ones. */
  private async enter(position: number): Promise<void> {
    const { commands, readTo, router } = this;
    let entering = commands.nextAgain <= position ? commands.takeAgain(position) : [];
    if (entering.length === 0) this.keepUp();
    if (readTo >= this.entersFrom && commands.mayEnter) {
      entering = [...entering, ...commands.takeNew(readTo, router.time)];
    }
    if (entering.length === 0) return;
    const { directory } = this.shared, record = this.commands.record();
    if (record.fresh.length > 0) {
      await this.claim.writeCommands(record);
      this.commands.isKept(record);
    }
    for (const { sensor: name, command: said, ...place } of entering) {
      if (said.command === "configure") {
        await this.dispatch(); // commands before it are carried out as things were
        await this.configure(said.version, place.time);
        await this.dispatch();
        continue;
      }
      const entry = directory.of(name, this.partition.id);
      if (entry.partition !== this.partition.id) continue;
      router.bring(entry).addCommand({ ...place, command: said, sensor: entry.sensor });
      if (said.command !== "delete") continue;
      await this.dispatch(); // what comes behind it is another sensor's
      router.renew(entry);
      this.commits.bucket.delete(name, place.position);
    }
    await this.dispatch();
  }

  /** Another version of the configuration than the latest one is in force: the latest enters as soon as it may. */
  keepUp(): void {
    const { configurations } = this.shared;
    if (!configurations || this.readTo < this.entersFrom || this.commands.nextAgain < Infinity) return;
    const { latest } = configurations;
    if (latest <= this.ordered || latest === this.configuration) return;
    this.ordered = latest;
    this.commands.order("", { command: "configure", version: latest }).catch(() => {}); // known as `failure`, or it has ended
  }

  /** From here on a version of the configuration is in force. */
  private async configure(version: number, time: number): Promise<void> {
    const { shared } = this, judging = version === 0 ? shared.options.judging : await shared.judgingOf(version);
    this.configuration = version;
    this.judging = judging;
    this.configured = { version, judging };
    this.router.configure(judging);
    this.training?.configure(judging, time);
    await shared.wakeAgain(this.partition.id, version, judging);
  }

  /** @returns false if it was to end at a pause in the chunk */
  private async take(chunk: Chunk, signal: AbortSignal): Promise<boolean> {
    const { shared, router } = this, { batchSize } = shared.options;
    const end = chunk.kind === "readings" ? chunk.items.length : chunk.kind === "lines" ? chunk.bytes.length : 1;
    for (let from = 0; from < end;) {
      await this.enter(positionIn(chunk, from));
      const most = chunk.kind === "readings" ? from + batchSize : Infinity;
      const stopped = router.take(chunk, from, Math.min(most, placeIn(chunk, from, this.commands.nextAgain)));
      this.followed?.routedOf(chunk, from, stopped, router.counts.readings);
      await this.dispatch();
      this.readTo = stopped >= end ? chunk.next : positionIn(chunk, stopped);
      if (router.isPaused && !await this.train(signal)) return false;
      // Before a cut: what a command gives out belongs to its position.
      if (this.commands.nextAgain <= this.readTo) await this.enter(this.readTo);
      await this.cutIfDue();
      from = stopped;
    }
    this.readTo = chunk.next;
    if (this.commands.nextAgain <= chunk.next) await this.enter(chunk.next);
    if ("progress" in chunk) this.progress = chunk.progress;
    await shared.breathe();
    return true;
  }

  /**
   * At a pause: brings models into use from here on, trained or, where this was read before, as they were then.
   *
   * @returns false if it was to end meanwhile: the pause is yet to come, and nothing may be cut behind it
   */
  private async train(signal: AbortSignal): Promise<boolean> {
    const { training, router: { pausedBefore: position }, shared } = this;
    if (!training) return true;
    // A cut at a pause comes after it: what was trained there is in its record.
    if (position <= this.trainedTo) {
      this.models = await training.again(position);
      return true;
    }
    // Where models are shared nothing is stored here but what is brought, which says so itself.
    await Promise.all([...this.lastSent, training.isShared ? undefined : this.claim.writeBegun(position)]);
    const locals = async (from: number) => {
      const answers = await Promise.all(
        shared.hosts.map((host) => host.send({ kind: "round", partition: this.partition.id, from })),
      );
      return answers.flatMap(({ locals }) => locals);
    };
    const bring = (parts: readonly EpochPart[]) => this.claim.writeEpochs(parts, position);
    const models = await training.train(position, locals, { bring, signal });
    this.models = models ?? [];
    return models !== undefined;
  }

  /** Sends each shard its batch, after bringing its sensors into memory and when it has room. */
  private async dispatch(): Promise<void> {
    const { shared, router, commits } = this;
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

  private post(
    shard: number,
    message: Parameters<Shared["hosts"][number]["send"]>[0] & { kind: "batch" | "end" },
  ): void {
    const { shared, commits: { bucket } } = this, spans = this.followed?.sent(shard);
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
    const { training, shared } = this;
    if (!training) return;
    for (const { plan, key, position, sensor, row } of candidatesIn(records)) {
      if (position < this.outputsRead) continue;
      const { group, channels } = shared.plans.get(shard, plan);
      training.offer(group, channels, { key, position, sensor: shared.directory.entries[sensor].name, row });
    }
  }

  /** Waits, and counts it as time for which the source was held back. */
  private async held(wait: Promise<void>): Promise<void> {
    const { clock } = this.shared, begun = clock.now();
    await wait;
    this.tally.pausedMs += clock.now() - begun;
  }

  private async cutIfDue(): Promise<void> {
    const { commits, shared: { clock, options } } = this, { bucket, last } = commits;
    if (commits.failure) throw commits.failure;
    if (bucket.bytes > PENDING_BYTES && commits.underWay) await this.held(commits.underWay);
    if (commits.underWay) return;
    const elapsed = clock.now() - last.at, readings = this.router.counts.readings - last.readings;
    if (elapsed < options.checkpointMs && bucket.bytes < PENDING_BYTES && readings < options.checkpointReadings) return;
    const share = Math.max(elapsed / options.snapshotMs, readings / options.snapshotReadings);
    const committing = this.checkpoint(Math.min(1, Math.max(0, share)), false);
    // While sensors are let go nobody may believe that they are in memory.
    if (this.shared.overBudget()) await this.held(committing);
  }

  /** Cuts here and makes everything before it durable. */
  private checkpoint(share: number, ended: boolean): Promise<void> {
    return this.commits.make(() => this.cutHere(ended), share, ended);
  }

  /** The source has ended: windows that are open are emitted, and everything is stored. */
  private async end(): Promise<void> {
    const { shared } = this;
    await this.enter(this.readTo);
    await this.dispatch();
    const asleep = shared.asleep.before(NEVER - 1).map((sensor) => shared.directory.entries[sensor])
      .filter((entry: Entry) => entry.partition === this.partition.id && !entry.resident);
    for (const entry of asleep) entry.resident = true;
    const arrivals = await shared.arrivals(asleep);
    for (let shard = 0; shard < shared.hosts.length; shard++) {
      await shared.hosts[shard].room();
      if (arrivals[shard]?.length) this.post(shard, this.router.builders[shard].take(arrivals[shard]));
      this.post(shard, { kind: "end", partition: this.partition.id, position: this.readTo });
    }
    await this.checkpoint(1, true);
    this.state = "finished";
  }
}
