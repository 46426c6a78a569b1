/**
 * Counts of one evaluation of one model version: a cell for each device and hour of the day (UTC).
 *
 * Bounded without depending on order: of more devices than {@linkcode DEVICES_MOST}, those with the least hashes of their
 * names have cells of their own, all others are counted together. A device that is among them in the end was among them
 * whenever it was looked, so whatever the order and however the readings were split, the same counts come out.
 *
 * @module
 */
import { hashText } from "../../models/hash.ts";
import { addCell, CELL, CELL_LENGTH, type CellView, countReading, readCell } from "./cell.ts";

/** Devices that have cells of their own: 1,920 bytes each. */
export const DEVICES_MOST = 4_096;
/** Devices are stored in so many blocks, by their hashes; one block more is that of all without cells of their own. */
export const BLOCKS = 64;
const HOURS = 24, HOUR_MS = 3_600_000;
const DEVICE_LENGTH = HOURS * CELL_LENGTH;

/** The cells of a block's devices in one hour of the day: what is stored under one key. */
export interface Block {
  readonly hour: number;
  /** Below {@linkcode BLOCKS}; equal to it for all devices without cells of their own. */
  readonly block: number;
  /** In order of name; the one name of the last block is empty. */
  readonly devices: readonly string[];
  /** One cell a device. */
  readonly cells: Float64Array;
}

/** What is counted of a device or an hour. */
export interface CountsOf<T> {
  readonly of: T;
  readonly error: CellView;
}

/** Where a device is counted. */
interface Place {
  readonly cells: Float64Array;
  readonly block: number;
  readonly hash: number;
}

/** Counts of readings. */
export class EvaluationCounts {
  /** By name; an empty one for all devices without cells of their own. */
  private readonly places = new Map<string, Place>();
  /** Names by block. */
  private readonly blocks: Set<string>[] = Array.from({ length: BLOCKS + 1 }, () => new Set());
  private readonly changed = new Set<number>();
  /** The sum of all cells. */
  private readonly sum = new Float64Array(CELL_LENGTH);
  private devices = 0;
  /** The device of the greatest hash, once it was looked for. */
  private greatest: { readonly name: string; readonly hash: number } | undefined;

  /** @param most devices that have cells of their own; default {@linkcode DEVICES_MOST} */
  constructor(private readonly most: number = DEVICES_MOST) {}

  /**
   * Counts a reading.
   *
   * @param device not empty
   * @param time event time, epoch ms
   * @param loss see {@linkcode countReading}
   * @param label 0 or 1, anything else for none
   */
  add(device: string, time: number, loss: number, flagged: boolean, label = -1): void {
    const hour = Math.floor(time / HOUR_MS) % HOURS;
    countReading(this.cellsOf(device, hour), hour * CELL_LENGTH, loss, flagged, label);
    countReading(this.sum, 0, loss, flagged, label);
  }

  /** Adds another part's counts. */
  merge(other: EvaluationCounts): void {
    for (const block of other.all()) this.put(block);
  }

  /** Adds the counts of a block. */
  put({ hour, devices, cells }: Block): void {
    for (let at = 0; at < devices.length; at++) {
      addCell(this.cellsOf(devices[at], hour), hour * CELL_LENGTH, cells, at * CELL_LENGTH);
      addCell(this.sum, 0, cells, at * CELL_LENGTH);
    }
  }

  /** The cell of a device (empty: of all without their own) in an hour; zeros where nothing was counted. A copy. */
  cell(device: string, hour: number): Float64Array {
    return this.places.get(device)?.cells.slice(hour * CELL_LENGTH, (hour + 1) * CELL_LENGTH) ??
      new Float64Array(CELL_LENGTH);
  }

  /** Where a reading of a device is counted now: see {@linkcode blockKey}. */
  keyOf(device: string, time: number): number {
    const hour = Math.floor(time / HOUR_MS) % HOURS, block = this.places.get(device)?.block;
    return blockKey(hour, block ?? (this.devices >= this.most ? BLOCKS : hashText(device) % BLOCKS));
  }

  /** All blocks that are not empty. */
  *all(): Generator<Block> {
    for (let block = 0; block <= BLOCKS; block++) {
      for (let hour = 0; hour < HOURS; hour++) {
        const one = this.block(hour, block);
        if (one.devices.length > 0) yield one;
      }
    }
  }

