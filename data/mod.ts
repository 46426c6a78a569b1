/**
 * All scenarios, by name.
 *
 * @module
 */
import { facility, type FacilityOptions } from "./facility.ts";
import { factory } from "./factory.ts";
import { motes } from "./motes.ts";
import { parts } from "./parts.ts";
import type { Scenario } from "./scenario.ts";

export type { Run, Scenario, ScenarioSensor } from "./scenario.ts";
export type { FacilityOptions } from "./facility.ts";

const SCENARIOS: Readonly<Record<string, (options: FacilityOptions) => Scenario>> = { facility, parts, factory, motes };

/** Names of all scenarios. */
export const SCENARIO_NAMES: readonly string[] = Object.keys(SCENARIOS);

/**
 * The scenario of a name.
 *
 * @param options whether facility injects its anomalies; the other scenarios have their own
 * @throws {RangeError} for a name that is none
 */
export function scenarioByName(name: string, options: FacilityOptions = {}): Scenario {
  if (!Object.hasOwn(SCENARIOS, name)) {
    throw new RangeError(`cannot simulate "${name}": the scenarios are ${SCENARIO_NAMES.join(", ")}`);
  }
  return SCENARIOS[name](options);
}
