/**
 * A shard: a worker's share of the sensors. It applies batches to its actors in order, takes their snapshots, and
 * answers questions about them. Synchronous and without I/O; `runtime/` brings it messages, here or in a worker.
 *
 * @module
 */
import { finalise, HASH_LENGTH, mixNumber, mixText } from "../models/hash.ts";
import { ChannelTable, scanValues } from "../models/scan.ts";
import type {
  Arrival,
  CutResult,
  Describe,
  PlanName,
  SensorDigest,
  ShardAnswer,
  ShardAsk,
  ShardBatch,
  ShardCut,
  ShardEnd,
  ShardMessage,
  ShardOutput,
  ShardReply,
  Sleeper,
  Snapshot,
  StateCounts,
} from "./batch.ts";
import type { Judging } from "./config.ts";
import { isRefusal, parseReading, type Reading, READING_LIMITS, type Refusal } from "./reading.ts";
import { Arena, noteFailure } from "./runtime/supervision.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { History } from "./sensor/history.ts";
import { emptyState, HEADER, makePlan, moveState, NEVER, type Plan } from "./sensor/layout.ts";
import { Outputs, type Wanted } from "./sensor/outputs.ts";
import { decodeSnapshot, encodeSnapshot } from "./sensor/snapshot.ts";
import { input, takeEnd, takeReading, takeTick, wakeTime } from "./sensor/transition.ts";
import { viewReadings, viewSensor } from "./sensor/view.ts";
import type { QuarantineView } from "./views.ts";

/** How a shard judges and what it gives out. Can be cloned into a worker. */
export interface ShardOptions {
  readonly judging: Judging;
  readonly wanted: Wanted;
  /** Whether the last readings are kept in memory and snapshots. */
  readonly keepHistory: boolean;
}

const decoder = new TextDecoder();

/** A worker's share of the sensors. */
export class Shard {
  private readonly actors: (SensorActor | undefined)[] = [];
  /** Least tick that changes a sensor, by its number. */
  private wake = new Float64Array(1024).fill(NEVER);
  /** Position of a sensor's first change since its snapshot, −1 for none. */
  private changedAt = new Float64Array(1024).fill(-1);
  /** Sensors of each partition in memory, and those that changed, oldest change first. */
  private readonly members = new Map<string, Set<number>>();
  private readonly changed = new Map<string, number[]>();
  private readonly table = new ChannelTable();
  private readonly plans = new Map<string, Plan>();
  private newPlans: PlanName[] = [];
  private readonly arena = new Arena();
  private batchNumber = 0;
  private out: Outputs;
  private refused = 0;
  private refusedHash = 0;
  /** Channels and values of a scanned line, by the numbers of the table. */
  private readonly scannedChannels = new Int32Array(READING_LIMITS.channels);
  private readonly scannedValues = new Float64Array(READING_LIMITS.channels);

