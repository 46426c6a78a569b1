/**
 * Answers to questions about sensors: of those in memory from their shards, of the others from their snapshots.
 *
 * @module
 */
import type { Asleep } from "./asleep.ts";
import type { GroupAgreement, SensorDigest, ShardAnswer, ShardMemory, StateCounts } from "./batch.ts";
import type { Judging } from "./config.ts";
import type { Directory, Entry } from "./directory.ts";
import type { ShardHost } from "./runtime/host.ts";
import { planner } from "./sensor/plan.ts";
import { decodeSnapshot, readMeta } from "./sensor/snapshot.ts";
import { viewReadings, viewSensor } from "./sensor/view.ts";
import { agreementIn, countStates, digestOf, NO_STATES, sumAgreements, wasHeard } from "./shard_answers.ts";
import type { ReadingView, SensorView } from "./views.ts";

const STATE_KEYS = Object.keys(NO_STATES) as (keyof StateCounts)[];

function addStates(total: Record<keyof StateCounts, number>, states: StateCounts): void {
  for (const key of STATE_KEYS) total[key] += states[key];
}

/** What is asked. */
export interface AnswersParts {
  readonly hosts: readonly ShardHost[];
  readonly directory: Directory;
  readonly asleep: Asleep;
  /** Partitions that other processes run, with how their sensors are, as far as they have said so. */
  elsewhere(): ReadonlyMap<string, StateCounts | undefined>;
  /** What a partition judges by now. */
  judgingNow(partition: string): Judging;
  /** Lets others have their turn. */
  breathe(): Promise<void>;
}

/** Answers questions about sensors. */
export class Answers {
  /** How sensors out of memory are, by the snapshot that says so. */
  private readonly known = new WeakMap<Uint8Array, StateCounts>();

  constructor(private readonly parts: AnswersParts) {}

  /** These sensors, in that order; one out of memory as its snapshot says, one that never had a reading left out. */
  async sensors(names: readonly string[]): Promise<SensorView[]> {
    const entries = names.map((name) => this.parts.directory.find(name)).filter((entry) => entry !== undefined);
    const views = new Map<string, SensorView>();
    await Promise.all(this.parts.hosts.map(async (host, shard) => {
      const sensors = entries.filter((entry) => entry.shard === shard).map((entry) => entry.sensor);
      const answer = await host.send({ kind: "ask", about: "sensors", sensors });
      if (answer.about === "sensors") { for (const view of answer.views) views.set(view.sensor, view); }
    }));
    const all = await Promise.all(entries.map((entry) => views.get(entry.name) ?? this.viewStored(entry)));
    return all.filter((view) => view !== undefined);
  }

  /** A sensor's last readings, newest first: those in memory, or those that its snapshot holds. */
  async readings(name: string): Promise<readonly ReadingView[]> {
    const entry = this.parts.directory.find(name);
    if (!entry) return [];
    const answer = await this.parts.hosts[entry.shard].send({
      kind: "ask",
      about: "readings",
      sensors: [entry.sensor],
    });
    if (answer.about === "readings" && answer.readings.length > 0) return answer.readings;
    const bytes = await this.parts.asleep.snapshot(entry);
    return bytes ? viewReadings(this.decode(bytes, true)) : [];
  }

  /** The greatest time of each sensor in memory, epoch ms, by its number. */
  async times(): Promise<ReadonlyMap<number, number>> {
    const times = new Map<number, number>();
    for (const answer of await this.ask("times")) {
      if (answer.about === "times") answer.sensors.forEach((sensor, i) => times.set(sensor, answer.times[i]));
    }
    return times;
  }

  /** How many sensors are how: those of other processes as these have stored it, unless it is asked for the own ones alone. */
  async states(own = false): Promise<StateCounts> {
    const elsewhere = this.parts.elsewhere(), total = { ...NO_STATES };
    const isCounted = (partition: string) =>
      !elsewhere.has(partition) || (!own && elsewhere.get(partition) === undefined);
    addStates(total, await this.count(isCounted));
    if (!own) { for (const states of elsewhere.values()) addStates(total, states ?? NO_STATES); }
    return total;
  }

