/**
 * The samples of one partition as they are stored: all of a sample, and behind it what has come to it since.
 *
 * A checkpoint that stores all of a sample says so in its parts. The parts before it go with the next checkpoint, when this
 * one is known to be stored: the same owner's, or, where it makes no other one, the next owner's.
 *
 * @module
 */
import type { CheckpointOutputs } from "../../actors/checkpoint.ts";
import type { SampleRow } from "../../actors/training/sample.ts";
import type { StoredSample } from "../../actors/training/group_samples.ts";
import { keyBytes } from "../bytes.ts";
import type { Mutation } from "./chain.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";
import { readSample, sampleBytes, type SampleValue, writeSample } from "./samples.ts";

/** A part of a group's sample: which one of the checkpoint at a cut. */
interface Part {
  readonly group: string;
  readonly cut: number;
  readonly part: number;
}

/** The parts, as the partition's owner knows them. */
export class SampleParts {
  private parts: Part[] = [];
  /** They go with the next checkpoint. */
  private leaving: Part[] = [];

  constructor(private readonly partition: string) {}

  /** What is stored of samples by checkpoints up to a cut, one for each; what a checkpoint behind it left is to go. */
  async read(kv: KvPort, cut: number): Promise<StoredSample[]> {
    const found: (Part & { readonly value: SampleValue })[] = [], wholes = new Map<string, number>();
    for await (const { key, value } of kv.list<SampleValue>({ prefix: KEYS.samples(this.partition) })) {
      const [, , group, at, part] = key, one = { group: String(group), cut: Number(at), part: Number(part), value };
      found.push(one);
      if (value.whole && one.cut <= cut) wholes.set(one.group, one.cut); // in order of cuts
    }
    const isOver = ({ group, cut: at }: Part) => at > cut || at < (wholes.get(group) ?? 0);
    this.leaving = found.filter(isOver);
    this.parts = found.filter((part) => !isOver(part));
    const together = Map.groupBy(found.filter((part) => !isOver(part)), ({ group, cut: at }) => `${group}\n${at}`);
    return [...together.values()].map((parts) => ({
      group: parts[0].group,
      channels: parts[0].value.channels,
      rows: parts.flatMap(({ value }): SampleRow[] => readSample(value)),
      whole: parts[0].value.whole ?? false,
    }));
  }

  /** What stores the samples of a checkpoint. */
  *mutations({ cut, samples }: CheckpointOutputs): Generator<Mutation> {
    const mutations: Mutation[] = [], written: Part[] = [];
    for (const { group, channels, rows, whole } of samples) {
      for (const [part, value] of writeSample(channels, rows).entries()) {
        written.push({ group, cut, part });
        const bytes = this.keyBytes(group) + sampleBytes(value);
        mutations.push({ key: this.key({ group, cut, part }), value: whole ? { ...value, whole } : value, bytes });
      }
    }
    for (const part of this.leaving) {
      if (!written.some((one) => isSame(one, part))) yield { key: this.key(part), bytes: this.keyBytes(part.group) };
    }
    yield* mutations;
    const renewed = new Set(samples.filter(({ whole }) => whole).map(({ group }) => group));
    this.leaving = this.parts.filter((part) => renewed.has(part.group) && part.cut !== cut);
    this.parts = [...this.parts.filter((part) => !this.leaving.includes(part)), ...written];
  }

  private key({ group, cut, part }: Part): Deno.KvKey {
    return KEYS.sample(this.partition, group, cut, part);
  }

  private keyBytes(group: string): number {
    return keyBytes(this.partition + group);
  }
}

function isSame(a: Part, b: Part): boolean {
  return a.group === b.group && a.cut === b.cut && a.part === b.part;
}
