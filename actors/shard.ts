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
import { mixNumber } from "../models/hash.ts";
import { ChannelTable } from "../models/scan.ts";
import type {
  Arrival,
  BatchCommand,
  BatchTick,
  CutResult,
  Describe,
  PlanName,
  RoundAnswer,
  ShardAnswer,
  ShardBatch,
  ShardCut,
  ShardEnd,
  ShardMessage,
  ShardOutput,
  ShardReply,
  ShardRound,
  Sleeper,
  Snapshot,
} from "./batch.ts";
import { Lives } from "./alerts/lives.ts";
import type { Judging } from "./config.ts";
import { READING_LIMITS, REFUSAL_SAMPLE_LENGTH } from "./reading.ts";
import { RECORD, RECORD_HEAD, Records } from "./records.ts";
import { sayError } from "./refusals.ts";
import { Roll } from "./roll.ts";
import { Aside, noteFailure } from "./runtime/supervision.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { History } from "./sensor/history.ts";
import { conclude } from "./sensor/conclude.ts";
import { emptyFloats, emptyState, HEADER, makePlan, moveFloats, moveState, NEVER, type Plan } from "./sensor/layout.ts";
import { localNetwork } from "./sensor/network.ts";
import { takeOrder } from "./sensor/orders.ts";
import { Outputs, type Wanted } from "./sensor/outputs.ts";
import { RowWriter } from "./sensor/rows.ts";
import { decodeSnapshot, encodeSnapshot } from "./sensor/snapshot.ts";
import { input, takeEnd, takeReading, takeTick, wakeTime } from "./sensor/transition.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./sensor/verdict.ts";
import { nextEnd } from "./sensor/windows.ts";
import { SharedModels } from "./shared_models.ts";
import { answerAsk, bytesOf } from "./shard_answers.ts";
import type { QuarantineView } from "./views.ts";

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
  private readonly actors: (SensorActor | undefined)[] = [];
  /** Least tick that changes a sensor, by its number. */
  private wake = new Float64Array(1024).fill(NEVER);
  /** Position of a sensor's first change since its snapshot, −1 for none. */
  private changedAt = new Float64Array(1024).fill(-1);
  /** Bytes that each actor held when it was last applied, and what is in memory of all of them. */
  private sizes = new Float64Array(1024);
  private readonly residence = { resident: 0, residentBytes: 0 };
  /** Sensors of each partition in memory. */
  private readonly rolls = new Map<string, Roll>();
  private readonly table = new ChannelTable();
  private readonly records = new Records(this.table);
  private readonly plans = new Map<string, Plan>();
  /** The same by their numbers. */
  private readonly planList: Plan[] = [];
  private newPlans: PlanName[] = [];
  private readonly places = new Map<string, number>();
  private newPlaces: string[] = [];
  private readonly aside = new Aside();
  private last?: Widening;
  /** What {@linkcode warm} has read: kept, so that reading it is not left out. */
  protected warmth = 0;
  private readonly out: Outputs;
  private readonly models: SharedModels;
  /** Writes windows and flags as text, where that is wanted. */
  private readonly rows?: RowWriter;
  private readonly planChannels: (readonly string[])[] = [];

  /**
   * @param fault called before each reading is applied; a test makes it throw, as a broken transition would
   */
  constructor(
    private readonly options: ShardOptions,
    private readonly fault?: (sensor: string, position: number) => void,
  ) {
    const { wanted, judging } = options;
    this.out = new Outputs(wanted.rows ? { ...wanted, flags: true } : wanted);
    this.models = new SharedModels(judging.forest.memoryMs, this.planList);
    if (wanted.rows) {
      this.rows = new RowWriter(judging.windows, {
        sensor: (number) => this.actors[number]?.name ?? "",
        channels: (plan) => this.planChannels[plan],
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
        return this.cut(message);
      case "end":
        return this.end(message);
      case "round":
        return this.round(message);
      case "forget":
        return this.forget(message.partition);
      case "ask":
        return answerAsk(message, this.actors, (actor) => this.models.contributions(actor));
    }
  }

  private apply(batch: ShardBatch): ShardOutput {
    this.models.switch(batch.partition, batch.models);
    for (const arrival of batch.arrivals) this.admit(arrival, batch.partition);
    for (const command of batch.commands) this.order(command);
    const { records } = this;
    records.fill(batch, this.out.quarantine, (sensor) => this.actors[sensor]?.name ?? "");
    const describes = groupBySensor(batch.describe);
    for (let k = 0; k < records.count; k++) {
      if (k % AHEAD === 0) this.warm(k);
      const sensor = records.sensors[k];
      this.applyTo(this.present(sensor), batch.ticks, describes.get(sensor) ?? NO_DESCRIBES);
    }
    this.tickOthers(batch);
    this.conclude(batch.partition);
    return this.give(records.refused, records.refusedHash);
  }

  /** Carries a command out; an actor that fails at it is as it was before. */
  private order(command: BatchCommand): void {
    const actor = this.present(command.sensor), { number, position } = command;
    if (number <= actor.state[HEADER.command]) return;
    this.touch(actor, position);
    this.aside.put(actor.state, actor.floats, actor.lives?.save());
    this.out.mark();
    try {
      takeOrder(actor, command, this.out);
    } catch (error) {
      this.restore(actor);
      this.out.rewind();
      actor.state[HEADER.command] = number;
      this.quarantineFailure(actor, position, `the command ${command.command.command} failed: ${sayError(error)}`);
    }
    this.wake[actor.id] = wakeTime(actor);
  }

  /** Scores by shared models, then the end of every verdict. */
  private conclude(partition: string): void {
    const { out, actors } = this;
    this.models.score(partition, out, actors);
    const { array, length } = out.verdicts;
    for (let at = 0; at < length; at += VERDICT_HEAD + array[at + VERDICT.channels] * VERDICT_CHANNEL) {
      conclude(this.present(array[at]), array, at, out);
    }
    out.rows.length = 0;
    if (!out.wanted.verdicts) out.verdicts.length = 0;
  }

  /**
   * Reads a double of each cache line of the next states. That brings many of them near at the same time, where applying one
   * sensor's readings after the other would wait for each of them.
   */
  private warm(from: number): void {
    const { actors, records: { sensors, count } } = this, to = Math.min(from + AHEAD, count);
    let sum = 0;
    for (let k = from; k < to; k++) {
      const state = actors[sensors[k]]?.state;
      if (state) { for (let at = 0; at < state.length; at += 8) sum += state[at]; }
    }
    this.warmth = sum;
  }

  private present(sensor: number): SensorActor {
    const actor = this.actors[sensor];
    if (!actor) throw new Error(`sensor ${sensor} is not in this shard's memory`);
    return actor;
  }

  /** One actor's readings of a batch, and the ticks between them. */
  private applyTo(actor: SensorActor, ticks: readonly BatchTick[], describes: readonly Describe[]): void {
    const { records } = this, applied = actor.state[HEADER.applied];
    let tick = 0, describe = 0, put: Put | undefined;
    for (let at = records.first(actor.id), next = 0; at >= 0; at = next) {
      const { array } = records, index = array[at], position = array[at + RECORD.position];
      next = array[at + RECORD.next];
      if (tick < ticks.length && ticks[tick].index <= index) tick = this.ticksUpTo(actor, ticks, tick, index);
      if (position < applied) continue;
      if (!put) {
        this.meetModels(actor);
        this.aside.put(actor.state, actor.floats, actor.lives?.save());
        this.out.mark();
        const { location, place, plan } = actor;
        put = { first: at, tick, describes, location, place, plan };
      }
      for (; describe < describes.length && describes[describe].index <= index; describe++) {
        this.describe(actor, describes[describe]);
      }
      this.gather(actor, at, position);
      this.touch(actor, position);
      if (actor.state[HEADER.failedTime] >= 0) this.quarantineFailure(actor, position, STOPPED);
      else {
        try {
          this.fault?.(actor.name, position);
          takeReading(actor, array[at + RECORD.time], position, this.out);
        } catch (error) {
          this.recover(actor, ticks, at, put, error);
        }
      }
    }
    if (tick < ticks.length) this.ticksUpTo(actor, ticks, tick, Infinity);
    this.wake[actor.id] = wakeTime(actor);
    this.weigh(actor);
  }

  /** Gives an actor in the midst of its readings the ticks from `tick` on that come before reading `index`. */
  private ticksUpTo(actor: SensorActor, ticks: readonly BatchTick[], tick: number, index: number): number {
    this.wake[actor.id] = wakeTime(actor);
    for (; tick < ticks.length && ticks[tick].index <= index; tick++) {
      if (this.wake[actor.id] <= ticks[tick].time) this.tick(actor, ticks[tick]);
    }
    return tick;
  }

  /** Ticks of a batch for the sensors that have no reading in it. */
  private tickOthers({ ticks, partition }: ShardBatch): void {
    if (ticks.length === 0) return;
    const last = ticks[ticks.length - 1].time;
    for (const sensor of this.rolls.get(partition) ?? []) {
      if (this.wake[sensor] > last || this.records.first(sensor) >= 0) continue;
      const actor = this.present(sensor);
      for (const tick of ticks) if (this.wake[sensor] <= tick.time) this.tick(actor, tick);
    }
  }

  private tick(actor: SensorActor, { time, position }: { readonly time: number; readonly position: number }): void {
    if (position < actor.state[HEADER.applied]) return;
    this.touch(actor, position);
    takeTick(actor, time, position, this.out);
    this.wake[actor.id] = wakeTime(actor);
  }

  /** Notes that the actor has changed since its snapshot. */
  private touch(actor: SensorActor, position: number): void {
    if (this.changedAt[actor.id] >= 0) return;
    this.changedAt[actor.id] = position;
    const roll = this.rolls.get(actor.partition);
    if (roll) roll.changed++;
  }

  /** Brings the values of the record at `at` into `input`. */
  private gather(actor: SensorActor, at: number, position: number): void {
    const { array } = this.records, from = at + RECORD_HEAD, to = from + 2 * array[at + RECORD.count];
    const { channels, values } = input;
    let count = 0, asked = false, { indexOf } = actor.plan;
    for (let k = from; k < to; k += 2) {
      const number = array[k];
      let index = number < indexOf.length ? indexOf[number] : -1;
      if (index < 0) {
        if (!asked) this.addChannels(actor, array.subarray(k, to).filter((_, i) => i % 2 === 0), position);
        asked = true;
        indexOf = actor.plan.indexOf;
        index = number < indexOf.length ? indexOf[number] : -1;
        if (index < 0) continue;
      }
      channels[count] = index;
      values[count++] = array[k + 1];
    }
    input.count = count;
    input.label = array[at + RECORD.label];
  }

  /** Gives the actor the channels that it lacks, as many as it may have; what comes of others is quarantined. */
  private addChannels(actor: SensorActor, numbers: Float64Array, position: number): void {
    const { plan, widened } = this.widening(actor, numbers, position);
    if (plan === widened) return;
    actor.state = moveState(actor.state, plan, widened);
    actor.floats = moveFloats(actor.floats, plan, widened);
    actor.plan = widened;
    this.meetModels(actor);
  }

  /** What the actor's group shares now. */
  private meetModels(actor: SensorActor): void {
    if (actor.plan.judge?.network) actor.global = this.models.global(actor.partition, actor.plan);
  }

  /** The actor's plan and the one with these channels too. Mostly what it was for the sensor before. */
  private widening(actor: SensorActor, numbers: Float64Array, position: number): Widening {
    const { plan } = actor, { last } = this;
    if (last?.plan === plan && last.numbers.every((number, k) => number === numbers[k])) {
      if (last.numbers.length === numbers.length) return last;
    }
    const channels = [...plan.channels], { channels: most } = READING_LIMITS, refused: string[] = [];
    for (const number of numbers) {
      const channel = this.table.names[number];
      if (channels.includes(channel)) continue;
      if (channels.length < most) channels.push(channel);
      else refused.push(channel);
    }
    const same = channels.length === plan.channels.length, widened = same ? plan : this.planOf(plan.type, channels);
    if (refused.length > 0) this.quarantineChannels(actor, position, refused);
    else this.last = { plan, numbers, widened };
    return { plan, numbers, widened };
  }

  /**
   * After a failure at reading `failed`: the state as it was before the batch, and its readings up to this one again.
   * What is noted of failures outlives this, and what was said of type and location; readings that failed stay out.
   */
  private recover(actor: SensorActor, ticks: readonly BatchTick[], failed: number, put: Put, error: unknown): void {
    const { array } = this.records, { describes } = put;
    const skipped = this.failures.get(actor.id) ?? new Map<number, unknown>();
    this.failures.set(actor.id, skipped.set(failed, error));
    this.restore(actor);
    this.out.rewind();
    actor.location = put.location;
    actor.place = put.place;
    actor.plan = put.plan;
    this.meetModels(actor);
    let { tick } = put, describe = 0;
    for (let at = put.first; at >= 0 && at <= failed; at = array[at + RECORD.next]) {
      const index = array[at], position = array[at + RECORD.position], time = array[at + RECORD.time];
      tick = this.ticksUpTo(actor, ticks, tick, index);
      for (; describe < describes.length && describes[describe].index <= index; describe++) {
        this.describe(actor, describes[describe]);
      }
      if (skipped.has(at)) this.noteFailure(actor, position, time, skipped.get(at));
      else {
        this.gather(actor, at, position);
        takeReading(actor, time, position, this.out);
      }
    }
  }

  /** The state that was put aside. */
  private restore(actor: SensorActor): void {
    const { state, floats, tail } = this.aside.read();
    actor.state = state;
    actor.floats = floats;
    actor.lives = tail && new Lives(tail);
  }

  /** Readings of the current batch at which an actor failed, and how, by sensor. */
  private readonly failures = new Map<number, Map<number, unknown>>();

  private noteFailure(actor: SensorActor, position: number, time: number, error: unknown): void {
    const { state } = actor;
    if (noteFailure(state, HEADER.failure, time)) state[HEADER.failedTime] = time;
    mixNumber(state, HEADER.hash, time);
    this.quarantineFailure(actor, position, `the sensor's actor failed: ${sayError(error)}`);
  }

  private quarantineChannels(actor: SensorActor, position: number, refused: readonly string[]): void {
    const most = READING_LIMITS.channels, names = refused.join(", ");
    const message = `the sensor has ${most} channels, as many as one may have: ${names} not taken`;
    this.quarantine(actor, position, "channels", "values", message, names.slice(0, REFUSAL_SAMPLE_LENGTH));
  }

  private quarantineFailure(actor: SensorActor, position: number, message: string): void {
    this.quarantine(actor, position, "failed", "", message, "");
  }

  private quarantine(
    actor: SensorActor,
    position: number,
    reason: QuarantineView["reason"],
    field: string,
    message: string,
    sample: string,
  ): void {
    const { partition, name: sensor } = actor, id = `${partition}/${position}`;
    this.out.quarantine.push({ id, partition, position, reason, sensor, errors: [{ field, message }], sample });
  }

  private describe(actor: SensorActor, { type, location }: Describe): void {
    if (location !== undefined) {
      actor.location = location;
      actor.place = this.placeOf(location);
    }
    if (type === undefined || type === actor.plan.type) return;
    actor.plan = this.planOf(type, actor.plan.channels);
    this.meetModels(actor);
  }

  private planOf(type: string | undefined, channels: readonly string[]): Plan {
    const key = JSON.stringify([type ?? null, channels]);
    let plan = this.plans.get(key);
    if (!plan) {
      for (const channel of channels) this.table.of(channel);
      plan = makePlan(this.options.judging, type, channels, this.plans.size, this.table.names);
      this.plans.set(key, plan);
      this.planList.push(plan);
      this.planChannels[plan.number] = channels;
      this.newPlans.push({
        number: plan.number,
        ...(type === undefined ? {} : { type }),
        channels,
        group: plan.group,
      });
    }
    return plan;
  }

  private placeOf(location: string | undefined): number {
    if (location === undefined) return -1;
    let place = this.places.get(location);
    if (place === undefined) {
      this.places.set(location, place = this.places.size);
      this.newPlaces.push(location);
    }
    return place;
  }

  private admit({ sensor, name, snapshot }: Arrival, partition: string): void {
    const { keepHistory, judging } = this.options;
    const plan = snapshot ? undefined : this.planOf(undefined, []);
    const actor: SensorActor = snapshot
      ? decodeSnapshot(snapshot, sensor, judging, (type, channels) => this.planOf(type, channels), keepHistory)
      : {
        id: sensor,
        name,
        partition,
        place: -1,
        plan: plan!,
        state: emptyState(plan!),
        floats: emptyFloats(plan!),
        ...(keepHistory ? { history: new History(0) } : {}),
      };
    actor.place = this.placeOf(actor.location);
    let roll = this.rolls.get(partition);
    if (!roll) this.rolls.set(partition, roll = new Roll((sensor) => this.present(sensor).name));
    if (!this.actors[sensor]) {
      roll.add(sensor);
      this.residence.resident++;
    }
    this.actors[sensor] = actor;
    if (sensor >= this.wake.length) this.growIndex(sensor);
    this.weigh(actor);
    this.wake[sensor] = wakeTime(actor);
    this.changedAt[sensor] = -1;
  }

  private growIndex(sensor: number): void {
    const length = Math.max(2 * this.wake.length, sensor + 1);
    const wake = new Float64Array(length).fill(NEVER), changedAt = new Float64Array(length).fill(-1);
    const sizes = new Float64Array(length);
    wake.set(this.wake);
    changedAt.set(this.changedAt);
    sizes.set(this.sizes);
    this.wake = wake;
    this.changedAt = changedAt;
    this.sizes = sizes;
  }

  private give(refused: number, refusedHash: number): ShardOutput {
    const { out, newPlans: plans, newPlaces: places } = this;
    this.failures.clear();
    this.newPlans = [];
    this.newPlaces = [];
    const { wanted } = this.options, { windows, flags } = out;
    const rows = this.rows?.write(windows.array, windows.length, flags.array, flags.length);
    if (wanted.windows === false) windows.length = 0;
    if (!wanted.flags) flags.length = 0;
    return {
      ...out.take(),
      ...(rows ? { rows: rows.bytes, rowIndex: rows.index } : {}),
      plans,
      places,
      refused,
      refusedHash,
    };
  }

  private cut({ partition, position, share, least, release }: ShardCut): CutResult {
    const roll = this.rolls.get(partition), snapshots: Snapshot[] = [], released: Sleeper[] = [];
    if (!roll) return { snapshots, released, oldestChange: -1, changed: 0, ...this.residence };
    const write = (sensor: number) => {
      if (this.changedAt[sensor] < 0) return false;
      const actor = this.present(sensor);
      this.changedAt[sensor] = -1;
      roll.changed--;
      snapshots.push({ sensor, name: actor.name, bytes: encodeSnapshot(actor, position) });
      return true;
    };
    roll.goOn(share, Math.min(least, roll.changed), write);
    const leaving = release.filter((sensor) => this.actors[sensor] !== undefined);
    for (const sensor of leaving) {
      write(sensor);
      released.push({ sensor, wake: wakeTime(this.present(sensor)) });
    }
    if (leaving.length > 0) {
      const gone = new Set(leaving);
      roll.remove((sensor) => gone.has(sensor));
      for (const sensor of leaving) {
        this.actors[sensor] = undefined;
        this.residence.residentBytes -= this.sizes[sensor];
        this.sizes[sensor] = 0;
      }
      this.residence.resident -= leaving.length;
    }
    const { changed } = roll;
    return { snapshots, released, oldestChange: this.oldestChange(roll), changed, ...this.residence };
  }

  /** Lets go of a partition as it stands. */
  private forget(partition: string): CutResult {
    const released = [...this.rolls.get(partition) ?? []].map((sensor) => ({ sensor, wake: NEVER }));
    this.rolls.delete(partition);
    this.models.forget(partition);
    for (const { sensor } of released) {
      this.actors[sensor] = undefined;
      this.residence.residentBytes -= this.sizes[sensor];
      this.sizes[sensor] = 0;
    }
    this.residence.resident -= released.length;
    return { snapshots: [], released, oldestChange: -1, changed: 0, ...this.residence };
  }

  /** Notes how many bytes an actor holds now: states and histories grow. */
  private weigh(actor: SensorActor): void {
    const bytes = bytesOf(actor);
    this.residence.residentBytes += bytes - this.sizes[actor.id];
    this.sizes[actor.id] = bytes;
  }

  /** What the sensors of a partition have learnt since a time: they bring it to a round. */
  private round({ partition, from }: ShardRound): RoundAnswer {
    const locals = [...this.rolls.get(partition) ?? []].flatMap((sensor) => {
      return localNetwork(this.present(sensor), from) ?? [];
    });
    return { locals };
  }

  private oldestChange(roll: Roll): number {
    const { changedAt } = this;
    let oldest = -1;
    for (const sensor of roll) {
      if (changedAt[sensor] >= 0 && (oldest < 0 || changedAt[sensor] < oldest)) oldest = changedAt[sensor];
    }
    return oldest;
  }

  private end({ partition, position }: ShardEnd): ShardOutput {
    for (const sensor of this.rolls.get(partition) ?? []) {
      const actor = this.actors[sensor];
      if (!actor || nextEnd(actor) >= NEVER) continue;
      this.touch(actor, position);
      takeEnd(actor, position, this.out);
      this.wake[sensor] = wakeTime(actor);
    }
    return this.give(0, 0);
  }
}

/** How an actor stood before its first reading of a batch, beside the state that was put aside. */
interface Put {
  readonly first: number;
  /** Ticks before this one are in the state. */
  readonly tick: number;
  readonly describes: readonly Describe[];
  readonly location: string | undefined;
  readonly place: number;
  readonly plan: Plan;
}

/** What a plan becomes when the channels of these numbers come to it. */
interface Widening {
  readonly plan: Plan;
  readonly numbers: Float64Array;
  readonly widened: Plan;
}

const STOPPED = "the sensor's actor was stopped after failing 3 times within 60 s";

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
