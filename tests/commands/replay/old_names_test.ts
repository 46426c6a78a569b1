import { UsageError } from "../../../commands/process/errors.ts";
import { oldFlags, sourceFiles } from "../../../commands/replay/old_names.ts";
import { assertEquals, assertThrows } from "../../../std/assert.ts";
import { Folder, run } from "../../process.ts";

/** A world with these variables alone. */
function world(variables: Readonly<Record<string, string>>) {
  return { variable: (name: string) => variables[`${name}`] };
}

Deno.test("oldFlags() takes the interval in seconds, and anomalies as injected ones", () => {
  assertEquals(oldFlags(world({})), []);
  assertEquals(oldFlags(world({ SENSORIUM_STREAM_INTERVAL: "0.25" })), ["--interval=250"]);
  assertEquals(oldFlags(world({ SENSORIUM_ENABLE_ANOMALY: "false" })), []);
  assertEquals(oldFlags(world({ SENSORIUM_ENABLE_ANOMALY: "TRUE" })), ["--inject=0.05"]);
  assertThrows(
    () => oldFlags(world({ SENSORIUM_STREAM_INTERVAL: "soon" })),
    UsageError,
    "must be seconds from 0 to 86400",
  );
  assertThrows(() => oldFlags(world({ SENSORIUM_ENABLE_ANOMALY: "maybe" })), UsageError, "must be true or false");
});

Deno.test("sourceFiles() is what is named, else the variable's file, else a sentence", () => {
  const known = world({ SENSORIUM_SOURCE_FILE: "old.csv" });
  assertEquals([sourceFiles(["a", "b"], known), sourceFiles([], known)], [["a", "b"], ["old.csv"]]);
  assertThrows(() => sourceFiles([], world({})), UsageError, "replay needs FILE...");
});

Deno.test("replay() takes a file, its batches and its anomalies from the variables that people know", async () => {
  await using folder = new Folder();
  const lines = Array.from(
    { length: 2_000 },
    (_, i) => `{"sensor":"s${i % 4}","time":${1772323200000 + 1000 * i},"values":{"t":${i % 7}}}`,
  );
  await Deno.writeTextFile(folder.at("sensor_data.ndjson"), lines.join("\n") + "\n");
  const env = {
    SENSORIUM_SOURCE_FILE: folder.at("sensor_data.ndjson"),
    SENSORIUM_BATCH_SIZE: "500",
    SENSORIUM_STREAM_INTERVAL: "0",
    SENSORIUM_ENABLE_ANOMALY: "true",
    SENSORIUM_FILES: folder.at("batches"),
  };
  const end = await run(["replay", "--data-dir", folder.at("data")], { env });
  assertEquals(
    [end.code, /readings +2,000/.test(end.out), / [1-9]\d* injected/.test(end.error)],
    [0, true, true],
    end.error,
  );
});
