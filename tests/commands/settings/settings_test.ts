import { SUPERVISOR_DEFAULTS } from "../../../actors/supervisor_options.ts";
import fc from "fast-check";
import { assertEquals, assertRejects, assertStringIncludes } from "../../../std/assert.ts";
import { HelpRequest, nearMiss, UsageError } from "../../../commands/process/errors.ts";
import {
  choice,
  custom,
  decimal,
  list,
  toggle,
  variableName,
  wholeNumber,
} from "../../../commands/settings/setting.ts";
import { COMMON, judgingOf, readSettings, type SettingsWorld } from "../../../commands/settings/settings.ts";
import { z } from "zod";

const command = {
  name: "replay",
  summary: "Replays readings.",
  positional: { what: "FILE...", least: 0, most: 2 },
  settings: {
    ...COMMON,
    speed: custom<"recorded" | "max" | number>({
      schema: z.union([
        z.enum(["recorded", "max"]),
        z.coerce.number().gt(0).max(1e6),
      ]),
      allowed: "recorded, max or a number above 0",
      fallback: "recorded",
      help: "how fast",
    }),
    chance: decimal({ min: 0, max: 1, fallback: 0.05, help: "how often" }),
    batchSize: wholeNumber({
      min: 1,
      max: 10_000,
      fallback: 1000,
      help: "readings at a time",
    }),
    stamp: choice({
      words: ["recorded", "now"],
      fallback: "recorded",
      help: "which time",
    }),
    loop: toggle({ fallback: false, help: "for ever" }),
    channels: list({ help: "which" }),
  },
  examples: [{
    line: "deno task replay a.csv --speed max",
    does: "as fast as possible",
  }],
} as const;

function world(
  variables: Record<string, string> = {},
  files: Record<string, string> = {},
): SettingsWorld {
  return {
    variable: (name) => variables[name],
    readText: (path) => path in files ? Promise.resolve(files[path]) : Promise.reject(new Deno.errors.NotFound(path)),
  };
}

async function refused(
  args: string[],
  variables?: Record<string, string>,
  files?: Record<string, string>,
) {
  const error = await assertRejects(
    () => readSettings(command, args, world(variables, files)),
    UsageError,
  );
  assertEquals(error.exitCode, 2);
  return error.message;
}

Deno.test("readSettings() gives defaults where nobody says anything", async () => {
  const { values, origins, positional, judging } = await readSettings(
    command,
    [],
    world(),
  );
  assertEquals(values, {
    host: "127.0.0.1",
    port: 8000,
    dataDir: ".sensorium",
    shards: 1,
    seed: 42,
    kv: undefined,
    checkpoint: 1000,
    sensors: SUPERVISOR_DEFAULTS.sensorsMost,
    snapshot: 60_000,
    speed: "recorded",
    chance: 0.05,
    batchSize: 1000,
    stamp: "recorded",
    loop: false,
    channels: [],
  });
  assertEquals(new Set(Object.values(origins)), new Set(["default"]));
  assertEquals([positional, judging], [[], {}]);
});

Deno.test("readSettings() takes flags over variables over the file over defaults", async () => {
  const files = {
    "c.json": `{"port": 1, "seed": 2, "shards": 3, "replay": {"batchSize": 7, "shards": 4}, "start": 0}`,
  };
  const { values, origins } = await readSettings(
    command,
    ["--config", "c.json", "--port", "4"],
    world({
      SENSORIUM_PORT: "3",
      SENSORIUM_SEED: "5",
      SENSORIUM_BATCH_SIZE: "",
    }, files),
  );
  assertEquals([
    values.port,
    values.seed,
    values.shards,
    values.batchSize,
    values.host,
  ], [4, 5, 4, 7, "127.0.0.1"]);
  assertEquals([origins.port, origins.seed, origins.shards, origins.host], [
    "flag",
    "variable",
    "file",
    "default",
  ]);
});

