import { Ajv2020 } from "ajv/dist/2020.js";
import { configSchema } from "../../../commands/settings/config_schema.ts";
import { COMMON } from "../../../commands/settings/settings.ts";
import { assertEquals, assertStringIncludes } from "../../../std/assert.ts";
import { Folder, run } from "../../process.ts";

const validate = new Ajv2020({ strict: false }).compile(configSchema("start", { port: COMMON.port }) as object);

Deno.test("configSchema() takes what the program takes, and nothing that it does not know", () => {
  const types = { pump: { intervalMs: 1000, channels: { t: { unit: "°C", low: 10, high: 80 } } } };
  for (
    const good of [{}, { port: 9000 }, {
      $schema: "x",
      start: { port: 1 },
      replay: { speed: "max" },
      judging: { types },
    }]
  ) {
    assertEquals([good, validate(good)], [good, true]);
  }
  const wrong = [
    { ports: 1 },
    { port: 70_000 },
    { port: "9000" },
    { start: { colour: 1 } },
    { judging: { latenesMs: 1 } },
    { judging: { types: { pump: { channels: { t: { low: "10" } } } } } },
  ];
  for (const bad of wrong) assertEquals([bad, validate(bad)], [bad, false]);
});

Deno.test("start() with --check-config says whether the configuration is valid, and starts nothing", async () => {
  await using folder = new Folder();
  const path = folder.at("config.json"),
    check = () => run(["start", "--check-config", "--config", path, "--data-dir", folder.at("data")]);
  await Deno.writeTextFile(
    path,
    JSON.stringify({ $schema: "http://x/config/schema", port: 9000, judging: { tickMs: 5000 } }),
  );
  const good = await check();
  assertEquals([good.code, good.out.trim()], [0, "The configuration is valid."], good.error);
  await Deno.writeTextFile(path, JSON.stringify({ judging: { tickMs: 5 } }));
  const bad = await check();
  assertEquals(bad.code, 2);
  assertStringIncludes(bad.error, "judging.tickMs");
  assertEquals([...Deno.readDirSync(folder.at("."))].map(({ name }) => name), ["config.json"]);
});
