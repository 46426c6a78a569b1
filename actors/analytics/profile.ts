/**
 * Profiles: each channel's values by hour of the day, in a zone's own time, and by day of the week where that is wanted.
 *
 * @module
 */
import { mergeMoments, MOMENT, MOMENTS_LENGTH } from "../../models/moments.ts";
import { LocalTime, type Zone } from "../../models/zone.ts";
import type { ProfileCell, ProfileView } from "./port.ts";
import { inOrder, momentsOf, statisticsOf, type WindowRow } from "./summary.ts";

const HOUR_MS = 3_600_000, HOURS = 24, DAYS = 7;
/** Channels that are told apart; further ones are left out. */
const CHANNELS_MOST = 64;

/** Sorts windows by the hour in which they begin. */
export class ProfileFold {
  readonly #local: LocalTime;
  readonly #channels = new Map<string, Float64Array>();
  readonly #cells: number;

  /** @param channel the only one that counts; default all */
  constructor(zone: Zone, private readonly weekday: boolean, private readonly channel?: string) {
    this.#local = new LocalTime(zone);
    this.#cells = weekday ? DAYS * HOURS : HOURS;
  }

  /** Adds a window of at most an hour. */
  add(row: WindowRow): void {
    const at = MOMENTS_LENGTH * this.#cellOf(row.start);
    row.channels.forEach((name, c) => {
      if (this.channel !== undefined && this.channel !== name) return;
      const from = momentsOf(row, c);
      if (!(from[MOMENT.count] > 0)) return;
      const cells = this.#of(name);
      if (cells !== undefined) mergeMoments(cells, at, from, 0);
    });
  }

  /** By channel in order of name, every hour in order. */
  view(): ProfileView["channels"] {
    return inOrder(this.#channels).map(([channel, cells]) => ({
      channel,
      cells: Array.from({ length: this.#cells }, (_, cell) => this.#view(cells, cell)),
    }));
  }

  #cellOf(start: number): number {
    const local = this.#local.of(start), hours = Math.floor(local / HOUR_MS), hour = hours % HOURS;
    // Day 0 of the epoch was a Thursday.
    return this.weekday ? HOURS * ((Math.floor(hours / HOURS) + 3) % DAYS) + hour : hour;
  }

  #view(cells: Float64Array, cell: number): ProfileCell {
    const state = cells.subarray(MOMENTS_LENGTH * cell, MOMENTS_LENGTH * (cell + 1)), hour = cell % HOURS;
    const isEmpty = state[MOMENT.count] === 0, nothing = { mean: null, min: null, max: null, std: null };
    return {
      ...(this.weekday ? { weekday: Math.floor(cell / HOURS) + 1 } : {}),
      hour,
      ...statisticsOf(state),
      ...(isEmpty ? nothing : {}),
    };
  }

  #of(name: string): Float64Array | undefined {
    let cells = this.#channels.get(name);
    if (cells === undefined && this.#channels.size < CHANNELS_MOST) {
      this.#channels.set(name, cells = new Float64Array(this.#cells * MOMENTS_LENGTH));
    }
    return cells;
  }
}
