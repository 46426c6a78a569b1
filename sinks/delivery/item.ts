/**
 * What sinks are given: committed outputs, each with an id that stays the same however often it comes.
 *
 * @module
 */
import type { AlertTransition, ReadingView, WindowView } from "../../actors/views.ts";

/** A reading with its verdict, and what is known of its sensor. */
export interface ReadingItem extends ReadingView {
  readonly type?: string;
  readonly location?: string;
}

/** A sensor's own network as it was handed in for a round of averaging. */
export interface LocalModelItem {
  /** Stable: `family/round/sensor`. */
  readonly id: string;
  readonly family: string;
  readonly sensor: string;
  readonly round: number;
  /** Event time of the round, epoch ms. */
  readonly time: number;
  /** Readings that it learnt from since the round before. */
  readonly samples: number;
  readonly weights: readonly number[];
  /** Mean loss over those readings; null where there were none. */
  readonly loss: number | null;
}

/** A network averaged from the sensors' own ones. */
export interface GlobalModelItem {
  /** Stable: `family/round`. */
  readonly id: string;
  readonly family: string;
  readonly round: number;
  readonly time: number;
  /** Sensors that took part. */
  readonly sensors: number;
  readonly samples: number;
  readonly weights: readonly number[];
  readonly loss: number | null;
}

/** Items by kind. */
export interface Items {
  readonly readings: ReadingItem;
  readonly windows: WindowView;
  readonly alerts: AlertTransition;
  readonly local_models: LocalModelItem;
  readonly global_models: GlobalModelItem;
}

/** A kind of item. */
export type ItemKind = keyof Items;

/** Any item. */
export type Item = Items[ItemKind];

/** Kinds that come out of a partition's checkpoint; the others are appended as they are made. */
export const COMMITTED_KINDS = ["readings", "windows", "alerts"] as const satisfies readonly ItemKind[];

/** Items of one kind of one partition, in order. */
export type Batch = {
  readonly [K in ItemKind]: {
    readonly kind: K;
    readonly partition: string;
    readonly items: readonly Items[K][];
  };
}[ItemKind];
