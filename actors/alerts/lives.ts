/**
 * The conditions of a sensor that are not quiet, as doubles: one record each, none for those that are quiet.
 *
 * A sensor has one open alert for each condition and channel, so that there are at most as many records as there are
 * conditions times channels, and one for the sensor as a whole. All doubles are finite: "none" is −1. A record is
 * {@linkcode LIFE_LENGTH} doubles; a snapshot is all of them one behind the other.
 *
 * @module
 */
/** No position, no time, no channel. */
export const NONE = -1;

/** Offsets into a record. */
export const LIFE = {
  /** Place of the condition in CONDITIONS times {@linkcode CHANNELS}, plus the channel; {@linkcode WHOLE} for the sensor. */
  key: 0,
  /** See {@linkcode STATE}. */
  state: 1,
  /** Which of the last readings broke the rule, newest in the lowest bit. */
  recent: 2,
  /** Readings in a row that were quiet. */
  quiet: 3,
  /** Time of the first broken and of the first quiet reading of the stretch. */
  brokenSince: 4,
  quietSince: 5,
  /** Where and when it was raised; −1 while inactive. */
  position: 6,
  raised: 7,
  /** What was seen and expected when it was raised; ±MAX_VALUE where open, and `value` MAX_VALUE where there is none. */
  value: 8,
  low: 9,
  high: 10,
  /** Place in PRIORITIES. */
  priority: 11,
  /** Next step of the escalation. */
  escalation: 12,
  /** Since when it waits to be raised again: raised, acknowledged or raised again. */
  told: 13,
  realarms: 14,
  /** When the shelf ends. */
  shelvedUntil: 15,
  /** When it was raised the last two times. */
  before: 16,
  beforeThat: 17,
  /** Position of the last step: an alert takes one at a position. */
  stepped: 18,
} as const;
/** Doubles of a record. */
export const LIFE_LENGTH = 19;

/** Bits of a record's state. */
export const STATE = {
  active: 1,
  acknowledged: 2,
  shelved: 4,
  /** The shelf also ends when the alert clears. */
  oneShot: 8,
  suppressed: 16,
  outOfService: 32,
  chattering: 64,
} as const;
/** Any of those that keep an alert from being told. */
export const HUSHED = STATE.shelved | STATE.suppressed | STATE.outOfService;

/** More than a sensor has channels; the last one stands for "no channel". */
export const CHANNELS = 64;
const NO_CHANNEL = CHANNELS - 1;
/** More than there will ever be conditions: the last one stands for all of them. */
const CONDITIONS_MOST = 64;
/** Key of the record of the sensor as a whole. */
export const WHOLE = (CONDITIONS_MOST - 1) * CHANNELS;

/** The key of a condition, by its place in CONDITIONS, on a channel, −1 for none. */
export function keyOf(condition: number, channel: number): number {
  return condition * CHANNELS + (channel < 0 ? NO_CHANNEL : channel);
}

/** The condition of a key, by its place in CONDITIONS. */
export function conditionOf(key: number): number {
  return Math.floor(key / CHANNELS);
}

/** The channel of a key, −1 for none. */
export function channelOf(key: number): number {
  const channel = key % CHANNELS;
  return channel === NO_CHANNEL ? NONE : channel;
}

/** Snapshots that have another length than whole records are not of this version. */
export class LivesError extends Error {
  override name = "LivesError";
}

/** The records of one sensor. */
export class Lives {
  /** Records one behind the other. */
  data: Float64Array;
  /** Records by condition: whether a reading without a flag matters to one is a look at this. */
  private readonly tended = new Uint8Array(CONDITIONS_MOST);

  /**
   * No records, or those of a snapshot, which are copied.
   *
   * @throws {LivesError} for doubles that {@linkcode save} did not give
   */
  constructor(saved: Float64Array = new Float64Array(0)) {
    if (saved.length % LIFE_LENGTH !== 0) {
      throw new LivesError(
        `cannot restore alerts from ${saved.length} doubles: it must be a multiple of ${LIFE_LENGTH}`,
      );
    }
    this.data = saved.slice();
    for (let at = 0; at < saved.length; at += LIFE_LENGTH) {
      const key = saved[at + LIFE.key];
      if (!(Number.isInteger(key) && key >= 0 && key <= WHOLE)) {
        throw new LivesError(`cannot restore alerts: a key must be from 0 to ${WHOLE}, not ${key}`);
      }
      this.tended[conditionOf(key)]++;
    }
  }

  /** The records as they stand, as a copy: what a snapshot holds. Empty while everything is quiet. */
  save(): Float64Array {
    return this.data.slice();
  }

  /** Whether every condition is quiet: the sensor needs no records then. */
  get isEmpty(): boolean {
    return this.data.length === 0;
  }

  /** Whether some channel's record of this condition (its place in CONDITIONS) wants every reading. */
  tends(condition: number): boolean {
    return this.tended[condition] > 0;
  }

  /** Where the record of a key starts, −1 if there is none. O(records). */
  find(key: number): number {
    const { data } = this;
    for (let at = 0; at < data.length; at += LIFE_LENGTH) if (data[at + LIFE.key] === key) return at;
    return NONE;
  }

  /** Where the record of a key starts; made if there is none. */
  claim(key: number): number {
    const found = this.find(key);
    if (found >= 0) return found;
    const at = this.data.length, grown = new Float64Array(at + LIFE_LENGTH);
    grown.set(this.data);
    for (
      const none of [
        LIFE.brokenSince,
        LIFE.quietSince,
        LIFE.position,
        LIFE.raised,
        LIFE.told,
        LIFE.shelvedUntil,
        LIFE.before,
        LIFE.beforeThat,
        LIFE.stepped,
      ]
    ) grown[at + none] = NONE;
    grown[at + LIFE.key] = key;
    this.data = grown;
    this.tended[conditionOf(key)]++;
    return at;
  }

  /**
   * Lets go of a record that says nothing any more: inactive, quiet, neither hushed nor likely to chatter.
   *
   * @returns whether it went; those behind it have moved up then
   */
  release(at: number, time: number, chatterMs: number): boolean {
    const { data } = this;
    if (data[at + LIFE.state] !== 0 || data[at + LIFE.recent] !== 0) return false;
    if (data[at + LIFE.before] >= 0 && time - data[at + LIFE.before] <= chatterMs) return false;
    this.tended[conditionOf(data[at + LIFE.key])]--;
    const shrunk = new Float64Array(data.length - LIFE_LENGTH);
    shrunk.set(data.subarray(0, at));
    shrunk.set(data.subarray(at + LIFE_LENGTH), at);
    this.data = shrunk;
    return true;
  }
}
