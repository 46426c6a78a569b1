import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { KV_FILE } from "../../commands/instance/database.ts";
import { INSTANCE_FILE } from "../../commands/instance/instance.ts";
import { END_MS } from "../../commands/start/ending.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { lockState } from "../../store/lock.ts";
import { ask, Folder, run, startInstance, until, within } from "../process.ts";

const summarySchema = z.object({
  sensors: z.number(),
  active_alerts: z.number(),
  partitions: z.array(z.object({ partition: z.string(), readings: z.number(), state: z.string() })),
});
const namesSchema = z.object({ items: z.array(z.object({ sensor: z.string() })) });
const readingsSchema = z.object({
  items: z.array(z.object({ id: z.string(), time: z.iso.datetime() })),
  next: z.string().optional(),
});
/** Sensors of the facility, and the time between two readings of each. */
const SENSORS = 25, INTERVAL_MS = 2_000;
/** Longest time that a process may take to end on a busy machine, ms: the stated one, and what others take of it. */
const ENDED_MS = END_MS + 20_000;

/** Readings of a partition so far. */
async function readings(url: string, partition: string): Promise<number> {
  const { partitions } = await ask(`${url}/summary`, summarySchema);
  return partitions.find((one) => one.partition === partition)?.readings ?? 0;
}

/** Times of all readings of a sensor, oldest first. */
async function times(url: string, sensor: string): Promise<number[]> {
  const all: number[] = [];
  let cursor = "";
  do {
    const page = await ask(`${url}/sensors/${sensor}/readings?limit=1000${cursor}`, readingsSchema);
    all.push(...page.items.map(({ time }) => Date.parse(time)));
    cursor = page.next === undefined ? "" : `&cursor=${page.next}`;
  } while (cursor !== "");
  return all.reverse();
}

/** Sends half of a body, which begins to be taken, and leaves it at that: an end has to wait for it. */
async function stall(url: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const head = `POST /readings HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/x-ndjson\r\n`;
  const line = `{"sensor":"a","time":1767225600000,"values":{"x":1}}\n`;
  const bytes = new TextEncoder().encode(`${head}content-length: 1000000\r\n\r\n${line.repeat(2_000)}`);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  await until("the beginning is taken", async () => await readings(url, "http-0") > 0);
  return connection;
}

/** Waits until nobody is answered any more: the end is under way. */
function refusing(url: string): Promise<true> {
  return until("the instance takes no connections", async () => {
    try {
      const answer = await fetch(`${url}/readyz`);
      await answer.body?.cancel();
      return answer.status === 503 || undefined;
    } catch {
      return true;
    }
  });
}

Deno.test("start() in an empty directory has sensors, windows and alerts at once, and goes on live without gap or double", async () => {
  await using folder = new Folder();
  const args = ["--port", "0", "--data-dir", folder.at("data"), "--history", "1", "--checkpoint", "100"];
  let sensor = "", before = 0;
  {
    const { program, url } = await startInstance(args);
    await using _ = program;
    const history = SENSORS * 3_600_000 / INTERVAL_MS;
    await until("the last hour was run through", async () => await readings(url, "facility") >= history);
    assertEquals((await ask(`${url}/summary`, summarySchema)).sensors, SENSORS);
    for (const kind of ["windows", "alerts"]) {
      await until(kind, async () => (await ask(`${url}/${kind}?limit=10`, namesSchema)).items.length === 10);
    }
    sensor = (await ask(`${url}/sensors`, namesSchema)).items[7].sensor;
    before = await until("it is live", async () => {
      const count = await readings(url, "facility");
      return count >= history + 3 * SENSORS && count;
    });
    await program.kill();
  }
  const { program, url } = await startInstance(args);
  await using _ = program;
  await until("it is live again", async () => await readings(url, "facility") >= before + 2 * SENSORS);
  const all = await until("what was read again is stored", async () => {
    const all = await times(url, sensor);
    return all.length > 1_800 && all;
  });
  const odd = all.slice(1).map((time, i) => time - all[i]).filter((step) => step !== INTERVAL_MS);
  assertEquals(odd, [], "one reading every 2 s, over the kill too");
});

