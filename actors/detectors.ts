/**
 * Every detector: what it judges, what it needs, when it flags, where its say lies in a verdict, what state it takes.
 *
 * A detector is no object that is called: the transition calls plain functions in the order in which they depend on each
 * other. What all of them keep to is here, and whoever shows flags and scores, documents or tests detectors goes by it:
 *
 * - It judges a reading by what came before it, then learns it. A late reading is checked against limits alone.
 * - Its flag is a bit of the verdict, or a channel's bit in a mask, at its own setting.
 * - Its score, where it has one, is 0..1 and calibrated for each sensor by itself: one normal reading in a hundred exceeds
 *   0.99. It is NaN where the detector had nothing to say.
 * - Its state is a known number of bytes of the sensor's buffers, all finite.
 *
 * `docs/detectors.md` says what each is for; `tests/detectors` holds each of them to all of this.
 *
 * @module
 */
import { FEATURE_LENGTH } from "../models/features.ts";
import { CALIBRATION_FLOATS } from "../models/surprise/calibration.ts";
import { RULE_DOUBLES } from "../models/budget/rule.ts";
import { RHYTHM_DOUBLES } from "../models/states/rhythm.ts";
import { BIT, CALIBRATED } from "./sensor/layout.ts";
import { VERDICT } from "./sensor/verdict.ts";

/** Settings of `detectors`; each has those of the ones before it. */
const SETTINGS = ["rules", "light", "full"] as const;

/** What keeps so many floats and doubles of each sensor or channel. */
interface Sized {
  readonly floats: number;
  readonly doubles: number;
}

/** What the size of a sensor's state depends on. */
export interface StatePlan {
  readonly channels: readonly string[];
  /** Absent where rules alone judge. */
  readonly judge?: { readonly surprise: Sized; readonly network?: Sized };
}

/** Bytes of state: of each sensor, and of each of its channels. */
export interface DetectorBytes {
  readonly sensor: number;
  readonly channel: number;
}

/** What there is to know of a detector beside its name. */
interface Facts {
  /** What its flag is about: one channel, or the sensor as a whole. */
  readonly judges: "channel" | "sensor";
  /** What it finds, in words that follow "finds". */
  readonly finds: string;
  /**
   * Without what it says nothing: limits in the configuration, readings of the sensor itself, or a model that is trained
   * from readings of several sensors, or from labels.
   */
  readonly needs: "limits" | "readings" | "samples" | "labels";
  /** Its own setting for the flag, in words. */
  readonly setting: string;
  /** Where it comes from in the literature. */
  readonly source: string;
  /** Under which setting of `detectors` it is there. */
  readonly from: typeof SETTINGS[number];
  /** Bit of a verdict that its flag sets. */
  readonly bit?: number;
  /** Place in a verdict of the mask of channels that it flags. */
  readonly mask?: number;
  /** Place of its score in a verdict, and of the calibration among those of the sensor. */
  readonly score?: number;
  readonly calibration?: number;
  /** Place in a verdict of the version of the model that gave the score, 0 for none. */
  readonly version?: number;
  /** State that it takes. */
  bytes(plan: StatePlan): DetectorBytes;
}

const CALIBRATION = 4 * CALIBRATION_FLOATS;
/** Which channels broke it with the last reading; alerts take memory only while one is not quiet. */
const maskOfSensor = (): DetectorBytes => ({ sensor: 8, channel: 0 });
const calibrationAlone = ({ judge }: StatePlan): DetectorBytes => ({ sensor: judge ? CALIBRATION : 0, channel: 0 });

/** One whose score comes from a model with versions. */
export type VersionedName = "forest" | "network" | "logistic";
/** One that has a score. */
export type ScoringName = VersionedName | "zscore" | "surprise";
/** A detector that flags readings; `budget` is the rule of the alert budget. */
export type DetectorName = ScoringName | "limit" | "warning" | "rate" | "physical" | "budget";

/** A detector. */
export interface Detector extends Facts {
  readonly name: DetectorName;
}

