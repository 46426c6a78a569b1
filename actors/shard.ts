/**
 * A shard: a worker's share of the sensors. It applies batches to its actors, takes their snapshots, and answers
 * questions about them. Synchronous and without I/O; `runtime/` brings it messages, here or in a worker.
 *
 * A batch is applied in two passes: its values are brought into columns as they lie in memory, then it is applied sensor
 * by sensor. Sensors know nothing of each other, so this gives what reading by reading would, and a sensor's state is
 * fetched once a batch instead of once a reading.
 *
 * @module
 */
import { mixNumber } from "../models/hash.ts";
import { ChannelTable } from "../models/scan.ts";
import type {
  Arrival,
  CutResult,
  Describe,
  PlanName,
  ShardAnswer,
  ShardBatch,
  ShardCut,
  ShardEnd,
  ShardMessage,
  ShardOutput,
  ShardReply,
  Sleeper,
  Snapshot,
} from "./batch.ts";
import { Columns } from "./columns.ts";
import type { Judging } from "./config.ts";
import { READING_LIMITS, REFUSAL_SAMPLE_LENGTH } from "./reading.ts";
import { sayError } from "./refusals.ts";
import { Aside, noteFailure } from "./runtime/supervision.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { History, HISTORY_ROWS } from "./sensor/history.ts";
import { emptyState, HEADER, makePlan, moveState, NEVER, type Plan } from "./sensor/layout.ts";
import { type OutputMark, Outputs, type Wanted } from "./sensor/outputs.ts";
import { RowWriter } from "./sensor/rows.ts";
import { decodeSnapshot, encodeSnapshot } from "./sensor/snapshot.ts";
import { input, takeEnd, takeReading, takeTick, wakeTime } from "./sensor/transition.ts";
import { nextEnd } from "./sensor/windows.ts";
import { answerAsk } from "./shard_answers.ts";
import type { QuarantineView } from "./views.ts";

/** How a shard judges and what it gives out. Can be cloned into a worker. */
export interface ShardOptions {
  readonly judging: Judging;
  readonly wanted: Wanted;
  /** Whether the last readings are kept in memory and snapshots. */
  readonly keepHistory: boolean;
}

const NO_DESCRIBES: readonly Describe[] = [];

