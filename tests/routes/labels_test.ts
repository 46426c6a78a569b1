import { makeApp } from "../../routes/app.ts";
import { assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { KvLabelStore } from "../../store/labels.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, fakeDeps, FakeQueries, NOON, readingView } from "./fakes.ts";
import { post } from "./models_fakes.ts";

/** Readings that know their times. */
class TimedQueries extends FakeQueries {
  override readings(sensor: string, { from = 0, to = Infinity }: { from?: number; to?: number }) {
    const items = [7, 3, 2, 1].map((position) => readingView(sensor, position));
    return Promise.resolve({ items: items.filter(({ time }) => time >= from && time < to) });
  }
}

function labelling(most?: number) {
  const store = new KvLabelStore(new MemoryKv(), { clock: new FakeClock(), ...(most === undefined ? {} : { most }) });
  const app = makeApp({ ...fakeDeps({ labels: store }), queries: new TimedQueries() });
  const give = async (body: unknown) => {
    const response = await app.request("/labels", post(body));
    return { status: response.status, answer: await response.json() };
  };
  return { app, store, give };
}

Deno.test("POST /labels keeps a label with the values of its reading", async () => {
  const { app, give } = labelling(), time = "2026-01-31T12:00:00.003Z";
  const first = await give({ sensor: "a", time, label: 1, who: "ann", comment: "the door stood open" });
  assertEquals([first.status, first.answer], [201, {
    sensor: "a",
    time,
    values: { temperature: 23 },
    reading: "http-0/3/a",
    group: "room",
    label: 1,
    who: "ann",
    comment: "the door stood open",
    created: "2026-01-31T12:00:00.000Z",
  }]);
  const again = await give({ reading: "http-0/3/a", label: 0 });
  assertEquals([again.status, again.answer.label, again.answer.time], [200, 0, time]);
  const ofAlert = await give({ alert: "http-0:7:a:limit:temperature", label: 1 });
  assertEquals([ofAlert.status, ofAlert.answer.values, ofAlert.answer.alert], [
    201,
    { temperature: 27 },
    "http-0:7:a:limit:temperature",
  ]);
  const { items } = await (await app.request("/labels?sensor=a")).json();
  assertEquals(items.map(({ label, time }: { label: number; time: string }) => [label, time]), [
    [1, "2026-01-31T12:00:00.007Z"],
    [0, time],
  ]);
  assertEquals((await (await app.request("/labels?label=1&limit=5")).json()).items.length, 1);
  assertEquals((await (await app.request("/labels/counts")).json()).items, [
    { group: "room", zeros: 1, ones: 1, least: 20, enough: false, model: "room" },
  ]);
});

Deno.test("POST /labels takes an alert without a reading: a silence has none", async () => {
  const { give } = labelling();
  const { status, answer } = await give({ alert: "http-0:8:a/b ü%2F:limit:temperature", label: 0 });
  assertEquals([status, answer.values, answer.sensor], [201, undefined, "a/b ü%2F"]);
});

Deno.test("POST /labels says what is wrong, and what there is not", async () => {
  const { give, store } = labelling(0), time = NOON + 3;
  const wrong: [unknown, string][] = [
    [{ label: 1 }, "say which reading"],
    [{ sensor: "a", time, alert: "x", label: 1 }, "say which reading"],
    [{ sensor: "a", label: 1 }, "sensor and time go together"],
    [{ sensor: "a", time: "noon", label: 1 }, "time is ISO 8601 with a zone"],
    [{ sensor: "a", time, label: 2 }, "label must be 0 (normal) or 1 (anomalous)"],
    [{ sensor: "a", time, label: 1, value: 3 }, "value"],
  ];
  for (const [body, message] of wrong) {
    const { status, answer } = await give(body);
    assertEquals([body, status], [body, 400]);
    assertStringIncludes(JSON.stringify(answer.errors), message);
  }
  for (const body of [{ sensor: "a", time: 5 }, { reading: "http-0/9/a" }, { reading: "x" }, { alert: "x" }]) {
    assertEquals([body, (await give({ ...body, label: 1 })).status], [body, 404]);
  }
  assertEquals((await give({ reading: "http-0/3/nobody", label: 1 })).status, 404); // no such sensor
  assertEquals((await give({ sensor: "a", time, label: 1 })).status, 507);
  assertEquals(await store.counts(), []);
});
