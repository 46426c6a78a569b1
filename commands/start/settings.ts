/**
 * The settings of `deno task start`.
 *
 * @module
 */
import { SCENARIO_NAMES } from "../../data/mod.ts";
import { ACCESS_SETTINGS } from "../instance/access.ts";
import { ALERTING_SETTINGS } from "../instance/alerting.ts";
import { FEED } from "./feed.ts";
import { FILES } from "../settings/files.ts";
import { KAFKA_SOURCE } from "../kafka/source.ts";
import { LOG_SETTINGS } from "../process/log.ts";
import { MQTT_SOURCE } from "../mqtt/source.ts";
import { choice, toggle, wholeNumber } from "../settings/setting.ts";
import { type Command, COMMON, type Settings } from "../settings/settings.ts";
import { SINKS } from "../settings/sinks.ts";
import { TRACE_SETTINGS } from "../instance/telemetry.ts";

const settings = {
  host: COMMON.host,
  port: COMMON.port,
  dataDir: COMMON.dataDir,
  shards: COMMON.shards,
  seed: COMMON.seed,
  kv: COMMON.kv,
  checkpoint: COMMON.checkpoint,
  snapshot: COMMON.snapshot,
  scenario: choice({
    words: [...SCENARIO_NAMES, "none"],
    fallback: "facility",
    help: "what is simulated; none: readings come over HTTP alone",
  }),
  source: choice({
    words: ["simulator", "kafka", "mqtt"],
    fallback: "simulator",
    help:
      "where readings come from beside HTTP: the scenario, simulated, or Kafka or MQTT (the scenario then says what types of sensors there are)",
  }),
  useKafka: toggle({ fallback: false, help: "the same as --source kafka" }),
  ...KAFKA_SOURCE,
  ...MQTT_SOURCE,
  ...FEED,
  sink: SINKS,
  history: wholeNumber({
    min: 0,
    max: 744,
    fallback: 24,
    help: "hours before now that a new data directory begins with",
    placeholder: "HOURS",
  }),
  ...FILES,
  ...LOG_SETTINGS,
  ...TRACE_SETTINGS,
  ...ALERTING_SETTINGS,
  ...ACCESS_SETTINGS,
};

/** The command, as its help has it. */
export const START: Command<typeof settings> = {
  name: "start",
  summary: "Watches sensors live, and serves the page and the API.",
  settings,
  examples: [
    { line: "deno task start", does: "watch the simulated facility" },
    { line: "deno task start --port 9000 --shards 2", does: "another port, two workers" },
    { line: "deno task start --scenario none", does: "take readings over HTTP alone" },
    {
      line: "deno task start --source kafka --kafka kafka://127.0.0.1:9092/iot_sensors",
      does: "read a topic of Kafka",
    },
    {
      line: "deno task start --source mqtt --mqtt mqtt://127.0.0.1 --mqtt-topics 'plant/{location}/{sensor}'",
      does: "read topics of MQTT",
    },
    { line: "deno task start --scenario facility --source kafka --sink postgres", does: "from Kafka to PostgreSQL" },
    {
      line: "deno task start --source kafka --kafka kafka://broker:9092/iot_sensors --group plant --instance node-1 " +
        "--kv http://kv1:4512,http://kv2:4512",
      does: "one of several nodes over KV servers",
    },
  ],
};

/** The settings of one run. */
export type StartSettings = Settings<typeof settings>;
