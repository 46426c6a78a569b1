import { z } from "zod";
import { Random } from "../../models/random.ts";
import { assert, assertEquals, assertGreater } from "../../std/assert.ts";
import { ask, Folder, freePort, type Instance, PATIENCE_MS, startInstance, until, within } from "../process.ts";
import { need, testWith } from "../servers/needed.ts";
import { type PostgresServer, postgresServer } from "../servers/postgres.ts";
import { JUDGING, recording } from "./recording.ts";
import { tableRows } from "./tables.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** Kills of the live instance. */
const KILLS = Math.ceil(5 * SCALE);
/** Readings of each of 30 sensors. */
const ROUNDS = 400;
/** Lines of one request. */
const BODY_LINES = 400;
const server = await need("PostgreSQL", () => postgresServer());
const summarySchema = z.object({ partitions: z.array(z.object({ position: z.number() })) });
const acceptedSchema = z.object({ accepted: z.number() });
const sinksSchema = z.object({
  items: z.array(z.object({ state: z.string(), backlog_items: z.number(), set_aside: z.number(), missed: z.number() })),
});

/** Sends a body under its key until it is answered, whatever happens to the instance. Returns what was accepted. */
async function send(url: string, key: string, body: string): Promise<number> {
  const headers = { "content-type": "application/x-ndjson", "idempotency-key": key };
  return await until(`${key} is answered`, async () => {
    try {
      const answer = await fetch(`${url}/readings`, { method: "POST", headers, body }), text = await answer.text();
      if (answer.status === 202) return acceptedSchema.parse(JSON.parse(text)).accepted;
      assert([409, 503].includes(answer.status), `${key}: ${answer.status} ${text}`);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // no connection, or one that broke
    }
  });
}

/** Runs an instance with a PostgreSQL sink over all bodies, kills it so often, and reads the tables. */
async function tables(server: PostgresServer, folder: string, bodies: readonly string[], kills: number) {
  const port = freePort(), url = `http://127.0.0.1:${port}`, config = `${folder}/config.json`;
  const address = server.address({ database: await server.database() }), { host, user, database } = address;
  const sink = `postgres://${user}@${host}:${address.port}/${database}`;
  await Deno.writeTextFile(config, JSON.stringify({ judging: JUDGING, start: { sink: [{ url: sink }] } }));
  const ways = new Random(kills + 1);
  const begin = () =>
    startInstance([
      ...["--scenario", "none", "--port", String(port), "--data-dir", `${folder}/data-${kills}`, "--config", config],
      ...["--checkpoint", "20", "--snapshot", String(20 + ways.integer(200))],
    ]);
  let instance: Instance = await begin(), killed = 0;
  try {
    const sending = (async () => {
      let accepted = 0;
      for (const [i, body] of bodies.entries()) {
        accepted += await send(url, `body-${i}`, body);
        // As slow as the kills come: the last bodies are for the last lives.
        if (kills > 0) await until("another kill", () => killed >= kills || i < bodies.length * (killed + 1) / kills);
      }
      return accepted;
    })();
    while (killed < kills) {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, ways.integer(600)); // an instant of the machine's choice
      await promise;
      await instance.program.kill();
      killed++;
      instance = await begin();
    }
    const accepted = await sending;
    await until("everything is read", async () => {
      return (await ask(`${url}/summary`, summarySchema)).partitions[0].position >= accepted;
    });
    await until("the sink is there", async () => (await ask(`${url}/sinks`, sinksSchema)).items[0].state === "ok");
    const { items: [{ set_aside, missed }] } = await ask(`${url}/sinks`, sinksSchema);
    assertEquals([set_aside, missed], [0, 0]);
    for (;;) {
      instance.program.signal("SIGTERM"); // the end stores and delivers what is left, or says that it could not
      const end = await within(instance.program.ended, PATIENCE_MS, "a graceful end");
      assertEquals(end.code, 0, end.error);
      if (!end.out.includes("wait for the sink")) break;
      instance = await begin();
      await until("it delivers", async () => {
        const { items: [{ state, backlog_items }] } = await ask(`${url}/sinks`, sinksSchema);
        return state === "ok" && backlog_items === 0;
      });
    }
    return { accepted, rows: await tableRows(address) };
  } finally {
    await instance.program.kill();
  }
}

testWith(
  server,
  "start() with a PostgreSQL sink, killed again and again, leaves the tables of a run that was not",
  async (server) => {
    await using folder = new Folder();
    const start = Math.ceil(Date.now() / 60_000) * 60_000 + 300_000; // ahead, by less than what counts as the future
    const lines = [...recording({ rounds: ROUNDS, start, garbage: false })], bodies: string[] = [];
    while (lines.length > 0) bodies.push(lines.splice(0, BODY_LINES).join("\n") + "\n");
    const undisturbed = await tables(server, folder.path, bodies, 0);
    const killed = await tables(server, folder.path, bodies, KILLS);
    assertEquals(killed, undisturbed);
    assertGreater(undisturbed.rows.sensor_readings.rows, ROUNDS * 30);
    for (const { rows } of Object.values(undisturbed.rows)) assertGreater(rows, 0);
  },
);
