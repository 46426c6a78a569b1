/**
 * The plans and locations of a shard, by their numbers: outputs refer to them so.
 *
 * @module
 */
import { ChannelTable } from "../models/scan.ts";
import type { BatchConfiguration, PlanName } from "./batch.ts";
import type { Judging } from "./config.ts";
import { READING_LIMITS } from "./reading.ts";
import { makePlan, type Plan } from "./sensor/plan.ts";

/** What a plan becomes when the channels of these numbers come to it. */
export interface Widening {
  readonly plan: Plan;
  readonly numbers: Float64Array;
  readonly widened: Plan;
  /** Channels that would have been too many. */
  readonly refused: readonly string[];
}

/** The plans and locations of one shard. */
export class ShardPlans {
  /** Every channel that any of its sensors has. */
  readonly table: ChannelTable = new ChannelTable();
  /** Plans by their numbers. */
  readonly list: Plan[] = [];
  private readonly known = new Map<string, Plan>();
  private fresh: PlanName[] = [];
  private readonly places = new Map<string, number>();
  private freshPlaces: string[] = [];
  private last?: Widening;

  /** Versions of the configuration, and the one in force in each partition that is not 0. */
  private readonly judgings: Map<number, Judging>;
  private readonly inForce = new Map<string, number>();

  constructor(judging: Judging) {
    this.judgings = new Map([[0, judging]]);
  }

  /** From here on a partition is judged by this version. */
  configure(partition: string, { version, judging }: BatchConfiguration): void {
    this.judgings.set(version, judging);
    this.inForce.set(partition, version);
  }

  /** A partition is another owner's now. */
  forget(partition: string): void {
    this.inForce.delete(partition);
  }

  /** The version of the configuration that is in force in a partition. */
  versionIn(partition: string): number {
    return this.inForce.get(partition) ?? 0;
  }

  /** The plan of a type with these channels under a version of the configuration. */
  of(configuration: number, type: string | undefined, channels: readonly string[]): Plan {
    const key = JSON.stringify([configuration, type ?? null, channels]), judging = this.judgings.get(configuration);
    if (!judging) throw new Error(`version ${configuration} of the configuration is not in this shard's memory`);
    let plan = this.known.get(key);
    if (!plan) {
      for (const channel of channels) this.table.of(channel);
      plan = makePlan(judging, type, channels, this.list.length, this.table.names, configuration);
      this.known.set(key, plan);
      this.list.push(plan);
      const { number, group } = plan;
      this.fresh.push({ number, ...(type === undefined ? {} : { type }), channels, group });
    }
    return plan;
  }

  /** The number of a location, −1 for none. */
  placeOf(location: string | undefined): number {
    if (location === undefined) return -1;
    let place = this.places.get(location);
    if (place === undefined) {
      this.places.set(location, place = this.places.size);
      this.freshPlaces.push(location);
    }
    return place;
  }

  /** A plan with the channels of these numbers too, as many as a sensor may have. Mostly what it was for the sensor before. */
  widening(plan: Plan, numbers: Float64Array): Widening {
    const { last } = this;
    if (last?.plan === plan && last.numbers.every((number, k) => number === numbers[k])) {
      if (last.numbers.length === numbers.length) return last;
    }
    const channels = [...plan.channels], { channels: most } = READING_LIMITS, refused: string[] = [];
    for (const number of numbers) {
      const channel = this.table.names[number];
      if (channels.includes(channel)) continue;
      if (channels.length < most) channels.push(channel);
      else refused.push(channel);
    }
    const same = channels.length === plan.channels.length,
      widened = same ? plan : this.of(plan.configuration, plan.type, channels);
    return this.last = { plan, numbers, widened, refused };
  }

  /** Those that outputs may name since the last call. */
  takeFresh(): { readonly plans: readonly PlanName[]; readonly places: readonly string[] } {
    const { fresh: plans, freshPlaces: places } = this;
    this.fresh = [];
    this.freshPlaces = [];
    return { plans, places };
  }
}