/** A worker's share of the sensors. */
export class Shard {
  private readonly actors: (SensorActor | undefined)[] = [];
  /** Least tick that changes a sensor, by its number. */
  private wake = new Float64Array(1024).fill(NEVER);
  /** Position of a sensor's first change since its snapshot, −1 for none. */
  private changedAt = new Float64Array(1024).fill(-1);
  /** A sensor's first reading in the batch of number `inBatch`. */
  private first = new Int32Array(1024);
  private inBatch = new Int32Array(1024);
  /** The sensor's next reading in the batch, by reading; −1 behind the last. */
  private next = new Int32Array(1024);
  private batchNumber = 0;
  /** Sensors of each partition in memory, and those that changed, in about the order in which they did. */
  private readonly members = new Map<string, Set<number>>();
  private readonly changed = new Map<string, number[]>();
  private readonly table = new ChannelTable();
  private readonly columns = new Columns(this.table);
  private readonly plans = new Map<string, Plan>();
  private newPlans: PlanName[] = [];
  private readonly places = new Map<string, number>();
  private newPlaces: string[] = [];
  private readonly aside = new Aside();
  private readonly out: Outputs;
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
    if (wanted.rows) {
      this.rows = new RowWriter(judging.windows, {
        sensor: (number) => this.actors[number]?.name ?? "",
        channels: (plan) => this.planChannels[plan],
      });
    }
  }

  /** Does what a message asks for. */
  handle<M extends ShardMessage>(message: M): ShardReply<M>;
  handle(message: ShardMessage): ShardOutput | CutResult | ShardAnswer {
    switch (message.kind) {
      case "batch":
        return this.apply(message);
      case "cut":
        return this.cut(message);
      case "end":
        return this.end(message);
      case "ask":
        return answerAsk(message, this.actors);
    }
  }

  private apply(batch: ShardBatch): ShardOutput {
    for (const arrival of batch.arrivals) this.admit(arrival, batch.partition);
    this.columns.fill(batch, this.out.quarantine, (sensor) => this.actors[sensor]?.name ?? "");
    const describes = groupBySensor(batch.describe);
    for (const sensor of this.groupReadings(batch)) {
      this.applyTo(this.present(sensor), batch, describes.get(sensor) ?? NO_DESCRIBES);
    }
    this.tickOthers(batch);
    return this.give(this.columns.refused, this.columns.refusedHash);
  }

  private present(sensor: number): SensorActor {
    const actor = this.actors[sensor];
    if (!actor) throw new Error(`sensor ${sensor} is not in this shard's memory`);
    return actor;
  }

  /** Chains each sensor's readings in order; returns the sensors in order of their first one. */
  private groupReadings({ count, sensors }: ShardBatch): number[] {
    const { first, inBatch } = this, number = ++this.batchNumber;
    if (this.next.length < count) this.next = new Int32Array(count);
    const { next } = this;
    for (let i = count - 1; i >= 0; i--) {
      const sensor = sensors[i];
      next[i] = inBatch[sensor] === number ? first[sensor] : -1;
      inBatch[sensor] = number;
      first[sensor] = i;
    }
    const order: number[] = [];
    for (let i = 0; i < count; i++) if (first[sensors[i]] === i) order.push(sensors[i]);
    return order;
  }

  /** One actor's readings of a batch, and the ticks between them. */
  private applyTo(actor: SensorActor, batch: ShardBatch, describes: readonly Describe[]): void {
    const { ticks, positions } = batch, applied = actor.state[HEADER.applied];
    let tick = 0, describe = 0, put: Put | undefined;
    for (let i = this.first[actor.id]; i >= 0; i = this.next[i]) {
      for (; tick < ticks.length && ticks[tick].index <= i; tick++) {
        if (this.wake[actor.id] <= ticks[tick].time) this.tick(actor, ticks[tick]);
      }
      const position = positions[i];
      if (position < applied) continue;
      if (!put) {
        const { location, plan: { type } } = actor;
        this.aside.put(actor.state);
        put = { first: i, tick, describes, mark: this.out.mark(), location, type };
      }
      for (; describe < describes.length && describes[describe].index <= i; describe++) {
        this.describe(actor, describes[describe]);
      }
      if (!this.gather(actor, i, position)) continue;
      this.touch(actor, position);
      if (actor.state[HEADER.failedTime] >= 0) this.quarantineFailure(actor, position, STOPPED);
      else {
        try {
          this.fault?.(actor.name, position);
          takeReading(actor, batch.times[i], position, this.out);
        } catch (error) {
          this.recover(actor, batch, i, put, error);
        }
      }
      this.wake[actor.id] = wakeTime(actor);
    }
    for (; tick < ticks.length; tick++) if (this.wake[actor.id] <= ticks[tick].time) this.tick(actor, ticks[tick]);
  }

  /** Ticks of a batch for the sensors that have no reading in it. */
  private tickOthers({ ticks, partition }: ShardBatch): void {
    if (ticks.length === 0) return;
    const last = ticks[ticks.length - 1].time;
    for (const sensor of this.members.get(partition) ?? []) {
      if (this.wake[sensor] > last || this.inBatch[sensor] === this.batchNumber) continue;
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
    this.changed.get(actor.partition)?.push(actor.id);
  }

  /** Brings reading i's values into `input`; false if it is none. */
  private gather(actor: SensorActor, i: number, position: number): boolean {
    const { from, to, channels, values, labels } = this.columns;
    if (to[i] < from[i]) return false;
    let count = 0, asked = false, { indexOf } = actor.plan;
    for (let k = from[i]; k < to[i]; k++) {
      const number = channels[k];
      let index = number < indexOf.length ? indexOf[number] : -1;
      if (index < 0) {
        if (!asked) this.addChannels(actor, channels.subarray(k, to[i]), position);
        asked = true;
        indexOf = actor.plan.indexOf;
        index = number < indexOf.length ? indexOf[number] : -1;
        if (index < 0) continue;
      }
      input.channels[count] = index;
      input.values[count++] = values[k];
    }
    input.count = count;
    input.label = labels[i];
    return true;
  }

  /** Gives the actor the channels that it lacks, as many as it may have; what comes of others is quarantined. */
  private addChannels(actor: SensorActor, numbers: Int32Array, position: number): void {
    const { plan } = actor, channels = [...plan.channels], { channels: most } = READING_LIMITS;
    const refused: string[] = [];
    for (const number of numbers) {
      const channel = this.table.names[number];
      if (channels.includes(channel)) continue;
      if (channels.length < most) channels.push(channel);
      else refused.push(channel);
    }
    if (refused.length > 0) this.quarantineChannels(actor, position, refused);
    if (channels.length === plan.channels.length) return;
    const wide = this.planOf(plan.type, channels);
    actor.state = moveState(actor.state, plan, wide);
    actor.history = actor.history?.widened(wide.channels.length, actor.state[HEADER.rows]);
    actor.plan = wide;
    this.aside.put(moveState(this.aside.read(), plan, wide)); // the batch starts with the new layout
  }

  /**
   * After a failure at reading `failed`: the state as it was before the batch, and its readings up to this one again.
   * What is noted of failures outlives this; readings that failed stay out.
   */
  private recover(actor: SensorActor, batch: ShardBatch, failed: number, put: Put, error: unknown): void {
    const { ticks, positions, times } = batch, { describes } = put;
    const skipped = this.failures.get(actor.id) ?? new Map<number, unknown>();
    this.failures.set(actor.id, skipped.set(failed, error));
    actor.state = this.aside.read();
    this.out.rewind(put.mark);
    actor.location = put.location;
    actor.plan = this.planOf(put.type, actor.plan.channels);
    this.wake[actor.id] = wakeTime(actor);
    let { tick } = put, describe = 0;
    for (let i = put.first; i >= 0 && i <= failed; i = this.next[i]) {
      for (; tick < ticks.length && ticks[tick].index <= i; tick++) {
        if (this.wake[actor.id] <= ticks[tick].time) this.tick(actor, ticks[tick]);
      }
      for (; describe < describes.length && describes[describe].index <= i; describe++) {
        this.describe(actor, describes[describe]);
      }
      if (skipped.has(i)) this.noteFailure(actor, positions[i], times[i], skipped.get(i));
      else if (this.gather(actor, i, positions[i])) takeReading(actor, times[i], positions[i], this.out);
      this.wake[actor.id] = wakeTime(actor);
    }
    const { history, state } = actor;
    if (history) history.oldest = Math.max(history.oldest, state[HEADER.rows] + skipped.size - HISTORY_ROWS);
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
    if (type !== undefined && type !== actor.plan.type) actor.plan = this.planOf(type, actor.plan.channels);
  }

  private planOf(type: string | undefined, channels: readonly string[]): Plan {
    const key = JSON.stringify([type ?? null, channels]);
    let plan = this.plans.get(key);
    if (!plan) {
      for (const channel of channels) this.table.of(channel);
      plan = makePlan(this.options.judging, type, channels, this.plans.size, this.table.names);
      this.plans.set(key, plan);
      this.planChannels[plan.number] = channels;
      this.newPlans.push({ number: plan.number, ...(type === undefined ? {} : { type }), channels });
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
        ...(keepHistory ? { history: new History(0) } : {}),
      };
    actor.place = this.placeOf(actor.location);
    this.actors[sensor] = actor;
    if (sensor >= this.wake.length) this.growIndex(sensor);
    this.wake[sensor] = wakeTime(actor);
    this.changedAt[sensor] = -1;
    if (!this.members.has(partition)) {
      this.members.set(partition, new Set());
      this.changed.set(partition, []);
    }
    this.members.get(partition)?.add(sensor);
  }

  private growIndex(sensor: number): void {
    const length = Math.max(2 * this.wake.length, sensor + 1);
    const wake = new Float64Array(length).fill(NEVER), changedAt = new Float64Array(length).fill(-1);
    const first = new Int32Array(length), inBatch = new Int32Array(length);
    wake.set(this.wake);
    changedAt.set(this.changedAt);
    first.set(this.first);
    inBatch.set(this.inBatch);
    Object.assign(this, { wake, changedAt, first, inBatch });
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
    const queue = this.changed.get(partition) ?? [], snapshots: Snapshot[] = [], released: Sleeper[] = [];
    const write = (actor: SensorActor) => {
      this.changedAt[actor.id] = -1;
      snapshots.push({ sensor: actor.id, name: actor.name, bytes: encodeSnapshot(actor, position) });
    };
    const count = Math.max(least, Math.ceil(share * queue.length));
    for (const sensor of queue.splice(0, count)) {
      const actor = this.actors[sensor];
      if (actor && this.changedAt[sensor] >= 0) write(actor);
    }
    for (const sensor of release) {
      const actor = this.actors[sensor];
      if (!actor) continue;
      if (this.changedAt[sensor] >= 0) write(actor);
      released.push({ sensor, wake: wakeTime(actor) });
      this.actors[sensor] = undefined;
      this.members.get(partition)?.delete(sensor);
    }
    if (release.length > 0) keep(queue, (sensor) => this.changedAt[sensor] >= 0);
    let oldest = -1;
    for (const sensor of queue) {
      if (oldest < 0 || this.changedAt[sensor] < oldest) oldest = this.changedAt[sensor];
    }
    return { snapshots, released, oldestChange: oldest, changed: queue.length };
  }

  private end({ partition, position }: ShardEnd): ShardOutput {
    for (const sensor of this.members.get(partition) ?? []) {
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
  readonly mark: OutputMark;
  readonly location: string | undefined;
  readonly type: string | undefined;
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

function keep<T>(items: T[], test: (item: T) => boolean): void {
  let to = 0;
  for (const item of items) if (test(item)) items[to++] = item;
  items.length = to;
}
