/**
 * A rehearsal: recorded readings of one partition through the actors that judge live, without store and supervisor, in
 * this thread. For each record it gives back the verdict, or why there is none.
 *
 * The router, the shard and the training are those of a live partition, and it pauses for training where that does
 * (`partition_run.ts`): its verdicts are those of a replay of the same records at the same positions, bit for bit,
 * however they are cut into chunks. All sensors stay in memory.
 *
 * @module
 */
import type { ModelSwitch, PlanName, ShardOutput } from "./batch.ts";
import type { StoredWindow } from "./checkpoint.ts";
import type { Judging } from "./config.ts";
import { Directory } from "./directory.ts";
import type { ModelRegistry } from "./model_registry.ts";
import { OutputsBucket, PlanTables } from "./outputs_bucket.ts";
import type { ReadingsChunk } from "./ports.ts";
import { type FieldError, isRefusal } from "./reading.ts";
import { MemoryModels } from "./rehearsal_models.ts";
import { Router } from "./router.ts";
import type { AlertOutput } from "./sensor/outputs.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./sensor/verdict.ts";
import { viewVerdict } from "./sensor/view.ts";
import { Shard } from "./shard.ts";
import { candidatesIn } from "./training/sample.ts";
import { Training } from "./training/training.ts";
import type { QuarantineReason, ReadingView, SensorView } from "./views.ts";

/** Records that are applied together, at most. */
const BATCH = 8192;

/** A record that was judged: its verdict as `sensor/verdict.ts` lays it out, in the doubles from `at` on. */
export interface Rehearsed {
  readonly verdict: Float64Array;
  readonly at: number;
  /** What its channels are called, and with whom its sensor shares models. */
  readonly plan: PlanName;
}

/** A record without a verdict: not accepted, or without a value that was not there already. */
export interface NotJudged {
  /** Why: the reason that quarantine names, one that was there already, or one without a value. */
  readonly passed: QuarantineReason | "duplicate" | "empty";
  /** What is wrong with it; empty for one that was there already, or has no value. */
  readonly errors: readonly FieldError[];
}

/** What comes of a record. */
export type Outcome = Rehearsed | NotJudged;

/** Whether a record was judged. */
export function isJudged(outcome: Outcome): outcome is Rehearsed {
  return "verdict" in outcome;
}

/** Judges one partition's records in order. */
export class Rehearsal {
  private readonly directory = new Directory(1);
  private readonly router: Router;
  private readonly shard: Shard;
  private readonly training?: Training;
  private readonly plans = new PlanTables();
  /** Where windows are gathered, if they are wanted. */
  private windows?: OutputsBucket;
  /** Versions that come into use with the next batch. */
  private models: readonly ModelSwitch[] = [];
  private alerts: AlertOutput[] = [];

  /**
   * @param partition its name: seeds of models are made of it
   * @param registry where models are kept and, where it holds some that are trained from labels, taken from
   * @param windows whether they are wanted, too: they stay in memory until {@linkcode takeWindows}
   */
  constructor(
    private readonly partition: string,
    private readonly judging: Judging,
    { registry = new MemoryModels(), windows = false }: {
      readonly registry?: ModelRegistry;
      readonly windows?: boolean;
    } = {},
  ) {
    if (windows) this.windows = new OutputsBucket();
    this.router = new Router(partition, this.directory, 1, judging, () => []);
    this.shard = new Shard({
      judging,
      wanted: { verdicts: true, flags: false, history: false, windows },
      keepHistory: false,
    });
    if (judging.detectors === "rules") return;
    const training = this.training = new Training(partition, judging, { registry });
    this.router.pause = (tick, records) => training.pauses.isDue(tick, records);
  }

  /**
   * Judges the records of a chunk.
   *
   * @returns what came of each, in their order
   */
  async take(chunk: ReadingsChunk): Promise<Outcome[]> {
    const { router } = this, end = chunk.items.length, outcomes: Outcome[] = new Array(end);
    for (let from = 0; from < end;) {
      const stopped = router.take(chunk, from, from + BATCH);
      this.apply(chunk, from, stopped, outcomes);
      if (router.isPaused) await this.train(router.pausedBefore);
      from = stopped;
    }
    return outcomes;
  }

