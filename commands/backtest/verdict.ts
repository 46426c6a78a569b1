/**
 * What a verdict's doubles say, detector by detector, as a backtest shows and counts it.
 *
 * @module
 */
import { type DetectorName, DETECTORS as ALL } from "../../actors/detectors.ts";
import type { Rehearsed } from "../../actors/rehearsal.ts";
import { BIT } from "../../actors/sensor/layout.ts";
import { SAID, surpriseOf, VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "../../actors/sensor/verdict.ts";
import { strengthOf } from "../../models/budget/rule.ts";

/** The detectors that have columns of their own: limits, and all with a score. Rules come first. */
const SHOWN = ALL.filter(({ name, score }) => name === "limit" || score !== undefined);

/** Their names, in the order of the columns. */
export const DETECTORS: readonly DetectorName[] = SHOWN.map(({ name }) => name);

/** Those that learn, by their place among {@linkcode DETECTORS}: what is compared with rules. */
export const LEARNING: readonly number[] = DETECTORS.flatMap((name, d) =>
  name === "limit" || name === "zscore" ? [] : [d]
);

/** A verdict, read. The object is used again for the next one. */
export class VerdictFigures {
  /** 0..1; 1 where a limit is broken. */
  score = 0;
  anomalous = false;
  /** 0, or the strength in 0..1 of the budget's alarm that begins. */
  alarm = 0;
  /** Share of normal readings that are as unusual; 1 if it is not unusual. */
  rate = 1;
  /** Behind its sensor's time: checked against limits alone. */
  late = false;
  /** Index of the channel that contributes most among those with a value; −1 where nothing is said of any. */
  channel = -1;
  /** That channel's band; NaN while nothing is expected. */
  low = NaN;
  high = NaN;
  /** Calibrated scores in the order of {@linkcode DETECTORS}; NaN where one says nothing. */
  readonly scores: Float64Array = new Float64Array(DETECTORS.length);
  /** Flags in the same order, each at the detector's own setting. */
  readonly flags: Uint8Array = new Uint8Array(DETECTORS.length);
  /** Whether a limit of the values or of their rate of change is broken. */
  broken = false;

  /** @param learns whether more than rules judges */
  constructor(private readonly learns: boolean) {}

  /** Reads a verdict. */
  read({ verdict, at, plan }: Rehearsed): void {
    const bits = verdict[at + VERDICT.bits], limited = verdict[at + VERDICT.limitMask] > 0;
    this.late = (bits & BIT.late) !== 0;
    this.anomalous = (bits & BIT.anomalous) !== 0;
    this.rate = verdict[at + VERDICT.rate];
    this.alarm = (bits & BIT.alarm) !== 0 ? strengthOf(this.rate) : 0;
    this.broken = limited || (bits & BIT.rate) !== 0;
    const said = this.learns && !this.late;
    this.score = said ? verdict[at + VERDICT.score] : this.anomalous ? 1 : 0;
    SHOWN.forEach(({ score, bit, mask }, d) => {
      const flagged = mask === undefined ? (bits & (bit ?? 0)) !== 0 : verdict[at + mask] > 0;
      this.flags[d] = flagged ? 1 : 0;
      this.scores[d] = score === undefined ? this.flags[d] : said ? verdict[at + score] : NaN;
    });
    this.readChannels(verdict, at + VERDICT_HEAD, plan.channels.length);
  }

  private readChannels(verdict: Float64Array, first: number, channels: number): void {
    this.channel = -1;
    this.low = this.high = NaN;
    let most = -1;
    for (let c = 0; c < channels; c++) {
      const at = first + c * VERDICT_CHANNEL, packed = verdict[at + SAID.surprise];
      if (Number.isNaN(verdict[at + SAID.value]) || !(surpriseOf(packed) > most)) continue;
      most = surpriseOf(packed);
      this.channel = c;
      this.low = verdict[at + SAID.low];
      this.high = verdict[at + SAID.high];
    }
  }
}
