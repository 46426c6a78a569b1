/**
 * How many false alarms are to be expected under the configured budgets, whatever the sensors send: what many small budgets
 * come to, and whether a person can live with it.
 *
 * @module
 */
import type { Judging } from "../config.ts";

const HOUR_MS = 3_600_000;
/**
 * Alarms an hour that one person can handle: about one in ten minutes, as ISA-18.2 (2016) and EEMUA 191 have it.
 */
const HANDLED_PER_HOUR = 6;

/** What is to be expected. */
export interface ExpectedView {
  /** Sensors that are counted here. */
  readonly sensors: number;
  /** Sensors whose budget is one of readings while nobody has configured how often they come: not counted. */
  readonly unknown: number;
  readonly per_hour: number;
  readonly per_day: number;
  /** Whether one person can handle so many, at most {@linkcode HANDLED_PER_HOUR} an hour. */
  readonly manageable: boolean;
  /** What could be configured instead, under `judging`; absent where it is manageable. */
  readonly proposal?: { readonly plant: { readonly alarms: number; readonly everyMs: number } };
}

/**
 * What budgets of so many sensors come to.
 *
 * @param types how many sensors there are of each type; the empty name for those without one
 * @returns undefined where rules alone judge: there is no budget then
 */
export function expectedAlarms(judging: Judging, types: ReadonlyMap<string, number>): ExpectedView | undefined {
  if (judging.detectors === "rules") return undefined;
  const { plant } = judging;
  let sensors = 0, unknown = 0, perHour = 0;
  for (const [type, count] of types) {
    const kind = Object.hasOwn(judging.types, type) ? judging.types[type] : undefined;
    const own = hourly(kind?.budget ?? judging.budget, kind?.intervalMs);
    const share = plant && HOUR_MS * plant.alarms / plant.everyMs / plant.sensors;
    const least = Math.min(own ?? Infinity, share ?? Infinity);
    if (least === Infinity) unknown += count;
    else {
      sensors += count;
      perHour += count * least;
    }
  }
  const manageable = perHour <= HANDLED_PER_HOUR;
  return {
    sensors,
    unknown,
    per_hour: perHour,
    per_day: 24 * perHour,
    manageable,
    ...(manageable ? {} : { proposal: { plant: { alarms: HANDLED_PER_HOUR, everyMs: HOUR_MS } } }),
  };
}

function hourly(budget: Judging["budget"], intervalMs: number | undefined): number | undefined {
  if (!("perReading" in budget)) return HOUR_MS * budget.alarms / budget.everyMs;
  return intervalMs === undefined ? undefined : HOUR_MS / intervalMs * budget.perReading;
}
