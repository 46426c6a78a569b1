/**
 * The commands of one partition: those that wait to enter it, those that were recorded and come again when their stretch
 * is read again, and who waits for which.
 *
 * An alert makes one step at a position, so of commands that may touch the same alert one enters at a position; the next
 * waits until reading has gone on. Bounded: {@linkcode COMMANDS_WAITING} wait, {@linkcode COMMANDS_RECORDED} are recorded
 * since the oldest cut; beyond that they are refused.
 *
 * @module
 */
import { type CommandPlace, CommandRefused, type RecordedCommand, type SensorCommand } from "./words.ts";

/** Commands that wait to enter. */
export const COMMANDS_WAITING = 1_000;
/** Commands that may have to come again. */
export const COMMANDS_RECORDED = 10_000;

/** What is stored of commands. */
export interface CommandsRecord {
  /** Number of the last one. */
  readonly last: number;
  /** Those that were not kept yet. */
  readonly fresh: readonly RecordedCommand[];
  /** Numbers of stored ones that will not come again. */
  readonly released: readonly number[];
}

/** What is found of them. */
export interface StoredCommands {
  readonly last: number;
  /** Since the oldest cut, in order. */
  readonly items: readonly RecordedCommand[];
}

/** Somebody who waits for a command. */
interface Order {
  readonly sensor: string;
  readonly command: SensorCommand;
  resolve(place: CommandPlace): void;
  reject(error: Error): void;
}

/** The commands of one partition. */
export class CommandQueue {
  private readonly waiting: Order[] = [];
  /** Entered and not durable yet, by number. */
  private readonly entered = new Map<number, Order>();
  private items: RecordedCommand[] = [];
  /** Items before this one have entered in this run. */
  private next = 0;
  private last = 0;
  /** Number of the last one that is kept, and of the last one whose outputs are stored. */
  private kept = 0;
  private stored = 0;
  private released: number[] = [];
  private position = -1;
  /** What commands at this position touch: alerts, sensors, and sensors as a whole. */
  private readonly touched = { alerts: new Set<string>(), sensors: new Set<string>(), wholes: new Set<string>() };
  private wake?: () => void;
  private closed?: string;

  constructor(private readonly partition: string) {}

  /** Goes on from what was stored: commands from `position` on come again. */
  restore({ last, items }: StoredCommands, position: number): void {
    this.last = this.kept = this.stored = last;
    this.items = items.filter((one) => one.position >= position);
    this.released = items.filter((one) => one.position < position).map(({ number }) => number);
    this.next = 0;
  }

  /**
   * Takes a command in; resolves once it is stored.
   *
   * @throws {CommandRefused} if there are too many, or the partition has ended
   */
  order(sensor: string, command: SensorCommand): Promise<CommandPlace> {
    if (this.closed !== undefined) return Promise.reject(new CommandRefused("busy", this.closed));
    if (this.waiting.length >= COMMANDS_WAITING || this.items.length >= COMMANDS_RECORDED) {
      const many =
        `${this.waiting.length} of ${COMMANDS_WAITING} wait, ${this.items.length} of ${COMMANDS_RECORDED} are kept`;
      const message = `cannot take the command ${command.command}: ${this.partition} has too many under way (${many})`;
      return Promise.reject(new CommandRefused("busy", message));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ sensor, command, resolve, reject });
      this.wake?.();
    });
  }

  /** Position of the next recorded command that is to come again; Infinity if there is none. */
  get nextAgain(): number {
    return this.next < this.items.length ? this.items[this.next].position : Infinity;
  }

  /** Recorded commands up to a position that are to come again now. */
  takeAgain(upTo: number): RecordedCommand[] {
    const from = this.next;
    while (this.nextAgain <= upTo) this.next++;
    return this.items.slice(from, this.next);
  }

  /** Whether a command may enter at a position; recorded ones come first. */
  mayEnter(position: number): boolean {
    return this.waiting.length > 0 && this.next === this.items.length &&
      this.waiting.some(({ sensor, command }) => !this.isTouched(position, sensor, command));
  }

  /** Commands that enter at a position, recorded from now on. */
  takeNew(position: number, time: number): RecordedCommand[] {
    const taken: RecordedCommand[] = [];
    for (let i = 0; i < this.waiting.length;) {
      const order = this.waiting[i], { sensor, command } = order;
      if (this.isTouched(position, sensor, command)) {
        i++;
        continue;
      }
      this.touch(sensor, command);
      this.waiting.splice(i, 1);
      const recorded = { number: ++this.last, position, time, sensor, command };
      this.items.push(recorded);
      this.entered.set(recorded.number, order);
      taken.push(recorded);
    }
    this.next = this.items.length;
    return taken;
  }

  /** Number of the last one that has entered. */
  get number(): number {
    return this.last;
  }

  /** Whether somebody waits for a checkpoint. */
  get isUnstored(): boolean {
    return this.last > this.stored;
  }

  /** Resolves when a command comes; at once if one may enter here. */
  arrival(position: number): Promise<void> {
    if (this.mayEnter(position)) return Promise.resolve();
    return new Promise((resolve) => this.wake = resolve);
  }

  /** What is to be kept, as of now. */
  record(): CommandsRecord {
    const fresh = this.items.filter(({ number }) => number > this.kept);
    return { last: this.last, fresh, released: this.released };
  }

  /** What {@linkcode record} gave is kept. */
  isKept({ last, released }: CommandsRecord): void {
    this.kept = last;
    this.released = this.released.filter((number) => !released.includes(number));
  }

  /** What came of the commands up to a number is stored: those who wait for them are told. */
  isStored(upTo: number): void {
    this.stored = upTo;
    for (const { number, position } of this.items) {
      if (number > upTo) break;
      this.entered.get(number)?.resolve({ partition: this.partition, position });
      this.entered.delete(number);
    }
  }

  /** Nothing before this position will be read again. */
  release(position: number): void {
    const gone = this.items.findIndex((one) => one.position >= position || one.number > this.stored);
    const count = gone < 0 ? this.items.length : gone;
    this.released.push(...this.items.splice(0, count).map(({ number }) => number));
    this.next = Math.max(0, this.next - count);
  }

  /** No command is taken any more, for this reason; those that are not stored are refused. */
  close(reason: string): void {
    this.closed = reason;
    const refused = new CommandRefused("busy", reason);
    for (const { reject } of [...this.waiting.splice(0), ...this.entered.values()]) reject(refused);
    this.entered.clear();
  }

  private isTouched(position: number, sensor: string, command: SensorCommand): boolean {
    const { alerts, sensors, wholes } = this.touched;
    if (position !== this.position) {
      this.position = position;
      for (const set of [alerts, sensors, wholes]) set.clear();
      // Those of before a restart were at a place, too.
      for (const one of this.items) if (one.position === position) this.touch(one.sensor, one.command);
    }
    return wholes.has(sensor) || ("alert" in command ? alerts.has(command.alert) : sensors.has(sensor));
  }

  private touch(sensor: string, command: SensorCommand): void {
    const { alerts, sensors, wholes } = this.touched;
    sensors.add(sensor);
    if ("alert" in command) alerts.add(command.alert);
    else wholes.add(sensor);
  }
}
