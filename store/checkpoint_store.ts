/**
 * Checkpoints in the key-value store: how outputs, snapshots and positions become keys and values.
 *
 * @module
 */
import { placeOf, readAlertId } from "../actors/alerts/ids.ts";
import type { AlertStep } from "../actors/alerts/words.ts";
import type { AlertRecord } from "../actors/alerts/fold.ts";
import type { Snapshot } from "../actors/batch.ts";
import {
  type CheckpointOutputs,
  type CheckpointStore,
  type Claim,
  type Cut,
  type Recovery,
  StoreAwayError,
} from "../actors/checkpoint.ts";
import type { Json, SourceMemory } from "../actors/ports.ts";
import type { StoredSample } from "../actors/training/training.ts";
import type { StoredCommands } from "../actors/commands/queue.ts";
import { foldAlerts } from "./alert_fold.ts";
import { joinBytes, keyBytes, textBytes } from "./bytes.ts";
import { readMeta } from "../actors/sensor/snapshot.ts";
import { ALL_GUARDS, Chain, type ChainOptions, type Mutation, StoreError } from "./chain.ts";
import { commandMutations, commandsRecord, readCommands } from "./commands.ts";
import { within } from "./deadline.ts";
import { forgetSensor } from "./forget_sensor.ts";
import { KEYS } from "./keys.ts";
import { KvLabelStore } from "./labels.ts";
import { forgetName } from "./names.ts";
import { KV_LIMITS, type KvPort } from "./kv.ts";
import { SampleParts } from "./sample_parts.ts";
import type { Written } from "./written.ts";

/** A window's value. Its sensor, length, hop and start are in its key. */
export interface WindowValue {
  readonly type?: string;
  readonly location?: string;
  readonly revision: number;
  readonly scoreMax?: number;
  readonly channels: readonly string[];
  readonly statistics: Float64Array;
}

/** A history chunk's value. */
export interface ChunkValue {
  readonly channels: readonly string[];
  readonly rows: Float64Array;
}

/** What is stored beside outputs. */
export interface OutputsValue {
  readonly cut: number;
  readonly sinks: Readonly<Record<string, Json>>;
  readonly counts: CheckpointOutputs["counts"];
  readonly sourceTime: number;
  readonly training?: CheckpointOutputs["training"];
}

/** The position's value. */
interface PositionValue {
  readonly cuts: readonly Cut[];
  readonly finished: boolean;
}

/** A snapshot over the size of a value: where its parts are. */
interface Pointer {
  readonly generation: string;
  readonly parts: number;
}

/** How checkpoints are stored. */
export interface CheckpointStoreOptions extends Omit<ChainOptions, "guards"> {
  readonly guards?: ChainOptions["guards"];
  /** The servers that the database is made of; default: it is one. */
  readonly fleet?: { readonly servers: readonly KvPort[]; of(partition: string): KvPort };
  /** Chunks of a sensor's history that are kept; an older one goes when a new one comes. */
  readonly historyChunks: number;
  /** Where entries are counted for retention. */
  readonly written?: Written;
  /** Makes the id of a snapshot that is about to be written; with it a process sees which ones have changed: `snapshot_cache.ts`. */
  readonly headOf?: (name: string, bytes: Uint8Array) => string;
}

/** The store behind a supervisor. */
export class KvCheckpointStore implements CheckpointStore {
  /** Sensors whose snapshot is in parts, and the generation of it. */
  private readonly inParts = new Map<string, Pointer>();
  /** What other nodes are told of sensors: see {@linkcode KEYS.sensorOf}. */
  private readonly told = new Map<string, string>();
  private readonly options: CheckpointStoreOptions & ChainOptions;
  /** Last writes of the partitions when snapshots were first listed. */
  private versions?: ReadonlyMap<string, string>;

  constructor(private readonly kv: KvPort, options: CheckpointStoreOptions) {
    this.options = { ...options, guards: options.guards ?? ALL_GUARDS };
  }

