/**
 * Small worlds for histories: a few sensors and a stretch of their readings with all the dirt that there is (late,
 * duplicate, contradicting and future readings, silence, new channels, moves, records that are none), from a seed.
 *
 * @module
 */
import { type Judging, judgingSchema } from "../../actors/config.ts";
import type { Chunk, Source, SourcePartition } from "../../actors/ports.ts";
import type { Reading, Refusal } from "../../actors/reading.ts";
import { isRefusal } from "../../actors/reading.ts";
import { parseLineText } from "../../actors/refusals.ts";
import { Random } from "../../models/random.ts";

/** Name of the one partition of a world. */
export const PARTITION = "world-0";
const START = 1_700_000_000_000;

/** A source's whole content, and how it is judged. */
export interface World {
  readonly seed: number;
  readonly judging: Judging;
  readonly text: string;
  /** Whether it is handed out as lines of text; else as readings. */
  readonly asLines: boolean;
}

/** One sensor while its world is made. */
interface Device {
  readonly name: string;
  readonly weight: number;
  readonly steady: boolean;
  readonly type?: string;
  readonly channels: string[];
  location: string;
  last: Record<string, number | null>;
  time: number;
  silentUntil: number;
  broken: number;
}

/** What may be said of a world beside its seed. */
export interface WorldOptions {
  /** How much judges; default everything. */
  readonly detectors?: Judging["detectors"];
  /** Epochs of forests and of networks, ms; so short that several end within the world. */
  readonly forestMs?: number;
  readonly networkMs?: number;
  /** Only so many sensors, all of one type and with one channel at first, which share their models. */
  readonly alike?: number;
  /** They stay so, none goes silent, and none's clock runs ahead. */
  readonly steady?: boolean;
}

/** The world of a seed, with some dozens of readings or as many as wanted. */
export function makeWorld(seed: number, readings?: number, options: WorldOptions = {}): World {
  const random = new Random(seed), { integer } = bound(random), { detectors = "full", alike } = options;
  const hopping = integer(3) === 0;
  const judging = judgingSchema.parse({
    types: {
      pump: { channels: { a: { low: 0, high: 50, physicalHigh: 90 }, b: { high: 500 } }, intervalMs: 2_000 },
      valve: { channels: { a: { high: 60, unit: "bar" } }, intervalMs: 5_000, silentAfterMs: 30_000 },
    },
    windows: hopping ? [{ lengthMs: 30_000, hopMs: 15_000 }] : [{ lengthMs: 20_000, hopMs: 20_000 }],
    latenessMs: 8_000,
    futureMs: 60_000,
    duplicates: ["first", "last", "keep"][integer(3)],
    tickMs: 5_000,
    detectors,
    forest: { everyMs: options.forestMs },
    federation: { everyMs: options.networkMs },
  });
  const devices = alike === undefined ? makeDevices(random) : makeAlike(alike, options.steady ?? false);
  const count = readings ?? 40 + integer(51), lines: string[] = [];
  let now = START + integer(20_000);
  for (let i = 0; i < count; i++) {
    now += integer(20) === 0 ? 10_000 + integer(30_000) : integer(3_000);
    lines.push(makeLine(random, devices, now));
  }
  return { seed, judging, text: lines.join("\n") + "\n", asLines: integer(2) === 0 };
}

function bound(random: Random) {
  return { integer: (below: number) => random.integer(below) };
}

const NAMES = ["p-1", "p-2", "Müller", "constructor", "valve 7", "__proto__"];

function makeDevices(random: Random): Device[] {
  const favourite = random.integer(3) === 0;
  return Array.from({ length: 3 + random.integer(4) }, (_, i) => {
    const type = ["pump", "pump", "valve", undefined][random.integer(4)];
    return {
      name: NAMES[i],
      weight: favourite && i === 0 ? 20 : 1 + random.integer(3),
      steady: false,
      ...(type === undefined ? {} : { type }),
      channels: random.integer(2) === 0 ? ["a"] : ["b", "a"],
      location: `hall ${random.integer(2)}`,
      last: {},
      time: 0,
      silentUntil: 0,
      broken: 0,
    };
  });
}

function makeAlike(count: number, steady: boolean): Device[] {
  return NAMES.slice(0, count).map((name) => ({
    name,
    weight: 1,
    steady,
    type: "pump",
    channels: ["a"],
    location: "hall 0",
    last: {},
    time: 0,
    silentUntil: 0,
    broken: 0,
  }));
}

function choose(random: Random, devices: readonly Device[], now: number): Device {
  const awake = devices.filter((device) => device.silentUntil <= now);
  const among = awake.length > 0 ? awake : devices;
  let at = random.integer(among.reduce((sum, { weight }) => sum + weight, 0));
  return among.find(({ weight }) => (at -= weight) < 0) ?? among[0];
}

