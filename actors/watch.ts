/**
 * Sensors watched in a program of one's own: the same features, windows, detectors, budget, forests and networks that
 * judge behind the server, without server, store, clock or files. Runs in Deno, in Node and in a browser.
 *
 * @module
 */
import { judgingSchema } from "./config.ts";
import type { NotJudged } from "./rehearsal.ts";
import { isJudged, Rehearsal } from "./rehearsal.ts";
import { parseReading } from "./reading.ts";
import type { AlertTransition, ReadingView, SensorView, WindowView } from "./views.ts";
import { viewWindow } from "./window_view.ts";

export type { AlertTransition, NotJudged, ReadingView, SensorView, WindowView };
export type {
  ChannelView,
  ClosestView,
  ContributionView,
  DriftView,
  FeatureContribution,
  FlagView,
  QuarantineReason,
  ScoresView,
  SensorState,
  VersionsView,
  WarmUpView,
  WindowChannelView,
} from "./views.ts";
export type { DetectorName, ScoringName, VersionedName } from "./detectors.ts";
export type { FieldError } from "./reading.ts";

/** What comes of a reading: its verdict, or why there is none. */
export type Judged = ReadingView | NotJudged;

/** Whether a reading has a verdict; else `passed` and `errors` say why not. */
export function hasVerdict(judged: Judged): judged is ReadingView {
  return "is_anomaly" in judged;
}

/**
 * Watches any number of sensors, all in memory: about 12 KiB a channel, a third of it with `detectors: "light"`.
 *
 * The same readings in the same order give the same verdicts, bit for bit, however they are cut into calls.
 *
 * @example
 * ```ts
 * const watch = new Watch({ budget: { alarms: 1, everyMs: 86_400_000 } });
 * const [verdict] = await watch.take([{ sensor: "press-1", time: 0, values: { pressure: 4.2 } }]);
 * ```
 */
export class Watch {
  readonly #rehearsal: Rehearsal;
  #position = 0;

  /**
   * Watches with such settings.
   *
   * @param judging as in the configuration file, under `judging`; everything has a default
   * @param name part of every id, and the seed of models: letters, digits, `-`, `_` and `.`
   * @throws {RangeError} for a setting that is not known, or outside of its range; the message names each
   */
  constructor(judging: Readonly<Record<string, unknown>> = {}, name = "watch") {
    const { success, data, error } = judgingSchema.safeParse(judging);
    if (!success) {
      const wrong = error.issues.map(({ path, message }) =>
        [...path.length > 0 ? [path.join(".")] : [], message].join(": ")
      );
      throw new RangeError(`cannot judge by these settings: ${wrong.join("; ")}`);
    }
    this.#rehearsal = new Rehearsal(name, data, { windows: true });
  }

  /**
   * Judges readings, then learns them. One call at a time.
   *
   * @param readings in order of time for each sensor: `{sensor, time, values}`, time as ISO 8601 or epoch ms
   * @returns what came of each, in their order
   */
  async take(readings: readonly unknown[]): Promise<Judged[]> {
    const from = this.#position, next = this.#position += readings.length;
    const items = readings.map((reading) => parseReading(reading)), positions = items.map((_, i) => from + i);
    const outcomes = await this.#rehearsal.take({ kind: "readings", items, positions, next });
    return outcomes.map((outcome) => isJudged(outcome) ? this.#rehearsal.view(outcome) : outcome);
  }

  /** Windows that ended or were corrected since the last call, in order. */
  takeWindows(): WindowView[] {
    return this.#rehearsal.takeWindows().map(viewWindow);
  }

  /** Steps in the lives of alerts since the last call, in order. */
  takeAlerts(): AlertTransition[] {
    return this.#rehearsal.takeAlerts().map(({ transition }) => transition);
  }

  /** A sensor as it is now; undefined for one that had no reading. */
  sensor(name: string): SensorView | undefined {
    return this.#rehearsal.sensor(name);
  }
}
