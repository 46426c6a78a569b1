/**
 * Attacks on the real program, from outside: those that need its process, its files and its log. The others are in
 * `tests/routes/attacks_test.ts`; `docs/security.md` has the table of all.
 *
 * @module
 */
import { z } from "zod";
import { readInstance } from "../../commands/instance/instance.ts";
import { assert, assertEquals, assertLess, assertMatch } from "../../std/assert.ts";
import { relative } from "../../std/path.ts";
import { ask, Folder, startInstance, until } from "../process.ts";
import { scaled } from "../routes/api_fakes.ts";

const encoder = new TextEncoder();
const summarySchema = z.object({ sensors: z.number() });
const takenSchema = z.object({ accepted: z.number(), rejected: z.number() });

/** Every file below a folder, from it. */
function filesBelow(folder: string, root = folder): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${folder}/${name}`, root) : [relative(root, `${folder}/${name}`)]
  );
}

/** Sends lines of readings. */
async function send(url: string, body: string | ReadableStream<Uint8Array>): Promise<z.infer<typeof takenSchema>> {
  const headers = { "content-type": "application/x-ndjson" };
  return takenSchema.parse(await (await fetch(`${url}/readings`, { method: "POST", headers, body })).json());
}

const reading = (sensor: string, more: object = {}) =>
  JSON.stringify({ sensor, time: Date.now(), values: { t: 1 }, ...more });

Deno.test({
  name: "attack: more connections than a process may have open do not end it, and it goes on when they are gone",
  ignore: Deno.build.os === "windows", // there is no such limit to set
  fn: async () => {
    await using folder = new Folder();
    const args = ["--port", "0", "--data-dir", folder.at("data"), "--scenario", "none"];
    const { program, url } = await startInstance(args, { openFiles: 128 });
    await using _ = program;
    const { hostname, port } = new URL(url), connections: Deno.TcpConn[] = [];
    const open = async () => {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      connections.push(connection);
      await connection.write(encoder.encode("GET /livez HTTP/1.1\r\nhost: x"));
    };
    for (let i = 0; i < 250; i++) await open().catch(() => {}); // refused while it listens again
    await program.says(/Too many open files/);
    for (const connection of connections) connection.close();
    await until("it answers again", async () => {
      const answer = await fetch(`${url}/livez`).catch(() => undefined);
      return await answer?.body?.cancel().then(() => answer.status === 200);
    });
    assertEquals((await send(url, reading("a"))).accepted, 1);
    program.signal("SIGTERM");
    assertEquals((await program.ended).code, 0);
  },
});

Deno.test("attack: a million invented sensors over HTTP fill neither the program's memory nor its store", async () => {
  await using folder = new Folder();
  const args = ["--port", "0", "--data-dir", folder.at("data"), "--scenario", "none", "--sensors", "500"];
  const { program, url } = await startInstance(args);
  await using _ = program;
  let left = scaled(100_000);
  const count = left;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left <= 0) return controller.close();
      const names = Array.from({ length: Math.min(left, 1_000) }, () => `invented-${left--}`);
      controller.enqueue(encoder.encode(`${names.map((name) => reading(name)).join("\n")}\n`));
    },
  });
  assertEquals(await send(url, body), { accepted: 500, rejected: count - 500 });
  await until("all 500 are there", async () => (await ask(`${url}/summary`, summarySchema)).sensors === 500);
  const resident = /VmRSS:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${program.pid}/status`).catch(() => ""))?.[1];
  assertLess(Number(resident ?? 0), 400_000, "kilobytes");
});

Deno.test("attack: no name leads out of the folders of files and data, and none makes a line of the log", async () => {
  await using folder = new Folder();
  const args = ["--port", "0", "--data-dir", folder.at("data"), "--scenario", "none", "--checkpoint", "50"];
  const files = ["--files", folder.at("files"), "--files-format", "ndjson"];
  const { program, url } = await startInstance([...args, ...files]);
  await using _ = program;
  const names = [
    "../../../evil",
    "..",
    "/etc/passwd",
    "..\\..\\evil",
    "%2e%2e%2fevil",
    "a\u2028ERROR evil",
    "\u202eevil",
  ];
  const broken = ["a\nERROR evil", "a\u0000", "a\u001b[31mevil", "\ud800"];
  const lines = names.map((name) => reading(name, { type: name, location: name, comment: `${name}\nERROR evil` }));
  assertEquals(await send(url, lines.join("\n")), { accepted: names.length, rejected: 0 });
  for (const name of broken) {
    const answer = await send(url, reading(name));
    assertEquals([name, answer], [name, { accepted: 0, rejected: 1 }]);
  }
  for (const name of [...names, ...broken]) {
    const answer = await fetch(`${url}/sensors/${encodeURIComponent(name.toWellFormed())}`, {
      headers: { "x-request-id": encodeURIComponent(name.toWellFormed()) },
    });
    await answer.body?.cancel();
    assertLess(answer.status, 500);
  }
  const upload = await fetch(`${url}/backtests?name=${encodeURIComponent("../../../evil.csv")}`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: "time,t\n2026-01-01T00:00:00Z,1\n",
  });
  assertEquals(z.object({ name: z.string() }).parse(await upload.json()).name, "evil.csv");
  const named = await fetch(`${url}/backtests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ file: "../instance.json" }),
  });
  assertEquals(named.status, 404);
  await named.body?.cancel();
  await until("all are there", async () => (await ask(`${url}/summary`, summarySchema)).sensors === names.length);
  program.signal("SIGTERM");
  const { code, out, error } = await program.ended;
  assertEquals(code, 0);
  assertEquals(`${out}${error}`.split("\n").filter((line) => /evil/.test(line)), []);
  const all = filesBelow(folder.path);
  assert(all.some((path) => path.startsWith("files/")), "tables were written");
  for (const path of all) assertMatch(path, /^(data|files)\//);
  for (const path of all) assertEquals(path.split("/").some((part) => /^\.+$/.test(part)), false, path);
});

Deno.test("attack: a webhook reaches no address of this machine or its network, however it is spelt", async () => {
  await using folder = new Folder();
  const { program, url } = await startInstance(["--port", "0", "--data-dir", folder.at("data"), "--scenario", "none"]);
  await using _ = program;
  const instance = await readInstance(folder.at("data")), { port } = new URL(url);
  const hosts = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "0", "127.1", "2130706433"];
  hosts.push("0x7f000001", "0177.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "[fd00::1]");
  hosts.push("[fe80::1]", "[64:ff9b::7f00:1]", "127.0.0.1.", "LOCALHOST");
  for (const [i, host] of hosts.entries()) {
    const answer = await fetch(`${url}/webhooks`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${instance?.token}` },
      body: JSON.stringify({ name: `w${i}`, url: `http://${host}:${port}/admin/stop` }),
    });
    await answer.body?.cancel();
    assertEquals([host, answer.status], [host, 422]);
  }
  for (
    const address of ["file:///etc/passwd", "http://user:secret@example.com", "gopher://127.0.0.1", "javascript:1"]
  ) {
    const answer = await fetch(`${url}/webhooks`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${instance?.token}` },
      body: JSON.stringify({ name: "other", url: address }),
    });
    await answer.body?.cancel();
    assertEquals([address, answer.status], [address, 400]);
  }
});
