import { Hono } from "hono";
import { named } from "../../actors/names.ts";
import { alerts } from "../../routes/alerts.ts";
import { answerProblem, problemOf } from "../../routes/problem.ts";
import { rename } from "../../routes/rename.ts";
import { sensors } from "../../routes/sensors.ts";
import { assertEquals, assertMatch } from "../../std/assert.ts";
import { KvNames } from "../../store/names.ts";
import { MemoryKv } from "../memory_kv.ts";
import { wholeDeps } from "./api_fakes.ts";
import { FakeClock, FakeQueries } from "./fakes.ts";

/** Sensors `a`, `a/b ü%2F` and `c`, which can be renamed. */
async function setup() {
  const asked = new FakeQueries(), names = await KvNames.open(new MemoryKv(), { clock: new FakeClock() });
  const queries = named(asked, names), app = new Hono(), deps = { ...await wholeDeps(), queries, names };
  for (const routes of [rename, sensors, alerts]) app.route("/", routes(deps));
  app.onError((error, c) => answerProblem(c, problemOf(error)));
  const post = (sensor: string, body?: unknown) =>
    app.request(`/sensors/${sensor}/rename`, {
      method: "POST",
      body: body === undefined ? null : JSON.stringify(body),
    });
  const get = async (path: string) => await (await app.request(path)).json();
  return { asked, names, post, get };
}

Deno.test("POST /sensors/{sensor}/rename shows a sensor by a name, under which it is found; its id stays", async () => {
  const { asked, post, get } = await setup();
  const answer = await post("a", { name: "Boiler north", by: "ann", comment: "as on the door" });
  assertEquals([answer.status, await answer.json()], [200, { sensor: "a", name: "Boiler north" }]);
  const byId = await get("/sensors/a");
  assertEquals([byId.sensor, byId.name], ["a", "Boiler north"]);
  assertEquals(await get("/sensors/Boiler%20north"), byId);
  assertEquals((await get("/sensors")).items[0].name, "Boiler north");
  const { items: [alert] } = await get("/alerts?sensor=Boiler%20north");
  assertEquals([alert.sensor, alert.sensor_name], ["a", "Boiler north"]);
  assertEquals((asked.asked.find(([method]) => method === "alerts")?.[1] as { sensor: string }).sensor, "a");
  assertEquals((await post("Boiler%20north", { name: "Boiler" })).status, 200);
  assertEquals((await get("/sensors/a")).name, "Boiler");
});

Deno.test("POST /sensors/{sensor}/rename takes a name back where none, an empty one or the id is given", async () => {
  const { post, get } = await setup();
  for (const body of [undefined, {}, { name: "" }, { name: "a" }]) {
    await post("a", { name: "A" });
    assertEquals((await get("/sensors/a")).name, "A");
    assertEquals(await (await post("a", body)).json(), { sensor: "a" });
    assertEquals((await get("/sensors/a")).name, undefined);
  }
});

Deno.test("POST /sensors/{sensor}/rename refuses names of others, names that are none, and unknown sensors", async () => {
  const { names, post } = await setup();
  await post("c", { name: "C" });
  for (
    const [sensor, body, status, detail] of [
      ["a", { name: "c" }, 409, /Another sensor has the name "c"/],
      ["a", { name: "C" }, 409, /is shown by it/],
      ["a", { name: "x".repeat(129) }, 400, /not valid/],
      ["a", { name: "x\ny" }, 400, /not valid/],
      ["a", { name: 7 }, 400, /not valid/],
      ["a", { title: "A" }, 400, /not valid/],
      ["nobody", { name: "A" }, 404, /nobody/],
    ] as const
  ) {
    const answer = await post(sensor, body);
    assertEquals(answer.status, status, JSON.stringify(body));
    assertMatch((await answer.json()).detail, detail);
  }
  assertEquals([names.nameOf("a"), names.nameOf("c")], [undefined, "C"]);
});

Deno.test("named() answers for an id before a name that is spelt alike", async () => {
  const { names, get } = await setup();
  await names.rename("a", "c"); // as if c came later, by a source that knows no names
  assertEquals((await get("/sensors/c")).sensor, "c");
  assertEquals((await get("/sensors/a")).name, "c");
});
