import { LogError } from "../../actors/log.ts";
import fc from "fast-check";
import { SourceError } from "../../actors/ports.ts";
import { CommandError, HelpRequest, UsageError } from "../../commands/process/errors.ts";
import { deniedSentence, explain } from "../../commands/process/explain.ts";
import { COMMAND_NAMES, COMMANDS } from "../../commands/process/names.ts";
import { DENO_LEAST, refusedDeno, VERSION } from "../../commands/process/version.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { DataDirError, lockDataDir } from "../../store/lock.ts";
import { deno } from "../project/tree.ts";

/** Runs the command line with exactly these permissions. */
function run(permissions: readonly string[], args: readonly string[], env: Record<string, string> = {}) {
  return deno(["run", "--frozen", "--no-prompt", ...permissions, "main.ts", ...args], { env });
}

const ENV = "--allow-env=SENSORIUM_*";

Deno.test("refusedDeno() refuses what is older than the tested one", () => {
  for (const old of ["2.9.5", "2.8.9", "1.46.3", "0.1.0", "2.9.5-rc.1", "nonsense"]) {
    assertStringIncludes(refusedDeno(old) ?? "", `this is ${old}`);
  }
  for (const fine of [DENO_LEAST, "2.9.7", "2.10.0", "3.0.0", "3.0.0-rc.1+a1b2c3"]) {
    assertEquals([fine, refusedDeno(fine)], [fine, undefined]);
  }
  assertEquals(refusedDeno(Deno.version.deno), undefined);
});

Deno.test("refusedDeno() orders versions as numbers do", () => {
  const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20));
  const least = DENO_LEAST.split(".").map(Number);
  fc.assert(fc.property(version, (parts) => {
    const weigh = ([a, b, c]: readonly number[]) => a * 1e6 + b * 1e3 + c;
    assertEquals(refusedDeno(parts.join(".")) === undefined, weigh(parts) >= weigh(least));
  }));
});

Deno.test("explain() gives one line and the exit code for every kind of error", () => {
  const endings: [unknown, number][] = [
    [new CommandError("no"), 1],
    [new UsageError("no"), 2],
    [new SourceError("no"), 1],
    [new DataDirError("no"), 1],
    [new LogError("no"), 1],
    [new Deno.errors.NotCapable('Requires write access to "/x", run again with the --allow-write flag'), 1],
    [new TypeError("many\n  lines"), 1],
    ["a text", 1],
  ];
  for (const [error, exitCode] of endings) {
    const ending = explain(error);
    assertEquals([ending.exitCode, ending.asked, ending.text.includes("\n")], [exitCode, false, false]);
    if (error instanceof Error && error.message === "no") assertEquals(ending.text, "no");
  }
  assertEquals(explain(new HelpRequest("a\nb")), { exitCode: 0, text: "a\nb", asked: true });
  assertStringIncludes(explain(new Error("a", { cause: new Error("b") }), true).text, "Caused by: Error: b");
});

Deno.test("deniedSentence() names the flag to add", () => {
  assertEquals(
    deniedSentence('Requires write access to "/x", run again with the --allow-write flag'),
    "this task may not write to /x: allow it with SENSORIUM_DENO_FLAGS='--allow-write=/x' before deno task, " +
      "or --allow-write=/x after deno run",
  );
  assertStringIncludes(
    deniedSentence("Requires run access, run again with the --allow-run flag"),
    "may not run anything: allow it with SENSORIUM_DENO_FLAGS='--allow-run'",
  );
  assertEquals(deniedSentence("something\nelse"), "something else");
});

Deno.test("main.ts shows every command with an example", async () => {
  const { code, out } = await run([], ["--help"]);
  assertEquals(code, 0);
  for (const { summary, example } of Object.values(COMMANDS)) {
    assertStringIncludes(out, summary);
    assertStringIncludes(out, example);
  }
  const bare = await run([], []);
  assertEquals([bare.code, bare.out], [2, out]);
});

Deno.test("main.ts answers --help for every command", async () => {
  for (const name of COMMAND_NAMES) {
    const { code, out, error } = await run([ENV], [name, "--help"]);
    assertEquals([name, code, error], [name, 0, ""]);
    assertStringIncludes(out, `deno task ${name}`);
    assertStringIncludes(out, "Examples:");
    assertStringIncludes(out, "--config");
    assert(!out.includes("[object"), `${name}: a default that is no text`);
  }
});

Deno.test("main.ts refuses an unknown command or flag in one sentence, exit 2", async () => {
  const command = await run([], ["stpo"]);
  assertEquals([command.code, command.error], [2, 'sensorium: unknown command "stpo": did you mean stop?\n']);
  const flag = await run([ENV], ["stop", "--data-dri", "x"]);
  assertEquals([flag.code, flag.error], [2, "sensorium: unknown flag --data-dri: did you mean --data-dir?\n"]);
  const object = await run([], ["constructor"]);
  assertEquals(object.code, 2);
});

Deno.test("main.ts names the flag for a missing permission in one sentence, exit 1", async () => {
  const { code, error } = await run([ENV], ["stop", "--data-dir", "/tmp/elsewhere"]);
  assertEquals(code, 1);
  assertStringIncludes(error, "--allow-read=/tmp/elsewhere");
  assertEquals(error.trim().split("\n").length, 1);
});

Deno.test("main.ts shows a stack only for SENSORIUM_LOG_LEVEL=debug", async () => {
  const dataDir = await Deno.makeTempDir();
  const lock = await lockDataDir(dataDir);
  try {
    const quiet = await run([ENV, "--allow-read"], ["stop", "--data-dir", dataDir]);
    assertEquals([quiet.code, quiet.error.trim().split("\n").length], [1, 1]);
    const loud = await run([ENV, "--allow-read"], ["stop", "--data-dir", dataDir], { SENSORIUM_LOG_LEVEL: "debug" });
    assert(loud.error.includes("stop.ts:"));
  } finally {
    lock.release();
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("main.ts says its version", async () => {
  assertEquals((await run([], ["--version"])).out, `sensorium ${VERSION} (deno ${Deno.version.deno})\n`);
});
