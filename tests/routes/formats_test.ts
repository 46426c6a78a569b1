import { parquetReadObjects } from "hyparquet";
import { makeApp } from "../../routes/app.ts";
import { parse } from "../../std/csv.ts";
import { assertEquals, assertMatch } from "../../std/assert.ts";
import { wholeDeps } from "./api_fakes.ts";
import { sensorView } from "./fakes.ts";

async function asking(accept: string, path: string, sensors?: string[]) {
  const deps = await wholeDeps();
  if (sensors) deps.queries.sensorViews = sensors.map((name) => sensorView(name));
  return await makeApp(deps).request(path, { headers: { accept } });
}

Deno.test("formats() gives a listing as NDJSON, a line for each item, with the next page in Link", async () => {
  const json = await (await asking("*/*", "/sensors?limit=1")).json();
  const answer = await asking("application/x-ndjson", "/sensors?limit=1&type=room");
  assertEquals(answer.headers.get("content-type"), "application/x-ndjson");
  assertEquals((await answer.text()).trimEnd().split("\n").map((line) => JSON.parse(line)), json.items);
  assertEquals(answer.headers.get("link"), '</sensors?limit=1&type=room&cursor=1>; rel="next"');
  assertMatch(answer.headers.get("vary") ?? "", /Accept/);
  assertEquals((await asking("application/x-ndjson", "/sensors")).headers.get("link"), null);
});

Deno.test("formats() gives a listing as CSV that says the same", async () => {
  const answer = await asking("text/csv", "/sensors/a/readings");
  assertEquals(answer.headers.get("content-type"), "text/csv; charset=utf-8; header=present");
  const [names, row] = parse(await answer.text());
  const cells = Object.fromEntries(names.map((name, at) => [name, row[at]]));
  assertEquals([cells.sensor, cells["values.t"], cells["values.h"], cells.is_anomaly], ["a", "1", "", "true"]);
});

Deno.test("formats() lets no text become a formula, a row or a column of its own", async () => {
  const names = ["=1+1", "+a", "@SUM(A1)", "-2", 'a"b,c', "a\nb", "'"];
  const text = await (await asking("text/csv", "/sensors", names)).text();
  const rows = parse(text), at = rows[0].indexOf("sensor");
  assertEquals(rows.slice(1).map((row) => row[at]), ["'=1+1", "'+a", "'@SUM(A1)", "'-2", 'a"b,c', "a\nb", "'"]);
});

Deno.test("formats() leaves alone what is no listing, and what is wanted as JSON", async () => {
  for (
    const [accept, path] of [["text/csv", "/summary"], ["text/csv;q=0.5, application/json", "/sensors"], [
      "*/*",
      "/sensors",
    ]]
  ) {
    assertMatch((await asking(accept, path)).headers.get("content-type") ?? "", /^application\/json/);
  }
  assertEquals((await asking("text/csv", "/sensors/nobody")).status, 404);
});

Deno.test("formats() gives a listing as Parquet: numbers, booleans, times and texts as such", async () => {
  const answer = await asking("application/vnd.apache.parquet", "/readings?limit=1");
  assertEquals(answer.headers.get("content-type"), "application/vnd.apache.parquet");
  const paged = await asking("application/vnd.apache.parquet", "/windows?limit=1");
  assertMatch(paged.headers.get("link") ?? "", /cursor=1/);
  const [row] = await parquetReadObjects({ file: await answer.arrayBuffer() });
  const json = await (await asking("application/json", "/readings?limit=1")).json();
  const { time, sensor, is_anomaly, values, flags } = json.items[0];
  assertEquals([row.time, row.sensor, row.is_anomaly], [new Date(time), sensor, is_anomaly]);
  assertEquals([row["values.t"], JSON.parse(String(row.flags))], [values.t, flags]);
  const none = await asking("application/vnd.apache.parquet", "/sensors?type=nothing", []);
  assertEquals(await parquetReadObjects({ file: await none.arrayBuffer() }), []);
});
