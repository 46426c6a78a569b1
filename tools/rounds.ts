/**
 * `deno task rounds`: instances of a consumer group, disturbed in random order, compared with one that was not.
 *
 * A real Kafka and a real PostgreSQL are started for it. The tests do the same with fewer rounds (`tests/rounds`).
 *
 * @module
 */
import { disturbed } from "../tests/rounds/rounds.ts";
import { choice, wholeNumber } from "../commands/settings/setting.ts";
import { type Command, COMMON, readSettings } from "../commands/settings/settings.ts";
import { kafkaBroker } from "../tests/servers/kafka.ts";
import { kafkaTrio } from "../tests/servers/kafka_cluster.ts";
import { postgresServer } from "../tests/servers/postgres.ts";
import { program } from "./program.ts";

const settings = {
  rounds: wholeNumber({ min: 1, max: 100_000, fallback: 50, help: "disturbances" }),
  seed: COMMON.seed,
  brokers: choice({ words: ["1", "3"], fallback: "1", help: "Kafka's brokers, of which one is killed at a time" }),
};

const command: Command<typeof settings> = {
  name: "rounds",
  summary: "Disturbs a consumer group again and again, and compares PostgreSQL's tables with those of a calm run.",
  settings,
  examples: [{ line: "deno task rounds --rounds 50", does: "some fifteen minutes on two cores" }],
};

/** Makes the rounds; 0 if the tables are the same. */
async function rounds(args: readonly string[]): Promise<number> {
  const { values } = await readSettings(command, args),
    folder = await Deno.makeTempDir({ prefix: "sensorium-rounds-" });
  try {
    const brokers = await (values.brokers === "3" ? kafkaTrio() : kafkaBroker());
    const servers = [brokers, await postgresServer()] as const;
    const result = await disturbed(...servers, { folder, ...values, report: (line) => console.log(line) });
    const { done, readings, recoveries, disturbed: found, undisturbed } = result;
    const isSame = JSON.stringify(found) === JSON.stringify(undisturbed);
    console.log(Object.entries(done).map(([name, count]) => `${name}: ${count}`).join(", "));
    const median = recoveries[recoveries.length >> 1], longest = recoveries.at(-1);
    if (longest !== undefined) {
      console.log(
        `every partition read on ${median.toFixed(1)} s after a kill (median), ${longest.toFixed(1)} s (longest)`,
      );
    }
    const rows = Object.entries(undisturbed).map(([table, { rows }]) => `${table} ${rows.toLocaleString("en")}`);
    console.log(`${readings.toLocaleString("en")} messages; rows: ${rows.join(", ")}`);
    console.log(isSame ? "the same in every table" : `DIFFERENT: ${JSON.stringify(found)}`);
    return isSame ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await program(rounds);
