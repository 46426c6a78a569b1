/**
 * Checkpoints in the key-value store: what is written in which order (outputs, then snapshots, then the position), and what
 * is found of it when a partition is taken over.
 *
 * @module
 */
import { readAlertId } from "../../actors/alerts/ids.ts";
import type { AlertStep } from "../../actors/alerts/words.ts";
import type { Snapshot } from "../../actors/batch.ts";
import { type CheckpointOutputs, type CheckpointStore, type Claim, StoreAwayError } from "../../actors/checkpoint.ts";
import type { Json, SourceMemory } from "../../actors/ports.ts";
import type { EpochPart } from "../../actors/training/epochs.ts";
import { foldAlerts } from "../alert_fold.ts";
import { keyBytes, textBytes } from "../bytes.ts";
import { Begun, type TrainedValue } from "./begun.ts";
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
import { positionRecord, type PositionValue, readRecovery } from "./recovery.ts";
import { SampleParts } from "./sample_parts.ts";
import { Snapshots, type SnapshotsOptions } from "./snapshots.ts";

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
    const [outputs, position, begunTo, trained] = await this.ask(
      kv.getMany([KEYS.outputs, KEYS.position, KEYS.outputsBegun, KEYS.trained].map((key) => key(partition))),
    );
    const commands = await this.ask(readCommands(kv, partition));
    const { cut } = outputs.value as OutputsValue | null ?? {};
    const parts = new SampleParts(partition), samples = await this.ask(parts.read(this.kv, cut ?? 0));
    const recovery = readRecovery({
      outputs: outputs.value as OutputsValue | null,
      position: position.value as PositionValue | null,
      samples,
      ...(commands ? { commands } : {}),
      begun: begunTo.value as number | null,
      trained: trained.value as TrainedValue | null,
    });
    const begun = new Begun(partition, recovery?.outputsBegun ?? 0);
    const bring = async (parts: readonly EpochPart[], position: number) => {
      const { mutations, records } = await this.brought(kv, partition, parts);
      if (records.length > 0) await chain.write([...begun.mutations(position), ...mutations], records);
    };
    let bringing: Promise<void> = Promise.resolve();
    const claim: Claim = {
      ...(recovery ? { recovery } : {}),
      memory: this.memoryOf(partition, chain),
      overtaken: chain.version !== (this.versions?.get(partition) ?? null),
      writeBegun: async (position, training) => {
        await bringing;
        await chain.write(begun.mutations(position, training));
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
        const begins = begun.mutations(outputs.cut, outputs.training);
        const mutations = concat<Mutation>(begins, gone, parts.mutations(outputs), announced, given);
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

  /** What a partition brings to epochs that was not brought before: values, then the records that complete them. */
  private async brought(kv: KvPort, partition: string, parts: readonly EpochPart[]): Promise<BroughtParts> {
    const known = await this.ask(kv.getMany(parts.map((one) => KEYS.epoch(partition, one.family, one.epoch))));
    const fresh = parts.filter((_, i) => known[i].value === null).map((one) => epochMutations(partition, one));
    if (fresh.length === 0) return { mutations: [], records: [] };
    const bell = { key: KEYS.epochBell("brought"), value: this.options.freshId(), bytes: keyBytes(partition) };
    return {
      mutations: fresh.flatMap(([mutations]) => mutations),
      records: [...fresh.map(([, record]) => record), bell],
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

/** What a partition brings to epochs. */
interface BroughtParts {
  readonly mutations: readonly Mutation[];
  /** They say that it is whole. */
  readonly records: readonly Mutation[];
}

/** One behind the other, each made when it is its turn: there may be very many. */
function* concat<T>(...parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
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