Deno.test("readSettings() keeps that order for any mixture of sources", async () => {
  const places = fc.record({
    flag: fc.boolean(),
    variable: fc.boolean(),
    file: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(places, async ({ flag, variable, file }) => {
    const { values } = await readSettings(
      command,
      ["--config=c.json", ...(flag ? ["--port=1"] : [])],
      world(variable ? { SENSORIUM_PORT: "2" } : {}, {
        "c.json": file ? `{"port": 3}` : "{}",
      }),
    );
    assertEquals(values.port, flag ? 1 : variable ? 2 : file ? 3 : 8000);
  }));
});

Deno.test("readSettings() finds the config file by its variable", async () => {
  const { values } = await readSettings(
    command,
    [],
    world({ SENSORIUM_CONFIG: "c" }, { c: `{"host": "::1"}` }),
  );
  assertEquals(values.host, "::1");
});

Deno.test("readSettings() reads every form of flag", async () => {
  const args = [
    "a.csv",
    "--loop",
    "--channels",
    "x,y",
    "--channels=z",
    "--speed=10",
    "--stamp",
    "now",
    "--",
    "--b",
  ];
  const { values, positional } = await readSettings(command, args, world());
  assertEquals([values.loop, values.channels, values.speed, values.stamp], [
    true,
    ["x", "y", "z"],
    10,
    "now",
  ]);
  assertEquals(positional, ["a.csv", "--b"]);
  const { values: off } = await readSettings(
    command,
    ["--no-loop"],
    world({ SENSORIUM_LOOP: "1" }),
  );
  assertEquals(off.loop, false);
  const { values: kv } = await readSettings(
    command,
    ["--kv", "-", "-"],
    world(),
  );
  assertEquals(kv.kv, "-");
});

Deno.test("readSettings() refuses a value out of range by the name under which it was written", async () => {
  assertEquals(
    await refused(["--port", "x"]),
    `--port must be a whole number from 0 to 65535, not "x"`,
  );
  assertEquals(
    await refused(["--port=70000"]),
    "--port must be a whole number from 0 to 65535, not 70000",
  );
  assertEquals(
    await refused([], { SENSORIUM_PORT: "1.5" }),
    "SENSORIUM_PORT must be a whole number from 0 to 65535, not 1.5",
  );
  assertEquals(
    await refused(["--config", "c"], {}, { c: `{"port": "1"}` }),
    `port in c must be a whole number from 0 to 65535, not "1"`,
  );
  assertEquals(
    await refused(["--config", "c"], {}, { c: `{"replay": {"speed": 0}}` }),
    "replay.speed in c must be recorded, max or a number above 0, not 0",
  );
  assertEquals(
    await refused(["--stamp", "then"]),
    `--stamp must be recorded or now, not "then"`,
  );
  assertEquals(
    await refused([], { SENSORIUM_LOOP: "yes" }),
    `SENSORIUM_LOOP must be true or false, not "yes"`,
  );
  assertEquals(
    await refused(["--host", "a b"]),
    `--host must be a host name or an IP address, not "a b"`,
  );
});

Deno.test("readSettings() refuses what it does not know, with what was probably meant", async () => {
  assertEquals(
    await refused(["--prot", "1"]),
    "unknown flag --prot: did you mean --port?",
  );
  assertEquals(
    await refused(["--data_dir=x"]),
    "unknown flag --data_dir: did you mean --data-dir?",
  );
  assertEquals(
    await refused(["--frobnicate"]),
    "unknown flag --frobnicate: --help lists the flags",
  );
  assertEquals(
    await refused(["-p"]),
    "unknown flag -p: --help lists the flags",
  );
  assertEquals(
    await refused(["--config", "c"], {}, { c: `{"prot": 1}` }),
    "unknown setting prot in c: did you mean port?",
  );
  assertStringIncludes(
    await refused(["--config", "c"], {}, { c: `{"zzzzz": 1}` }),
    "known are host, port, dataDir",
  );
  assertEquals(
    await refused(["--config", "c"], {}, { c: `{"replay": {"spede": 1}}` }),
    "unknown setting replay.spede in c: did you mean speed?",
  );
});

Deno.test("readSettings() refuses arguments that are missing or too many", async () => {
  assertEquals(await refused(["--port"]), "--port needs a value");
  assertEquals(await refused(["--port", "--loop"]), "--port needs a value");
  assertEquals(
    await refused(["--loop=yes"]),
    `--loop takes no value, not "yes"`,
  );
  assertEquals(
    await refused(["a", "b", "c"]),
    `replay takes at most 2 arguments, not "c": --help shows which`,
  );
  const needy = {
    ...command,
    positional: { what: "a file", least: 1, most: 1 },
  };
  const error = await assertRejects(
    () => readSettings(needy, [], world()),
    UsageError,
  );
  assertEquals(error.message, "replay needs a file: --help shows how");
});

Deno.test("readSettings() refuses a config file that is none", async () => {
  assertEquals(await refused(["--config", "c"]), "there is no config file c");
  assertStringIncludes(
    await refused(["--config", "c"], {}, { c: "{port: 1}" }),
    "the config file c must be JSON: ",
  );
  assertEquals(
    await refused(["--config", "c"], {}, { c: "[]" }),
    "the config file c must be an object of settings, not []",
  );
  assertStringIncludes(
    await refused(["--config", "c"], {}, { c: `"${"x".repeat(1_000_000)}"` }),
    "at most 1000000",
  );
});

Deno.test("readSettings() judges what is configured of judging", async () => {
  const c = `{"judging": {"latenessMs": 5, "types": {"pump": {"channels": {"flow": {"low": 1}}}}}}`;
  const { judging } = await readSettings(
    command,
    ["--config", "c"],
    world({}, { c }),
  );
  const whole = judgingOf(judging, {
    types: { fan: { channels: {} } },
    latenessMs: 7,
    tickMs: 2000,
  });
  assertEquals([whole.latenessMs, whole.tickMs, whole.futureMs], [
    5,
    2000,
    3_600_000,
  ]);
  assertEquals(Object.keys(whole.types).sort(), ["fan", "pump"]);
  const message = await refused(["--config", "c"], {}, {
    c: `{"judging": {"latenessMs": -5}}`,
  });
  assertStringIncludes(message, "judging.latenessMs in c is refused: ");
  assertStringIncludes(message, ", not -5");
});

Deno.test("readSettings() answers --help with every setting, its range, its default and its variable", async () => {
  const { message } = await assertRejects(
    () => readSettings(command, ["--help"], world()),
    HelpRequest,
  );
  for (const name of [...Object.keys(command.settings), "config"]) {
    assertStringIncludes(message, variableName(name));
  }
  assertStringIncludes(
    message,
    "port to listen on, 0 for any free one (whole number from 0 to 65535, default 8000)\n",
  );
  assertStringIncludes(message, "deno task replay FILE... [flags]");
  assertStringIncludes(message, command.examples[0].line);
  assertEquals(message.split("\n").filter((line) => line.length > 110), []);
});

Deno.test("readSettings() never takes a name of Object's for a setting", async () => {
  for (const name of ["constructor", "__proto__", "toString"]) {
    assertStringIncludes(
      await refused([`--${name}=1`]),
      `unknown flag --${name}`,
    );
    assertStringIncludes(
      await refused(["--config=c"], {}, { c: `{"${name}": 1}` }),
      `unknown setting ${name} in c`,
    );
  }
});

Deno.test("nearMiss() forgives one edit in short names, two in longer ones", () => {
  assertEquals(nearMiss("strat", ["start", "stop"]), "start");
  assertEquals(nearMiss("xp", ["kv"]), undefined);
  assertEquals(nearMiss("kw", ["kv", "port"]), "kv");
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      (name) => nearMiss(name, [name]) === name,
    ),
  );
});
