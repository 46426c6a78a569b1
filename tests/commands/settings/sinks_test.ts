import fc from "fast-check";
import { configSchema } from "../../../commands/settings/config_schema.ts";
import { UsageError } from "../../../commands/process/errors.ts";
import { KAFKA_ACCESS } from "../../../commands/kafka/settings.ts";
import { type Command, readSettings } from "../../../commands/settings/settings.ts";
import { openSinks, shownSinks, type SinkPart, SINKS } from "../../../commands/settings/sinks.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../../../std/assert.ts";

const SECRET = "s3cret";
const access = Object.fromEntries(Object.entries(KAFKA_ACCESS).map(([name, { fallback }]) => [name, fallback]));
const command: Command<{ sink: typeof SINKS }> = {
  name: "start",
  summary: "",
  settings: { sink: SINKS },
  examples: [],
};

/** The sinks that a person gets who says it with flags, the variable or the config file. */
async function said(args: readonly string[], variable?: string, file?: unknown): Promise<readonly SinkPart[]> {
  const { values } = await readSettings(command, file === undefined ? args : ["--config", "c.json", ...args], {
    variable: (name) => name === "SENSORIUM_SINK" ? variable : undefined,
    readText: () => Promise.resolve(JSON.stringify({ start: { sink: file } })),
  });
  return values.sink;
}

const A = "postgres://me@h1:5432/plant", B = "mongodb://h1:27017,h2:27017/plant", C = "kafka://h1:9092,h2:9092/plant";

Deno.test("SINKS takes URLs with commas from repeated flags, from the variable with spaces, and from the file", async () => {
  const all = [A, B, C].map((url) => ({ url }));
  assertEquals(await said(["--sink", A, "--sink", B, "--sink", C]), all);
  assertEquals(await said([], `${A} ${B}  ${C} `), all);
  assertEquals(await said([], undefined, [A, { url: B }, C]), all);
  assertEquals(await said(["--sink", A], B, [C]), [{ url: A }]); // flags over the variable over the file
  assertEquals(await said([]), []);
});

Deno.test("SINKS takes a word for a server of this machine", async () => {
  assertEquals((await said(["--sink", "postgres", "--sink", "mongodb", "--sink", "kafka"])).map(({ url }) => url), [
    "postgres://sensorium@127.0.0.1:5432/sensorium",
    "mongodb://127.0.0.1:27017/sensorium",
    "kafka://127.0.0.1:9092",
  ]);
});

Deno.test("SINKS takes all that is said of a sink in the file, and nothing else", async () => {
  const whole = { url: A, name: "plant", adminUrl: A, schema: "plant", ca: "ca.pem", retentionDays: 30 };
  assertEquals(await said([], undefined, [whole]), [whole]);
  const cases: readonly [unknown, string][] = [
    [{ ...whole, retentionDays: 0 }, "retentionDays must be a whole number from 1 to 36500"],
    [{ ...whole, days: 3 }, 'Unrecognized key: "days"'],
    [{ url: B, schema: "x" }, "schema is for PostgreSQL alone, not for mongodb"],
    [{ url: B, retain: false }, "retain is for MQTT alone, not for mongodb"],
    [{ url: "mqtt", kinds: [] }, "kinds must be an array of alerts, windows, verdicts"],
    [{ name: "x" }, "a sink is a URL, or an object"],
    [7, "a sink is a URL, or an object"],
  ];
  for (const [one, message] of cases) {
    const { message: seen } = await assertRejects(() => said([], undefined, [one]), UsageError);
    assertStringIncludes(seen, `start.sink in c.json: ${message}`);
  }
  await assertRejects(() => said([], undefined, "postgres"), UsageError, "sinks are an array");
});

Deno.test("SINKS refuses two of one name, and says how to have both", async () => {
  await assertRejects(() => said(["--sink", A, "--sink", "postgres"]), UsageError, "two sinks are called postgres");
  assertEquals((await said([], undefined, [A, { url: "postgres", name: "second" }])).length, 2);
});

Deno.test("SINKS and openSinks() refuse in one sentence, never with a password", async () => {
  const judging = { types: {} };
  const open = async (url: string) =>
    void await openSinks(await said(["--sink", url]), judging, access as Parameters<typeof openSinks>[2]);
  const cases: readonly [string, string][] = [
    [`ftp://me:${SECRET}@h/d`, "--sink: a sink must be postgres, mongodb, kafka, mqtt, or a URL that begins with"],
    [SECRET, "--sink: a sink must be"],
    [`postgres://me:${SECRET}@h`, "a PostgreSQL URL must name role, host and database"],
    [`postgres://me:${SECRET}@h/d?sslmode=maybe`, "sslmode must be one of"],
    [`mongodb://me:${SECRET}@`, "a MongoDB URL must look like"],
    [`kafka://me:${SECRET}@h:99999/x`, "--sink: "],
    [`mqtt://me:${SECRET}@h:99999`, "a port is from 1 to 65535"],
    [`mqtt://me:${SECRET}@h/plant/+`, "a topic cannot begin with"],
    [`kafka://me:${SECRET}@h:9092/a,b`, "one prefix of topics, not 2"],
  ];
  for (const [url, message] of cases) {
    const { message: seen } = await assertRejects(() => open(url), UsageError);
    assertStringIncludes(seen, message);
    assertEquals([seen.includes(SECRET), seen.includes("\n")], [false, false], seen);
  }
  await assertRejects(
    () => openSinks([{ url: A, ca: "/nowhere/ca.pem" }], judging, access as Parameters<typeof openSinks>[2]),
    Error,
    "cannot read /nowhere/ca.pem",
  );
});

Deno.test("shownSinks() hides user, password and parameters, whatever characters they hold", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }).map((text) => `S3${text.replace(/\s/g, "_")}3S`), (secret) => {
    const [{ url, adminUrl }] = shownSinks([{
      url: `mongodb://me:${secret}@h1,h2/plant?key=${SECRET}`,
      adminUrl: `postgres://admin:${secret}@h1/plant`,
    }]);
    assertEquals([url.includes(secret), url.includes(SECRET), adminUrl?.includes(secret)], [false, false, false]);
  }));
  assertEquals(shownSinks([{ url: C, name: "out" }]), [{ url: C, name: "out" }]);
});

Deno.test("configSchema() tells editors what a sink in the file may say", () => {
  const text = JSON.stringify(configSchema("start", { sink: SINKS }));
  for (const name of ["url", "adminUrl", "retentionDays"]) assertStringIncludes(text, `"${name}"`);
});
