/**
 * Models that partitions share: what each of them brings at the end of an epoch, and which versions count from when on.
 *
 * At the pause at which an epoch has ended, a partition puts down what it brings: the sample of each group, or the
 * weights of its sensors' networks. One process trains from what all of them brought. What comes of an epoch is in use
 * from the end of the next one on: by then it is there, and nobody waits for training. A partition that is ahead, as
 * while it catches up, waits for a bounded time: so readings are judged by the same versions wherever they are judged.
 *
 * Names of these models are those of a partition called {@linkcode SHARED}.
 *
 * @module
 */
import type { LocalNetwork } from "../sensor/network.ts";
import type { ModelDrift } from "./forest_model.ts";
import type { SampleRow } from "./sample.ts";

/** In names of models it stands where else the partition does. */
export const SHARED = "shared";

/** Families of models that are trained at the ends of epochs. */
export type EpochFamily = "forest" | "network";

/** What a group of sensors of a partition brings. */
export interface EpochGroup {
  readonly group: string;
  /** Of its sensors, in order of name. */
  readonly channels: readonly string[];
  /** For forests: its sample, those with the least keys. */
  readonly rows: readonly SampleRow[];
  /** For networks: those of its sensors that take part. */
  readonly locals: readonly LocalNetwork[];
}

/** What a partition brings to an epoch. */
export interface EpochPart {
  readonly family: EpochFamily;
  /** End of the epoch, source time, epoch ms. */
  readonly epoch: number;
  /** Only those with something new; a partition with none of them has ended the epoch, too. */
  readonly groups: readonly EpochGroup[];
}

/** The version of a group's model that counts. */
export interface EpochDecision {
  readonly group: string;
  readonly version: number;
  /** Greatest key of the sample that a forest was grown from: readings above it are in no later sample. */
  readonly limit?: number;
  /** How far what came was from what the version in use was trained on. */
  readonly drift?: ModelDrift;
}

/** The port to what partitions share. */
export interface Epochs {
  /** Whether a partition shares its models with others. */
  includes(partition: string): boolean;
  /** Tells those in this process that wait for partitions that one has brought something. */
  brought(): void;
  /**
   * The versions that count for readings behind an epoch's end; waits, for a bounded time, until they are known.
   *
   * @param before end of the last epoch that counts, epoch ms
   * @returns undefined once the signal is aborted: whoever asked must not go on
   */
  decided(
    family: EpochFamily,
    groups: readonly string[],
    before: number,
    signal: AbortSignal,
  ): Promise<readonly EpochDecision[] | undefined>;
}
