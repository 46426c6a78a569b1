/** @module */
import type { Clock } from "../../actors/ports.ts";
import { download, DownloadError, type DownloadOptions } from "../../data/download.ts";
import { Random } from "../../models/random.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";

const IDLE_MS = 30_000;

/** A clock on which waits before a next attempt take no time, and idle waits for ever or, if told, none. */
class TestClock implements Clock {
  readonly waits: number[] = [];
  /** Set: a wait for bytes is too long as soon as it begins. */
  impatient = false;

  now(): number {
    return Date.UTC(2026, 0, 1);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms !== IDLE_MS || this.impatient) {
      if (ms !== IDLE_MS) this.waits.push(ms);
      return Promise.resolve();
    }
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }
}

/** A file that a server has. */
interface Served {
  content: Uint8Array<ArrayBuffer>;
  etag?: string;
  lastModified?: string;
  /** Bytes of each body after which the line is cut; the last holds for all that follow. */
  cuts?: number[];
  /** Answers before any other, one a request. */
  first?: Response[];
  /** Whether ranges are understood; default true. */
  ranges?: boolean;
  /** Whether ranges are given even if the file is another one; default false. */
  careless?: boolean;
  /** A body begins and then stands still. */
  stalls?: boolean;
}

function bytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = new Random(seed);
  return Uint8Array.from({ length }, () => random.integer(256));
}

/** Sends `content`, all of it or cut off after `cut` bytes. */
function body(
  content: Uint8Array<ArrayBuffer>,
  cut: number | undefined,
  stalls: boolean,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  const end = Math.min(content.length, cut ?? Infinity);
  return new ReadableStream({
    pull(controller) {
      if (at < end) {
        controller.enqueue(content.slice(at, Math.min(end, at + 4_096)));
        at += 4_096;
        return;
      }
      if (stalls) return new Promise(() => {});
      if (end < content.length) controller.error(new Error("the line is cut"));
      else controller.close();
    },
  });
}

function answer(served: Served, request: Request): Response {
  const scripted = served.first?.shift();
  if (scripted !== undefined) return scripted;
  const headers = new Headers({ "content-type": "application/gzip" });
  if (served.etag !== undefined) headers.set("etag", served.etag);
  if (served.lastModified !== undefined) headers.set("last-modified", served.lastModified);
  const condition = request.headers.get("if-range");
  const same = served.careless || condition === served.etag || condition === served.lastModified;
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
  const { length } = served.content;
  const cut = served.cuts !== undefined && served.cuts.length > 1 ? served.cuts.shift() : served.cuts?.[0];
  if (from > 0 && same && served.ranges !== false) {
    if (from >= length) return new Response(null, { status: 416, headers: { "content-range": `bytes */${length}` } });
    headers.set("content-range", `bytes ${from}-${length - 1}/${length}`);
    headers.set("content-length", String(length - from));
    return new Response(body(served.content.slice(from), cut, served.stalls ?? false), { status: 206, headers });
  }
  headers.set("content-length", String(length));
  return new Response(body(served.content, cut, served.stalls ?? false), { headers });
}

/** Runs with a server of one file and an empty folder; `requests` collects what was asked. */
async function withServer(
  served: Served,
  run: (options: DownloadOptions & { clock: TestClock }, requests: Request[]) => Promise<void>,
): Promise<void> {
  const requests: Request[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {}, onError: () => new Response(null) },
    (request) => {
      requests.push(request);
      return answer(served, request);
    },
  );
  const folder = await Deno.makeTempDir();
  try {
    const url = `http://127.0.0.1:${server.addr.port}/data.txt.gz`;
    await run({ url, path: `${folder}/data.txt.gz`, clock: new TestClock(), idleMs: IDLE_MS }, requests);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

function ranges(requests: readonly Request[]): (string | null)[] {
  return requests.map((request) => request.headers.get("range"));
}

async function filesOf(options: DownloadOptions): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(options.path.replace(/\/[^/]*$/, ""))) names.push(name);
  return names.sort();
}