for (const name of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`start() ends in order at ${name}: streams closed, everything stored, 0`, async () => {
    await using folder = new Folder();
    const dataDir = folder.at("data");
    const { program, url } = await startInstance(["--port", "0", "--data-dir", dataDir, "--history", "1"]);
    await using _ = program;
    const streams = await Promise.all(
      ["alerts", "readings"].map(async (kind) => (await fetch(`${url}/${kind}/stream`)).body!),
    );
    const texts = Promise.all(streams.map((body) => new Response(body).text())); // rejects for one that is cut off
    program.signal(name); // in the middle of the last hour
    assertStringIncludes((await within(texts, ENDED_MS, "streams are open"))[0], "retry: ");
    const end = await within(program.ended, ENDED_MS, "no end");
    assertEquals([end.code, end.error], [0, ""]);
    assertStringIncludes(end.out, "everything is stored");
    assertEquals(await lockState(dataDir), "free");
    assertEquals([...Deno.readDirSync(dataDir)].filter((file) => file.name === INSTANCE_FILE), []);
  });
}

Deno.test("start() gives a request under way some time at its end, and ends at once at a second signal", async () => {
  await using folder = new Folder();
  const ends = [["SIGTERM", 143], ["SIGINT", 130]] as const;
  for (const [name, code] of ends) {
    const { program, url } = await startInstance([
      "--scenario",
      "none",
      "--port",
      "0",
      "--data-dir",
      folder.at("data"),
    ]);
    await using _ = program;
    using _connection = await stall(url);
    program.signal("SIGTERM");
    await refusing(url);
    program.signal(name);
    const end = await within(program.ended, ENDED_MS, "no end at once");
    assertEquals(end.code, code, "one that waits for the request ends with 0");
  }
  const { program, url } = await startInstance(["--scenario", "none", "--port", "0", "--data-dir", folder.at("data")]);
  await using _ = program;
  using _connection = await stall(url);
  program.signal("SIGTERM");
  const end = await within(program.ended, ENDED_MS, "no end in the stated time");
  assertEquals([end.code, end.error], [0, ""]);
});

Deno.test("start() ends with 1 and the reason if the store takes no last checkpoint, and loses nothing", async () => {
  await using folder = new Folder();
  const dataDir = folder.at("data"), args = ["--scenario", "none", "--port", "0", "--data-dir", dataDir];
  const lines = Array.from({ length: 500 }, (_, i) => `{"sensor":"a","time":${1767225600000 + i},"values":{"x":${i}}}`);
  {
    const { program, url } = await startInstance(args);
    await using _ = program;
    const headers = { "content-type": "application/x-ndjson" };
    const answer = await fetch(`${url}/readings`, { method: "POST", headers, body: lines.join("\n") });
    assertEquals(await answer.json(), { accepted: 500, rejected: 0, errors: [] });
    // Another program holds the file, so that nothing can be written to it.
    const holder = new DatabaseSync(`${dataDir}/${KV_FILE}`);
    try {
      holder.exec("PRAGMA busy_timeout = 10000"); // a write of the program may be under way
      holder.exec("BEGIN IMMEDIATE");
      program.signal("SIGTERM");
      const end = await within(program.ended, ENDED_MS, "no end in the stated time");
      assertEquals([end.code, end.out.includes("everything is stored")], [1, false]);
      assertStringIncludes(end.error, "partition http-0 has failed: ");
    } finally {
      holder.close();
    }
  }
  const { program, url } = await startInstance(args);
  await using _ = program;
  await until("every reading is there", async () => await readings(url, "http-0") === 500);
  await until("every reading is stored", async () => (await times(url, "a")).length === 500);
});

Deno.test("stop() from another process ends an instance in order", async () => {
  await using folder = new Folder();
  const dataDir = folder.at("data");
  const { program } = await startInstance(["--scenario", "none", "--port", "0", "--data-dir", dataDir]);
  await using _ = program;
  const stopped = await run(["stop", "--data-dir", dataDir]);
  assertEquals([stopped.code, stopped.error], [0, ""]);
  assertEquals(await lockState(dataDir), "free", "it has ended when stop says so");
  const end = await within(program.ended, ENDED_MS, "no end");
  assertEquals([end.code, end.error], [0, ""]);
  const none = await run(["stop", "--data-dir", dataDir]);
  assertEquals(none.code, 1);
  assertStringIncludes(none.error, "no instance runs");
});

Deno.test("start() ends with one sentence and 1 for a KV path that cannot be used", async () => {
  await using folder = new Folder();
  const dataDir = folder.at("data"), text = folder.at("text");
  await Deno.writeTextFile(text, "no database\n".repeat(1_000));
  for (const kv of [folder.path, `${text}/below`, text, folder.at("none/such/file")]) {
    const end = await run(["start", "--scenario", "none", "--port", "0", "--data-dir", dataDir, "--kv", kv]);
    assertEquals([kv, end.code, end.error.trimEnd().split("\n").length], [kv, 1, 1], end.error);
    assert(end.error.includes(kv), end.error);
    assertEquals(end.error.includes("unexpected"), false, end.error);
  }
});
