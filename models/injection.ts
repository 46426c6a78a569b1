/**
 * Which readings are made anomalous, and by how much: a pure function of a seed and a position.
 *
 * Both the facility and the injection into other sources ask here, so that "5 % of factor 1.5 to 3.0" means the same
 * wherever it is said, and any position can be asked for without those before it.
 *
 * @module
 */
import { uniformAt } from "./random.ts";

/** How anomalies are injected. */
export interface InjectionRule {
  /** Share of the readings, 0 to 1. */
  readonly chance: number;
  /** The factor's least, above 0. */
  readonly factorLeast: number;
  /** The factor's greatest, at least the least. */
  readonly factorGreatest: number;
}

/** What is injected where nothing else is said: one reading in twenty, times 1.5 to 3.0. */
export const INJECTION_RULE: InjectionRule = { chance: 0.05, factorLeast: 1.5, factorGreatest: 3 };

/** The comment of an injected reading. */
export const INJECTED_COMMENT = "anomaly_injected";

// second coordinates of the three draws at one position, so that they are independent of each other
const DRAW_WHETHER = 0;
const DRAW_FACTOR = 1;
const DRAW_PICK = 2;

/**
 * The factor for a position, or 0 where nothing is injected.
 *
 * @param seed whole, magnitude below 2^53; so is `position`
 */
export function injectedFactor(seed: number, position: number, rule: InjectionRule): number {
  if (uniformAt(seed, position, DRAW_WHETHER) >= rule.chance) return 0;
  return rule.factorLeast + (rule.factorGreatest - rule.factorLeast) * uniformAt(seed, position, DRAW_FACTOR);
}

/**
 * Which of `count` channels is altered at a position, each as likely as the others.
 *
 * @returns 0 to `count` − 1
 */
export function injectedPick(seed: number, position: number, count: number): number {
  return Math.floor(uniformAt(seed, position, DRAW_PICK) * count);
}
