/**
 * Runs one partition: reads its source, lets commands enter, routes, pauses for training, and cuts, until the source ends
 * or the run is stopped. What is routed goes to the shards by `dispatch.ts`, what is cut is made durable by `commits.ts`.
 *
 * @module
 */
import type { Claim, CommitSink, Cut } from "./checkpoint.ts";
import { endOf, placeIn, positionIn } from "./chunk_place.ts";
import { CommandQueue } from "./commands/queue.ts";
import type { CommandPlace, SensorCommand } from "./commands/words.ts";
import { Commits, type CutPlace } from "./commits.ts";
import type { Judging } from "./config.ts";
import { Dispatch } from "./dispatch.ts";
import { Followed } from "./followed.ts";
import type { Chunk, SourcePartition } from "./ports.ts";
import { type PartitionCounts, type RecordTap, Router } from "./router.ts";
import type { Shared } from "./shared.ts";
import type { PartitionTally } from "./partition_tally.ts";
import type { ModelDrift } from "./training/forest_model.ts";
import type { EpochPart } from "./training/epochs.ts";
import { Training } from "./training/training.ts";
import type { PartitionView } from "./views.ts";

/** Bytes of outputs that wait for a checkpoint before reading waits too. */
const PENDING_BYTES = 64 << 20;

/** Why waiting for the clock ends early; one for all, since an error for each chunk would cost more than the waiting. */
const LEFT = new Error("the run has ended"), CAME = new Error("the next chunk came");

/** One partition under way. */
export class PartitionRun {
  /** Where the partition stands. */
  state: PartitionView["state"] = "running";
  /** Why it failed, one sentence. */
  error?: string;
  /** Done between 0 and 1, where it is known. */
  progress?: number;
  private readTo = 0;
  private readonly router: Router;
  private claim!: Claim; // from its beginning on
  /** Which models came into use up to here is known: so they do when it is read again. */
  private trainedTo = 0;
  /** New commands enter from here on: before it everything must come out as it did. */
  private entersFrom = 0;
  private readonly sinks: readonly CommitSink[];
  /** Makes what came out durable, cut by cut. */
  private readonly commits: Commits;
  private readonly dispatch: Dispatch;
  /** Trains the partition's models; absent where there is no registry, or rules alone judge. */
  private readonly training?: Training;
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
    const { router, sinks, commands, tally, training, followed } = this;
    const parts = { shared, tally, ...(training ? { training } : {}), ...(followed ? { followed } : {}) };
    const commits = this.commits = new Commits({ ...parts, partition, sinks, commands });
    this.dispatch = new Dispatch({ ...parts, partition: partition.id, router, commits });
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
      this.commands.close(`${this.partition.id} does not run any more`);
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
      this.dispatch.outputsRead = recovery.outputsCut;
      this.trainedTo = recovery.trainedTo;
      this.entersFrom = recovery.outputsBegun;
      if (recovery.finished) this.state = "finished";
      if (recovery.commands) this.commands.restore(recovery.commands, this.readTo);
    }
    if (recovery?.from.configuration) await this.configure(recovery.from.configuration, this.router.time);
    const { from, training, samples = [] } = recovery ?? {};
    this.dispatch.models = await this.training?.restore(from?.training, training, samples) ?? [];
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
        await this.dispatch.send(); // commands before it are carried out as things were
        await this.configure(said.version, place.time);
        await this.dispatch.send();
        continue;
      }
      const entry = directory.of(name, this.partition.id);
      if (entry.partition !== this.partition.id) continue;
      router.bring(entry).addCommand({ ...place, command: said, sensor: entry.sensor });
      if (said.command !== "delete") continue;
      await this.dispatch.send(); // what comes behind it is another sensor's
      router.renew(entry);
      this.commits.bucket.delete(name, place.position);
    }
    await this.dispatch.send();
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
    this.dispatch.configured = { version, judging };
    this.router.configure(judging);
    this.training?.configure(judging, time);
    await shared.wakeAgain(this.partition.id, version, judging);
  }

  /** @returns false if it was to end at a pause in the chunk */
  private async take(chunk: Chunk, signal: AbortSignal): Promise<boolean> {
    const { shared, router } = this, { batchSize } = shared.options;
    for (let from = 0, end = endOf(chunk); from < end;) {
      await this.enter(positionIn(chunk, from));
      const most = chunk.kind === "readings" ? from + batchSize : Infinity;
      const stopped = router.take(chunk, from, Math.min(most, placeIn(chunk, from, this.commands.nextAgain)));
      this.followed?.routedOf(chunk, from, stopped, router.counts.readings);
      await this.dispatch.send();
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
    const { training, router: { pausedBefore: position } } = this;
    if (!training) return true;
    // A cut at a pause comes after it: what was trained there is in its record.
    if (position <= this.trainedTo) {
      this.dispatch.models = await training.again(position);
      return true;
    }
    // Where models are shared nothing is stored here but what is brought, which says so itself.
    await Promise.all([this.dispatch.answered(), training.isShared ? undefined : this.claim.writeBegun(position)]);
    const locals = (from: number) => this.dispatch.networks(from);
    const bring = (parts: readonly EpochPart[]) => this.claim.writeEpochs(parts, position);
    const models = await training.train(position, locals, { bring, signal });
    this.dispatch.models = models ?? [];
    return models !== undefined;
  }

  private async cutIfDue(): Promise<void> {
    const { commits, shared: { clock, options } } = this, { bucket, last } = commits;
    if (commits.failure) throw commits.failure;
    if (bucket.bytes > PENDING_BYTES && commits.underWay) await this.dispatch.held(commits.underWay);
    if (commits.underWay) return;
    const elapsed = clock.now() - last.at, readings = this.router.counts.readings - last.readings;
    if (elapsed < options.checkpointMs && bucket.bytes < PENDING_BYTES && readings < options.checkpointReadings) return;
    const share = Math.max(elapsed / options.snapshotMs, readings / options.snapshotReadings);
    const committing = this.checkpoint(Math.min(1, Math.max(0, share)), false);
    // While sensors are let go nobody may believe that they are in memory.
    if (this.shared.overBudget()) await this.dispatch.held(committing);
  }

  /** Cuts here and makes everything before it durable. */
  private checkpoint(share: number, ended: boolean): Promise<void> {
    return this.commits.make(() => this.cutHere(ended), share, ended);
  }

  /** The source has ended: windows that are open are emitted, and everything is stored. */
  private async end(): Promise<void> {
    await this.enter(this.readTo);
    await this.dispatch.send();
    await this.dispatch.end(this.readTo);
    await this.checkpoint(1, true);
    this.state = "finished";
  }
}