  /**
   * @param fault called before each reading is applied; a test makes it throw, as a broken transition would
   */
  constructor(
    private readonly options: ShardOptions,
    private readonly fault?: (sensor: string, position: number) => void,
  ) {
    this.out = new Outputs(options.wanted);
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
        return this.answer(message);
    }
  }

  private apply(batch: ShardBatch): ShardOutput {
    this.batchNumber++;
    this.arena.clear();
    for (const arrival of batch.arrivals) this.admit(arrival, batch.partition);
    const dictionary = Int32Array.from(batch.channelNames, (name) => this.table.of(name));
    let tick = 0, describe = 0;
    for (let i = 0; i < batch.count; i++) {
      while (tick < batch.ticks.length && batch.ticks[tick].index <= i) this.tick(batch, tick++);
      while (describe < batch.describe.length && batch.describe[describe].index <= i) {
        this.describe(batch.describe[describe], batch.positions[batch.describe[describe++].index]);
      }
      this.take(batch, i, dictionary);
    }
    while (tick < batch.ticks.length) this.tick(batch, tick++);
    return this.give();
  }

  private take(batch: ShardBatch, i: number, dictionary: Int32Array): void {
    const actor = this.actors[batch.sensors[i]];
    if (!actor) throw new Error(`sensor ${batch.sensors[i]} is not in this shard's memory`);
    const position = batch.positions[i];
    const known = batch.lineAt[i] < 0 || this.scanLine(batch, i, actor);
    if (!known || position < actor.state[HEADER.applied]) return;
    if (batch.lineAt[i] < 0) this.gather(batch, i, actor, dictionary);
    this.touch(actor, position);
    if (actor.state[HEADER.failedTime] >= 0) return this.refuseFailed(actor, position);
    try {
      this.fault?.(actor.name, position);
      takeReading(actor, batch.times[i], position, this.out);
    } catch (error) {
      this.recover(batch, i, actor, dictionary, error);
    }
    this.wake[actor.id] = wakeTime(actor);
  }

  /** Puts the actor's state aside before its first change in a batch, and notes that it has changed. */
  private touch(actor: SensorActor, position: number): void {
    if (actor.savedBatch !== this.batchNumber) {
      actor.savedBatch = this.batchNumber;
      actor.savedAt = this.arena.save(actor.state);
    }
    if (this.changedAt[actor.id] < 0) {
      this.changedAt[actor.id] = position;
      this.changed.get(actor.partition)?.push(actor.id);
    }
  }

  /** Brings the values of a line into `input`; false if the line is no reading, which is then quarantined. */
  private scanLine(batch: ShardBatch, i: number, actor: SensorActor): boolean {
    const text = batch.text;
    if (!text) throw new Error("a batch with lines has no text");
    const { scannedChannels, scannedValues } = this;
    const end = batch.lineEnd[i];
    const count = scanValues(text, batch.lineValues[i], end, this.table, scannedChannels, scannedValues);
    if (count < 0) return this.parseLine(batch, i, actor);
    const { indexOf } = actor.plan;
    for (let k = 0; k < count; k++) {
      const number = scannedChannels[k];
      let index = number < indexOf.length ? indexOf[number] : -1;
      if (index < 0) {
        this.touch(actor, batch.positions[i]);
        index = this.addChannel(actor, this.table.names[number], batch.positions[i]);
        if (index < 0) return false;
      }
      input.channels[k] = index;
      input.values[k] = scannedValues[k];
    }
    input.count = count;
    input.label = -1;
    return true;
  }

  /** The slow way: a line that the scanner does not know. */
  private parseLine(batch: ShardBatch, i: number, actor: SensorActor): boolean {
    const row = batch.rows[i], position = batch.positions[i];
    const line = decoder.decode(batch.text?.subarray(batch.lineAt[i], batch.lineEnd[i]));
    const item = parseLineText(line, row > 0 ? row : undefined);
    if (isRefusal(item)) {
      this.refused++;
      this.refusedHash = (this.refusedHash + hashRefusal(position)) >>> 0;
      this.out.quarantine.push(quarantineRefusal(batch.partition, position, item, actor.name));
      return false;
    }
    if (position < actor.state[HEADER.applied]) return false;
    this.describe({ index: i, sensor: actor.id, type: item.type, location: item.location }, position);
    return this.gatherReading(item, actor, position);
  }

  private gatherReading(reading: Reading, actor: SensorActor, position: number): boolean {
    let count = 0;
    for (const [channel, value] of Object.entries(reading.values)) {
      if (value === null) continue;
      const number = this.table.of(channel);
      let index = number < actor.plan.indexOf.length ? actor.plan.indexOf[number] : -1;
      if (index < 0) {
        this.touch(actor, position);
        index = this.addChannel(actor, channel, position);
        if (index < 0) return false;
      }
      input.channels[count] = index;
      input.values[count++] = value;
    }
    input.count = count;
    input.label = reading.label ?? -1;
    return true;
  }

  /** Brings the values of a parsed reading into `input`. */
  private gather(batch: ShardBatch, i: number, actor: SensorActor, dictionary: Int32Array): void {
    const from = batch.valueAt[i], to = batch.valueAt[i + 1];
    let count = 0;
    for (let k = from; k < to; k++) {
      const number = dictionary[batch.channels[k]], { indexOf } = actor.plan;
      let index = number < indexOf.length ? indexOf[number] : -1;
      if (index < 0) {
        this.touch(actor, batch.positions[i]);
        index = this.addChannel(actor, this.table.names[number], batch.positions[i]);
        if (index < 0) continue;
      }
      input.channels[count] = index;
      input.values[count++] = batch.values[k];
    }
    input.count = count;
    input.label = batch.labels[i];
  }

  /** Gives the actor one channel more; −1 if it has as many as it may, and what was sent is quarantined. */
  private addChannel(actor: SensorActor, channel: string, position: number): number {
    const { plan } = actor;
    if (plan.channels.length >= READING_LIMITS.channels) {
      const message =
        `the sensor has ${READING_LIMITS.channels} channels, as many as one may have; ${channel} is not taken`;
      this.out.quarantine.push({
        id: `${actor.partition}/${position}`,
        partition: actor.partition,
        position,
        reason: "channels",
        sensor: actor.name,
        errors: [{ field: `values.${channel}`, message }],
        sample: channel.slice(0, 64),
      });
      return -1;
    }
    const wide = this.planOf(plan.type, [...plan.channels, channel]);
    actor.state = moveState(actor.state, plan, wide);
    actor.history = actor.history?.widened(wide.channels.length, actor.state[HEADER.rows]);
    actor.plan = wide;
    // What was put aside has the old layout: from here on the batch starts with the new one.
    actor.savedAt = this.arena.save(moveState(this.arena.read(actor.savedAt, plan.length), plan, wide));
    return wide.channels.length - 1;
  }

  /** After a failure: the state as it was before the batch, its readings again up to this one, which is quarantined. */
  private recover(batch: ShardBatch, i: number, actor: SensorActor, dictionary: Int32Array, error: unknown): void {
    actor.state = this.arena.read(actor.savedAt, actor.plan.length);
    const failed = this.failedAt.get(actor.id) ?? new Set<number>();
    this.failedAt.set(actor.id, failed.add(batch.positions[i]));
    this.forget(actor.id, batch);
    let tick = 0;
    for (let k = 0; k < i; k++) {
      while (tick < batch.ticks.length && batch.ticks[tick].index <= k) this.tickOne(actor, batch, tick++);
      if (batch.sensors[k] !== actor.id) continue;
      const position = batch.positions[k];
      if (failed.has(position) || position < actor.state[HEADER.applied]) continue;
      if (batch.lineAt[k] >= 0 ? !this.scanLine(batch, k, actor) : (this.gather(batch, k, actor, dictionary), false)) {
        continue;
      }
      takeReading(actor, batch.times[k], position, this.out);
    }
    const { history, state } = actor;
    if (history) history.oldest = Math.max(history.oldest, state[HEADER.rows] - 126);
    if (noteFailure(state, HEADER.failure, batch.times[i])) state[HEADER.failedTime] = batch.times[i];
    mixNumber(state, HEADER.hash, batch.times[i]);
    this.quarantineFailure(actor, batch.positions[i], `the sensor's actor failed: ${sayError(error)}`);
  }

  /** Positions of the current batch at which an actor failed, by sensor. */
  private readonly failedAt = new Map<number, Set<number>>();

  /** Takes back what an actor gave out in this batch; applying it again gives it out again. */
  private forget(sensor: number, batch: ShardBatch): void {
    const { out } = this, name = this.actors[sensor]?.name, first = batch.positions[0];
    dropRecords(out.windows, sensor, (array, at) => 7 + array[at + 6] * 6);
    dropRecords(out.flags, sensor, () => 11);
    dropRecords(out.verdicts, sensor, (array, at) => 8 + array[at + 7]);
    keep(out.alerts, (alert) => alert.transition.sensor !== name || alert.transition.position < first);
    keep(out.history, (chunk) => chunk.sensor !== sensor);
    keep(out.quarantine, (item) => item.sensor !== name || item.reason === "failed");
  }

  private refuseFailed(actor: SensorActor, position: number): void {
    this.quarantineFailure(actor, position, "the sensor's actor was stopped after failing 3 times within 60 s");
  }

  private quarantineFailure(actor: SensorActor, position: number, message: string): void {
    this.out.quarantine.push({
      id: `${actor.partition}/${position}`,
      partition: actor.partition,
      position,
      reason: "failed",
      sensor: actor.name,
      errors: [{ field: "", message }],
      sample: "",
    });
  }

  private tick(batch: ShardBatch, number: number): void {
    const { time } = batch.ticks[number];
    for (const sensor of this.members.get(batch.partition) ?? []) {
      if (this.wake[sensor] > time) continue;
      const actor = this.actors[sensor];
      if (actor) this.tickOne(actor, batch, number);
    }
  }

  private tickOne(actor: SensorActor, batch: ShardBatch, number: number): void {
    const { time, position } = batch.ticks[number];
    if (position < actor.state[HEADER.applied] || time < wakeTime(actor)) return;
    this.touch(actor, position);
    takeTick(actor, time, position, this.out);
    this.wake[actor.id] = wakeTime(actor);
  }

  private describe({ sensor, type, location }: Describe, position: number): void {
    const actor = this.actors[sensor];
    if (!actor || position < actor.state[HEADER.applied]) return;
    if (location !== undefined) actor.location = location;
    if (type !== undefined && type !== actor.plan.type) actor.plan = this.planOf(type, actor.plan.channels);
  }

  private planOf(type: string | undefined, channels: readonly string[]): Plan {
    const key = JSON.stringify([type ?? null, channels]);
    let plan = this.plans.get(key);
    if (!plan) {
      for (const channel of channels) this.table.of(channel);
      plan = makePlan(this.options.judging, type, channels, this.plans.size, this.table.names);
      this.plans.set(key, plan);
      this.newPlans.push({ number: plan.number, ...(type === undefined ? {} : { type }), channels });
    }
    return plan;
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
        plan: plan!,
        state: emptyState(plan!),
        ...(keepHistory ? { history: new History(0) } : {}),
        savedBatch: -1,
        savedAt: 0,
      };
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
    wake.set(this.wake);
    changedAt.set(this.changedAt);
    this.wake = wake;
    this.changedAt = changedAt;
  }

  private give(): ShardOutput {
    const { out } = this;
    this.failedAt.clear();
    const output: ShardOutput = {
      windows: out.windows.take(),
      flags: out.flags.take(),
      verdicts: out.verdicts.take(),
      alerts: out.alerts.splice(0),
      history: out.history.splice(0),
      quarantine: out.quarantine.splice(0),
      plans: this.newPlans,
      refused: this.refused,
      refusedHash: this.refusedHash,
    };
    this.newPlans = [];
    this.refused = this.refusedHash = 0;
    return output;
  }

  private cut({ partition, position, share, release }: ShardCut): CutResult {
    const queue = this.changed.get(partition) ?? [], snapshots: Snapshot[] = [], released: Sleeper[] = [];
    const write = (actor: SensorActor) => {
      this.changedAt[actor.id] = -1;
      snapshots.push({ sensor: actor.id, name: actor.name, bytes: encodeSnapshot(actor, position) });
    };
    const count = Math.ceil(share * queue.length);
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
    const oldest = queue.length > 0 ? this.changedAt[queue[0]] : -1;
    return { snapshots, released, oldestChange: oldest, changed: queue.length };
  }

  private end({ partition, position }: ShardEnd): ShardOutput {
    for (const sensor of this.members.get(partition) ?? []) {
      const actor = this.actors[sensor];
      if (!actor) continue;
      this.touch(actor, position);
      takeEnd(actor, position, this.out);
      this.wake[sensor] = wakeTime(actor);
    }
    return this.give();
  }

  private answer(ask: ShardAsk): ShardAnswer {
    const asked = (ask.sensors ?? []).map((sensor) => this.actors[sensor]).filter((actor) => actor !== undefined);
    const present = () => this.actors.filter((actor) => actor !== undefined);
    switch (ask.about) {
      case "sensors":
        return { about: "sensors", views: asked.map(viewSensor) };
      case "readings":
        return { about: "readings", readings: asked.flatMap(viewReadings) };
      case "digests":
        return { about: "digests", digests: present().map(digestOf) };
      case "states":
        return { about: "states", states: countStates(present()) };
      case "memory": {
        let stateBytes = 0, historyBytes = 0;
        for (const actor of present()) {
          stateBytes += actor.state.byteLength;
          historyBytes += actor.history?.bytes ?? 0;
        }
        return { about: "memory", memory: { sensors: present().length, stateBytes, historyBytes } };
      }
    }
  }
}

