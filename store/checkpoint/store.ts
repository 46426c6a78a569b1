/**
 * Checkpoints in the key-value store: what is written in which order (outputs, then snapshots, then the position), and what
 * is found of it when a partition is taken over.
 *
 * @module
 */
import { readAlertId } from "../../actors/alerts/ids.ts";
import type { AlertStep } from "../../actors/alerts/words.ts";
import type { Snapshot } from "../../actors/batch.ts";
import {
  type CheckpointOutputs,
  type CheckpointStore,
  type Claim,
  type Cut,
  type Recovery,
  StoreAwayError,
} from "../../actors/checkpoint.ts";
import type { Json, SourceMemory } from "../../actors/ports.ts";
import type { EpochPart } from "../../actors/training/epochs.ts";
import type { StoredSample } from "../../actors/training/group_samples.ts";
import type { TrainingRecord } from "../../actors/training/training.ts";
import type { StoredCommands } from "../../actors/commands/queue.ts";
import { foldAlerts } from "../alert_fold.ts";
import { keyBytes, textBytes } from "../bytes.ts";
import { ALL_GUARDS, Chain, type ChainOptions, type Mutation } from "./chain.ts";
import { commandMutations, commandsRecord, readCommands } from "./commands.ts";
import { within } from "../deadline.ts";
import { epochMutations } from "../epochs/parts.ts";
import { forgetSensor } from "../retention/forget_sensor.ts";
import { KEYS } from "../keys.ts";
import { KvLabelStore } from "../labels.ts";
import { forgetName } from "../names.ts";
import type { KvPort } from "../kv.ts";
import { outputMutations, type OutputsOptions, outputsRecord, type OutputsValue } from "./outputs.ts";
import { pack, type Packed, packedBytes, unpack } from "./packed.ts";
import { SampleParts } from "./sample_parts.ts";
import { Snapshots, type SnapshotsOptions } from "./snapshots.ts";

/** The position's value. */
interface PositionValue {
  /** The oldest alone, from which reading goes on: all of them, with the models of many types in each, would fit no value. */
  readonly cuts: Packed<readonly Cut[]>;
  readonly finished: boolean;
}

/** Which models came into use, as it is stored before anything that came out under them. */
interface TrainedValue {
  /** Outputs before this position may be there. */
  readonly at: number;
  readonly record: Packed<TrainingRecord>;
}

/** How checkpoints are stored. */
export interface CheckpointStoreOptions extends Omit<ChainOptions, "guards">, OutputsOptions {
  readonly guards?: ChainOptions["guards"];
  /** The servers that the database is made of; default: it is one. */
  readonly fleet?: { readonly servers: readonly KvPort[]; of(partition: string): KvPort };
  /** See {@linkcode SnapshotsOptions}. */
  readonly headOf?: SnapshotsOptions["headOf"];
}

/** The store behind a supervisor. */
export class KvCheckpointStore implements CheckpointStore {
  private readonly stored: Snapshots;
  private readonly options: CheckpointStoreOptions & ChainOptions;
  /** Last writes of the partitions when snapshots were first listed. */
  private versions?: ReadonlyMap<string, string>;

  constructor(private readonly kv: KvPort, options: CheckpointStoreOptions) {
    this.options = { ...options, guards: options.guards ?? ALL_GUARDS };
    this.stored = new Snapshots(kv, { ...options, isShared: options.fleet !== undefined });
  }

