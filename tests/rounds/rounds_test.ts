import { assertEquals, assertGreater } from "../../std/assert.ts";
import { Folder } from "../process.ts";
import { type KafkaBroker, kafkaBroker } from "../servers/kafka.ts";
import { need, testWith } from "../servers/needed.ts";
import { type PostgresServer, postgresServer } from "../servers/postgres.ts";
import { disturbed } from "./rounds.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** The first four are one of each. */
const ROUNDS = Math.ceil(4 * SCALE);

const needed = await need<[KafkaBroker, PostgresServer]>(
  "Kafka",
  async () => [await kafkaBroker(), await postgresServer()],
);

testWith(
  needed,
  "disturbed() leaves PostgreSQL as an undisturbed instance does: members killed, gone and joined, the broker killed",
  async ([broker, postgres]) => {
    await using folder = new Folder();
    const result = await disturbed(broker, postgres, {
      folder: folder.path,
      rounds: ROUNDS,
      seed: 7,
    });
    assertEquals(Object.keys(result.done).length, 4);
    assertEquals(result.disturbed, result.undisturbed);
    assertGreater(result.undisturbed.sensor_readings.rows, result.readings);
    assertGreater(result.undisturbed.sensor_aggregates.rows, 0);
  },
);
