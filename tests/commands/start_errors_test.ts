import { z } from "zod";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { join } from "../../std/path.ts";
import { lockDataDir } from "../../store/lock.ts";
import { deno, textOf } from "../project/tree.ts";

/** Runs the task's own command line, with `more` permissions, on a data directory of its own. */
async function start(more: readonly string[], args: readonly string[]): Promise<[number, string]> {
  const { tasks } = z.object({ tasks: z.object({ start: z.object({ command: z.string() }) }) })
    .parse(JSON.parse(textOf("deno.json")));
  const flags = tasks.start.command.split(" ").filter((word) => word.startsWith("--"));
  const { code, out, error } = await deno(["run", ...flags, ...more, "main.ts", "start", ...args]);
  assertEquals(out, "", "nothing is said before the error");
  return [code, error];
}

/** One sentence on one line, for a person. */
function assertSentence(error: string): void {
  assertEquals(error.trimEnd().split("\n").length, 1, error);
  assert(error.startsWith("sensorium: ") && !error.includes(" at file:"), error);
}

async function inDataDir(act: (dataDir: string, permission: string) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir();
  try {
    await act(dataDir, `--allow-write=${dataDir}`);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

Deno.test("start() ends with one sentence and 1 if the port is taken", () =>
  inDataDir(async (dataDir, permission) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const port = String(taken.addr.port);
      const [code, error] = await start([permission], ["--data-dir", dataDir, "--port", port, "--history", "0"]);
      assertSentence(error);
      assertEquals([code, error.includes(`port ${port} of 127.0.0.1 is taken`)], [1, true]);
    } finally {
      taken.close();
    }
  }));

Deno.test("start() ends with one sentence and 1 if the data directory is in use", () =>
  inDataDir(async (dataDir, permission) => {
    const lock = await lockDataDir(dataDir);
    try {
      const [code, error] = await start([permission], ["--data-dir", dataDir, "--port", "0"]);
      assertSentence(error);
      assertEquals([code, error.includes(`${dataDir} is in use`)], [1, true]);
    } finally {
      lock.release();
    }
  }));

Deno.test("start() ends with one sentence and 1 if a permission is missing, with the flag to add", () =>
  inDataDir(async (dataDir) => {
    const [code, error] = await start([], ["--data-dir", dataDir, "--port", "0"]);
    assertSentence(error);
    assertEquals(code, 1);
    assertStringIncludes(error, `SENSORIUM_DENO_FLAGS='--allow-write=${dataDir}`);
  }));

Deno.test("start() ends with one sentence and 2 for a bad configuration", () =>
  inDataDir(async (dataDir, permission) => {
    const config = join(dataDir, "config.json");
    await Deno.writeTextFile(config, `{"judging": {"windows": []}}`);
    const cases = [["--config", config], ["--config", `${config}.none`], ["--port", "http"], ["--scenario", "facilty"]];
    for (const args of cases) {
      const [code, error] = await start([permission], ["--data-dir", dataDir, ...args]);
      assertSentence(error);
      assertEquals([args, code], [args, 2]);
    }
  }));
