/**
 * Simulated motes, judged by the program and put by it into a real PostgreSQL.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import type { PostgresAddress } from "../../sinks/postgres/address.ts";
import { Program } from "../process.ts";
import { simulatedMotes } from "../spark/recording.ts";

const MOTES = 8;
/** One reading in a hundred is made anomalous; many of these break a limit. */
const INJECTED = "0.01";
const CONFIG = { judging: { types: { mote: { channels: { temperature: { low: 12, high: 38 } } } } } };

/** The URL of a sink there. */
export function sinkUrl({ user, password, host, port, database }: PostgresAddress): string {
  return `postgres://${user}${password === undefined ? "" : `:${password}`}@${host}:${port}/${database}`;
}

/**
 * Readings, verdicts, windows, alerts and rounds in the tables.
 *
 * @param hours event time of the recording: a round of the motes' networks wants some three hours
 * @returns a sensor's name
 */
export async function fill(address: PostgresAddress, hours = 6): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-fill-" });
  try {
    const path = join(folder, "motes.ndjson"), config = join(folder, "config.json");
    const readings = await simulatedMotes(folder, hours, MOTES);
    await Deno.writeTextFile(path, readings.map((reading) => JSON.stringify(reading) + "\n").join(""));
    await Deno.writeTextFile(config, JSON.stringify(CONFIG));
    await using replaying = new Program([
      ...["replay", path, "--data-dir", join(folder, "data"), "--config", config],
      ...["--inject", INJECTED, "--sink", sinkUrl(address)],
    ]);
    const { code } = await replaying.ended;
    if (code !== 0) throw new Error(replaying.said);
    return readings[0].sensor;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
