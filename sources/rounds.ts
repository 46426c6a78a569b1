/**
 * The rounds of a live simulation: which exist, and which were jumped over while nobody watched.
 *
 * @module
 */
import { z } from "zod";
import type { Clock, SourceMemory } from "../actors/ports.ts";

/** A stop of so much, or of the history where that is longer, is made up for reading by reading; a longer one is not. */
const JUMP_AFTER_MS = 86_400_000;
/** How far ahead of the first unread round rounds are promised, ms: a memory is written once in so much event time. */
const PROMISE_MS = 3_600_000;

const whole = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** What a live run must find again after a restart. */
export const roundsRecordSchema = z.strictObject({
  version: z.literal(1),
  script: z.string(),
  seed: z.number().int(),
  intervalMs: z.number().int().positive(),
  anchor: whole,
  /** Rounds before this one will be handed out even if the source stands still for days: no jump skips them. */
  promised: whole,
  /** Rounds `from` to `to` − 1 were skipped; ascending. One per stop of more than the history. */
  jumps: z.array(z.strictObject({ from: whole, to: whole })),
});
/** What a live run must find again after a restart. */
export type RoundsRecord = z.infer<typeof roundsRecordSchema>;

/**
 * Which rounds there are in a live run, as far as it is recorded.
 *
 * Rounds below `promised` exist for good: they may have been handed out and must come again the same. At `promised`
 * it is decided, once and on record, whether rounds follow that nobody watched: then the run jumps over them.
 */
export class LiveRounds {
  readonly #memory: SourceMemory;
  readonly #historyMs: number;
  readonly #clock: Clock;
  #record: RoundsRecord;

  /** @param historyMs how much of the past a new beginning makes up for */
  constructor(record: RoundsRecord, memory: SourceMemory, historyMs: number, clock: Clock) {
    this.#record = record;
    this.#memory = memory;
    this.#historyMs = historyMs;
    this.#clock = clock;
  }

  /** The end of the rounds that follow `round` without a jump and are sure to exist; the round itself must be. */
  end(round: number): number {
    const jump = this.#record.jumps.find((jump) => jump.from > round);
    return Math.min(this.#record.promised, jump?.from ?? Infinity);
  }

  /** The round itself or, if it was jumped over, the one after the jump; on return it is promised, durably. */
  async enter(round: number): Promise<number> {
    const landed = this.#landing(round);
    if (landed < this.#record.promised) return landed;
    return await this.#extend(landed);
  }

  /** Forgets jumps that no reading before `round` will be asked for again. */
  async forget(round: number): Promise<void> {
    const jumps = this.#record.jumps.filter((jump) => jump.to > round);
    if (jumps.length < this.#record.jumps.length) await this.#save({ ...this.#record, jumps });
  }

  #landing(round: number): number {
    for (const jump of this.#record.jumps) {
      if (round >= jump.from && round < jump.to) return jump.to;
    }
    return round;
  }

  /** Promises rounds from `round` on; after a stop of more than the history, from where the history begins now. */
  async #extend(round: number): Promise<number> {
    const { anchor, intervalMs, jumps } = this.#record;
    const now = this.#clock.now();
    const behindMs = now - anchor - round * intervalMs;
    // an hour's grace: a catching up that is itself a little slow loses nothing
    const jump = behindMs > Math.max(JUMP_AFTER_MS, this.#historyMs) + PROMISE_MS;
    const begin = jump ? Math.ceil((now - this.#historyMs - anchor) / intervalMs) : round;
    const present = Math.floor((now - anchor) / intervalMs) + 1;
    const promised = Math.max(begin, present) + Math.max(1, Math.ceil(PROMISE_MS / intervalMs));
    await this.#save({
      ...this.#record,
      promised,
      jumps: jump ? [...jumps, { from: round, to: begin }] : jumps,
    });
    return begin;
  }

  async #save(record: RoundsRecord): Promise<void> {
    await this.#memory.save(record);
    this.#record = record;
  }
}
