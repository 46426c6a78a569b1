/** @module */
import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { generatedRows } from "../data/intel_recording.ts";

/** Runs the command as a process of its own, with what it needs and no more. */
async function run(args: readonly string[], folder: string): Promise<{ code: number; out: string; error: string }> {
  const script = `import { data } from ${JSON.stringify(import.meta.resolve("../../commands/data.ts"))};
    import { explain } from ${JSON.stringify(import.meta.resolve("../../commands/process/explain.ts"))};
    try { Deno.exit(await data(Deno.args)); } catch (error) { console.error(explain(error).text); Deno.exit(explain(error).exitCode); }`;
  const path = `${folder}/run.ts`;
  await Deno.writeTextFile(path, script);
  const config = new URL("../deno.json", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--config",
      config,
      "--allow-env",
      "--allow-read",
      `--allow-write=${folder}`,
      "--allow-net",
      path,
      ...args,
    ],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

Deno.test("data() fetches from a mirror, says what it found, and is there the second time", async () => {
  const rows = generatedRows([1, 2], 1_500);
  const zipped = new Uint8Array(gzipSync(rows.map((row) => `${row.line}\n`).join("")));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => request.url.endsWith("/data.txt.gz") ? new Response(zipped) : new Response("no", { status: 404 }),
  );
  const folder = await Deno.makeTempDir();
  try {
    const mirror = `http://127.0.0.1:${server.addr.port}`;
    const args = ["intel", "--data-dir", `${folder}/dir`, "--url", `${mirror}/data.txt.gz`];
    const first = await run(args, folder);
    assertEquals([first.code, first.error], [0, ""]);
    assertStringIncludes(first.out, `${zipped.length} bytes fetched`);
    assertStringIncludes(first.out, `kept of ${rows.length}, of 2 motes`);
    assertStringIncludes(first.out, "% of the epochs missing");
    const second = await run(args, folder);
    assertEquals([second.code, second.error], [0, ""]);
    assertStringIncludes(second.out, "was there already");
    const gone = await run([...args.slice(0, -1), `${mirror}/gone.gz`], folder);
    assertEquals(gone.code, 1);
    assert(gone.error.includes("the server answers 404") && !gone.error.includes("    at "), gone.error);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("data() lists its data sets, and refuses others", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const listing = await run([], folder);
    assertEquals(listing.code, 0);
    assertStringIncludes(listing.out, "http://db.csail.mit.edu/labdata/data.txt.gz");
    const unknown = await run(["intl"], folder);
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.error, 'unknown data set "intl": there is intel');
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
