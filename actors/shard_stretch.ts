/**
 * One actor's stretch of a batch: its readings in order, the ticks between them, its commands; and going back when the
 * actor fails at one of them.
 *
 * @module
 */
import { mixNumber } from "../models/hash.ts";
import type { BatchCommand, BatchFarewell, BatchTick, Describe } from "./batch.ts";
import { Lives } from "./alerts/lives.ts";
import { READING_LIMITS, REFUSAL_SAMPLE_LENGTH } from "./reading.ts";
import { RECORD, RECORD_HEAD, type Records } from "./records.ts";
import { sayError } from "./refusals.ts";
import { Aside, noteFailure } from "./runtime/supervision.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { HEADER } from "./sensor/layout.ts";
import { takeOrder } from "./sensor/orders.ts";
import type { Outputs } from "./sensor/outputs.ts";
import type { Plan } from "./sensor/plan.ts";
import { moveFloats, moveState } from "./sensor/state.ts";
import { takeFarewell, takeTick } from "./sensor/tick.ts";
import { takeReading } from "./sensor/transition.ts";
import { input } from "./sensor/write_down.ts";
import type { ShardPlans } from "./shard_plans.ts";
import type { ShardResidents } from "./shard_residents.ts";
import type { SharedModels } from "./shared_models.ts";
import type { QuarantineReason } from "./views.ts";

/** What a stretch is applied with. */
export interface StretchParts {
  readonly residents: ShardResidents;
  readonly plans: ShardPlans;
  readonly models: SharedModels;
  readonly records: Records;
  readonly out: Outputs;
  /** Called before each reading is applied; a test makes it throw, as a broken transition would. */
  readonly fault?: (sensor: string, position: number) => void;
}

/** How an actor stood before its first reading of a batch, beside the state that was put aside. */
interface Put {
  readonly first: number;
  /** Ticks before this one are in the state. */
  readonly tick: number;
  readonly describes: readonly Describe[];
  readonly location: string | undefined;
  readonly place: number;
  readonly plan: Plan;
}

const STOPPED = "the sensor's actor was stopped after failing 3 times within 60 s";

/** Applies what a batch has for its sensors, one after the other. */
export class Stretch {
  /** Failures of actors, each of which went on from the state before. */
  restarts = 0;
  private readonly aside = new Aside();
  /** Readings of the current batch at which an actor failed, and how, by sensor. */
  private readonly failures = new Map<number, Map<number, unknown>>();

  constructor(private readonly parts: StretchParts) {}

  /** A batch is over: what failed in it is forgotten. */
  endBatch(): void {
    this.failures.clear();
  }

  /** One actor's readings of a batch, and the ticks between them. */
  apply(actor: SensorActor, ticks: readonly BatchTick[], describes: readonly Describe[]): void {
    const { records, residents, out, fault } = this.parts, applied = actor.state[HEADER.applied];
    let tick = 0, describe = 0, put: Put | undefined;
    for (let at = records.first(actor.id), next = 0; at >= 0; at = next) {
      const { array } = records, index = array[at], position = array[at + RECORD.position];
      next = array[at + RECORD.next];
      if (tick < ticks.length && ticks[tick].index <= index) tick = this.ticksUpTo(actor, ticks, tick, index);
      if (position < applied) continue;
      if (!put) {
        this.meetModels(actor);
        this.aside.put(actor.state, actor.floats, actor.lives?.save());
        out.mark();
        const { location, place, plan } = actor;
        put = { first: at, tick, describes, location, place, plan };
      }
      for (; describe < describes.length && describes[describe].index <= index; describe++) {
        this.describe(actor, describes[describe]);
      }
      this.gather(actor, at, position);
      residents.touch(actor, position);
      if (actor.state[HEADER.failedTime] >= 0) this.quarantineFailure(actor, position, STOPPED);
      else {
        try {
          fault?.(actor.name, position);
          takeReading(actor, array[at + RECORD.time], position, out);
        } catch (error) {
          this.recover(actor, ticks, at, put, error);
        }
      }
    }
    if (tick < ticks.length) this.ticksUpTo(actor, ticks, tick, Infinity);
    residents.settle(actor);
  }

  /** Carries a command out; an actor that fails at it is as it was before. */
  order(command: BatchCommand): void {
    const { residents } = this.parts, { number } = command, actor = residents.present(command.sensor);
    if (number > actor.state[HEADER.command]) this.carryOut(actor, command);
    // Also of one that has had later ones: it is of after the deletion, and all that came since is read again.
    if (command.command.command === "delete") residents.delete(actor);
  }

  private carryOut(actor: SensorActor, command: BatchCommand): void {
    const { residents, out } = this.parts, { number, position } = command;
    residents.touch(actor, position);
    this.aside.put(actor.state, actor.floats, actor.lives?.save());
    out.mark();
    try {
      takeOrder(actor, command, out);
    } catch (error) {
      this.restore(actor);
      out.rewind();
      actor.state[HEADER.command] = number;
      this.quarantineFailure(actor, position, `the command ${command.command.command} failed: ${sayError(error)}`);
    }
    residents.noteWake(actor);
  }

  /** A tick for an actor; one that the state has seen changes nothing. */
  tick(actor: SensorActor, { time, position }: { readonly time: number; readonly position: number }): void {
    if (position < actor.state[HEADER.applied]) return;
    const { residents, out } = this.parts;
    residents.touch(actor, position);
    takeTick(actor, time, position, out);
    residents.noteWake(actor);
  }

