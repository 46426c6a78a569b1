/**
 * What sinks are given: committed outputs, each with an id that stays the same however often it comes.
 *
 * @module
 */
import type { ReadingView, WindowView } from "../../actors/views.ts";

/** A reading with its verdict, and what is known of its sensor. */
export interface ReadingItem extends ReadingView {
  readonly type?: string;
  readonly location?: string;
}

/** A step in an alert's life. Words that sinks pass on unread are texts. */
export interface AlertItem {
  /** Stable; of each step its own. */
  readonly id: string;
  readonly alert: string;
  /** `raised`, `cleared`, `acknowledged` and so on: `cleared` may be followed by remarks, never by another `raised`. */
  readonly transition: string;
  readonly sensor: string;
  readonly type?: string;
  readonly location?: string;
  readonly condition: string;
  readonly channel?: string;
  /** From this step on. */
  readonly priority: string;
  /** Event time, epoch ms. */
  readonly time: number;
  readonly partition: string;
  /** Grows from step to step of an alert. */
  readonly position: number;
  readonly value?: number;
  /** What was expected: [low, high], null where open. */
  readonly expected?: readonly [number | null, number | null];
  /** One plain sentence. */
  readonly message: string;
  /** Who did it, for a step that a person made, and what they said. */
  readonly by?: string;
  readonly comment?: string;
  readonly label?: string;
}

/** A participant's own network as it went into a round of the federation. */
export interface LocalModelItem {
  /** Stable: `group/round/kind/participant`. */
  readonly id: string;
  readonly group: string;
  /** The sensor, or the device that sent its weights. */
  readonly participant: string;
  readonly kind: "sensor" | "device";
  readonly round: number;
  /** Event time of the round, epoch ms. */
  readonly time: number;
  /** Readings that it learnt from since its last round. */
  readonly readings: number;
  /** Its own running loss over them; null if it has none. */
  readonly loss: number | null;
  readonly weights: readonly number[];
}

/** A network averaged from the participants' own ones. */
export interface GlobalModelItem {
  /** Stable: `group/round`. */
  readonly id: string;
  readonly group: string;
  readonly round: number;
  readonly time: number;
  /** Name and version in the model registry. */
  readonly model: string;
  readonly version: number;
  readonly participant_count: number;
  readonly readings: number;
  readonly loss: number | null;
  readonly weights: readonly number[];
}

/** Items by kind. */
export interface Items {
  readonly readings: ReadingItem;
  readonly windows: WindowView;
  readonly alerts: AlertItem;
  readonly local_models: LocalModelItem;
  readonly global_models: GlobalModelItem;
}

/** A kind of item. */
export type ItemKind = keyof Items;

/** Any item. */
export type Item = Items[ItemKind];

/** Items of one kind of one partition, in order. */
export type Batch = {
  readonly [K in ItemKind]: {
    readonly kind: K;
    readonly partition: string;
    readonly items: readonly Items[K][];
  };
}[ItemKind];
