/**
 * The commands: their names, what each does in a sentence, and a line to try.
 *
 * @module
 */

/** What the overview says of one command. */
export interface CommandLine {
  /** One sentence. */
  readonly summary: string;
  /** A line that works. */
  readonly example: string;
}

/** Every command by its name, in the order of the overview. */
export const COMMANDS = {
  start: { summary: "watch sensors live, and serve the page and the API", example: "deno task start --port 9000" },
  stop: { summary: "end a running instance gracefully", example: "deno task stop" },
  replay: {
    summary: "run recorded readings through the sensors",
    example: "deno task replay readings.csv --speed max --digest",
  },
  backtest: {
    summary: "judge a recording as if it came now, and show what would have been raised",
    example: "deno task backtest history.csv --zone UTC --out backtest",
  },
  simulate: {
    summary: "write a scenario's readings to the screen, a file or HTTP",
    example: "deno task simulate parts --to -",
  },
  train: {
    summary: "train a model from labels, and register it as a new version",
    example: "deno task train items.csv --label faulty",
  },
  data: { summary: "download a public data set, clean it and keep it", example: "deno task data intel" },
  consume: {
    summary: "show the messages of a topic of Kafka",
    example: "deno task consume kafka://127.0.0.1:9092/iot_sensors",
  },
  export: { summary: "write everything that is stored into one file", example: "deno task export sensorium.savepoint" },
  import: { summary: "read such a file into an empty data directory", example: "deno task import sensorium.savepoint" },
  keys: {
    summary: "make, list and take back keys of the API",
    example: "deno task keys create gateway --scopes ingest",
  },
  partitions: {
    summary: "show which KV server holds which partition, and move one",
    example: "deno task partitions list --kv http://kv1:4512,http://kv2:4512",
  },
  doctor: { summary: "look at a running instance: what is wrong, and what to do", example: "deno task doctor" },
} as const satisfies Readonly<Record<string, CommandLine>>;

/** Name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** Every command's name. */
export const COMMAND_NAMES: ReadonlySet<string> = new Set(Object.keys(COMMANDS));
