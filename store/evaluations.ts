/**
 * Evaluations of models in the key-value store.
 *
 * An evaluation has a head and blocks of counts. A batch one is written as a whole, its head last. A streaming one is
 * written by a partition's checkpoints, each block with the cut up to which it counts. Parts of several partitions are
 * joined when they are asked for.
 *
 * @module
 */
import { addCell, CELL_LENGTH, readCell } from "../actors/evaluation/cell.ts";
import { type Block, blockKey, EvaluationCounts } from "../actors/evaluation/counts.ts";
import type { BatchEvaluation } from "../actors/evaluation/batch.ts";
import {
  type EvaluationFilter,
  evaluationId,
  type EvaluationKind,
  type EvaluationPlace,
  type EvaluationRecord,
  type Evaluations,
  readEvaluationId,
} from "../actors/evaluation/port.ts";
import {
  type StoredVersion,
  type StreamingCut,
  type StreamingState,
  VERSIONS_MOST,
} from "../actors/evaluation/streaming.ts";
import type { Clock } from "../actors/ports.ts";
import { keySize } from "./bytes.ts";
import { within } from "./deadline.ts";
import { KEYS } from "./keys.ts";
import { KV_LIMITS, type KvPort } from "./kv.ts";

/** How the store of evaluations works. */
export interface EvaluationStoreOptions {
  readonly clock: Clock;
  /** How long a call to the database may take, ms; default 30 s. */
  readonly deadlineMs?: number;
  /** Versions of a model whose evaluations are kept; default 50. */
  readonly keep?: number;
  /** The server that holds a partition, where there are several: a partition's evaluation asks no other one. */
  readonly serverOf?: (partition: string) => KvPort;
}

/** One write; without a value the key is deleted. */
export interface EvaluationWrite {
  readonly key: Deno.KvKey;
  readonly value?: unknown;
}

/** Whose streaming evaluation it is. */
export interface StreamingPlace {
  readonly model: string;
  readonly data: string;
  /** The partition. */
  readonly part: string;
  /** When the run began, epoch ms. */
  readonly started: number;
}

interface HeadValue {
  readonly started: number;
  readonly from: number;
  readonly to: number;
  readonly devices: number;
  /** Of a streaming one: the cut that wrote it. */
  readonly cut: number;
  readonly late: number;
  /** The sum of all cells. */
  readonly total: Float64Array;
}

interface BlockValue {
  /** Of a streaming one: the cut before which everything was counted. */
  readonly cut: number;
  readonly devices: readonly string[];
  readonly cells: Float64Array;
}

/** A head and where it is from. */
interface Found extends HeadValue, EvaluationPlace {
  readonly part: string;
}

const DEADLINE_MS = 30_000, KEEP = 50, WHOLE = "";

/** What a cut of a streaming evaluation writes: for each version at most 1,560 blocks of some KiB, then a head. */
export function cutWrites(place: StreamingPlace, cut: StreamingCut): EvaluationWrite[] {
  const { model, data, part, started } = place, writes: EvaluationWrite[] = [];
  for (const { version, from, to, blocks, total, devices } of cut.changes) {
    const head: HeadValue = { started, from, to, devices, cut: cut.position, late: cut.late, total };
    const streaming = { kind: "streaming" as const, model, version, data, part };
    for (const block of blocks) writes.push(blockWrite(streaming, block, cut.position));
    writes.push({ key: KEYS.evaluation(model, version, "streaming", data, part), value: head });
  }
  return writes;
}

/** Evaluations in a key-value store. */
export class KvEvaluations implements Evaluations {
  constructor(private readonly kv: KvPort, private readonly options: EvaluationStoreOptions) {}

  /**
   * Keeps a batch evaluation in place of an earlier one of the same model, version and data.
   *
   * @throws {RangeError} for one of no readings
   */
  async putBatch(place: Omit<EvaluationPlace, "kind">, evaluation: BatchEvaluation): Promise<EvaluationRecord> {
    const { model, version, data } = place, { counts, from, to } = evaluation;
    if (!(from <= to)) throw new RangeError(`cannot keep the evaluation of ${model} ${version} on ${data}: no reading`);
    const whole = { ...place, kind: "batch" as const, part: WHOLE },
      key = KEYS.evaluation(model, version, "batch", data, WHOLE);
    const head: HeadValue = {
      started: this.options.clock.now(),
      from,
      to,
      devices: counts.deviceCount,
      cut: 0,
      late: 0,
      total: counts.total(),
    };
    await this.write([{ key }]); // readers see none of it until all is there
    await this.write(await this.blockDeletes(whole));
    await this.write([...counts.all()].map((block) => blockWrite(whole, block, 0)));
    await this.write([{ key, value: head }]);
    await this.trim(model);
    return recordOf([{ ...whole, ...head }]);
  }

  /** Keeps what a cut of a streaming evaluation changed; written again, or by halves, it comes to the same. */
  async putCut(place: StreamingPlace, cut: StreamingCut): Promise<void> {
    await this.write(cutWrites(place, cut));
  }

  /** What a partition's streaming evaluation goes on from; undefined before its first cut. */
  async restore({ model, data, part }: Omit<StreamingPlace, "started">): Promise<StreamingState | undefined> {
    const heads = (await this.heads({ model, kind: "streaming" }, this.serverOf(part)))
      .filter((one) => one.data === data && one.part === part).slice(0, VERSIONS_MOST);
    if (heads.length === 0) return undefined;
    const versions: StoredVersion[] = [];
    for (const head of heads) {
      const { version, from, to } = head;
      const positions = new Map<number, number>();
      const counts = await this.counts([head], ({ hour, block }, cut) => positions.set(blockKey(hour, block), cut));
      versions.push({ version, from, to, counts, positions });
    }
    return {
      cut: Math.max(...heads.map(({ cut }) => cut)),
      late: Math.max(...heads.map(({ late }) => late)),
      versions,
    };
  }