  async claim(partition: string): Promise<Claim> {
    // Versions are a server's own: whatever the map says later, this owner writes where it has raised the fence.
    const kv = this.options.fleet?.of(partition) ?? this.kv;
    const chain = await Chain.claim(kv, partition, this.options);
    const [outputs, position, begun] = await this.ask(
      kv.getMany([KEYS.outputs(partition), KEYS.position(partition), KEYS.outputsBegun(partition)]),
    );
    const commands = await this.ask(readCommands(kv, partition));
    const { cut } = outputs.value as OutputsValue | null ?? {};
    const parts = new SampleParts(partition), samples = await this.ask(parts.read(this.kv, cut ?? 0));
    const recovery = readRecovery(
      outputs.value as OutputsValue | null,
      position.value as PositionValue | null,
      samples,
      { ...(commands ? { commands } : {}), begun: begun.value as number | null },
    );
    let begunTo = recovery?.outputsBegun ?? 0;
    const claim: Claim = {
      ...(recovery ? { recovery } : {}),
      memory: this.memoryOf(partition, chain),
      overtaken: chain.version !== (this.versions?.get(partition) ?? null),
      writeBegun: (position) => {
        begunTo = Math.max(begunTo, position);
        return chain.write([{ key: KEYS.outputsBegun(partition), value: begunTo, bytes: keyBytes(partition) }]);
      },
      writeCommands: (commands) =>
        chain.write(commandMutations(partition, commands), commandsRecord(partition, commands)),
      writeOutputs: async (outputs) => {
        const { deleted = new Map() } = outputs, gone = await this.forget(kv, partition, deleted);
        const steps = outputs.alerts.map(({ transition }) => transition);
        const alerts = await this.ask(foldAlerts(kv, steps.filter((step) => !isGone(step, deleted))));
        begunTo = Math.max(begunTo, outputs.cut);
        const mutations = this.outputMutations(partition, outputs, alerts, begunTo, [
          ...gone,
          ...parts.mutations(outputs),
        ]);
        await chain.write(mutations, [outputsRecord(partition, outputs)]);
      },
      writeSnapshots: (snapshots, deleted) => this.writeSnapshots(chain, partition, snapshots, deleted),
      writePosition: (cuts, finished) => chain.write([], [positionRecord(partition, cuts, finished)]),
    };
    return this.options.guards.order ? claim : positionFirst(claim);
  }

  async *snapshots(partition?: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }> {
    const { fleet } = this.options;
    if (partition !== undefined) return yield* this.snapshotsIn(fleet?.of(partition) ?? this.kv);
    const versions = new Map<string, string>();
    for (const kv of fleet?.servers ?? [this.kv]) {
      try {
        for await (const { key, versionstamp } of kv.list({ prefix: KEYS.partitions() })) {
          if (key[2] === "chain") versions.set(String(key[1]), versionstamp);
        }
        yield* this.snapshotsIn(kv);
      } catch (error) {
        // Whoever claims one of its partitions later finds that it has written since.
        if (!(error instanceof StoreAwayError) || !fleet) throw error;
      }
    }
    this.versions ??= versions;
  }