  /** Transitions of alerts since the last call, in order. */
  takeAlerts(): AlertOutput[] {
    const { alerts } = this;
    this.alerts = [];
    return alerts.sort((a, b) => a.transition.position - b.transition.position);
  }

  /** Windows that ended or were corrected since the last call, in order; none where they are not wanted. */
  takeWindows(): StoredWindow[] {
    const { windows, plans, directory, judging } = this;
    if (!windows) return [];
    this.windows = new OutputsBucket();
    return windows.windows(0, plans, judging.windows, directory);
  }

  /** A sensor as it is now; undefined for one that had no reading. */
  sensor(name: string): SensorView | undefined {
    const entry = this.directory.find(name);
    if (!entry?.resident) return undefined;
    const answer = this.shard.handle({ kind: "ask", about: "sensors", sensors: [entry.sensor] });
    return answer.about === "sensors" ? answer.views[0] : undefined;
  }

  /** A verdict as a person sees it. */
  view({ verdict, at, plan }: Rehearsed): ReadingView {
    return viewVerdict(this.directory.entries[verdict[at + VERDICT.sensor]], plan.channels, verdict, at);
  }

  /** Has the shard apply what the router has filled, and notes what came of the records from `from` to before `to`. */
  private apply(chunk: ReadingsChunk, from: number, to: number, outcomes: Outcome[]): void {
    const { router, shard } = this, [builder] = router.builders;
    const arrivals = router.takeArrivals().map(({ sensor, name }) => ({ sensor, name }));
    const quarantine = router.takeQuarantine();
    const output = builder.empty && this.models.length === 0
      ? undefined
      : shard.handle(builder.take(arrivals, this.models));
    this.models = [];
    const places = new Map<number, number>();
    for (let i = from; i < to; i++) places.set(chunk.positions[i], i);
    if (output) this.note(output, places, outcomes);
    for (const { position, reason, errors } of [...quarantine, ...output?.quarantine ?? []]) {
      const i = places.get(position);
      if (i !== undefined) outcomes[i] ??= { passed: reason, errors };
    }
    for (let i = from; i < to; i++) outcomes[i] ??= withoutVerdict(chunk.items[i]);
  }

  private note(output: ShardOutput, places: ReadonlyMap<number, number>, outcomes: Outcome[]): void {
    const { verdicts: verdict } = output;
    this.plans.add(0, output.plans, output.places);
    this.windows?.add(0, output);
    for (const alert of output.alerts) this.alerts.push(alert);
    for (let at = 0; at < verdict.length; at += VERDICT_HEAD + verdict[at + VERDICT.channels] * VERDICT_CHANNEL) {
      const i = places.get(verdict[at + VERDICT.position]);
      if (i !== undefined) outcomes[i] = { verdict, at, plan: this.plans.get(0, verdict[at + VERDICT.plan]) };
    }
    for (const { plan, sensor, key, position, row } of candidatesIn(output.samples)) {
      const { group, channels } = this.plans.get(0, plan);
      this.training?.samples.offer(group, channels, {
        key,
        position,
        sensor: this.directory.entries[sensor].name,
        row,
      });
    }
  }

  /** At a pause: what is trained there is used from the next record on. */
  private async train(position: number): Promise<void> {
    const { training, shard, partition } = this;
    if (!training) return;
    const locals = (from: number) => Promise.resolve(shard.handle({ kind: "round", partition, from }).locals);
    this.models = await training.train(position, locals) ?? [];
    training.released(position);
  }
}

/** Why an accepted reading has no verdict. */
function withoutVerdict(item: ReadingsChunk["items"][number]): NotJudged {
  if (isRefusal(item)) return { passed: "invalid", errors: item.errors };
  const empty = Object.values(item.values).every((value) => value === null);
  return { passed: empty ? "empty" : "duplicate", errors: [] };
}