Deno.test("download() fetches a file, records what it is, and does not fetch it again", async () => {
  const content = bytes(100_000);
  await withServer({ content, etag: '"one"' }, async (options, requests) => {
    const progress: (readonly [number, number | undefined])[] = [];
    const onProgress = (bytes: number, total: number | undefined) => void progress.push([bytes, total]);
    const report = await download({ ...options, onProgress });
    assertEquals(await Deno.readFile(options.path), content);
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
    assertEquals(report, { url: options.url, bytes: 100_000, sha256, etag: '"one"', cached: false, resumed: 0 });
    assertEquals(progress.at(-1), [100_000, 100_000]);
    assertEquals(await filesOf(options), ["data.txt.gz", "data.txt.gz.json"]);
    assertEquals(await download(options), { ...report, cached: true });
    assertEquals(requests.length, 1);
    // damaged on the disk: fetched again
    await Deno.writeFile(options.path, bytes(100_000, 2));
    assertEquals((await download(options)).cached, false);
    assertEquals(await Deno.readFile(options.path), content);
  });
});

Deno.test("download() goes on where the line was cut, within one call and in a later one", async () => {
  const content = bytes(100_000);
  const served: Served = { content, etag: '"one"', cuts: [8_192, 20_480, 100_000] };
  await withServer(served, async (options, requests) => {
    await assertRejects(
      () => download({ ...options, attempts: 1 }),
      DownloadError,
      "attempts in a row brought nothing",
    );
    assertEquals(await filesOf(options), ["data.txt.gz.part", "data.txt.gz.part.json"]);
    const had = (await Deno.stat(`${options.path}.part`)).size;
    assert(had > 0 && had <= 8_192, `${had} bytes`);
    const report = await download(options);
    assertEquals([report.resumed, report.bytes], [had, 100_000]);
    assertEquals(await Deno.readFile(options.path), content);
    const [first, second, third] = ranges(requests);
    assertEquals([first, second], [null, `bytes=${had}-`]);
    assert(third !== null && third !== second, "the third request goes on further");
    assertEquals(requests[1].headers.get("if-range"), '"one"');
    assertEquals(options.clock.waits, [1_000]);
  });
});

Deno.test("download() begins anew when the file has changed meanwhile", async () => {
  const served: Served = { content: bytes(60_000), etag: '"one"', cuts: [8_192, 60_000] };
  await withServer(served, async (options, requests) => {
    await assertRejects(() => download({ ...options, attempts: 1 }), DownloadError);
    served.content = bytes(50_000, 2);
    served.etag = '"two"';
    const report = await download(options);
    assertEquals([report.resumed, report.etag, report.bytes], [0, '"two"', 50_000]);
    assertEquals(await Deno.readFile(options.path), served.content);
    assert(ranges(requests)[1] !== null, "it tried to go on");
  });
});

Deno.test("download() does not join two files of a server that ignores If-Range", async () => {
  const served: Served = { content: bytes(60_000), etag: '"one"', cuts: [8_192, 60_000], careless: true };
  await withServer(served, async (options) => {
    await assertRejects(() => download({ ...options, attempts: 1 }), DownloadError);
    served.content = bytes(50_000, 2);
    served.etag = '"two"';
    await download(options);
    assertEquals(await Deno.readFile(options.path), served.content);
  });
});

Deno.test("download() begins anew where nothing vouches for the part: no strong tag, no date, no ranges", async () => {
  for (const other of [{ etag: 'W/"weak"' }, {}, { etag: '"one"', ranges: false }]) {
    const content = bytes(40_000);
    await withServer({ content, cuts: [8_192, 40_000], ...other }, async (options) => {
      const report = await download(options);
      assertEquals([report.resumed, report.bytes], [0, 40_000]);
      assertEquals(await Deno.readFile(options.path), content);
    });
  }
});

Deno.test("download() goes on by date where there is no tag", async () => {
  const content = bytes(40_000);
  const lastModified = "Tue, 01 Jun 2004 10:00:00 GMT";
  await withServer({ content, lastModified, cuts: [8_192, 40_000] }, async (options, requests) => {
    await download(options);
    assertEquals(requests[1].headers.get("if-range"), lastModified);
    assertEquals(await Deno.readFile(options.path), content);
  });
});

