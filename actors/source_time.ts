/**
 * The source time of a partition: the greatest time that several sensors have reached, so that one fast clock moves
 * nobody else. From it alone come the ticks.
 *
 * @module
 */

/** Sensors that must have reached a time; all of them while there are fewer. */
export const SOURCE_TIME_SENSORS = 3;

/** What a checkpoint keeps of it. */
export interface SourceTimeRecord {
  readonly time: number;
  readonly lastTick: number;
  /** The sensors farthest ahead, by their names, and how far. */
  readonly ahead: readonly (readonly [string, number])[];
}

/** Follows the greatest times of the sensors farthest ahead; the others cannot move it. */
export class SourceTime {
  /** Epoch ms, −1 before the first reading; never falls. */
  time = -1;
  private lastTick = -1;
  /** The first multiple of `tickMs` behind `lastTick`: a reading's time is compared with it alone. */
  private nextTick = 0;
  private readonly sensors: number[] = [];
  private readonly times: number[] = [];
  /** The least of `times` once it is full: most readings end there. */
  private bar = -1;

  constructor(private readonly tickMs: number) {}

  /** Takes a reading's sensor and time. */
  note(sensor: number, time: number): void {
    if (time <= this.bar) return;
    const { sensors, times } = this;
    let least = 0, at = -1;
    for (let i = 0; i < sensors.length; i++) {
      if (sensors[i] === sensor) at = i;
      if (times[i] < times[least]) least = i;
    }
    if (at >= 0) {
      if (time > times[at]) times[at] = time;
    } else if (sensors.length < SOURCE_TIME_SENSORS) {
      sensors.push(sensor);
      times.push(time);
    } else {
      sensors[least] = sensor;
      times[least] = time;
    }
    let reached = times[0];
    for (let i = 1; i < times.length; i++) if (times[i] < reached) reached = times[i];
    if (sensors.length === SOURCE_TIME_SENSORS) this.bar = reached;
    if (reached > this.time) this.time = reached;
  }

  /** A sensor has another number from now on. */
  renumber(before: number, after: number): void {
    const at = this.sensors.indexOf(before);
    if (at >= 0) this.sensors[at] = after;
  }

  /** Source time from elsewhere: a clock's tick of a partition without readings. */
  advance(time: number): void {
    if (time > this.time) this.time = time;
  }

  /** The tick that has become due since the last call, −1 if none: several that were passed at once are one. */
  tick(): number {
    if (this.time < this.nextTick) return -1;
    const first = this.lastTick < 0, due = this.time - this.time % this.tickMs;
    this.lastTick = due;
    this.nextTick = due + this.tickMs;
    return first ? -1 : due;
  }

  /** What a checkpoint keeps. */
  record(nameOf: (sensor: number) => string): SourceTimeRecord {
    return {
      time: this.time,
      lastTick: this.lastTick,
      ahead: this.sensors.map((sensor, i) => [nameOf(sensor), this.times[i]] as const),
    };
  }

  /** Goes on from what a checkpoint kept. */
  restore(record: SourceTimeRecord, numberOf: (name: string) => number): void {
    this.time = record.time;
    this.lastTick = record.lastTick;
    this.nextTick = (Math.floor(record.lastTick / this.tickMs) + 1) * this.tickMs;
    record.ahead.forEach(([name, time], i) => {
      this.sensors[i] = numberOf(name);
      this.times[i] = time;
    });
    this.bar = this.sensors.length === SOURCE_TIME_SENSORS ? Math.min(...this.times) : -1;
  }
}
