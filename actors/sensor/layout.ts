/**
 * Where everything lies in a sensor's buffers.
 *
 *     doubles = header | window slots: start, revision, next end | judgement, held surprises, greatest scores of window slots
 *               | network | channel 0 | channel 1 | ...
 *     channel = rolling features | moments of each window slot | the rest of it
 *     floats  = calibrations | channel 0 | channel 1 | ... | network
 *
 * Times, counts, positions and the last ten values are doubles; what detectors learn is mostly floats. Everything is
 * finite: times are epoch ms, "none" is −1, "never" is the greatest safe integer. Where rules alone judge there is no
 * judgement, and there are no floats. Alerts lie apart, in `alerts/lives.ts`: mostly there are none.
 *
 * @module
 */
import { AGREEMENT_DOUBLES } from "../../models/agreement.ts";
import { DELAY_DOUBLES, DELAYS_DOUBLES } from "../../models/agreement_delay.ts";
import { RULE_DOUBLES } from "../../models/budget/rule.ts";
import { DRIFT_DOUBLES } from "../../models/drift/drift.ts";
import { DIRTY_DOUBLES } from "../../models/states/dirty.ts";
import { RHYTHM_DOUBLES } from "../../models/states/rhythm.ts";
import { STUCK_DOUBLES } from "../../models/states/stuck.ts";

/** Offsets into the header. */
export const HEADER = {
  /** Events at positions below this one are in the state already. Set in a snapshot; not part of a digest. */
  applied: 0,
  /** Greatest time of a reading, −1 before the first. */
  greatest: 1,
  /** Time of the reading before, −1 before the first. */
  previous: 2,
  readings: 3,
  anomalies: 4,
  /** Late but inside the allowance. */
  late: 5,
  /** Too late for any window. */
  tooLate: 6,
  duplicates: 7,
  conflicts: 8,
  stepsBack: 9,
  /** Values outside what the quantity can have. */
  impossible: 10,
  /** The rolling hash of all outputs (two lanes). */
  hash: 11,
  /** Position at which silence was noticed, −1 while not silent. */
  silentPosition: 13,
  silentTime: 14,
  /** Rows ever written to the history. */
  rows: 15,
  /** Channels flagged by the last reading, as sums of 2^channel: limits, then z-score. */
  limitMask: 16,
  zMask: 17,
  /** Times of the last two failures, −1 for none; and when it was stopped for failing, −1 while it is not. */
  failure: 18,
  failedTime: 20,
  /** Time of the first reading. */
  first: 21,
  /** The rolling hash of all verdicts (two lanes). Apart from the other one: verdicts are concluded once a batch. */
  verdictHash: 22,
  /** What the last verdict says: see {@linkcode BIT}. */
  bits: 24,
  /** Number of the last command that is in the state, 0 for none: they are numbered within their partition. */
  command: 25,
  /** Planned maintenance, from inclusive, to exclusive, −1 for none: readings of it are neither judged nor learnt. */
  maintenanceFrom: 26,
  maintenanceTo: 27,
  /** Since when the sensor is retired, −1 while it is not. */
  retired: 28,
  /** When it was last taken back into service, −1 for never: from then on it has as long as usual to send something. */
  back: 29,
  /** When the device was last exchanged, −1 for never, and how many readings there were of those before it. */
  replaced: 30,
  replacedReadings: 31,
} as const;

/** Doubles of the header. */
export const HEADER_LENGTH = 32;

/** Bits of a verdict. */
export const BIT = {
  /** The reading as a whole is anomalous. */
  anomalous: 1,
  /** It came late: checked against limits alone. */
  late: 2,
  /** An alarm of the alert budget begins. */
  alarm: 4,
  /** The sensor is too young for the alert budget's rule. */
  warming: 8,
  /** Flags of detectors, each at its own setting. */
  surprise: 16,
  forest: 32,
  network: 64,
  logistic: 128,
  /** Rules beside limits and z-score that some channel broke. */
  warning: 256,
  rate: 512,
  physical: 1024,
  /** States in which the reading came. */
  stuck: 2048,
  dirty: 4096,
  /** The rule of the alert budget calls it anomalous. */
  budget: 16384,
  /** It came while the sensor was retired or under maintenance: not judged. */
  held: 8192,
  /** The first one of another device, which took the sensor's place. */
  replaced: 32768,
} as const;

/** Offsets into a window slot's head. */
export const SLOT = { start: 0, revision: 1 } as const;
/** Doubles of a window slot's head. */
export const SLOT_LENGTH = 2;

/** Detectors that are compared with rules, and their flags. */
export const COMPARED = ["forest", "network", "surprise", "logistic"] as const;

/** The rest of a channel, from its `restAt` on, where more than rules judges. */
export const REST = layOut({
  stuck: STUCK_DOUBLES,
  /** Surprise of the last reading, 0 to 10, and the number of the view that was most surprised. */
  surprise: 1,
  view: 1,
  /** Band of the last reading; `known` is 1 if there was one, else the others are 0. */
  known: 1,
  expected: 1,
  low: 1,
  high: 1,
  /** How its values of lately differ from those it was learnt on. */
  drift: DRIFT_DOUBLES,
});

/** What is known of a sensor as a whole, from `judgementAt` on; the held surprises of its channels follow. */
export const JUDGEMENT = layOut({
  rhythm: RHYTHM_DOUBLES,
  dirty: DIRTY_DOUBLES,
  /** The budget's rule. */
  rule: RULE_DOUBLES,
  /** Of the last reading: its rate among normal ones, the budget that it was judged by, and the combined score. */
  rate: 1,
  budget: 1,
  score: 1,
  /** How near a reading came to an alarm, as a part of it, and when: see `judge.ts`. */
  closest: 1,
  closestTime: 1,
  /** Scores of the last reading, in the order of {@linkcode CALIBRATED}. */
  scores: 5,
  /** Versions of the models that scored it. */
  forestVersion: 1,
  networkVersion: 1,
  logisticVersion: 1,
  /** 1 once the network has begun; the version of the global one that it began from or last came back to; and how the two did on the first reading after that. */
  networkBegun: 1,
  globalVersion: 1,
  validated: 1,
  localLoss: 1,
  globalLoss: 1,
  /** End of the last epoch whose end was noticed. */
  roundSeen: 1,
  /** How often each detector of {@linkcode COMPARED} and rules flag the same reading. */
  agreement: COMPARED.length * AGREEMENT_DOUBLES,
  /** How late each of them, and rules at the end, finds a labelled anomaly: what goes on, and what is finished. */
  delay: (COMPARED.length + 1) * DELAY_DOUBLES,
  delays: (COMPARED.length + 1) * DELAYS_DOUBLES,
});

/** Detectors whose statistic becomes a calibrated score, each sensor by itself, and the place of their calibration. */
export const CALIBRATED = { surprise: 0, zscore: 1, forest: 2, network: 3, logistic: 4 } as const;
/** How many calibrations a sensor has. */
export const CALIBRATIONS = 5;

/** Parts one behind the other: where each starts, and how long all are. */
function layOut<T extends Readonly<Record<string, number>>>(
  lengths: T,
): { readonly [K in keyof T]: number } & { readonly length: number } {
  let at = 0;
  const offsets = Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, (at += length) - length]));
  return { ...offsets, length: at } as { readonly [K in keyof T]: number } & { readonly length: number };
}

/** No position, no time. */
export const NONE = -1;
/** A time that never comes. */
export const NEVER = Number.MAX_SAFE_INTEGER;
