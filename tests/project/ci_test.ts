import { assertEquals } from "../../std/assert.ts";
import { join } from "../../std/path.ts";
import { ROOT } from "./tree.ts";

/** Runs `.ci/run` with a stand-in for npx whose test command and linter end so; resolves to its exit code and last line. */
async function ci(summary: string, testCode: number, lint = "exit 0"): Promise<[number, string]> {
  const bin = await Deno.makeTempDir();
  try {
    const npx = `#!/bin/bash
case "$*" in
  *"task test") echo '${summary}'; exit ${testCode};;
  *lint) ${lint};;
esac
`;
    const there = ["chromium", "java", "javac", "mvn", "postgres"].map((name) => [name, "#!/bin/bash\n"] as const);
    for (const [name, text] of [["npx", npx] as const, ...there]) {
      await Deno.writeTextFile(join(bin, name), text, { mode: 0o755 });
    }
    const command = new Deno.Command("bash", {
      args: [join(ROOT, ".ci/run")],
      env: { PATH: `${bin}:${Deno.env.get("PATH")}` },
      stdin: "null",
      stderr: "null",
    });
    const { code, stdout } = await command.output();
    return [code, new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? ""];
  } finally {
    await Deno.remove(bin, { recursive: true });
  }
}

Deno.test(".ci/run counts checks and tests, and fails with any of them", async () => {
  assertEquals(await ci("ok | 812 passed (3 steps) | 0 failed (2m)", 0), [0, "817 passed, 0 failed"]);
  assertEquals(await ci("FAILED | 8 passed | 4 failed (1 step) (1s)", 1), [1, "13 passed, 4 failed"]);
  assertEquals(await ci("ok | 10 passed | 0 failed (1s)", 0, "exit 1"), [1, "14 passed, 1 failed"]);
});

Deno.test(".ci/run asks again where the linter itself has died", async () => {
  const dies = '[ -e "$0.died" ] || { touch "$0.died"; kill -SEGV $$; }';
  assertEquals(await ci("ok | 10 passed | 0 failed (1s)", 0, dies), [0, "15 passed, 0 failed"]);
});

Deno.test(".ci/run counts a skipped test as failed", async () => {
  assertEquals(await ci("ok | 8 passed | 0 failed | 2 ignored (2m)", 0), [1, "13 passed, 2 failed"]);
  assertEquals(await ci("ok | 8 passed | 0 failed | 3 filtered out (2m)", 0), [1, "13 passed, 3 failed"]);
});

Deno.test(".ci/run fails when the tests end without a summary", async () => {
  assertEquals(await ci("error: Type checking failed.", 1), [1, "5 passed, 1 failed"]);
  assertEquals(await ci("", 0), [1, "5 passed, 1 failed"]);
});
