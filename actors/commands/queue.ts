/**
 * The commands of one partition: those that wait to enter it, those that were recorded and come again when their stretch
 * is read again, and who waits for which.
 *
 * Any number of them enter at a position, in their order. Bounded: {@linkcode COMMANDS_WAITING} wait,
 * {@linkcode COMMANDS_RECORDED} are recorded since the oldest cut; beyond that they are refused.
 *
 * @module
 */
import { type CommandPlace, CommandRefused, type PartitionCommand, type RecordedCommand } from "./words.ts";

/** Commands that wait to enter. */
export const COMMANDS_WAITING = 1_000;
/** Commands that may have to come again. */
const COMMANDS_RECORDED = 10_000;

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
  readonly command: PartitionCommand;
  /** Its id, where another process sent it. */
  readonly order?: string;
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
   * @param order id of the order by which another process sent it
   * @throws {CommandRefused} if there are too many, or the partition has ended
   */
  order(sensor: string, command: PartitionCommand, order?: string): Promise<CommandPlace> {
    if (this.closed !== undefined) return Promise.reject(new CommandRefused("busy", this.closed));
    if (this.waiting.length >= COMMANDS_WAITING || this.items.length >= COMMANDS_RECORDED) {
      const many =
        `${this.waiting.length} of ${COMMANDS_WAITING} wait, ${this.items.length} of ${COMMANDS_RECORDED} are kept`;
      const message = `cannot take the command ${command.command}: ${this.partition} has too many under way (${many})`;
      return Promise.reject(new CommandRefused("busy", message));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ sensor, command, ...(order === undefined ? {} : { order }), resolve, reject });
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

  /** Whether a command waits that may enter; recorded ones come first. */
  get mayEnter(): boolean {
    return this.waiting.length > 0 && this.next === this.items.length;
  }

  /** Those that wait enter at a position, recorded from now on. */
  takeNew(position: number, time: number): RecordedCommand[] {
    const taken = this.waiting.splice(0).map((waiting) => {
      const { sensor, command, order } = waiting, number = ++this.last;
      this.entered.set(number, waiting);
      return { number, position, time, sensor, command, ...(order === undefined ? {} : { order }) };
    });
    this.items.push(...taken);
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

  /** Resolves when a command comes; at once if one may enter. */
  arrival(): Promise<void> {
    if (this.mayEnter) return Promise.resolve();
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

  /**
   * No command is taken any more: those that wait are refused. Of those that have entered it may be kept already that
   * they come again: that is said.
   *
   * @param why the end of a sentence
   */
  close(why: string): void {
    this.closed = `cannot take a command: ${why}`;
    for (const { reject } of this.waiting.splice(0)) reject(new CommandRefused("busy", this.closed));
    const late = new CommandRefused("late", `the command has entered, and may be carried out yet: ${why}`);
    for (const { reject } of this.entered.values()) reject(late);
    this.entered.clear();
  }
}
