/**
 * What is stored, from one KV server to several and back, by the commands as their user has them; and who may start on
 * the same servers.
 *
 * @module
 */
import type { SourcePartition } from "../../actors/ports.ts";
import { systemClock } from "../../commands/process/clock.ts";
import { Engine } from "../../commands/instance/engine.ts";
import { judgingOf } from "../../commands/settings/settings.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../../std/assert.ts";
import { Folder, run } from "../process.ts";
import { KV_TOKEN, type KvServer, kvServer } from "../servers/kv.ts";
import { need, testWith } from "../servers/needed.ts";

const PARTITIONS = ["pumps-0", "pumps-1", "pumps-2", "pumps-3", "pumps-4", "pumps-5"];
const READINGS = 400, START = Date.parse("2026-03-01T00:00:00Z");
Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN);
const env = { DENO_KV_ACCESS_TOKEN: KV_TOKEN };
const word = crypto.randomUUID().slice(0, 8);

/** Fresh servers. */
async function fresh(count: number, name: string): Promise<KvServer[]> {
  const servers: KvServer[] = [];
  for (let i = 0; i < count; i++) servers.push(await kvServer(`${word}-${name}-${i}`));
  return servers;
}

const flags = (servers: readonly KvServer[]) => ["--kv", servers.map(({ url }) => url).join(",")];

/** Runs a command; what it said. @throws {Error} if it did not succeed */
async function done(args: readonly string[]): Promise<string> {
  const { code, out, error } = await run(args, { env });
  assertEquals(code, 0, error);
  return out + error;
}

/** A partition of three pumps; up to a position, where the run is then stopped. */
function pumps(id: string, upTo: number, reached: () => void): SourcePartition {
  const items = Array.from({ length: READINGS }, (_, i) => {
    const x = 20 + Math.sin(i / 20) + (i % 97 === 90 ? 60 : 0);
    return { sensor: `${id}-${i % 3}`, time: START + 1_000 * i, type: "pump", values: { x } };
  });
  return {
    id,
    async *read(from, signal) {
      for (let at = from; at < upTo && !signal.aborted; at += 50) {
        const some = items.slice(at, at + 50);
        yield { kind: "readings", items: some, positions: some.map((_, i) => at + i), next: at + 50 };
      }
      if (upTo === READINGS) return;
      reached();
      if (!signal.aborted) {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      }
    },
  };
}

/** Watches the pumps, up to a position of each partition; the digest. */
async function watch(dataDir: string, servers: readonly KvServer[], upTo = READINGS): Promise<string> {
  const stop = new AbortController();
  let left = PARTITIONS.length;
  const partitions = PARTITIONS.map((id) => pumps(id, upTo, () => --left === 0 && stop.abort()));
  const engine = await Engine.open({
    dataDir,
    ...(servers.length === 0 ? {} : { kv: servers.map(({ url }) => url).join(",") }),
    judging: judgingOf({ types: { pump: { channels: { x: { high: 60 } }, intervalMs: 1_000 } } }),
    shards: 1,
    clock: systemClock,
    supervisor: { checkpointReadings: 100 },
  });
  try {
    await engine.run(
      { name: "pumps", open: () => Promise.resolve(partitions), close: () => Promise.resolve() },
      stop.signal,
    );
    return await engine.digest();
  } finally {
    await engine.close();
  }
}

/** The lines of a savepoint but its head and its end, which name the time and the whole's hash. */
async function linesOf(path: string): Promise<string[]> {
  const bytes = (await Deno.open(path)).readable.pipeThrough(new DecompressionStream("gzip"));
  const lines = (await new Response(bytes).text()).split("\n");
  return lines.slice(1, -2).filter((line) =>
    !/^\[\["(meta|lease)"|^\[\["partition","[^"]*","(fence|chain)"/.test(line)
  );
}

testWith(
  await need("KV server", () => kvServer(`${word}-probe`)),
  "export and import take everything from one KV server to two, to one, to a file, and a run goes on there",
  async () => {
    await using folder = new Folder();
    const one = await fresh(1, "one"), two = await fresh(2, "two"), back = await fresh(1, "back");

    const expected = await watch(folder.at("whole"), []);
    await watch(folder.at("one"), one, READINGS / 2);
    await done(["export", folder.at("1"), ...flags(one), "--data-dir", folder.at("one")]);
    assertStringIncludes(await done(["import", folder.at("1"), ...flags(two)]), "read into the KV servers: ");
    await done(["partitions", "rebalance", ...flags(two)]); // by chance all may be on one: ids of servers are random
    const places = [...(await done(["partitions", "list", ...flags(two)])).matchAll(/(pumps-\d) +(\S+)/g)];
    assertEquals(places.map(([, name]) => name), PARTITIONS);
    assertEquals(new Set(places.map(([, , server]) => server)).size, 2, "on both");
    await done(["export", folder.at("2"), ...flags(two), "--data-dir", folder.at("two")]);
    assertEquals(await linesOf(folder.at("2")), await linesOf(folder.at("1")));
    await done(["import", folder.at("2"), ...flags(back)]);
    await done(["import", folder.at("2"), "--data-dir", folder.at("file")]);
    for (const [name, servers] of Object.entries({ one, two, back, file: [] })) {
      assertEquals(await watch(folder.at(name), servers), expected, name);
    }
    const again = await run(["import", folder.at("1"), ...flags(two)], { env });
    assertEquals(again.code, 1);
    assertMatch(again.error, /into empty KV servers only; 127\.0\.0\.1:\d+ holds \["/);
  },
);
