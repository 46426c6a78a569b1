/**
 * A sensor is renamed while the program runs, sends under its new name, and is the same sensor after a kill.
 *
 * @module
 */
import { z } from "zod";
import { readInstance } from "../../commands/instance/instance.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { ask, Folder, freePort, startInstance, until } from "../process.ts";

const view = z.object({ sensor: z.string(), name: z.string().optional(), readings: z.number() });
const listing = z.object({ items: z.array(view) });
const START = Date.UTC(2026, 0, 31);

/** Sends readings `from` to `to` of a sensor. */
async function send(url: string, sensor: string, from: number, to: number): Promise<void> {
  const readings = Array.from({ length: to - from }, (_, i) => ({
    sensor,
    time: START + 1_000 * (from + i),
    values: { temperature: 20 + (from + i) % 7 },
  }));
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/readings`, { method: "POST", headers, body: JSON.stringify(readings) });
  assertEquals([answer.status, (await answer.json()).accepted], [202, to - from]);
}

/** Asks for something to be done with a sensor; with a token for what an administrator may. */
async function order(url: string, path: string, body: object, token?: string): Promise<number> {
  const headers = new Headers({ "content-type": "application/json" });
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  const answer = await fetch(`${url}/sensors/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  await answer.body?.cancel();
  return answer.status;
}

async function counted(url: string, sensor: string, readings: number): Promise<z.infer<typeof view>> {
  return await until(`${sensor} has ${readings} readings`, async () => {
    const found = (await ask(`${url}/sensors`, listing)).items.find((one) => one.sensor === sensor);
    return found?.readings === readings && found;
  });
}

Deno.test("start: a renamed sensor goes on under its new name, also after a kill, and loses it when it is deleted", async () => {
  await using folder = new Folder();
  const flags = ["--port", String(freePort()), "--data-dir", folder.at("data"), "--scenario", "none"];
  const first = await startInstance(flags);
  await using _first = first.program;
  await send(first.url, "pump-7", 0, 30);
  await counted(first.url, "pump-7", 30);
  assertEquals(await order(first.url, "pump-7/rename", { name: "Boiler north", by: "ann" }), 200);
  await send(first.url, "Boiler north", 30, 40); // answered: it is in the log
  await first.program.kill();

  const { program, url } = await startInstance(flags);
  await using _second = program;
  await send(url, "Boiler north", 40, 50);
  await send(url, "pump-7", 50, 60);
  assertEquals(await counted(url, "pump-7", 60), { sensor: "pump-7", name: "Boiler north", readings: 60 });
  assertEquals((await ask(`${url}/sensors`, listing)).items.length, 1);
  assertEquals((await ask(`${url}/sensors/Boiler%20north`, view)).sensor, "pump-7");
  const of = z.object({ items: z.array(z.object({ sensor: z.string() })) });
  const { items } = await ask(`${url}/readings?sensor=Boiler%20north`, of);
  assert(items.length > 0 && items.every(({ sensor }) => sensor === "pump-7"));

  const token = (await readInstance(folder.at("data")))?.token;
  assertEquals(await order(url, "Boiler%20north/delete", {}, token), 202);
  await until("its name is gone", async () => {
    const { status, body } = await fetch(`${url}/sensors/Boiler%20north`);
    await body?.cancel();
    return status === 404;
  });
  await until("a reading of that name begins another sensor", async () => {
    const before = (await ask(`${url}/sensors`, listing)).items;
    await send(url, "Boiler north", 60, 61);
    return before.some(({ sensor }) => sensor === "Boiler north");
  });
});