function countStates(actors: readonly SensorActor[]): StateCounts {
  const counts = { sensors: actors.length, anomalous: 0, silent: 0, warming_up: 0, failed: 0, active_alerts: 0 };
  for (const actor of actors) {
    const view = viewSensor(actor);
    if (view.state !== "ok") counts[view.state]++;
    if (view.is_anomaly) counts.anomalous++;
    counts.active_alerts += view.active_alerts.length;
  }
  return counts;
}

/** A line as a reading, or why it is none. */
export function parseLineText(line: string, row?: number): Reading | Refusal {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (error) {
    const message = `the line is not JSON: ${sayError(error)}`;
    return { ...(row === undefined ? {} : { row }), errors: [{ field: "", message }], sample: line.slice(0, 256) };
  }
  return parseReading(record, row);
}

/** What a refused record at `position` adds to its partition's hash; a sum, so that order does not count. */
export function hashRefusal(position: number): number {
  return finalise(position % 0x100000000 ^ Math.floor(position / 0x100000000));
}

/** A refusal as it is kept. */
export function quarantineRefusal(
  partition: string,
  position: number,
  { row, errors, sample }: Refusal,
  sensor?: string,
): QuarantineView {
  return {
    id: `${partition}/${position}`,
    partition,
    position,
    reason: "invalid",
    ...(row === undefined ? {} : { row }),
    ...(sensor === undefined ? {} : { sensor }),
    errors,
    sample,
  };
}

