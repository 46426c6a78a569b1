/**
 * What one KV server takes: bytes/s and commits/s by one writer and several, and what its disk takes without it.
 *
 *     deno task bench kv_server [--seconds=4] [--writers=1,2,4,8,16] [--kv=http://...]
 *
 * A writer is a partition's chain: atomic writes one after the other, each checking the one before, of what checkpoints
 * are made of: 20 snapshots of 27 KB (540 KB, bytes that gzip makes nothing of), or 100 windows of 1 KB, or one of 100
 * bytes. Values that are there are written over, as snapshots are. Without `--kv` the server is denokv on this machine,
 * its file in the folder for temporary files.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { KV_TOKEN, kvServer } from "../tests/servers/kv.ts";
import { flag } from "./_measure.ts";

const SECONDS = Number(flag("seconds", "4")), WRITERS = flag("writers", "1,2,4,8,16").split(",").map(Number);
const WRITES = [
  { name: "snapshots", values: 20, bytes: 27_000 },
  { name: "windows", values: 100, bytes: 1_000 },
  { name: "small", values: 1, bytes: 100 },
] as const;
/** Different values of each kind and writer: so much is in the file in the end. */
const SETS = 10;

const given = flag("kv", "");
if (given === "") Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN);
const server = given === "" ? await kvServer(`bench-${Deno.pid}`) : undefined, url = server?.url ?? given;

/** Processor time so far, s, and bytes that went to the disk, of the server on this machine. */
function ofServer(): { readonly busy: number; readonly written: number } {
  if (!server) return { busy: NaN, written: NaN };
  const fields = Deno.readTextFileSync(`/proc/${server.pid}/stat`).replace(/^.*\) /, "").split(" ");
  const [, written = "NaN"] = /^write_bytes: (\d+)/m.exec(Deno.readTextFileSync(`/proc/${server.pid}/io`)) ?? [];
  return { busy: (Number(fields[11]) + Number(fields[12])) / 100, written: Number(written) };
}

function random(bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(all.subarray(at, at + 65_536));
  return all;
}

/** Writes one after the other until then; how long each took, ms. */
async function writer(name: string, write: typeof WRITES[number], until: number, taken: number[]): Promise<void> {
  using kv = await Deno.openKv(url);
  const values = Array.from({ length: write.values }, () => random(write.bytes)), chain = ["bench", name, "chain"];
  let link = (await kv.get(chain)).versionstamp;
  for (let number = 0; performance.now() < until; number++) {
    let atomic = kv.atomic().check({ key: chain, versionstamp: link }).set(chain, crypto.randomUUID());
    values.forEach((value, i) => atomic = atomic.set(["bench", name, write.name, number % SETS, i], value));
    const begun = performance.now(), result = await atomic.commit();
    if (!result.ok) throw new Error(`the chain of ${name} was written by somebody else`);
    link = result.versionstamp;
    taken.push(performance.now() - begun);
  }
}

async function measure(write: typeof WRITES[number], writers: number): Promise<void> {
  const taken: number[] = [], before = ofServer(), begun = performance.now(), until = begun + 1_000 * SECONDS;
  await Promise.all(
    Array.from({ length: writers }, (_, i) => writer(`writer-${writers}-${i}`, write, until, taken)),
  );
  const seconds = (performance.now() - begun) / 1_000, after = ofServer();
  taken.sort((a, b) => a - b);
  const bytes = taken.length * write.values * write.bytes,
    of = (share: number) => taken[Math.floor(share * taken.length)];
  console.log(
    [
      write.name.padEnd(9),
      `${writers} writer${writers > 1 ? "s" : " "}`,
      `${(taken.length / seconds).toFixed(0).padStart(5)} commits/s`,
      `${(bytes / seconds / 1e6).toFixed(1).padStart(5)} MB/s`,
      `p50 ${of(0.5).toFixed(1).padStart(5)} ms, p99 ${of(0.99).toFixed(1).padStart(6)} ms`,
      `server: ${(100 * (after.busy - before.busy) / seconds).toFixed(0).padStart(3)} % of a core`,
      `${((after.written - before.written) / bytes).toFixed(1)} bytes to the disk for each`,
    ].join("; "),
  );
}

/** What the disk takes, in pieces that each wait until they are there. */
async function disk(bytes: number): Promise<string> {
  const path = await Deno.makeTempFile(),
    file = await Deno.open(path, { write: true }),
    piece = Buffer.from(random(bytes));
  const begun = performance.now();
  let pieces = 0;
  for (; performance.now() < begun + 1_000 * SECONDS; pieces++) {
    await file.write(piece);
    await file.syncData();
  }
  const seconds = (performance.now() - begun) / 1_000;
  file.close();
  await Deno.remove(path);
  return `${(pieces / seconds).toFixed(0)} a second of ${bytes / 1_000} KB, ${
    (pieces * bytes / seconds / 1e6).toFixed(0)
  } MB/s`;
}

try {
  console.log(`the disk alone, written and synced: ${await disk(540_000)}; ${await disk(4_000)}`);
  for (const write of WRITES) for (const writers of WRITERS) await measure(write, writers);
} finally {
  await server?.kill();
}
