/**
 * The port of the federation's store: what was averaged in each round, and what devices outside sent for the next.
 *
 * @module
 */
import type { Aggregation } from "../../models/federation/aggregate.ts";
import type { Contribution } from "./round.ts";

/** Bounds of what is kept. */
export const FEDERATION_LIMITS = {
  /** Rounds of a group that are listed; the oldest go. */
  rounds: 500,
  /** Participants that a round names; all are counted. */
  participants: 128,
  /** Outside devices of a group that are remembered; those that fell behind make room, then further ones are refused. */
  devices: 256,
  /** Weights of an update: 60 KiB as Float32, which fits one value of the store; greater networks take none. */
  weights: 15_360,
  /** Bytes of weights of a group that wait for a round; beyond, updates are refused. */
  bytes: 8 * 1024 * 1024,
  /** Rounds that an update may be behind the group's latest. */
  behind: 2,
  /** Characters of a device's name. */
  deviceLength: 128,
  /** Readings that an update may stand for: so many count, however many it claims. */
  readings: 1_000_000,
} as const;

/** Who took part in a round, and with what. */
export interface RoundParticipant {
  readonly id: string;
  /** A sensor of ours, or a device that sent its weights. */
  readonly kind: "sensor" | "device";
  /** Readings that it learnt from since its last round. */
  readonly readings: number;
  /** Its own running loss over them; absent if it has none. */
  readonly loss?: number;
  /** Length of its weights as a vector. */
  readonly norm: number;
  /** How far its weights are from the global ones that came out: who stands apart. */
  readonly distance: number;
}

/** What one round came to. */
export interface RoundRecord {
  readonly group: string;
  /** The epoch; grows from round to round, not always by 1. */
  readonly round: number;
  /** Event time of the epoch's end. */
  readonly time: number;
  readonly method: Aggregation;
  /** Those of most readings first, then by id; at most {@linkcode FEDERATION_LIMITS.participants}. */
  readonly participants: readonly RoundParticipant[];
  /** All of them, those not named included. */
  readonly participant_count: number;
  /** Readings of all participants. */
  readonly readings: number;
  /** Mean of their own losses, weighted by readings; absent if none has one. */
  readonly loss?: number;
  /** Participants whose weights were not taken, such as those that were not finite. */
  readonly left_out: number;
  /** Name and version of the global network in the model registry. */
  readonly model: string;
  readonly version: number;
  /** Length of the global weights as a vector. */
  readonly norm: number;
  /** How far the global weights moved from those of the round before; absent in the first. */
  readonly moved?: number;
  /** Loss of the global network on readings that the round did not learn from; absent where there were none. */
  readonly validation_loss?: number;
  /** Mean loss of the participants' own networks on the same readings: local against global. */
  readonly local_loss?: number;
}

/** What a device outside sent. */
export interface DeviceUpdate {
  readonly device: string;
  readonly group: string;
  /** The round of the global network that it learnt on from. */
  readonly round: number;
  /** Readings that it learnt from. */
  readonly readings: number;
  /** Its mean loss over them, 0 or greater. */
  readonly loss: number;
  readonly weights: Float32Array;
}

/** What became of an update. */
export type UpdateAnswer =
  | { readonly kind: "accepted" }
  /** The same content was taken before: nothing changed. */
  | { readonly kind: "known" }
  /** This device sent other content for this round. */
  | { readonly kind: "differs" }
  /** Its round is too far behind, or not there yet. */
  | { readonly kind: "stale" | "ahead"; readonly latest: number }
  /** There is no room for this device, or for its bytes; after the next round there may be. */
  | { readonly kind: "full"; readonly what: "devices" | "bytes" };

/** A group, as the store knows it. */
export interface GroupState {
  readonly group: string;
  /** The latest round; 0 before the first. */
  readonly round: number;
  /** Event time of it; absent before the first. */
  readonly time?: number;
  /** Devices that are remembered. */
  readonly devices: number;
  /** Updates that wait for the next round. */
  readonly waiting: number;
}

/** What is kept of the federation. Each write is atomic. */
export interface FederationStore {
  /**
   * Keeps a round, with which its group begins. The same round again replaces what was kept, so that a round that
   * comes out again changes nothing.
   *
   * @param contributions the networks that went into it, where they are at hand: for sinks; the store keeps the record
   */
  putRound(record: RoundRecord, contributions?: readonly Contribution[]): Promise<void>;
  /** Rounds of a group, newest first; those before `before`, if it is given. */
  rounds(group: string, limit: number, before?: number): Promise<RoundRecord[]>;
  /** All groups in order of name. */
  groups(): Promise<GroupState[]>;
  /** One group; undefined before its first round or update. */
  group(group: string): Promise<GroupState | undefined>;
  /**
   * Takes a device's update for the group's next round; it takes the place of one that still waits.
   *
   * @param inUse the round of the global network in use, where it is not the latest: never too far behind
   */
  putUpdate(update: DeviceUpdate, inUse?: number): Promise<UpdateAnswer>;
  /**
   * The updates that go into a round, in order of device.
   *
   * The first call for a round settles which they are; each later one gives the same, until a later round is asked for.
   * So a round that is made again after a crash has the same participants.
   *
   * @param round the round that is being made: above the group's latest, or the latest made again
   */
  takeUpdates(group: string, round: number): Promise<DeviceUpdate[]>;
}