Deno.test("download() finds that a part is already whole", async () => {
  const content = bytes(30_000);
  await withServer({ content, etag: '"one"' }, async (options, requests) => {
    await Deno.writeFile(`${options.path}.part`, content);
    await Deno.writeTextFile(`${options.path}.part.json`, JSON.stringify({ url: options.url, etag: '"one"' }));
    assertEquals((await download(options)).resumed, 30_000);
    assertEquals(ranges(requests), ["bytes=30000-"]);
    // longer than the file: cannot be of it
    await Deno.remove(`${options.path}.json`);
    await Deno.writeFile(`${options.path}.part`, bytes(30_001, 3));
    await Deno.writeTextFile(`${options.path}.part.json`, JSON.stringify({ url: options.url, etag: '"one"' }));
    await download(options);
    assertEquals(await Deno.readFile(options.path), content);
  });
});

Deno.test("download() says at once that a file is not there", async () => {
  for (const status of [404, 403, 410]) {
    await withServer({ content: bytes(1), first: [new Response("no", { status })] }, async (options, requests) => {
      await assertRejects(() => download(options), DownloadError, `the server answers ${status}, expected 200`);
      assertEquals(requests.length, 1);
      assertEquals(await filesOf(options), []);
    });
  }
});

Deno.test("download() comes back later to a busy server, when it is asked to", async () => {
  const content = bytes(10_000);
  const date = new Date(Date.UTC(2026, 0, 1) + 5_000).toUTCString();
  const first = [
    new Response("busy", { status: 503, headers: { "retry-after": "7" } }),
    new Response("busy", { status: 429, headers: { "retry-after": date } }),
    new Response("broken", { status: 502 }),
  ];
  await withServer({ content, first }, async (options) => {
    await download(options);
    assertEquals(await Deno.readFile(options.path), content);
    assertEquals(options.clock.waits, [7_000, 5_000, 4_000]);
  });
});

Deno.test("download() gives up after five attempts that bring nothing, with growing waits", async () => {
  const first = Array.from({ length: 9 }, () => new Response("broken", { status: 500 }));
  await withServer({ content: bytes(1), first }, async (options, requests) => {
    await assertRejects(() => download(options), DownloadError, "the server answers 500; 5 attempts");
    assertEquals(requests.length, 5);
    assertEquals(options.clock.waits, [1_000, 2_000, 4_000, 8_000]);
  });
});

Deno.test("download() gives up on a server that stands still, and on one that is not there", async () => {
  await withServer({ content: bytes(10_000), cuts: [0], stalls: true }, async (options) => {
    options.clock.impatient = true;
    await assertRejects(() => download({ ...options, attempts: 2 }), DownloadError, "no byte came for 30000 ms");
    const { waits } = options.clock;
    assertEquals(waits, [1_000]);
  });
  let gone: DownloadOptions | undefined;
  await withServer({ content: bytes(1) }, async (options) => {
    gone = await Promise.resolve(options);
  });
  const folder = await Deno.makeTempDir();
  assert(gone !== undefined);
  const options = { ...gone, path: `${folder}/x`, attempts: 2 };
  await assertRejects(() => download(options), DownloadError, "cannot download");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("download() refuses another file than the expected one, and takes the expected one", async () => {
  const content = bytes(5_000);
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
  await withServer({ content }, async (options) => {
    await assertRejects(
      () => download({ ...options, sha256: "0".repeat(64) }),
      DownloadError,
      `its SHA-256 is ${sha256}`,
    );
    assertEquals((await download({ ...options, sha256: sha256.toUpperCase() })).sha256, sha256);
  });
});

Deno.test("download() ends when it is told to, and keeps what came", async () => {
  await withServer({ content: bytes(10_000), etag: '"one"', cuts: [4_096], stalls: true }, async (options) => {
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    await assertRejects(() => download({ ...options, signal: stop.signal, onProgress }), Error, "enough");
    assertEquals((await Deno.stat(`${options.path}.part`)).size, 4_096);
  });
});
