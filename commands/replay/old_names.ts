/**
 * Names that people bring along from other pipelines, taken by `replay` as variables: see docs/coming-from.md.
 *
 * @module
 */
import { INJECTION_RULE } from "../../models/injection.ts";
import { UsageError } from "../process/errors.ts";
import { processWorld, type SettingsWorld } from "../settings/settings.ts";

/** Longest `SENSORIUM_STREAM_INTERVAL`, seconds. */
const INTERVAL_MOST = 86_400;

/**
 * The flags that `SENSORIUM_STREAM_INTERVAL` (seconds) and `SENSORIUM_ENABLE_ANOMALY` stand for; put before the arguments,
 * so that a flag of the same meaning wins.
 *
 * @throws {UsageError} for a value that is none
 */
export function oldFlags({ variable }: Pick<SettingsWorld, "variable"> = processWorld): string[] {
  const flags: string[] = [], seconds = variable("SENSORIUM_STREAM_INTERVAL");
  if (seconds) {
    if (!/^\d+(\.\d+)?$/.test(seconds) || Number(seconds) > INTERVAL_MOST) {
      throw new UsageError(
        `SENSORIUM_STREAM_INTERVAL must be seconds from 0 to ${INTERVAL_MOST}, not ${JSON.stringify(seconds)}`,
      );
    }
    flags.push(`--interval=${Math.round(Number(seconds) * 1000)}`);
  }
  const anomaly = variable("SENSORIUM_ENABLE_ANOMALY");
  if (anomaly && !/^(true|false|1|0)$/i.test(anomaly)) {
    throw new UsageError(`SENSORIUM_ENABLE_ANOMALY must be true or false, not ${JSON.stringify(anomaly)}`);
  }
  if (anomaly && /^(true|1)$/i.test(anomaly)) flags.push(`--inject=${INJECTION_RULE.chance}`);
  return flags;
}

/**
 * The files of a replay: those that are named, or the one of `SENSORIUM_SOURCE_FILE`.
 *
 * @throws {UsageError} if there is none
 */
export function sourceFiles(
  named: readonly string[],
  { variable }: Pick<SettingsWorld, "variable"> = processWorld,
): readonly string[] {
  const file = variable("SENSORIUM_SOURCE_FILE");
  if (named.length > 0) return named;
  if (!file) throw new UsageError("replay needs FILE...: --help shows how");
  return [file];
}