  async list(filter: EvaluationFilter, limit: number): Promise<EvaluationRecord[]> {
    const byId = Map.groupBy(await this.heads(filter), evaluationId);
    return [...byId.values()].slice(0, limit).map(recordOf);
  }

  async find(id: string): Promise<{ record: EvaluationRecord; counts: EvaluationCounts } | undefined> {
    const place = readEvaluationId(id);
    if (place === undefined) return undefined;
    const heads = (await this.heads(place)).filter(({ data }) => data === place.data);
    return heads.length === 0 ? undefined : { record: recordOf(heads), counts: await this.counts(heads) };
  }

  /**
   * Removes evaluations of versions of a model beyond the newest; to be called when a version is registered.
   *
   * @param part the partition whose server is tidied up; default: all of them are
   */
  async trim(model: string, part?: string): Promise<void> {
    const heads = await this.heads({ model }, part === undefined ? this.kv : this.serverOf(part)),
      keep = this.options.keep ?? KEEP;
    const versions = [...new Set(heads.map(({ version }) => version))].slice(keep);
    for (const head of heads.filter(({ version }) => versions.includes(version))) {
      const { kind, version, data, part } = head;
      await this.write([{ key: KEYS.evaluation(model, version, kind, data, part) }]);
      await this.write(await this.blockDeletes(head));
    }
  }

  private serverOf(part: string): KvPort {
    return this.options.serverOf?.(part) ?? this.kv;
  }

  /** Heads by model, newest version first. */
  private async heads({ model, version, kind }: EvaluationFilter, kv = this.kv): Promise<Found[]> {
    const prefix = model === undefined ? KEYS.evaluations() : KEYS.evaluationsOf(model, version), found: Found[] = [];
    for await (const { key, value } of kv.list<HeadValue>({ prefix })) {
      const [, name, number, of, data, part] = key;
      const one = { ...value, model: String(name), version: Number(number), data: String(data), part: String(part) };
      if (kind !== undefined && kind !== of || version !== undefined && version !== one.version) continue;
      found.push({ ...one, kind: of as EvaluationKind });
    }
    return found.sort((a, b) => a.model < b.model ? -1 : a.model > b.model ? 1 : b.version - a.version);
  }

  private async counts(
    heads: readonly Found[],
    told: (block: Block, cut: number) => void = () => {},
  ): Promise<EvaluationCounts> {
    const counts = new EvaluationCounts();
    for (const head of heads) {
      const prefix = KEYS.evaluationBlocks(partId(head));
      for await (const { key, value } of this.kv.list<BlockValue>({ prefix })) {
        const block: Block = {
          hour: Number(key[2]),
          block: Number(key[3]),
          devices: value.devices,
          cells: value.cells,
        };
        counts.put(block);
        told(block, value.cut);
      }
    }
    return counts;
  }

  private async blockDeletes(place: EvaluationPlace & { readonly part: string }): Promise<EvaluationWrite[]> {
    const writes: EvaluationWrite[] = [];
    for await (const { key } of this.kv.list({ prefix: KEYS.evaluationBlocks(partId(place)) })) writes.push({ key });
    return writes;
  }

  /** Writes in atomic pieces within the database's limits. */
  private async write(writes: readonly EvaluationWrite[]): Promise<void> {
    for (let at = 0; at < writes.length;) {
      const atomic = this.kv.atomic();
      for (let bytes = 0, keys = 0, count = 0; at < writes.length && count < KV_LIMITS.mutations; at++, count++) {
        const { key, value } = writes[at], size = sizeOf(value);
        keys += keySize(key);
        if (count > 0 && (bytes + size > KV_LIMITS.atomicBytes || keys > KV_LIMITS.keysBytes)) break;
        bytes += size;
        value === undefined ? atomic.delete(key) : atomic.set(key, value);
      }
      await within(this.options.clock, this.options.deadlineMs ?? DEADLINE_MS, atomic.commit());
    }
  }
}

/** Bytes that a write takes at most. */
function sizeOf(value: unknown): number {
  const { devices, cells } = (value ?? {}) as Partial<BlockValue>;
  const names = Array.isArray(devices)
    ? devices.reduce((sum: number, name: string) => sum + 2 * name.length + 8, 0)
    : 0;
  return 1024 + names + (cells?.byteLength ?? 0);
}

function blockWrite(place: EvaluationPlace & { readonly part: string }, one: Block, cut: number): EvaluationWrite {
  const { hour, block, devices, cells } = one, key = KEYS.evaluationBlock(partId(place), hour, block);
  const value: BlockValue = { cut, devices, cells };
  return devices.length === 0 ? { key } : { key, value };
}

function partId(place: EvaluationPlace & { readonly part: string }): string {
  return `${evaluationId(place)}:${encodeURIComponent(place.part)}`;
}

/** The parts of one evaluation as one. */
function recordOf(parts: readonly Found[]): EvaluationRecord {
  const [{ kind, model, version, data }] = parts, total = new Float64Array(CELL_LENGTH);
  for (const part of parts) addCell(total, 0, part.total, 0);
  return {
    id: evaluationId({ kind, model, version, data }),
    kind,
    model,
    version,
    data,
    started: Math.min(...parts.map(({ started }) => started)),
    from: Math.min(...parts.map(({ from }) => from)),
    to: Math.max(...parts.map(({ to }) => to)),
    devices: parts.reduce((sum, { devices }) => sum + devices, 0),
    late: parts.reduce((sum, { late }) => sum + late, 0),
    overall: readCell(total, 0),
  };
}