  /** How many sensors of a partition that runs here are how. */
  statesOf(partition: string): Promise<StateCounts> {
    return this.count((one) => one === partition, partition);
  }

  /**
   * Counts the sensors of some partitions, or of one. One out of memory is as its snapshot says, for a silent one stays
   * silent over a restart; where that would have to be read from the store (see `Asleep`) it is counted as a sensor only.
   */
  private async count(isCounted: (partition: string) => boolean, partition?: string): Promise<StateCounts> {
    const total = { ...NO_STATES };
    for (const answer of await this.ask("states", partition)) {
      if (answer.about === "states") addStates(total, { ...answer.states, sensors: 0 });
    }
    for (const entry of this.parts.directory.present) {
      if (!isCounted(entry.partition) || !(entry.resident || entry.stored)) continue; // one that was deleted is neither
      total.sensors++;
      const bytes = entry.resident ? undefined : this.parts.asleep.ready(entry);
      if (!bytes) continue;
      if (!this.known.has(bytes)) await this.parts.breathe(); // some 0.2 ms each, and there may be many after a start
      addStates(total, { ...this.statesIn(bytes), sensors: 0 });
    }
    return total;
  }

  /** A snapshot is decoded once for this: whoever wakes goes on with another one. */
  private statesIn(bytes: Uint8Array): StateCounts {
    let states = this.known.get(bytes);
    if (states === undefined) {
      const actor = this.decode(bytes);
      this.known.set(bytes, states = wasHeard(actor) ? countStates([actor]) : NO_STATES);
    }
    return states;
  }

  /** What every sensor adds to the digest, in order of name. */
  async digests(): Promise<SensorDigest[]> {
    const digests = new Map<string, SensorDigest>();
    for (const answer of await this.ask("digests")) {
      if (answer.about === "digests") { for (const digest of answer.digests) digests.set(digest.name, digest); }
    }
    for (const entry of this.parts.directory.present) {
      if (digests.has(entry.name)) continue;
      const bytes = await this.parts.asleep.snapshot(entry);
      const actor = bytes && this.decode(bytes);
      if (actor && wasHeard(actor)) digests.set(entry.name, digestOf(actor));
    }
    return [...digests.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** What the shards hold. */
  async memory(): Promise<ShardMemory> {
    let sensors = 0, stateBytes = 0, historyBytes = 0;
    for (const answer of await this.ask("memory")) {
      if (answer.about !== "memory") continue;
      sensors += answer.memory.sensors;
      stateBytes += answer.memory.stateBytes;
      historyBytes += answer.memory.historyBytes;
    }
    return { sensors, stateBytes, historyBytes };
  }

  /** How the flags of machine learning and of rules agree, by group; sensors out of memory are read from the store. */
  async agreement(): Promise<GroupAgreement[]> {
    const tables: (GroupAgreement | undefined)[] = [];
    for (const answer of await this.ask("agreement")) if (answer.about === "agreement") tables.push(...answer.tables);
    for (const entry of this.parts.directory.present) {
      if (entry.resident) continue;
      const bytes = await this.parts.asleep.snapshot(entry);
      if (bytes) tables.push(agreementIn(this.decode(bytes)));
    }
    return sumAgreements(tables);
  }

  private ask(
    about: "digests" | "memory" | "states" | "times" | "agreement",
    partition?: string,
  ): Promise<ShardAnswer[]> {
    return Promise.all(this.parts.hosts.map((host) => host.send({ kind: "ask", about, partition })));
  }

  private async viewStored(entry: Entry): Promise<SensorView | undefined> {
    const bytes = await this.parts.asleep.snapshot(entry);
    const actor = bytes && this.decode(bytes);
    return actor && wasHeard(actor) ? viewSensor(actor) : undefined;
  }

  private decode(bytes: Uint8Array, keepHistory = false) {
    const judging = this.parts.judgingNow(readMeta(bytes).partition);
    return decodeSnapshot(bytes, 0, judging, planner(judging), keepHistory);
  }
}
