/**
 * All scenarios, by name.
 *
 * @module
 */
import { facility } from "./facility.ts";
import { factory } from "./factory.ts";
import { motes } from "./motes.ts";
import { parts } from "./parts.ts";
import type { Scenario, ScenarioOptions } from "./scenario.ts";

export type { Run, Scenario, ScenarioOptions, ScenarioSensor } from "./scenario.ts";

const SCENARIOS: Readonly<Record<string, (options: ScenarioOptions) => Scenario>> = { facility, parts, factory, motes };

/** Names of all scenarios. */
export const SCENARIO_NAMES: readonly string[] = Object.keys(SCENARIOS);

/**
 * The scenario of a name.
 *
 * @param options whether anything is ever wrong in it
 * @throws {RangeError} for a name that is none
 */
export function scenarioByName(name: string, options: ScenarioOptions = {}): Scenario {
  if (!Object.hasOwn(SCENARIOS, name)) {
    throw new RangeError(`cannot simulate "${name}": the scenarios are ${SCENARIO_NAMES.join(", ")}`);
  }
  return SCENARIOS[name](options);
}
