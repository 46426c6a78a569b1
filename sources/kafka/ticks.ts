/**
 * Time passing in a partition where nothing comes: ticks, recorded before they are handed out, so that whoever reads again
 * meets them in the same places.
 *
 * Ticks stand in the places before the offset that is waited for, see `positions.ts`: 4,096 of them at the most, which at one
 * in 10 s is eleven hours; then nothing more is to be learnt from silence.
 *
 * @module
 */
import { z } from "zod";
import type { ReadingsChunk, SourceMemory, TickChunk } from "../../actors/ports.ts";
import { itemsOf, positionOf } from "./positions.ts";

const whole = z.number().int().nonnegative();
const recordSchema = z.object({ ticks: z.array(z.tuple([whole, whole])) });

/** A tick: its position and its time, epoch ms. */
export type Tick = readonly [position: number, time: number];

/** The ticks of a partition. */
export class TickMemory {
  #ticks: readonly Tick[] = [];

  private constructor(private readonly memory: SourceMemory) {}

  /** Reads what was recorded earlier. */
  static async load(memory: SourceMemory): Promise<TickMemory> {
    const ticks = new TickMemory(memory), record = await memory.load();
    if (record !== undefined) ticks.#ticks = recordSchema.parse(record).ticks;
    return ticks;
  }

  /** Ticks at `position` and behind it, in order. */
  from(position: number): Tick[] {
    return this.#ticks.filter(([at]) => at >= position);
  }

  /**
   * Records a tick while an offset is waited for.
   *
   * @param at position that reading has come to
   * @returns its chunk; undefined if there is no room for more before that offset
   */
  async add(offset: number, at: number, time: number): Promise<TickChunk | undefined> {
    const last = this.#ticks.at(-1);
    const position = Math.max(at, positionOf(offset), last === undefined ? 0 : last[0] + 1);
    if (position >= itemsOf(offset)) return undefined;
    const tick: Tick = [position, Math.max(time, last?.[1] ?? 0)];
    const ticks = [...this.#ticks, tick];
    await this.memory.save({ ticks: ticks.map(([position, time]) => [position, time]) });
    this.#ticks = ticks;
    return tickChunk(tick);
  }

  /** Forgets ticks before a position; the record follows with the next tick. */
  release(position: number): void {
    if (this.#ticks.length > 0 && this.#ticks[0][0] < position) this.#ticks = this.from(position);
  }
}

/** A tick as it is handed out. */
export function tickChunk([position, time]: Tick): TickChunk {
  return { kind: "tick", time, position, next: position + 1 };
}

/**
 * Chunks with recorded ticks where they belong; a chunk is cut where one stands inside of it.
 *
 * @param past ticks, in order; those that are handed out are taken from it
 */
export function* withTicks(
  chunks: Iterable<ReadingsChunk>,
  past: Tick[],
): Generator<ReadingsChunk | TickChunk> {
  for (const chunk of chunks) {
    let rest = chunk;
    for (let tick = past[0]; tick !== undefined && tick[0] < rest.next; tick = past[0]) {
      const [position] = tick, { items, positions } = rest, found = positions.findIndex((at) => at > position);
      const cut = found < 0 ? positions.length : found,
        part = (from: number, to?: number) => ({
          ...rest,
          items: items.slice(from, to),
          positions: positions.slice(from, to),
          ...(rest.arrivals === undefined ? {} : { arrivals: rest.arrivals.slice(from, to) }),
        });
      if (cut > 0) yield { ...part(0, cut), next: position };
      yield tickChunk(tick);
      past.shift();
      rest = part(cut);
    }
    yield rest;
  }
}
