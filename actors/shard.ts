/**
 * A shard: a worker's share of the sensors. It applies batches to its actors, takes their snapshots, and answers
 * questions about them. Synchronous and without I/O; `runtime/` brings it messages, here or in a worker.
 *
 * A batch is applied in passes: its readings become records in the order in which they lie in memory; these are applied
 * sensor by sensor; shared models score all of them at once; then the verdicts are concluded. Sensors know nothing of each
 * other, so this gives what reading by reading would, and a sensor's state is fetched once a batch instead of once a reading.
 *
 * @module
 */
import type {
  Arrival,
  BatchConfiguration,
  CutResult,
  Describe,
  RoundAnswer,
  ShardAnswer,
  ShardBatch,
  ShardEnd,
  ShardMessage,
  ShardOutput,
  ShardReply,
  ShardRound,
} from "./batch.ts";
import type { Judging } from "./config.ts";
import { Records } from "./records.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { conclude } from "./sensor/conclude.ts";
import { History } from "./sensor/history.ts";
import { NEVER } from "./sensor/layout.ts";
import { localNetwork } from "./sensor/network.ts";
import { Outputs, type Wanted } from "./sensor/outputs.ts";
import { RowWriter } from "./sensor/rows.ts";
import { decodeSnapshot } from "./sensor/snapshot.ts";
import { emptyFloats, emptyState } from "./sensor/state.ts";
import { takeEnd } from "./sensor/tick.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./sensor/verdict.ts";
import { nextEnd } from "./sensor/windows.ts";
import { answerAsk } from "./shard_answers.ts";
import { ShardPlans } from "./shard_plans.ts";
import { ShardResidents } from "./shard_residents.ts";
import { Stretch } from "./shard_stretch.ts";
import { SharedModels } from "./shared_models.ts";

/** How a shard judges and what it gives out. Can be cloned into a worker. */
export interface ShardOptions {
  readonly judging: Judging;
  readonly wanted: Wanted;
  /** Whether the last readings are kept in memory and snapshots. */
  readonly keepHistory: boolean;
}

/** States that are brought near together; more than fit into the first cache would push each other out. */
const AHEAD = 8;
const NO_DESCRIBES: readonly Describe[] = [];

/** A worker's share of the sensors. */
export class Shard {
  private readonly residents = new ShardResidents();
  private readonly plans: ShardPlans;
  private readonly records: Records;
  private readonly out: Outputs;
  private readonly models: SharedModels;
  private readonly stretch: Stretch;
  /** Writes windows and flags as text, where that is wanted. */
  private readonly rows?: RowWriter;
  /** What {@linkcode warm} has read: kept, so that reading it is not left out. */
  protected warmth = 0;

  /**
   * @param fault called before each reading is applied; a test makes it throw, as a broken transition would
   */
  constructor(private readonly options: ShardOptions, fault?: (sensor: string, position: number) => void) {
    const { wanted, judging } = options, { residents } = this;
    const plans = this.plans = new ShardPlans(judging), records = this.records = new Records(plans.table);
    const out = this.out = new Outputs(wanted.rows ? { ...wanted, flags: true } : wanted);
    const models = this.models = new SharedModels(judging.forest.memoryMs, plans.list);
    this.stretch = new Stretch({ residents, plans, models, records, out, ...(fault ? { fault } : {}) });
    if (wanted.rows) {
      this.rows = new RowWriter(judging.windows, {
        sensor: (number) => residents.actors[number]?.name ?? "",
        channels: (plan) => plans.list[plan].channels,
      });
    }
  }

  /** Does what a message asks for. */
  handle<M extends ShardMessage>(message: M): ShardReply<M>;
  handle(message: ShardMessage): ShardOutput | CutResult | RoundAnswer | ShardAnswer {
    switch (message.kind) {
      case "batch":
        return this.apply(message);
      case "cut":
        return this.residents.cut(message);
      case "end":
        return this.end(message);
      case "round":
        return this.round(message);
      case "forget":
        this.models.forget(message.partition);
        this.plans.forget(message.partition);
        return this.residents.forget(message.partition);
      case "ask":
        return answerAsk(
          message,
          this.residents.actors,
          (actor) => this.models.contributions(actor),
          () => ({ restarts: this.stretch.restarts, ...this.residents.counters() }),
        );
    }
  }

  private apply(batch: ShardBatch): ShardOutput {
    const { records, residents, stretch } = this;
    if (batch.configuration) this.configure(batch.partition, batch.configuration);
    this.models.switch(batch.partition, batch.models);
    for (const arrival of batch.arrivals) this.admit(arrival, batch.partition);
    for (const command of batch.commands) stretch.order(command);
    for (const farewell of batch.farewells) stretch.farewell(farewell);
    records.fill(batch, this.out.quarantine, (sensor) => residents.actors[sensor]?.name ?? "");
    const describes = groupBySensor(batch.describe);
    for (let k = 0; k < records.count; k++) {
      if (k % AHEAD === 0) this.warm(k);
      const sensor = records.sensors[k];
      stretch.apply(residents.present(sensor), batch.ticks, describes.get(sensor) ?? NO_DESCRIBES);
    }
    this.tickOthers(batch);
    this.conclude(batch.partition);
    stretch.endBatch();
    return this.give(records.refused, records.refusedHash);
  }