function makeLine(random: Random, devices: readonly Device[], now: number): string {
  const device = choose(random, devices, now), dice = random.integer(100);
  if (dice < 3) return badLine(random, device, now);
  if (dice < 6 && !device.steady) device.silentUntil = now + 40_000;
  if (dice < 8) device.location = `hall ${random.integer(4)}`;
  if (dice === 8 && !device.steady && device.channels.length < 4) {
    device.channels.push(["c", "7", "a b"][random.integer(3)]);
  }
  if (dice >= 94 && device.time > 0) { // of the same time: again, or with another value
    const values = dice < 97 ? device.last : freshValues(random, device);
    return write(random, device, device.time, values);
  }
  const late = dice >= 86 && dice < 94;
  const ahead = dice === 85 && !device.steady;
  const time = late ? now - 1 - random.integer(14_000) : ahead ? now + 3_600_000 : now;
  const values = freshValues(random, device);
  if (time >= device.time && !ahead) {
    device.time = time;
    device.last = values;
  }
  return write(random, device, time, values);
}

function freshValues(random: Random, device: Device): Record<string, number | null> {
  if (device.broken > 0) device.broken--;
  else if (random.integer(12) === 0) device.broken = 3 + random.integer(5);
  const values: Record<string, number | null> = {};
  for (const channel of device.channels) {
    const usual = Math.round(2_000 + 500 * random.normal()) / 100;
    values[channel] = device.broken > 0 ? 70 + random.integer(40) : random.integer(15) === 0 ? null : usual;
  }
  return values;
}

function write(random: Random, device: Device, time: number, values: Record<string, number | null>): string {
  const { name: sensor, type, location } = device;
  const full = random.integer(4) === 0;
  return JSON.stringify({
    sensor,
    time,
    values,
    ...(full && type !== undefined ? { type } : {}),
    ...(full ? { location } : {}),
    ...(random.integer(10) === 0 ? { label: random.integer(2) } : {}),
  });
}

function badLine(random: Random, { name: sensor }: Device, time: number): string {
  const lines = [
    "nonsense",
    "",
    JSON.stringify({ sensor, time, values: { a: "1" } }),
    JSON.stringify({ sensor: "never seen", time, values: {} }),
    `{"sensor":${JSON.stringify(sensor)},"time":${time},"values":{"a":1e200}}`,
    JSON.stringify({ sensor, time: "yesterday", values: { a: 1 } }),
  ];
  return lines[random.integer(lines.length)];
}

/** A world's records as readings and refusals, where each starts, and where the text ends. */
export interface Records {
  readonly items: readonly (Reading | Refusal)[];
  readonly positions: readonly number[];
  readonly next: number;
}

/** Reads a whole text of lines; empty ones are no records. */
export function readRecords(text: string): Records {
  const items: (Reading | Refusal)[] = [], positions: number[] = [];
  let position = 0, row = 0;
  for (const line of text.split("\n")) {
    row++;
    if (line !== "") {
      const item = parseLineText(line, row);
      items.push(isRefusal(item) ? { ...item, row } : item);
      positions.push(position);
    }
    position += encoder.encode(line).length + 1;
  }
  return { items, positions, next: encoder.encode(text).length };
}

const encoder = new TextEncoder();

/** How a text is handed out. */
export interface TextSourceOptions {
  readonly asLines: boolean;
  /** Records of the next chunk, at least 1. */
  readonly records: () => number;
  /** Called before each chunk; a chunk waits for it. */
  readonly before?: () => Promise<void> | void;
}

/** A source over a text of lines, with the records' offsets as positions, however it is handed out. */
export class TextSource implements Source {
  readonly name = "world";

  constructor(
    text: string,
    private readonly options: TextSourceOptions,
    private readonly records: Records = readRecords(text),
    private readonly bytes: Uint8Array = encoder.encode(text),
  ) {}

  open(): Promise<readonly SourcePartition[]> {
    return Promise.resolve([{ id: PARTITION, read: (from, signal) => this.#read(from, signal) }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#read(from: number, signal: AbortSignal): AsyncGenerator<Chunk> {
    const { items, positions, next: end } = this.records;
    let at = positions.findIndex((position) => position >= from);
    if (at < 0) at = items.length;
    for (let position = from; position < end;) {
      await this.options.before?.();
      if (signal.aborted) return;
      const to = Math.min(items.length, at + this.options.records());
      const next = to < items.length ? positions[to] : end;
      if (this.options.asLines) {
        yield { kind: "lines", bytes: this.bytes.slice(position, next), position, next, row: this.#rowAt(position) };
      } else yield { kind: "readings", items: items.slice(at, to), positions: positions.slice(at, to), next };
      at = to;
      position = next;
    }
  }

  #rowAt(position: number): number {
    let row = 1;
    for (let i = 0; i < position; i++) if (this.bytes[i] === 10) row++;
    return row;
  }
}
