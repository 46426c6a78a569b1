/**
 * The recording that `deno task replay` was asked for, as a source.
 *
 * @module
 */
import type { Source } from "../../actors/ports.ts";
import { Injection } from "../../sources/injection.ts";
import { type ReplayOptions, ReplaySource } from "../../sources/replay.ts";
import { systemClock } from "../process/clock.ts";
import { readMapping } from "../settings/mapping_file.ts";
import { ALL_AT_ONCE, type ReplaySettings } from "./settings.ts";

/**
 * The files, in their order and at their speed.
 *
 * @param together readings of a batch, where nobody says
 */
export async function recordingOf(given: ReplaySettings, together?: number): Promise<ReplaySource> {
  const options = await optionsOf(given);
  return new ReplaySource({ ...options, batchSize: options.batchSize ?? together }, systemClock);
}

/** The recording with anomalies, where they are asked for. */
export function injected(recorded: ReplaySource, { values }: ReplaySettings): Source {
  if (values.inject === 0) return recorded;
  return new Injection(recorded, values.seed, {
    chance: values.inject,
    ...(values.channels.length > 0 ? { channels: [...values.channels] } : {}),
  });
}

async function optionsOf({ values, positional }: ReplaySettings): Promise<ReplayOptions> {
  return {
    paths: positional,
    mapping: values.mapping === undefined ? undefined : await readMapping(values.mapping),
    speed: values.speed,
    batchSize: values.batchSize === ALL_AT_ONCE ? undefined : values.batchSize,
    batchIntervalMs: values.interval < 0 ? undefined : values.interval,
    stamp: values.stamp,
    loop: values.loop,
    zone: values.zone,
    start: values.start,
    intervalMs: values.step > 0 ? values.step : undefined,
    partition: "replay",
  };
}
