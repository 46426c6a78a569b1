/** @module */
import { gzipSync } from "node:zlib";
import { CATALOGUE } from "../../data/catalogue.ts";
import { DownloadError } from "../../data/download.ts";
import { prepare, type PrepareOptions } from "../../data/prepare.ts";
import { mappingSchema } from "../../sources/mapping.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { generatedRows } from "./intel_recording.ts";

const CLOCK = { now: () => 0, sleep: () => new Promise<void>(() => {}) };

/** Runs with a server of `content` and an empty folder; `asked` counts the requests. */
async function withMirror(
  content: Uint8Array<ArrayBuffer>,
  run: (options: PrepareOptions & { folder: string }, asked: () => number) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    asked++;
    return new Response(content);
  });
  const folder = await Deno.makeTempDir();
  try {
    const url = `http://127.0.0.1:${server.addr.port}/data.txt.gz`;
    await run({ dataset: CATALOGUE.intel, folder: `${folder}/intel`, url, clock: CLOCK }, () => asked);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

function recording(): { lines: string[]; zipped: Uint8Array<ArrayBuffer> } {
  const lines = generatedRows([1, 2, 3], 2_000).map((row) => row.line);
  // two members, as appended files have; the border is within a line
  const text = `${lines.join("\n")}\n`;
  const middle = text.length >> 1;
  const zipped = new Uint8Array([...gzipSync(text.slice(0, middle)), ...gzipSync(text.slice(middle))]);
  return { lines, zipped };
}

Deno.test("prepare() fetches, cleans and keeps; the second time all of it is there", async () => {
  const { lines, zipped } = recording();
  await withMirror(zipped, async (options, asked) => {
    const prepared = await prepare(options);
    assertEquals(prepared.path, `${options.folder}/processed_iot_data.csv`);
    const text = await Deno.readTextFile(prepared.path);
    assertEquals(text.trim().split("\n").length - 1, prepared.cleaning.kept);
    assertEquals(prepared.cleaning.kept + prepared.cleaning.dropped.duplicate, lines.length);
    assertEquals([prepared.cleaning.before.rows, prepared.cached], [lines.length, false]);
    const again = await prepare(options);
    assertEquals(again, { ...prepared, cached: true, download: { ...prepared.download, cached: true } });
    assertEquals(asked(), 1);
  });
});

Deno.test("prepare() cleans again when the cleaned file is not what it was", async () => {
  await withMirror(recording().zipped, async (options, asked) => {
    const prepared = await prepare(options);
    const text = await Deno.readTextFile(prepared.path);
    await Deno.writeTextFile(prepared.path, text.slice(0, -20));
    assertEquals((await prepare(options)).cached, false);
    assertEquals(await Deno.readTextFile(prepared.path), text);
    assertEquals(asked(), 1, "what was fetched is still good");
  });
});

Deno.test("prepare() declares the zone in the mapping beside the file", async () => {
  await withMirror(recording().zipped, async (options) => {
    const { mappingPath } = await prepare({ ...options, zone: "America/Los_Angeles" });
    mappingSchema.parse(JSON.parse(await Deno.readTextFile(mappingPath))); // it is one that replay takes
    assertEquals(JSON.parse(await Deno.readTextFile(mappingPath)).time.zone, "America/Los_Angeles");
    await prepare(options);
    assertEquals(JSON.parse(await Deno.readTextFile(mappingPath)).time.zone, "UTC");
  });
});

Deno.test("prepare() refuses a damaged file and one that is no recording", async () => {
  const { zipped } = recording();
  const damaged = zipped.slice();
  damaged[damaged.length - 6] ^= 1; // in the last member's checksum
  for (const content of [damaged, zipped.slice(0, -100), new TextEncoder().encode("<html>moved</html>")]) {
    await withMirror(content, async (options) => {
      const error = await assertRejects(() => prepare(options), DownloadError);
      assertStringIncludes(error.message, "it is no intact gzip file");
      await assertRejects(() => Deno.stat(`${options.folder}/processed_iot_data.csv`), Deno.errors.NotFound);
    });
  }
  await withMirror(new Uint8Array(gzipSync("hello\nworld\n")), async (options) => {
    const error = await assertRejects(() => prepare(options), DownloadError);
    assert(error.message.endsWith("0 of its 2 lines are rows of the recording"));
  });
  await withMirror(new Uint8Array(gzipSync("x".repeat(100_000))), async (options) => {
    assertStringIncludes((await assertRejects(() => prepare(options), DownloadError)).message, "longer than 4096");
  });
});