  /** Plans of another version lay a state out alike: what may differ is fixed, see `configurations.ts`. */
  private configure(partition: string, configuration: BatchConfiguration): void {
    const { plans, residents } = this;
    plans.configure(partition, configuration);
    for (const sensor of residents.of(partition)) {
      const actor = residents.present(sensor);
      actor.plan = plans.of(configuration.version, actor.plan.type, actor.plan.channels);
      residents.noteWake(actor);
    }
  }

  /** Scores by shared models, then the end of every verdict. */
  private conclude(partition: string): void {
    const { out, residents } = this;
    this.models.score(partition, out, residents.actors);
    const { array, length } = out.verdicts;
    for (let at = 0; at < length; at += VERDICT_HEAD + array[at + VERDICT.channels] * VERDICT_CHANNEL) {
      conclude(residents.present(array[at]), array, at, out);
    }
    out.rows.length = 0;
    if (!out.wanted.verdicts) out.verdicts.length = 0;
  }

  /**
   * Reads a double of each cache line of the next states. That brings many of them near at the same time, where applying one
   * sensor's readings after the other would wait for each of them.
   */
  private warm(from: number): void {
    const { residents: { actors }, records: { sensors, count } } = this, to = Math.min(from + AHEAD, count);
    let sum = 0;
    for (let k = from; k < to; k++) {
      const state = actors[sensors[k]]?.state;
      if (state) { for (let at = 0; at < state.length; at += 8) sum += state[at]; }
    }
    this.warmth = sum;
  }

  /** Ticks of a batch for the sensors that have no reading in it. */
  private tickOthers({ ticks, partition }: ShardBatch): void {
    if (ticks.length === 0) return;
    const { residents, records, stretch } = this, last = ticks[ticks.length - 1].time;
    for (const sensor of residents.of(partition)) {
      if (residents.wake[sensor] > last || records.first(sensor) >= 0) continue;
      const actor = residents.present(sensor);
      for (const tick of ticks) if (residents.wake[sensor] <= tick.time) stretch.tick(actor, tick);
    }
  }

  private admit({ sensor, name, snapshot }: Arrival, partition: string): void {
    const { plans } = this, { keepHistory, judging } = this.options, version = plans.versionIn(partition);
    const actor = snapshot
      ? decodeSnapshot(snapshot, sensor, judging, (type, channels) => plans.of(version, type, channels), keepHistory)
      : this.newActor(sensor, name, partition);
    actor.place = plans.placeOf(actor.location);
    this.residents.admit(actor);
  }

  private newActor(id: number, name: string, partition: string): SensorActor {
    const plan = this.plans.of(this.plans.versionIn(partition), undefined, []),
      history = this.options.keepHistory ? { history: new History(0) } : {};
    return { id, name, partition, place: -1, plan, state: emptyState(plan), floats: emptyFloats(plan), ...history };
  }

  private give(refused: number, refusedHash: number): ShardOutput {
    const { out } = this, { wanted } = this.options, { windows, flags } = out;
    const rows = this.rows?.write(windows.array, windows.length, flags.array, flags.length);
    if (wanted.windows === false) windows.length = 0;
    if (!wanted.flags) flags.length = 0;
    return {
      ...out.take(),
      ...(rows ? { rows: rows.bytes, rowIndex: rows.index } : {}),
      ...this.plans.takeFresh(),
      refused,
      refusedHash,
    };
  }

  /** What the sensors of a partition have learnt since a time: they bring it to a round. */
  private round({ partition, from }: ShardRound): RoundAnswer {
    const { residents } = this;
    const locals = [...residents.of(partition)].flatMap((sensor) =>
      localNetwork(residents.present(sensor), from) ?? []
    );
    return { locals };
  }

  private end({ partition, position }: ShardEnd): ShardOutput {
    const { residents, out } = this;
    for (const sensor of residents.of(partition)) {
      const actor = residents.actors[sensor];
      if (!actor || nextEnd(actor) >= NEVER) continue;
      residents.touch(actor, position);
      takeEnd(actor, position, out);
      residents.noteWake(actor);
    }
    return this.give(0, 0);
  }
}

function groupBySensor(describes: readonly Describe[]): Map<number, Describe[]> {
  const groups = new Map<number, Describe[]>();
  for (const describe of describes) {
    const group = groups.get(describe.sensor);
    if (group) group.push(describe);
    else groups.set(describe.sensor, [describe]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.index - b.index);
  return groups;
}