/** Every detector, rules first. */
export const DETECTORS: readonly Detector[] = [
  {
    name: "limit",
    judges: "channel",
    finds: "values outside the configured limits",
    needs: "limits",
    setting: "`low`, `high` of the channel",
    source: "W. A. Shewhart, 1931",
    from: "rules",
    mask: VERDICT.limitMask,
    bytes: maskOfSensor,
  },
  {
    name: "warning",
    judges: "channel",
    finds: "values outside the configured warning limits",
    needs: "limits",
    setting: "`warnLow`, `warnHigh` of the channel",
    source: "W. A. Shewhart, 1931",
    from: "rules",
    bit: BIT.warning,
    mask: VERDICT.warningMask,
    bytes: maskOfSensor,
  },
  {
    name: "rate",
    judges: "channel",
    finds: "changes that are faster than configured",
    needs: "limits",
    setting: "`rateMost` of the channel, per second",
    source: "range check of rates, as in ISA-18.2",
    from: "rules",
    bit: BIT.rate,
    mask: VERDICT.rateMask,
    bytes: maskOfSensor,
  },
  {
    name: "physical",
    judges: "channel",
    finds: "values that the quantity cannot have",
    needs: "limits",
    setting: "`physicalLow`, `physicalHigh` of the channel",
    source: "range check",
    from: "rules",
    bit: BIT.physical,
    mask: VERDICT.physicalMask,
    bytes: (): DetectorBytes => ({ sensor: 8, channel: 0 }),
  },
  {
    name: "zscore",
    judges: "channel",
    finds: "spikes that stand out of the last ten values",
    needs: "readings",
    setting: "3 standard deviations",
    source: "W. A. Shewhart, 1931; mean and deviation by B. P. Welford, 1962",
    from: "rules",
    mask: VERDICT.zMask,
    score: VERDICT.zscore,
    calibration: CALIBRATED.zscore,
    bytes: ({ judge }: StatePlan): DetectorBytes => ({ sensor: judge ? CALIBRATION : 0, channel: 8 * FEATURE_LENGTH }),
  },
  {
    name: "surprise",
    judges: "sensor",
    finds: "values, means, steps, seasons, forms and runs that are rarer than anything the channel showed before",
    needs: "readings",
    setting: "score above 0.99",
    source: "tails by J. Pickands, 1975, and A. A. Balkema and L. de Haan, 1974; `docs/detection.md`",
    from: "light",
    bit: BIT.surprise,
    score: VERDICT.surprise,
    calibration: CALIBRATED.surprise,
    bytes: ({ judge }: StatePlan): DetectorBytes => ({
      sensor: judge ? CALIBRATION : 0,
      channel: judge ? 4 * judge.surprise.floats + 8 * judge.surprise.doubles : 0,
    }),
  },
  {
    name: "forest",
    judges: "sensor",
    finds: "readings whose features are few and different among those of all sensors of the type",
    needs: "samples",
    setting: "contamination of 5 % of the samples",
    source: "F. T. Liu, K. M. Ting and Z.-H. Zhou, 2008",
    from: "light",
    bit: BIT.forest,
    score: VERDICT.forest,
    calibration: CALIBRATED.forest,
    version: VERDICT.forestVersion,
    bytes: calibrationAlone,
  },
  {
    name: "network",
    judges: "sensor",
    finds: "channels that do not go together as they used to",
    needs: "readings",
    setting: "score above 0.99",
    source:
      "autoencoder by D. E. Rumelhart, G. E. Hinton and R. J. Williams, 1986; averaged by H. B. McMahan et al., 2017",
    from: "full",
    bit: BIT.network,
    score: VERDICT.network,
    calibration: CALIBRATED.network,
    version: VERDICT.networkVersion,
    bytes: ({ judge, channels }: StatePlan): DetectorBytes => {
      const { network } = judge ?? {};
      if (!network) return { sensor: 0, channel: 0 };
      const bytes = 4 * network.floats + 8 * network.doubles;
      return { sensor: CALIBRATION, channel: bytes / channels.length };
    },
  },
  {
    name: "logistic",
    judges: "sensor",
    finds: "readings that look like those that people labelled",
    needs: "labels",
    setting: "the threshold of the model: the best F1 in its cross-validation",
    source: "D. R. Cox, 1958",
    from: "light",
    bit: BIT.logistic,
    score: VERDICT.logistic,
    calibration: CALIBRATED.logistic,
    version: VERDICT.logisticVersion,
    bytes: calibrationAlone,
  },
  {
    name: "budget",
    judges: "sensor",
    finds: "readings that are so rare that calling them anomalous keeps the alert budget",
    needs: "readings",
    setting: "`budget`: false alarms in a time, or a reading",
    source: "R. A. Fisher, 1925, for joining channels; `docs/detection.md`",
    from: "light",
    bit: BIT.budget,
    bytes: ({ judge }: StatePlan): DetectorBytes => ({
      sensor: judge ? 8 * (RULE_DOUBLES + RHYTHM_DOUBLES) : 0,
      channel: judge ? 8 : 0,
    }),
  },
];

/** One that has a calibrated score. */
export type ScoringDetector = Detector & {
  readonly name: ScoringName;
  readonly score: number;
  readonly calibration: number;
};

/** One whose score comes from a model with versions. */
export type VersionedDetector = Detector & { readonly name: VersionedName; readonly version: number };

/** Those that have a calibrated score. */
export const SCORING: readonly ScoringDetector[] = DETECTORS.filter((one): one is ScoringDetector => {
  return one.score !== undefined;
});

/** Those whose score comes from a model with versions. */
export const VERSIONED: readonly VersionedDetector[] = DETECTORS.filter((one): one is VersionedDetector => {
  return one.version !== undefined;
});

/** Those of a setting of `detectors`. */
export function detectorsOf(setting: typeof SETTINGS[number]): Detector[] {
  return DETECTORS.filter(({ from }) => SETTINGS.indexOf(from) <= SETTINGS.indexOf(setting));
}

/**
 * Whether a verdict has a detector's flag.
 *
 * @param at where the verdict starts
 * @param channel index of the channel, for one that judges channels
 */
export function hasFlag(detector: Detector, verdict: Float64Array, at: number, channel = 0): boolean {
  const { bit, mask } = detector;
  if (mask !== undefined && Math.floor(verdict[at + mask] / 2 ** channel) % 2 === 0) return false;
  return bit === undefined || (verdict[at + VERDICT.bits] & bit) !== 0;
}
