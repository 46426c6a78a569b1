/** @module */
import { Hono } from "hono";
import { judgingSchema } from "../../actors/config.ts";
import { Configuring } from "../../commands/instance/configuring.ts";
import { config } from "../../routes/config.ts";
import { answerProblem, problemOf } from "../../routes/problem.ts";
import { assertEquals } from "../../std/assert.ts";
import { KvConfigurations } from "../../store/configurations.ts";
import { PATIENT } from "../actors/harness.ts";
import { MemoryKv } from "../memory_kv.ts";

const JUDGING = judgingSchema.parse({ types: { pump: { channels: { a: { low: 0, high: 50 }, b: {} } } } });

async function appOver(sensors = 4) {
  const configurations = await KvConfigurations.open(new MemoryKv(), PATIENT, JUDGING), told: number[] = [];
  const directory = { count: sensors };
  const supervisor = { configure: () => void told.push(configurations.latest), directory };
  const configuring = new Configuring({
    configurations,
    supervisor,
    clock: PATIENT,
    report: () => {},
  });
  const app = new Hono();
  app.route("/", config({ configuring }));
  app.onError((error, c) => answerProblem(c, problemOf(error)));
  const ask = async (method: string, body?: unknown, match?: string, path = "/config/judging") => {
    const headers = match === undefined ? undefined : { "if-match": match };
    const response = await app.request(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, etag: response.headers.get("etag"), json: await response.json() };
  };
  return { ask, told, configuring, directory };
}

Deno.test("PUT and PATCH /config/judging make a version over the one that was seen", async () => {
  const { ask, told } = await appOver(), before = await ask("GET");
  assertEquals([before.status, before.etag, before.json.by], [200, `"1"`, "file"]);
  const patched = await ask("PATCH", { types: { pump: { channels: { a: { high: 40, low: null } } } } }, `"1"`);
  assertEquals([patched.status, patched.etag, patched.json.by], [200, `"2"`, "local"]);
  assertEquals(patched.json.judging.types.pump, { channels: { a: { high: 40 }, b: {} } });
  const put = await ask("PUT", { types: {}, budget: { perReading: 0.001 } }, "*", "/config/judging?comment=calmer");
  assertEquals([put.status, put.json.version, put.json.comment, put.json.judging.types], [200, 3, "calmer", {}]);
  assertEquals(told, [2, 3]);
  const { json: { items } } = await ask("GET", undefined, undefined, "/config/versions");
  assertEquals(items.map(({ version, changed }: Record<string, unknown>) => [version, changed]), [
    [3, ["types", "budget"]],
    [2, ["types"]],
    [1, []],
  ]);
  assertEquals((await ask("GET", undefined, undefined, "/config/versions/2")).json.judging, patched.json.judging);
  assertEquals((await ask("GET", undefined, undefined, "/config/versions/9")).status, 404);
});

Deno.test("PATCH /config/judging refuses what is not valid, out of date, or fixed while sensors are watched", async () => {
  const { ask, told } = await appOver();
  assertEquals([(await ask("PATCH", {})).status, (await ask("PATCH", {}, `"7"`)).status], [428, 412]);
  const wrong = await ask(
    "PATCH",
    { budget: { alarms: -1, everyMs: 60_000 }, types: { pump: { chanels: {} } } },
    `"1"`,
  );
  assertEquals([wrong.status, wrong.json.errors.map(({ field }: { field: string }) => field)], [422, [
    "types.pump",
    "budget.alarms",
  ]]);
  const fixed = await ask("PATCH", { windows: [{ lengthMs: 1_000, hopMs: 1_000 }] }, `"1"`);
  assertEquals([fixed.status, fixed.json.errors[0].field], [422, "windows"]);
  assertEquals([(await ask("PUT", [], `"1"`)).status, (await ask("POST", {}, `"1"`)).status], [422, 405]);
  assertEquals(told, []);
});

Deno.test("Configuring.shareOut() shares the plant's budget out anew when a tenth more or fewer sensors share it", async () => {
  const { ask, configuring, directory } = await appOver(100);
  assertEquals(await configuring.shareOut(), false);
  const plant = { alarms: 6, everyMs: 3_600_000 };
  assertEquals((await ask("PATCH", { plant }, "*")).json.judging.plant.sensors, 100);
  directory.count = 109;
  assertEquals(await configuring.shareOut(), false);
  directory.count = 111;
  assertEquals([await configuring.shareOut(), configuring.now.judging.plant?.sensors, configuring.now.by], [
    true,
    111,
    "instance",
  ]);
});