  async claim(partition: string): Promise<Claim> {
    // Versions are a server's own: whatever the map says later, this owner writes where it has raised the fence.
    const kv = this.options.fleet?.of(partition) ?? this.kv;
    const chain = await Chain.claim(kv, partition, this.options);
    const [outputs, position, begun, trained] = await this.ask(
      kv.getMany([KEYS.outputs, KEYS.position, KEYS.outputsBegun, KEYS.trained].map((key) => key(partition))),
    );
    const commands = await this.ask(readCommands(kv, partition));
    const { cut } = outputs.value as OutputsValue | null ?? {};
    const parts = new SampleParts(partition), samples = await this.ask(parts.read(this.kv, cut ?? 0));
    const recovery = readRecovery(
      outputs.value as OutputsValue | null,
      position.value as PositionValue | null,
      samples,
      {
        ...(commands ? { commands } : {}),
        begun: begun.value as number | null,
        trained: trained.value as TrainedValue | null,
      },
    );
    let begunTo = recovery?.outputsBegun ?? 0, trainedThrough = -1;
    const begunMutations = (position: number, training?: TrainingRecord): Mutation[] => {
      begunTo = Math.max(begunTo, position);
      const { through = -1 } = training ?? {};
      if (training === undefined || through <= trainedThrough) return [begunRecord(partition, begunTo)];
      trainedThrough = through; // if this write fails there is none after it
      return [begunRecord(partition, begunTo), trainedRecord(partition, position, training)];
    };
    const bring = async (parts: readonly EpochPart[], position: number) => {
      const known = await this.ask(kv.getMany(parts.map((one) => KEYS.epoch(partition, one.family, one.epoch))));
      const fresh = parts.filter((_, i) => known[i].value === null).map((one) => epochMutations(partition, one));
      if (fresh.length === 0) return;
      const bell = { key: KEYS.epochBell("brought"), value: this.options.freshId(), bytes: keyBytes(partition) };
      const given = fresh.flatMap(([mutations]) => mutations), entries = fresh.map(([, entry]) => entry);
      await chain.write([...begunMutations(position), ...given], [...entries, bell]);
    };
    let bringing: Promise<void> = Promise.resolve();
    const claim: Claim = {
      ...(recovery ? { recovery } : {}),
      memory: this.memoryOf(partition, chain),
      overtaken: chain.version !== (this.versions?.get(partition) ?? null),
      writeBegun: async (position, training) => {
        await bringing;
        await chain.write(begunMutations(position, training));
      },
      writeCommands: (commands) =>
        chain.write(commandMutations(partition, commands), commandsRecord(partition, commands)),
      writeEpochs: (parts, position) => bringing = bring(parts, position),
      writeOutputs: async (outputs) => {
        await bringing;
        const { deleted = new Map() } = outputs, gone = await this.forget(kv, partition, deleted);
        const steps = outputs.alerts.map(({ transition }) => transition);
        const alerts = await this.ask(foldAlerts(kv, steps.filter((step) => !isGone(step, deleted))));
        const given = outputMutations(outputs, alerts, this.options);
        const names = [...outputs.windows, ...outputs.history].map(({ sensor }) => sensor);
        const announced = await this.ask(this.stored.announce(kv, partition, names));
        // Last of all: what was said to have begun meanwhile is not taken back.
        const begun = begunMutations(outputs.cut, outputs.training);
        const mutations = concat<Mutation>(begun, gone, parts.mutations(outputs), announced, given);
        await chain.write(mutations, [outputsRecord(partition, outputs)]);
      },
      writeSnapshots: (snapshots, deleted = []) => this.stored.write(chain, partition, snapshots, deleted),
      writePosition: (cuts, finished, states) => {
        const told = { key: KEYS.states(partition), value: states, bytes: keyBytes(partition) };
        return chain.write(states ? [told] : [], [positionRecord(partition, cuts, finished)]);
      },
    };
    return this.options.guards.order ? claim : positionFirst(claim);
  }

  async *snapshots(partition?: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }> {
    const { fleet } = this.options;
    if (partition !== undefined) return yield* this.stored.listOf(fleet?.of(partition) ?? this.kv, partition);
    const versions = new Map<string, string>();
    for (const kv of fleet?.servers ?? [this.kv]) {
      const here = new Map<string, string>();
      try {
        for await (const { key, versionstamp } of kv.list({ prefix: KEYS.partitions() })) {
          if (key[2] === "chain") here.set(String(key[1]), versionstamp);
        }
        yield* this.stored.list(kv);
        for (const [partition, version] of here) versions.set(partition, version);
      } catch (error) {
        // Whoever claims one of its partitions later finds that it has written since.
        if (!(error instanceof StoreAwayError) || !fleet) throw error;
      }
    }
    this.versions ??= versions;
  }

  snapshot(name: string): Promise<Uint8Array | undefined> {
    return this.stored.read(name);
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
}

/** Whether a step is of an alert that was raised before its sensor was deleted. */
function isGone({ sensor, alert }: AlertStep, deleted: ReadonlyMap<string, number>): boolean {
  const before = deleted.get(sensor), place = before === undefined ? undefined : readAlertId(alert);
  return before !== undefined && place !== undefined && place.position < before;
}

/** One behind the other, each made when it is its turn: there may be very many. */
function* concat<T>(...parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

function begunRecord(partition: string, value: number): Mutation {
  return { key: KEYS.outputsBegun(partition), value, bytes: keyBytes(partition) };
}

function trainedRecord(partition: string, at: number, training: TrainingRecord): Mutation {
  const value: TrainedValue = { at, record: pack(training) };
  return { key: KEYS.trained(partition), value, bytes: keyBytes(partition) + packedBytes(value.record) };
}

function positionRecord(partition: string, cuts: readonly Cut[], finished: boolean): Mutation {
  const packed = pack(cuts.slice(0, 1)), value: PositionValue = { cuts: packed, finished };
  return { key: KEYS.position(partition), value, bytes: keyBytes(partition) + packedBytes(packed) };
}

function readRecovery(
  outputs: OutputsValue | null,
  position: PositionValue | null,
  samples: readonly StoredSample[],
  { commands, begun, trained }: {
    readonly commands?: StoredCommands;
    readonly begun: number | null;
    readonly trained: TrainedValue | null;
  },
): Recovery | undefined {
  if (!outputs && !commands && begun === null) return undefined;
  // Before the first position there is nothing that snapshots cover: from the beginning.
  const from: Cut = (position ? unpack(position.cuts)[0] : undefined) ?? {
    position: 0,
    router: {
      sourceTime: { time: -1, lastTick: -1, ahead: [] },
      counts: { readings: 0, refused: 0, refusedHash: 0, future: 0, foreign: 0 },
    },
  };
  const outputsCut = outputs?.cut ?? 0, trainedTo = Math.max(outputsCut, trained?.at ?? 0);
  const training = trained && trained.at > outputsCut ? trained.record : outputs?.training;
  return {
    outputsCut,
    outputsBegun: Math.max(outputsCut, begun ?? 0),
    finished: position?.finished ?? false,
    sinks: outputs?.sinks ?? {},
    ...(training ? { training: unpack(training) } : {}),
    trainedTo,
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
