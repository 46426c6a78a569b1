/**
 * What `start` is asked for, looked into before anything is opened: whatever is wrong with it is said at once.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import type { Clock } from "../../actors/ports.ts";
import { scenarioByName } from "../../data/mod.ts";
import type { Scenario } from "../../data/scenario.ts";
import type { DeliverySink } from "../../sinks/delivery/sink.ts";
import { corsOrigins } from "../instance/access.ts";
import { systemClock } from "../process/clock.ts";
import { checkFeed } from "./feed.ts";
import { localUrl } from "../instance/instance.ts";
import type { Log } from "../process/log.ts";
import { type MqttInput, mqttInput } from "../mqtt/source.ts";
import { judgingOf } from "../settings/settings.ts";
import { openSinks } from "../settings/sinks.ts";
import type { StartSettings } from "./settings.ts";

/** One run of `start`. */
export interface StartPlan extends Pick<StartSettings, "values" | "origins"> {
  readonly log: Log;
  readonly clock: Clock;
  readonly judging: Judging;
  /** Absent for `none`. */
  readonly scenario?: Scenario;
  /** Where readings come from, beside HTTP. */
  readonly from: StartSettings["values"]["source"];
  /** Where that is MQTT. */
  readonly broker?: MqttInput;
  readonly sinks: readonly DeliverySink[];
  /** Origins that a browser may ask from. */
  readonly cors: readonly string[];
  /** Name of this process among others over the same store. */
  readonly node: string;
  /** Whether it is a member of a group: what that shares out is Kafka's, and the log of readings is nobody's. */
  readonly isMember: boolean;
}

/**
 * Looks into the settings.
 *
 * @throws {UsageError} one sentence, for what cannot be
 */
export async function planStart({ values, origins, judging: given }: StartSettings, log: Log): Promise<StartPlan> {
  const cors = corsOrigins(values.cors);
  const scenario = values.scenario === "none" ? undefined : scenarioByName(values.scenario);
  const judging = judgingOf(given, { types: scenario?.types ?? {} });
  const from = values.useKafka ? "kafka" : values.source;
  await checkFeed(values, from, scenario);
  const broker = from === "mqtt" ? await mqttInput(values) : undefined;
  const sinks = await openSinks(values.sink, judging, values);
  return {
    values,
    origins,
    log,
    clock: systemClock,
    judging,
    from,
    sinks,
    cors,
    node: values.instance ?? localUrl(values.host, values.port),
    isMember: from === "kafka" && values.group !== undefined,
    ...(scenario ? { scenario } : {}),
    ...(broker ? { broker } : {}),
  };
}