  private async *snapshotsIn(kv: KvPort): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }> {
    for await (const { key, value } of kv.list<Uint8Array | Pointer>({ prefix: KEYS.sensors() }, { batchSize: 500 })) {
      const name = String(key[1]);
      yield { name, bytes: await this.whole(name, value) };
    }
  }

  async snapshot(name: string): Promise<Uint8Array | undefined> {
    const { value } = await this.ask(this.kv.get<Uint8Array | Pointer>(KEYS.sensor(name)));
    return value === null ? undefined : await this.whole(name, value);
  }

  /** A snapshot from its value; where it has no parts (any more) that is noted, too. */
  private async whole(name: string, value: Uint8Array | Pointer): Promise<Uint8Array> {
    if (!(value instanceof Uint8Array)) return await this.join(name, value);
    this.inParts.delete(name);
    return value;
  }

  /** What a source records of the partition. */
  private memoryOf(partition: string, chain: Chain): SourceMemory {
    const key = KEYS.partitionMemory(partition);
    return {
      load: async () => (await this.ask(this.kv.get<Json>(key))).value ?? undefined,
      save: (value) => chain.write([{ key, value, bytes: keyBytes(partition) + textBytes(JSON.stringify(value)) }]),
    };
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs, answer);
  }

  /** Joins a snapshot's parts; where they have just been replaced by another process, those that replaced them. */
  private async join(name: string, pointer: Pointer): Promise<Uint8Array> {
    this.inParts.set(name, pointer);
    const parts: Uint8Array[] = [];
    for (let i = 0; i < pointer.parts; i++) {
      const { value } = await this.ask(this.kv.get<Uint8Array>(KEYS.sensorPart(name, pointer.generation, i)));
      if (!value) {
        const { value: now } = await this.ask(this.kv.get<Uint8Array | Pointer>(KEYS.sensor(name)));
        if (now instanceof Uint8Array || (now !== null && now.generation !== pointer.generation)) {
          return await this.whole(name, now);
        }
        throw new StoreError(`part ${i} of ${pointer.parts} of the snapshot of ${name} is missing`);
      }
      parts.push(value);
    }
    return joinBytes(parts);
  }

  private *outputMutations(
    partition: string,
    outputs: CheckpointOutputs,
    alerts: ReadonlyMap<string, AlertRecord>,
    begunTo: number,
    first: readonly Mutation[],
  ): Generator<Mutation> {
    yield { key: KEYS.outputsBegun(partition), value: begunTo, bytes: keyBytes(partition) };
    yield* first;
    for (const { sensor, lengthMs, hopMs, start, scoreMax, ...rest } of outputs.windows) {
      const { type, location, revision, channels, statistics } = rest;
      const value: WindowValue = {
        type,
        location,
        revision,
        ...(scoreMax === undefined ? {} : { scoreMax }),
        channels,
        statistics,
      };
      const bytes = keyBytes(sensor) + statistics.byteLength +
        textBytes(channels.join() + (type ?? "") + (location ?? ""));
      yield { key: KEYS.window(sensor, lengthMs, hopMs, start), value, bytes };
      // With every revision: retention may have taken the window, and finds it by this key alone.
      yield { key: KEYS.windowAt(lengthMs, start, sensor, hopMs), value: 0, bytes: keyBytes(sensor) };
      if (revision === 0) this.options.written?.note(KEYS.windowTimes(lengthMs));
    }
    for (const { sensor, chunk, channels, rows } of outputs.history) {
      const value: ChunkValue = { channels, rows };
      yield {
        key: KEYS.readingsChunk(sensor, chunk),
        value,
        bytes: keyBytes(sensor) + rows.byteLength + textBytes(channels.join()),
      };
      const old = chunk - this.options.historyChunks;
      if (old >= 0) yield { key: KEYS.readingsChunk(sensor, old), bytes: keyBytes(sensor) };
    }
    for (const { transition } of outputs.alerts) {
      const bytes = keyBytes(transition.id) + textBytes(JSON.stringify(transition));
      yield {
        key: KEYS.transition(transition.partition, transition.position, placeOf(transition)),
        value: transition,
        bytes,
      };
      this.options.written?.note(KEYS.transitions(transition.partition));
    }
    for (const [id, alert] of alerts) {
      const bytes = keyBytes(id) + textBytes(JSON.stringify(alert));
      yield { key: KEYS.alertAt(alert.raised_at, id), value: alert, bytes };
      yield { key: KEYS.alert(id), value: alert.raised_at, bytes: keyBytes(id) };
      if (alert.state === "active") this.options.written?.note(KEYS.alertTimes());
    }
    for (const item of outputs.quarantine) {
      const bytes = keyBytes(item.partition) + textBytes(JSON.stringify(item));
      yield { key: KEYS.quarantine(item.partition, item.position, item.reason), value: item, bytes };
      this.options.written?.note(KEYS.quarantinesOf(item.partition));
    }
  }

  /** What removes the stored data of sensors that were deleted; labels and names, which belong to no partition, go at once. */
  private async forget(
    kv: KvPort,
    partition: string,
    deleted: ReadonlyMap<string, number>,
  ): Promise<Mutation[]> {
    const gone: Mutation[] = [];
    for (const [sensor, position] of deleted) {
      await new KvLabelStore(this.kv, this.options).forget(sensor);
      await forgetName(this.kv, this.options, sensor);
      gone.push(...await forgetSensor(kv, sensor, partition, position));
    }
    return gone;
  }

  private async writeSnapshots(
    chain: Chain,
    partition: string,
    snapshots: readonly Snapshot[],
    deleted: Iterable<string> = [],
  ): Promise<void> {
    const small: Mutation[] = [], { headOf, fleet } = this.options, about = new Map<string, string>();
    const there = new Set(snapshots.map(({ name }) => name));
    for (const name of deleted) {
      if (there.has(name)) continue;
      small.push({ key: KEYS.sensor(name), bytes: keyBytes(name) }, ...this.dropParts(name));
      if (headOf) small.push({ key: KEYS.sensorHead(partition, name), bytes: keyBytes(name) });
      if (this.told.delete(name)) small.push({ key: KEYS.sensorOf(partition, name), bytes: keyBytes(name) });
    }
    for (const { name, bytes } of snapshots) {
      if (fleet) about.set(name, aboutIn(bytes));
      if (bytes.length > KV_LIMITS.valueBytes - 1024) await this.writeParts(chain, name, bytes);
      else {
        small.push({ key: KEYS.sensor(name), value: bytes, bytes: keyBytes(name) + bytes.length });
        small.push(...this.dropParts(name));
      }
      // Behind the snapshot: whoever goes by an older head reads the older snapshot, and its readings again.
      if (headOf) {
        small.push({ key: KEYS.sensorHead(partition, name), value: headOf(name, bytes), bytes: keyBytes(name) + 100 });
      }
    }
    for (const [name, text] of about) {
      if (this.told.get(name) === text) about.delete(name);
      else small.push({ key: KEYS.sensorOf(partition, name), value: text, bytes: keyBytes(name) + textBytes(text) });
    }
    const version = { key: KEYS.sensorsVersion(partition), value: this.options.freshId(), bytes: keyBytes(partition) };
    await chain.write(small, about.size > 0 ? [version] : []);
    for (const [name, text] of about) this.told.set(name, text);
  }

  /** Writes a large snapshot under a new generation; the pointer comes last and takes the old generation with it. */
  private async writeParts(chain: Chain, name: string, bytes: Uint8Array): Promise<void> {
    const generation = this.options.freshId(), size = KV_LIMITS.valueBytes - 1024;
    const parts: Mutation[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const value = bytes.slice(at, at + size);
      parts.push({ key: KEYS.sensorPart(name, generation, parts.length), value, bytes: keyBytes(name) + value.length });
    }
    const pointer: Pointer = { generation, parts: parts.length };
    await chain.write(parts, [
      { key: KEYS.sensor(name), value: pointer, bytes: keyBytes(name) + 100 },
      ...this.dropParts(name),
    ]);
    this.inParts.set(name, pointer);
  }

  private dropParts(name: string): Mutation[] {
    const old = this.inParts.get(name);
    if (!old) return [];
    this.inParts.delete(name);
    return Array.from(
      { length: old.parts },
      (_, i) => ({ key: KEYS.sensorPart(name, old.generation, i), bytes: keyBytes(name) }),
    );
  }
}