/** What a sensor adds to a run's digest: its rolling hash of outputs, and a hash of its state as it stands. */
export function digestOf(actor: SensorActor): SensorDigest {
  const { state, plan } = actor, lanes = new Float64Array(HASH_LENGTH);
  for (const channel of plan.channels) mixText(lanes, 0, channel);
  mixText(lanes, 0, JSON.stringify([plan.type ?? null, actor.location ?? null]));
  for (let i = HEADER.applied + 1; i < state.length; i++) mixNumber(lanes, 0, state[i]);
  return { name: actor.name, lanes: [state[HEADER.hash], state[HEADER.hash + 1], lanes[0], lanes[1]] };
}

function sayError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Removes a sensor's records, each of its own length, from a buffer of them. */
function dropRecords(
  doubles: { array: Float64Array; length: number },
  sensor: number,
  lengthOf: (array: Float64Array, at: number) => number,
): void {
  const { array } = doubles;
  let to = 0;
  for (let at = 0; at < doubles.length;) {
    const length = lengthOf(array, at);
    if (array[at] !== sensor) {
      array.copyWithin(to, at, at + length);
      to += length;
    }
    at += length;
  }
  doubles.length = to;
}

function keep<T>(items: T[], test: (item: T) => boolean): void {
  let to = 0;
  for (const item of items) if (test(item)) items[to++] = item;
  items.length = to;
}
