/**
 * What partitions bring to the models that they share, as values of the store.
 *
 * @module
 */
import type { EpochFamily, EpochGroup, EpochPart } from "../../actors/training/epochs.ts";
import type { LocalNetwork } from "../../actors/sensor/network.ts";
import { FEDERATION_LIMITS } from "../../actors/federation/port.ts";
import { keyBytes, textBytes } from "../bytes.ts";
import type { Mutation } from "../checkpoint/chain.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";
import { readSample, sampleBytes, type SampleValue, writeSample } from "../checkpoint/samples.ts";

/** The entry of a partition's epoch. */
export interface EpochValue {
  readonly parts: number;
}

/** Part of what a group brings: rows of its sample, or one network. */
type PartValue =
  & { readonly group: string }
  & ({ readonly sample: SampleValue } | { readonly channels: readonly string[]; readonly local: LocalNetwork });

/** Bytes of a network beside its weights and names. */
const NETWORK_BYTES = 400;

/** What is written of a partition's epoch; its entry, which says that all of it is there, apart. */
export function epochMutations(partition: string, { family, epoch, groups }: EpochPart): [Mutation[], Mutation] {
  const parts = groups.flatMap(valuesOf).map(({ value, bytes }, i): Mutation => {
    return { key: KEYS.epochPart(partition, family, epoch, i), value, bytes };
  });
  const value: EpochValue = { parts: parts.length };
  return [parts, { key: KEYS.epoch(partition, family, epoch), value, bytes: keyBytes(partition) }];
}

/** What a partition brought to an epoch; none of it where its entry says so. */
export async function readEpoch(
  kv: KvPort,
  partition: string,
  family: EpochFamily,
  epoch: number,
): Promise<EpochGroup[]> {
  const groups = new Map<string, { channels: readonly string[]; rows: EpochGroup["rows"][]; locals: LocalNetwork[] }>();
  for await (const { value } of kv.list<PartValue>({ prefix: KEYS.epochParts(partition, family, epoch) })) {
    const channels = "sample" in value ? value.sample.channels : value.channels;
    let group = groups.get(value.group);
    if (!group) groups.set(value.group, group = { channels, rows: [], locals: [] });
    if ("sample" in value) group.rows.push(readSample(value.sample));
    else group.locals.push(value.local);
  }
  return [...groups].map(([group, { channels, rows, locals }]) => ({ group, channels, rows: rows.flat(), locals }));
}

function valuesOf({ group, channels, rows, locals }: EpochGroup): { value: PartValue; bytes: number }[] {
  const head = keyBytes(group) + textBytes(group);
  return [
    ...(rows.length === 0 ? [] : writeSample(channels, rows)).map((sample) => {
      return { value: { group, sample }, bytes: head + sampleBytes(sample) };
    }),
    // A greater one does not fit a value: its sensor learns alone.
    ...locals.filter(({ weights }) => weights.length <= FEDERATION_LIMITS.weights).map((local) => {
      const names = textBytes(channels.join() + local.sensor);
      return { value: { group, channels, local }, bytes: head + names + local.weights.byteLength + NETWORK_BYTES };
    }),
  ];
}
