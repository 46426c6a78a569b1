/**
 * What an instance's `/metrics` say, read for a person.
 *
 * @module
 */

/** Samples by name with labels, as they are written there. */
export type Metrics = ReadonlyMap<string, number>;

/** Sensors in a state. */
export function stateCount(metrics: Metrics, state: string): number {
  return metrics.get(`sensorium_sensors_in_state{state="${state}"}`) ?? 0;
}

/** Samples of a metric, with their labels for a person. */
export function samples(metrics: Metrics, name: string): (readonly [string, number])[] {
  const found: (readonly [string, number])[] = [];
  for (const [key, value] of metrics) {
    const [, of, labels = ""] = /^sensorium_(\w+)(?:\{(.*)\})?$/.exec(key) ?? [];
    if (of === name) {
      found.push([labels.replaceAll('",', ", ").replaceAll('"', "").replaceAll("=", " ") || "the instance", value]);
    }
  }
  return found;
}

/** Their values together. */
export function sum(all: readonly (readonly [string, number])[]): number {
  return all.reduce((total, [, value]) => total + value, 0);
}
