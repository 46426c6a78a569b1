/**
 * Copies of the models that all partitions share.
 *
 * @module
 */
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import type { FleetKv } from "../../../store/nodes/fleet.ts";
import { KEYS } from "../../../store/keys.ts";
import { KvModelRegistry, PART_BYTES } from "../../../store/registry.ts";
import { PATIENT } from "../../actors/harness.ts";
import { freshId, open, Server } from "./fleet_servers.ts";

const SHARED = "forest:shared/pump", LABELS = "pump", OWN = "forest:p-0/pump";
/** Two parts each. */
const bytesOf = (version: number) => new Uint8Array(PART_BYTES + 1).fill(version);

async function register(fleet: FleetKv, name: string, versions: readonly number[]): Promise<KvModelRegistry> {
  const registry = new KvModelRegistry(fleet, { clock: PATIENT, freshId, keep: 6 });
  for (const version of versions) {
    const about = {
      kind: "forest",
      scope: "local",
      lineage: { data: "a test", rows: 1, configuration: {}, seed: 1 },
      metrics: {},
    } as const;
    await registry.register(name, { ...about, version, bytes: bytesOf(version) });
  }
  return registry;
}

/** The servers, the first of them by the map in front. */
async function started(): Promise<{ fleet: FleetKv; first: Server; others: Server[]; servers: Server[] }> {
  const servers = [new Server(), new Server(), new Server()], fleet = await open(...servers);
  const at = Number(fleet.server(fleet.map.servers[0]).name.slice(2));
  return { fleet, servers, first: servers[at], others: servers.filter((_, i) => i !== at) };
}

/** Everything of models that a server holds. */
async function modelsIn({ kv }: Server): Promise<string[]> {
  const keys: string[] = [];
  for (const kind of ["model", "model_version", "model_part"]) {
    for await (const { key } of kv.list({ prefix: [kind] })) keys.push(key.join(" "));
  }
  return keys;
}

Deno.test("FleetKv.copyModels() lets the newest versions and the one in use be read while the first server is away", async () => {
  const { fleet, first, others } = await started();
  const registry = await register(fleet, SHARED, [1, 2, 3, 4, 5, 6]);
  await register(fleet, LABELS, [1]);
  await registry.pin(SHARED, 2);
  assert(await fleet.copyModels());
  first.left = 0;
  await assertRejects(() => registry.state(SHARED), StoreAwayError);
  for (const version of [2, 3, 4, 5, 6]) {
    assertEquals(await registry.bytes(SHARED, version), bytesOf(version));
    assertEquals((await registry.version(SHARED, version))?.version, version);
  }
  assertEquals(await registry.bytes(LABELS, 1), bytesOf(1));
  await assertRejects(() => registry.bytes(SHARED, 1), StoreAwayError, "does not answer");
  await assertRejects(
    () => registry.versions(SHARED),
    StoreAwayError,
    "does not answer",
  );

  others[0].left = 0;
  assertEquals(await registry.bytes(SHARED, 6), bytesOf(6), "any server has them");
});

Deno.test("FleetKv.copyModels() takes old copies away, and nobody sees them beside what they are of", async () => {
  const { fleet, first, others } = await started(), registry = await register(fleet, SHARED, [1, 2, 3, 4]);
  await register(fleet, OWN, [1]);
  const all = await Array.fromAsync(fleet.list({ prefix: [] }), ({ key }) => key);
  await fleet.copyModels();
  assertEquals(await Array.fromAsync(fleet.list({ prefix: [] }), ({ key }) => key), all);
  await register(fleet, SHARED, [5, 6, 7, 8, 9, 10]);
  await fleet.copyModels();
  const newest = (await modelsIn(first)).filter((key) =>
    /^model_(version|part) forest:shared.* (7|8|9|10)\b/.test(key)
  );
  for (const other of others) {
    assertEquals((await modelsIn(other)).filter((key) => !key.includes("p-0")), newest);
  }
  assertEquals((await registry.versions(SHARED)).map(({ version }) => version), [10, 9, 8, 7, 6, 5]);
});

Deno.test("FleetKv.copyModels() leaves no version in part, whenever a server goes away, and ends up the same", async () => {
  const expected = await started();
  for (const versions of [[1, 2, 3], [4, 5, 6]]) {
    await register(expected.fleet, SHARED, versions);
    await expected.fleet.copyModels();
  }
  const versionsOf = (keys: readonly string[]) => keys.map((key) => key.split(" ").slice(0, 3).join(" "));
  let isWhole = false;
  for (let commits = 0; !isWhole; commits++) {
    const { fleet, first, others, servers } = await started(), [other] = others;
    await register(fleet, SHARED, [1, 2, 3]);
    await fleet.copyModels();
    await register(fleet, SHARED, [4, 5, 6]);
    other.left = commits;
    isWhole = await fleet.copyModels();
    assert(commits < 20, "it comes to an end");
    for (const one of others) one.left = Infinity;
    first.left = 0;
    const registry = new KvModelRegistry(await open(...servers), { clock: PATIENT, freshId });
    for await (const { key } of other.kv.list({ prefix: KEYS.modelVersions(SHARED) })) {
      assertEquals(await registry.bytes(SHARED, Number(key[2])), bytesOf(Number(key[2])));
    }
    first.left = Infinity;
    assert(await fleet.copyModels());
    assertEquals(versionsOf(await modelsIn(other)), versionsOf(await modelsIn(expected.others[0])));
  }
});
