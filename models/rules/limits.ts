/**
 * Limits of one channel: what a value may be at all, what alarms, what warns, and how fast it may change.
 *
 * The bounds are seven doubles of somebody else's buffer, infinite where open, shared by all sensors of a type. A value
 * on a bound keeps it. O(1), nothing is allocated.
 *
 * @module
 */

/** Offsets into a channel's bounds. */
export const BOUND = {
  low: 0,
  high: 1,
  warnLow: 2,
  warnHigh: 3,
  physicalLow: 4,
  physicalHigh: 5,
  /** Greatest change per second, up or down. */
  rateMost: 6,
} as const;

/** Doubles of a channel's bounds. */
export const LIMITS_DOUBLES = 7;

/** What {@linkcode brokenLimits} says, as bits. */
export const BROKEN = {
  low: 1,
  high: 2,
  warnLow: 4,
  warnHigh: 8,
  physicalLow: 16,
  physicalHigh: 32,
  rising: 64,
  falling: 128,
  /** Either of two. */
  limit: 3,
  warning: 12,
  physical: 48,
  rate: 192,
} as const;

/** Bounds of a channel, where there are any. */
export type Limits = { readonly [name in keyof typeof BOUND]?: number | undefined };

/** Writes a channel's bounds to `at`. */
export function setLimits(bounds: Float64Array, at: number, limits: Limits): void {
  bounds[at + BOUND.low] = limits.low ?? -Infinity;
  bounds[at + BOUND.high] = limits.high ?? Infinity;
  bounds[at + BOUND.warnLow] = limits.warnLow ?? -Infinity;
  bounds[at + BOUND.warnHigh] = limits.warnHigh ?? Infinity;
  bounds[at + BOUND.physicalLow] = limits.physicalLow ?? -Infinity;
  bounds[at + BOUND.physicalHigh] = limits.physicalHigh ?? Infinity;
  bounds[at + BOUND.rateMost] = limits.rateMost ?? Infinity;
}

/**
 * Which bounds a value breaks.
 *
 * @param value finite
 * @param rate change per second since the value before; 0 where there is none
 * @returns bits of {@linkcode BROKEN}, 0 for none
 */
export function brokenLimits(bounds: Float64Array, at: number, value: number, rate: number): number {
  const most = bounds[at + 6];
  if (
    value >= bounds[at] && value <= bounds[at + 1] && value >= bounds[at + 2] && value <= bounds[at + 3] &&
    value >= bounds[at + 4] && value <= bounds[at + 5] && rate <= most && rate >= -most
  ) return 0;
  return (value < bounds[at] ? BROKEN.low : 0) | (value > bounds[at + 1] ? BROKEN.high : 0) |
    (value < bounds[at + 2] ? BROKEN.warnLow : 0) | (value > bounds[at + 3] ? BROKEN.warnHigh : 0) |
    (value < bounds[at + 4] ? BROKEN.physicalLow : 0) | (value > bounds[at + 5] ? BROKEN.physicalHigh : 0) |
    (rate > most ? BROKEN.rising : 0) | (rate < -most ? BROKEN.falling : 0);
}
