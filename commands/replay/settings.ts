/**
 * What `deno task replay` can be told.
 *
 * @module
 */
import { z } from "zod";
import type { Speed } from "../../sources/pace.ts";
import { KAFKA_ACCESS, LOCAL_KAFKA } from "../kafka/settings.ts";
import { MQTT_ACCESS } from "../mqtt/settings.ts";
import { LOG_SETTINGS } from "../process/log.ts";
import { FILES } from "../settings/files.ts";
import { RECORD_SHAPE } from "../settings/record_shape.ts";
import { choice, custom, decimal, list, text, toggle, wholeNumber } from "../settings/setting.ts";
import { type Command, COMMON, type Settings } from "../settings/settings.ts";
import { SINKS } from "../settings/sinks.ts";

const speed: z.ZodType<Speed> = z.union([
  z.enum(["recorded", "max"]),
  z.string().regex(/^\d+(\.\d+)?$/).transform(Number).refine((times) => times > 0),
  z.number().positive(),
]);
/** A batch size that leaves it to the program. */
export const ALL_AT_ONCE = 0;

const settings = {
  dataDir: text({
    fallback: undefined,
    help: "folder of this replay's state (default: one of its own below .sensorium/replays)",
    placeholder: "PATH",
  }),
  kv: COMMON.kv,
  checkpoint: COMMON.checkpoint,
  snapshot: COMMON.snapshot,
  sensors: COMMON.sensors,
  shards: COMMON.shards,
  seed: COMMON.seed,
  speed: custom({
    schema: speed,
    allowed: "recorded, max or a number of times as fast, such as 60",
    fallback: "max",
    help: "as recorded, so many times as fast, or as fast as possible",
    placeholder: "recorded|N|max",
  }),
  batchSize: wholeNumber({
    min: 0,
    max: 1000,
    fallback: ALL_AT_ONCE,
    help: "readings of a batch; 0 leaves it to the program",
  }),
  interval: wholeNumber({
    min: -1,
    max: 86_400_000,
    fallback: -1,
    help: "time between two batches in ms; -1 for none",
    placeholder: "MS",
  }),
  stamp: choice({
    words: ["recorded", "now"],
    fallback: "recorded",
    help: "times as they were recorded, or as if it happened now",
  }),
  loop: toggle({ fallback: false, help: "begin again at the end, for ever, times shifted forward" }),
  fresh: toggle({ fallback: false, help: "begin anew, instead of going on where it was stopped" }),
  digest: toggle({ fallback: false, help: "end with a line that is the same for the same results" }),
  zone: text({ fallback: undefined, help: "zone of times that name none: UTC, Europe/Berlin", placeholder: "ZONE" }),
  ...RECORD_SHAPE,
  inject: decimal({ min: 0, max: 1, fallback: 0, help: "chance that a reading is made anomalous, labelled as such" }),
  channels: list({ help: "channels that may be made anomalous (default: all)", placeholder: "NAME" }),
  evaluate: toggle({
    fallback: false,
    help: "evaluate the shared models over the whole recording, and compare with what was counted on the way",
  }),
  ...FILES,
  sink: SINKS,
  to: text({
    fallback: undefined,
    help: "send the readings to kafka://host:port/topic or mqtt://host:port/topic, instead of judging them here",
    placeholder: "URL",
  }),
  useKafka: toggle({ fallback: false, help: `the same as --to ${LOCAL_KAFKA}/iot_sensors` }),
  ...LOG_SETTINGS,
  ...KAFKA_ACCESS,
  ...MQTT_ACCESS,
};
/** Settings of one run. */
export type ReplaySettings = Settings<typeof settings>;

/** The command. */
export const command: Command<typeof settings> = {
  name: "replay",
  summary: "Runs recorded readings through the sensors, and says what came of it. It goes on where it was stopped.",
  settings,
  positional: { what: "FILE...", least: 0, most: 1000 },
  examples: [
    { line: "deno task replay readings.csv", does: "as fast as possible" },
    { line: "deno task replay readings.ndjson.gz --speed 60", does: "a minute in a second" },
    { line: "deno task replay readings.csv --to kafka://127.0.0.1:9092/iot_sensors", does: "into a topic of Kafka" },
    { line: "deno task replay lab.csv --zone UTC --digest", does: "times without a zone, and a digest at the end" },
  ],
};