  /** A sensor says farewell; one that the state has seen changes nothing. */
  farewell({ sensor, time, position }: BatchFarewell): void {
    const { residents, out } = this.parts, actor = residents.present(sensor);
    if (position < actor.state[HEADER.applied]) return;
    residents.touch(actor, position);
    takeFarewell(actor, time, position, out);
    residents.noteWake(actor);
  }

  /** Gives an actor in the midst of its readings the ticks from `tick` on that come before reading `index`. */
  private ticksUpTo(actor: SensorActor, ticks: readonly BatchTick[], tick: number, index: number): number {
    const { residents } = this.parts;
    residents.noteWake(actor);
    for (; tick < ticks.length && ticks[tick].index <= index; tick++) {
      if (residents.wake[actor.id] <= ticks[tick].time) this.tick(actor, ticks[tick]);
    }
    return tick;
  }

  /** Brings the values of the record at `at` into `input`. */
  private gather(actor: SensorActor, at: number, position: number): void {
    const { array } = this.parts.records, from = at + RECORD_HEAD, to = from + 2 * array[at + RECORD.count];
    const { channels, values } = input;
    let count = 0, asked = false, { indexOf } = actor.plan;
    for (let k = from; k < to; k += 2) {
      const number = array[k];
      let index = number < indexOf.length ? indexOf[number] : -1;
      if (index < 0) {
        if (!asked) this.addChannels(actor, array.subarray(k, to).filter((_, i) => i % 2 === 0), position);
        asked = true;
        indexOf = actor.plan.indexOf;
        index = number < indexOf.length ? indexOf[number] : -1;
        if (index < 0) continue;
      }
      channels[count] = index;
      values[count++] = array[k + 1];
    }
    input.count = count;
    input.label = array[at + RECORD.label];
  }

  /** Gives the actor the channels that it lacks, as many as it may have; what comes of others is quarantined. */
  private addChannels(actor: SensorActor, numbers: Float64Array, position: number): void {
    const { plan, widened, refused } = this.parts.plans.widening(actor.plan, numbers);
    if (refused.length > 0) this.quarantineChannels(actor, position, refused);
    if (plan === widened) return;
    actor.state = moveState(actor.state, plan, widened);
    actor.floats = moveFloats(actor.floats, plan, widened);
    actor.plan = widened;
    this.meetModels(actor);
  }

  /** What the actor's group shares now. */
  private meetModels(actor: SensorActor): void {
    if (actor.plan.judge?.network) actor.global = this.parts.models.global(actor.partition, actor.plan);
  }

  private describe(actor: SensorActor, { type, location }: Describe): void {
    const { plans } = this.parts;
    if (location !== undefined) {
      actor.location = location;
      actor.place = plans.placeOf(location);
    }
    if (type === undefined || type === actor.plan.type) return;
    actor.plan = plans.of(actor.plan.configuration, type, actor.plan.channels);
    this.meetModels(actor);
  }

  /**
   * After a failure at reading `failed`: the state as it was before the batch, and its readings up to this one again.
   * What is noted of failures outlives this, and what was said of type and location; readings that failed stay out.
   */
  private recover(actor: SensorActor, ticks: readonly BatchTick[], failed: number, put: Put, error: unknown): void {
    const { records: { array }, out } = this.parts, { describes } = put;
    const skipped = this.failures.get(actor.id) ?? new Map<number, unknown>();
    this.failures.set(actor.id, skipped.set(failed, error));
    this.restore(actor);
    out.rewind();
    actor.location = put.location;
    actor.place = put.place;
    actor.plan = put.plan;
    this.meetModels(actor);
    let { tick } = put, describe = 0;
    for (let at = put.first; at >= 0 && at <= failed; at = array[at + RECORD.next]) {
      const index = array[at], position = array[at + RECORD.position], time = array[at + RECORD.time];
      tick = this.ticksUpTo(actor, ticks, tick, index);
      for (; describe < describes.length && describes[describe].index <= index; describe++) {
        this.describe(actor, describes[describe]);
      }
      if (skipped.has(at)) this.noteFailure(actor, position, time, skipped.get(at));
      else {
        this.gather(actor, at, position);
        takeReading(actor, time, position, out);
      }
    }
  }

  /** The state that was put aside. */
  private restore(actor: SensorActor): void {
    this.restarts++;
    const { state, floats, tail } = this.aside.read();
    actor.state = state;
    actor.floats = floats;
    actor.lives = tail && new Lives(tail);
  }

  private noteFailure(actor: SensorActor, position: number, time: number, error: unknown): void {
    const { state } = actor;
    if (noteFailure(state, HEADER.failure, time)) state[HEADER.failedTime] = time;
    mixNumber(state, HEADER.hash, time);
    this.quarantineFailure(actor, position, `the sensor's actor failed: ${sayError(error)}`);
  }

  private quarantineChannels(actor: SensorActor, position: number, refused: readonly string[]): void {
    const most = READING_LIMITS.channels, names = refused.join(", ");
    const message = `the sensor has ${most} channels, as many as one may have: ${names} not taken`;
    this.quarantine(actor, position, "channels", "values", message, names.slice(0, REFUSAL_SAMPLE_LENGTH));
  }

  private quarantineFailure(actor: SensorActor, position: number, message: string): void {
    this.quarantine(actor, position, "failed", "", message, "");
  }

  private quarantine(
    actor: SensorActor,
    position: number,
    reason: QuarantineReason,
    field: string,
    message: string,
    sample: string,
  ): void {
    const { partition, name: sensor } = actor, id = `${partition}/${position}`;
    this.parts.out.quarantine.push({ id, partition, position, reason, sensor, errors: [{ field, message }], sample });
  }
}