  /** Blocks that changed since this was asked last; one that is empty now is to be removed. */
  takeChanged(): Block[] {
    const changed = [...this.changed].sort((a, b) => a - b);
    this.changed.clear();
    return changed.map((key) => this.block(Math.floor(key / (BLOCKS + 1)), key % (BLOCKS + 1)));
  }

  /** All of it as one cell; a copy. */
  total(): Float64Array {
    return this.sum.slice();
  }

  /** Devices that have cells of their own. */
  get deviceCount(): number {
    return this.devices;
  }

  /** By hour of the day, those with readings. */
  byHour(): CountsOf<number>[] {
    const sums = new Float64Array(DEVICE_LENGTH);
    for (const { hour, devices, cells } of this.all()) {
      devices.forEach((_, at) => addCell(sums, hour * CELL_LENGTH, cells, at * CELL_LENGTH));
    }
    return Array.from({ length: HOURS }, (_, of) => ({ of, error: readCell(sums, of * CELL_LENGTH) }))
      .filter(({ error }) => error.count > 0);
  }

  /** By device in order of name; first, without a name, all that have no cells of their own. */
  byDevice(): CountsOf<string>[] {
    return [...this.places].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0).map(([of, { cells }]) => {
      const sum = new Float64Array(CELL_LENGTH);
      for (let at = 0; at < DEVICE_LENGTH; at += CELL_LENGTH) addCell(sum, 0, cells, at);
      return { of, error: readCell(sum, 0) };
    });
  }

  private block(hour: number, block: number): Block {
    const devices: string[] = [], counted: Float64Array[] = [], from = hour * CELL_LENGTH;
    for (const device of [...this.blocks[block]].sort()) {
      const cell = this.places.get(device)?.cells.subarray(from, from + CELL_LENGTH);
      if (cell === undefined || cell[CELL.count] === 0) continue;
      devices.push(device);
      counted.push(cell);
    }
    const cells = new Float64Array(devices.length * CELL_LENGTH);
    counted.forEach((cell, at) => cells.set(cell, at * CELL_LENGTH));
    return { hour, block, devices, cells };
  }

  /** The cells where a device is counted; notes that those of the hour change. */
  private cellsOf(device: string, hour: number): Float64Array {
    const { cells, block } = this.places.get(device) ?? this.placeFor(device);
    this.changed.add(blockKey(hour, block));
    return cells;
  }

  /** A place for a device that has none: its own, or that of the others. */
  private placeFor(device: string): Place {
    if (device === "") return this.begin("", BLOCKS, -1);
    const hash = hashText(device);
    if (this.devices >= this.most && !this.makeRoom(device, hash)) return this.places.get("") ?? this.placeFor("");
    this.devices++;
    return this.begin(device, hash % BLOCKS, hash);
  }

  private begin(device: string, block: number, hash: number): Place {
    const place: Place = { cells: new Float64Array(DEVICE_LENGTH), block, hash };
    this.places.set(device, place);
    this.blocks[block].add(device);
    return place;
  }

  /** Counts the device of the greatest hash with the others, if `device` has more claim to cells of its own. */
  private makeRoom(device: string, hash: number): boolean {
    const last = this.greatest ??= this.findGreatest(), place = this.places.get(last.name);
    if (place === undefined || !comesBefore(device, hash, last.name, last.hash)) return false;
    this.places.delete(last.name);
    this.blocks[place.block].delete(last.name);
    this.devices--;
    this.greatest = undefined;
    for (let hour = 0; hour < HOURS; hour++) {
      const at = hour * CELL_LENGTH;
      if (place.cells[at + CELL.count] === 0) continue;
      addCell(this.cellsOf("", hour), at, place.cells, at);
      this.changed.add(blockKey(hour, place.block));
    }
    return true;
  }

  private findGreatest(): { readonly name: string; readonly hash: number } {
    let last = { name: "", hash: -1 };
    for (const [name, { hash }] of this.places) {
      if (name !== "" && comesBefore(last.name, last.hash, name, hash)) last = { name, hash };
    }
    return last;
  }
}

/** One number for an hour and a block. */
export function blockKey(hour: number, block: number): number {
  return hour * (BLOCKS + 1) + block;
}

/** The order of devices: by hash, then by name. */
function comesBefore(a: string, hashA: number, b: string, hashB: number): boolean {
  return hashA < hashB || (hashA === hashB && a < b);
}