/** Type and location in a snapshot, as other nodes are told. */
function aboutIn(bytes: Uint8Array): string {
  const { type = null, location = null } = readMeta(bytes);
  return JSON.stringify([type, location]);
}

/** Whether a step is of an alert that was raised before its sensor was deleted. */
function isGone({ sensor, alert }: AlertStep, deleted: ReadonlyMap<string, number>): boolean {
  const before = deleted.get(sensor), place = before === undefined ? undefined : readAlertId(alert);
  return before !== undefined && place !== undefined && place.position < before;
}

function outputsRecord(partition: string, { cut, sinks, counts, sourceTime, training }: CheckpointOutputs): Mutation {
  const value: OutputsValue = { cut, sinks, counts, sourceTime, ...(training ? { training } : {}) };
  return { key: KEYS.outputs(partition), value, bytes: keyBytes(partition) + textBytes(JSON.stringify(value)) };
}

function positionRecord(partition: string, cuts: readonly Cut[], finished: boolean): Mutation {
  const value: PositionValue = { cuts, finished };
  return { key: KEYS.position(partition), value, bytes: keyBytes(partition) + textBytes(JSON.stringify(value)) };
}

function readRecovery(
  outputs: OutputsValue | null,
  position: PositionValue | null,
  samples: readonly StoredSample[],
  { commands, begun }: { readonly commands?: StoredCommands; readonly begun: number | null },
): Recovery | undefined {
  if (!outputs && !commands && begun === null) return undefined;
  // Before the first position there is nothing that snapshots cover: from the beginning.
  const from: Cut = position?.cuts[0] ?? {
    position: 0,
    router: {
      sourceTime: { time: -1, lastTick: -1, ahead: [] },
      counts: { readings: 0, refused: 0, refusedHash: 0, future: 0, foreign: 0 },
    },
  };
  return {
    outputsCut: outputs?.cut ?? 0,
    outputsBegun: Math.max(outputs?.cut ?? 0, begun ?? 0),
    finished: position?.finished ?? false,
    sinks: outputs?.sinks ?? {},
    ...(outputs?.training ? { training: outputs.training } : {}),
    samples,
    ...(commands ? { commands } : {}),
    from,
  };
}

/** The steps in the wrong order: what the right one is for. Used by a test alone. */
function positionFirst(claim: Claim): Claim {
  let outputs: CheckpointOutputs | undefined, snapshots: readonly Snapshot[] = [];
  return {
    ...claim,
    writeOutputs: (given) => {
      outputs = given;
      return Promise.resolve();
    },
    writeSnapshots: (given) => {
      snapshots = given;
      return Promise.resolve();
    },
    writePosition: async (cuts, finished) => {
      await claim.writePosition(cuts, finished);
      await claim.writeSnapshots(snapshots);
      if (outputs) await claim.writeOutputs(outputs);
    },
  };
}
