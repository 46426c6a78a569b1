import { Hono } from "hono";
import { CommandRefused } from "../../actors/commands/words.ts";
import { answerProblem, problemOf } from "../../routes/problem.ts";
import { upkeep } from "../../routes/upkeep.ts";
import { assertEquals } from "../../std/assert.ts";
import { sensorNamed } from "./alert_fakes.ts";
import { FakeDesk } from "./alerting_fakes.ts";

function appOver(desk: Pick<FakeDesk, "order">) {
  const app = new Hono();
  const sensor = (name: string) => Promise.resolve(name === "pump 7" ? sensorNamed(name) : undefined);
  app.route("/", upkeep({ queries: { sensor }, desk }));
  app.onError((error, c) => answerProblem(c, problemOf(error)));
  return (path: string, body?: object) => app.request(path, { method: "POST", body: body && JSON.stringify(body) });
}

Deno.test("POST /sensors/{sensor}/retire and its likes hand the command over with who said so", async () => {
  const desk = new FakeDesk(), post = appOver(desk);
  for (const verb of ["restart", "reset", "retire", "unretire", "replace", "delete"]) {
    const answer = await post(`/sensors/pump%207/${verb}`, { by: "ann", comment: "new bearing" });
    assertEquals([answer.status, (await answer.json()).command], [202, verb]);
  }
  assertEquals(desk.orders[1], { command: "reset", sensor: "pump 7", by: "ann", comment: "new bearing" });
  assertEquals((await post("/sensors/pump%207/retire")).status, 202);
  const to = "2026-02-01T06:00:00+02:00";
  await post("/sensors/pump%207/maintenance", { from: "2026-02-01T00:00:00Z", to });
  assertEquals(desk.orders[7], {
    command: "maintenance",
    sensor: "pump 7",
    by: "local",
    from: Date.UTC(2026, 1, 1),
    to: Date.UTC(2026, 1, 1, 4),
  });
});

Deno.test("POST /sensors/{sensor}/maintenance refuses what is no period, and sensors that there are not", async () => {
  const desk = new FakeDesk(), post = appOver(desk);
  for (
    const [path, body, status] of [
      ["/sensors/pump%207/maintenance", {}, 400],
      ["/sensors/pump%207/maintenance", { to: "tomorrow" }, 400],
      ["/sensors/pump%207/maintenance", { to: "2026-02-01T00:00:00" }, 400],
      ["/sensors/pump%207/maintenance", { from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z" }, 400],
      ["/sensors/pump%207/retire", { who: "ann" }, 400],
      ["/sensors/pump/retire", {}, 404],
    ] as const
  ) assertEquals((await post(path, body)).status, status, `${path} ${JSON.stringify(body)}`);
  assertEquals(desk.orders, []);
});

Deno.test("POST /sensors/{sensor}/reset answers 503 with Retry-After where no command is taken now", async () => {
  const order = () => Promise.reject(new CommandRefused("busy", "cannot take a command: p does not run any more"));
  const answer = await appOver({ order })("/sensors/pump%207/reset");
  assertEquals([answer.status, answer.headers.get("retry-after")], [503, "5"]);
  assertEquals((await answer.json()).detail, "Cannot take a command: p does not run any more.");
});
