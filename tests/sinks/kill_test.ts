import { assert, assertEquals, assertGreater } from "../../std/assert.ts";
import { batchIndex, type Manifest } from "../../sinks/manifest.ts";
import { join } from "../../std/path.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const PROGRAM = new URL("./killed_run.ts", import.meta.url).pathname;
const CONFIG = new URL("../deno.json", import.meta.url).pathname;
const OPTIONS = ["run", "-A", "--config", CONFIG, "--no-lock", PROGRAM];

/** Runs the program; kills it after so many lines. Returns its last line, and whether it was killed. */
async function run(folder: string, killAfter = Infinity): Promise<{ last: string; killed: boolean }> {
  const child = new Deno.Command(Deno.execPath(), { args: [...OPTIONS, folder], stdout: "piped" }).spawn();
  let lines = 0, rest = "", last = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    last = parts.at(-1) ?? last;
    lines += parts.length;
    if (lines >= killAfter) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It was quicker.
      }
      killAfter = Infinity;
    }
  }
  return { last, killed: (await child.status).signal === "SIGKILL" };
}

/** Files of a folder with their hash, checked against the manifest. */
async function honest(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    const bytes = await Deno.readFile(join(folder, name));
    if (batchIndex(name)?.isPart === false) JSON.parse(new TextDecoder().decode(bytes)); // whole
    files[name] = name === "stream_manifest.json"
      ? new TextDecoder().decode(bytes).replaceAll(/"created":"[^"]*",/g, "")
      : await sha256(bytes);
  }
  if (!files["stream_manifest.json"]) return files;
  const { batches } = JSON.parse(files["stream_manifest.json"]) as Manifest;
  for (const { file, sha256 } of batches) assertEquals(files[file], sha256);
  return files;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("FilesSink and RowsSink, killed with SIGKILL again and again, end with the bytes of a run that was not", async () => {
  const whole = await Deno.makeTempDir(), torn = await Deno.makeTempDir();
  try {
    const { last: digest } = await run(whole);
    assert(digest.startsWith("digest sha256:"), digest);
    const expected = await honest(join(whole, "batches"));
    assertGreater(Object.keys(expected).length, 60);
    let last = "", kills = 0;
    for (let kill = 0; kill < 8 * SCALE; kill++) {
      const life = await run(torn, 1 + (kill * 5) % 13);
      if (life.killed) kills++;
      last = life.last;
      await honest(join(torn, "batches"));
    }
    assertGreater(kills, 2);
    if (!last.startsWith("digest")) last = (await run(torn)).last;
    assertEquals(last, digest);
    assertEquals(await honest(join(torn, "batches")), expected);
    const rows = await Deno.readFile(join(whole, "rows.csv"));
    assertGreater(rows.length, 100_000);
    assertEquals(await sha256(await Deno.readFile(join(torn, "rows.csv"))), await sha256(rows));
  } finally {
    await Deno.remove(whole, { recursive: true });
    await Deno.remove(torn, { recursive: true });
  }
});
