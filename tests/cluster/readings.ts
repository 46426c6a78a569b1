/**
 * What comes out of the partitions of a simulated broker, by arithmetic: in each round every sensor sends a reading, and
 * from one round on there are many more sensors.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import { normalAt } from "../../models/random.ts";

/** How much comes. */
export interface Traffic {
  readonly start: number;
  /** Time between two rounds, ms. */
  readonly roundMs: number;
  /** Sensors of a partition, … */
  readonly sensors: number;
  /** … and how many more from this round on. */
  readonly storm: { readonly round: number; readonly sensors: number };
}

/** The records of one partition. */
export class Records {
  constructor(private readonly traffic: Traffic, readonly partition: number) {}

  /** How many there are at a time. */
  end(time: number): number {
    const { start, roundMs } = this.traffic;
    return this.before(Math.max(0, Math.floor((time - start) / roundMs) + 1));
  }

  /** When the record at a position comes, epoch ms. */
  timeOf(position: number): number {
    const { start, roundMs } = this.traffic;
    return start + this.placeOf(position).round * roundMs;
  }

  /** The reading at a position. */
  reading(position: number): Reading {
    const { round, sensor } = this.placeOf(position);
    const a = 20 + 5 * Math.sin(round / 20) + normalAt(1, this.partition * 1_000 + sensor, round);
    return { sensor: sensorName(this.partition, sensor), time: this.timeOf(position), values: { a } };
  }

  /** Records of the rounds before this one. */
  private before(round: number): number {
    const { sensors, storm } = this.traffic;
    return sensors * round + storm.sensors * Math.max(0, round - storm.round);
  }

  private placeOf(position: number): { round: number; sensor: number } {
    const { sensors, storm } = this.traffic, early = sensors * storm.round;
    if (position < early) return { round: Math.floor(position / sensors), sensor: position % sensors };
    const many = sensors + storm.sensors, later = position - early;
    return { round: storm.round + Math.floor(later / many), sensor: later % many };
  }
}

/** Name of a partition. */
export function partitionName(partition: number): string {
  return `kafka-${partition}`;
}

/** Name of a sensor, which says where it belongs. */
export function sensorName(partition: number, sensor: number): string {
  return `${partition}-${sensor}`;
}

/** The partition that a sensor's name says. */
export function partitionOfSensor(name: string): number {
  return Number(name.slice(0, name.indexOf("-")));
}
