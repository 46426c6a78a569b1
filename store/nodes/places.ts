/**
 * Where things are stored when there are several KV servers: everything of a partition on one of them, which a map names
 * that every server holds; what belongs to no partition on the first one.
 *
 * @module
 */
import { z } from "zod";
import { readAlertId } from "../../actors/alerts/ids.ts";
import { SHARED } from "../../actors/training/epochs.ts";
import { hashText } from "../../models/hash.ts";

/** The map. Only a command changes it; of two the one of the greater version counts. */
export interface PartitionMap {
  readonly version: number;
  /** Ids of the servers over which partitions are spread; on the first one is what belongs to no partition. */
  readonly servers: readonly string[];
  /** Partitions that were moved, and the servers where they are now. */
  readonly moved: Readonly<Record<string, string>>;
}

/** The map as it is stored. */
export const partitionMapSchema: z.ZodType<PartitionMap> = z.object({
  version: z.number().int().min(1),
  servers: z.array(z.string().min(1)).min(1),
  moved: z.record(z.string(), z.string()),
});

/** Keys that every server holds for itself. */
export const SERVER_KEYS = {
  /** The server's id, made when it is first used. */
  id: ["meta", "server"],
  map: ["meta", "partition_map"],
} as const satisfies Record<string, Deno.KvKey>;

/** Id of the server that holds a partition: where it was moved, else spread by the hash of both names. */
export function placeOf({ servers, moved }: PartitionMap, partition: string): string {
  if (Object.hasOwn(moved, partition)) return moved[partition];
  const weight = (server: string) => hashText(`${server} ${partition}`);
  return servers.reduce((best, server) => weight(server) > weight(best) ? server : best);
}

/** To whom the value of a key belongs. */
export type KeyOwner =
  | { readonly partition: string }
  /** To this sensor's partition. */
  | { readonly sensor: string }
  /** To none. */
  | "all"
  /** To several of the above: it is the beginning of their keys. */
  | "several";

/** Kinds of keys by the place of what says whose they are. */
const BY_PARTITION: Readonly<Record<string, number>> = {
  partition: 1,
  sample: 1,
  epoch: 1,
  epoch_part: 1,
  sensor_of: 1,
  command: 1,
  order: 1,
  readings_live: 1,
  transition: 1,
  transition_trim: 1,
  quarantine: 1,
  quarantine_removed: 1,
  quarantine_settled: 1,
  outbox: 1,
  delivery: 2,
  set_aside: 2,
  configuration_at: 2,
  evaluation: 5,
};
const BY_SENSOR: Readonly<Record<string, number>> = { sensor: 1, sensor_part: 1, window: 1, window_at: 3, readings: 1 };
const BY_ALERT: Readonly<Record<string, number>> = { alert: 1, alert_at: 2 };
/**
 * Models and rounds are called `family:PARTITION/GROUP` and `PARTITION/GROUP`; those of labels, without a slash, are all's,
 * and so are those that partitions share.
 */
const BY_MODEL: Readonly<Record<string, number>> = {
  model: 1,
  model_version: 1,
  model_part: 1,
  federation: 1,
  federation_round: 1,
  federation_device: 1,
  federation_update: 1,
};
const MODEL = /^(?:[a-z]+:)?([^/]+)\//;
/** The part of an evaluation's id that says of which partition it is, percent-encoded. */
const EVALUATED = /([^:]*)$/;

/** Whose a key is, or the keys that begin with it. */
export function ownerOf(key: Deno.KvKey): KeyOwner {
  if (key.length === 0) return "several";
  const kind = String(key[0]);
  if (kind === "evaluation_block" && typeof key[1] === "string") {
    return { partition: decodeURIComponent(EVALUATED.exec(key[1])?.[1] ?? "") };
  }
  const at = BY_PARTITION[kind] ?? BY_SENSOR[kind] ?? BY_ALERT[kind] ?? BY_MODEL[kind];
  if (at === undefined) return "all";
  const name = key[at];
  if (typeof name !== "string") return "several";
  if (kind in BY_PARTITION) return { partition: name };
  if (kind in BY_SENSOR) return { sensor: name };
  const partition = kind in BY_ALERT ? readAlertId(name)?.partition : MODEL.exec(name)?.[1];
  return partition === undefined || partition === SHARED ? "all" : { partition };
}
