/**
 * Where the readings of `start` come from, beside HTTP: Kafka, MQTT, or a scenario.
 *
 * @module
 */
import type { KafkaSource } from "../../sources/kafka/source.ts";
import type { MqttIntake } from "../../sources/mqtt/intake.ts";
import { Simulator } from "../../sources/simulator.ts";
import type { LogPort } from "../../actors/log.ts";
import type { KvNames } from "../../store/names.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import type { Engine } from "../instance/engine.ts";
import { runFeed } from "./feed.ts";
import { kafkaSource } from "../kafka/source.ts";
import { mqttIntake } from "../mqtt/source.ts";
import { showCatchingUp } from "./catching_up.ts";
import type { StartPlan } from "./plan.ts";

const ALONE = "--group shares the partitions out, but without --kv what is known of their sensors stays in the data " +
  "directory of this process: with others in the group, give all of them the same --kv";

/** Those that are asked how they are; absent until they are open. */
export interface StartInputs {
  kafka?: KafkaSource;
  mqtt?: MqttIntake;
}

/**
 * Opens what readings come from and runs it until the signal.
 *
 * @param into told of what was opened
 * @returns what runs
 */
export async function runInputs(
  { values, from, broker, scenario, judging, clock, log }: StartPlan,
  { engine, readings, names }: { readonly engine: Engine; readonly readings: LogPort; readonly names: KvNames },
  into: StartInputs,
  signal: AbortSignal,
): Promise<Promise<void>[]> {
  const running: Promise<void>[] = [], report = (sentence: string) => log.warn(sentence);
  if (from !== "simulator" && values.feed !== undefined) {
    running.push(runFeed(values, { to: from, scenario, clock, report }, signal));
  }
  if (from === "kafka") {
    if (values.group !== undefined && values.kv === undefined) report(ALONE);
    into.kafka = await kafkaSource(values, values.scenario, { clock, report, tickMs: judging.tickMs });
    running.push(engine.run(into.kafka, signal));
  } else if (broker) {
    into.mqtt = await mqttIntake(broker, sourceMemory(engine.kv, "mqtt"), { log: readings, clock, names, report });
    running.push(into.mqtt.run(signal));
  } else if (scenario) {
    const pace = { kind: "live", historyMs: values.history * 3_600_000 } as const;
    const simulator = new Simulator(scenario, { seed: values.seed, pace, clock });
    running.push(engine.run(simulator, signal), showCatchingUp(simulator, engine, signal));
  }
  return running;
}
