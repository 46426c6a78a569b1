/**
 * Partitions share their models: those of an epoch, and every verdict, are the same however many nodes run the partitions,
 * and whoever is stopped in between.
 *
 * @module
 */
import { systemClock as clock } from "../../../commands/process/clock.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { KEYS } from "../../../store/keys.ts";
import { FleetKv } from "../../../store/nodes/fleet.ts";
import { placeOf } from "../../../store/nodes/places.ts";
import { TimedKv } from "../../../store/nodes/timed_kv.ts";
import { storedOutputs } from "../../actors/harness.ts";
import { isAllTrained } from "../../all_trained.ts";
import { until } from "../../process.ts";
import { isSame } from "../../simulation/same.ts";
import { open, Server } from "../../store/nodes/fleet_servers.ts";
import { PARTITIONS, runNode, TOTAL, WAIT_MS } from "./sharing_nodes.ts";

/** Everything that comes of so many nodes, which are all stopped and begun again at some positions. */
async function outcome(nodes: number, stops: readonly number[] = []): Promise<Map<string, unknown>> {
  using kv = await Deno.openKv(":memory:");
  for (const stop of [...stops, Infinity]) {
    const shares = Array.from({ length: nodes }, (_, node) => PARTITIONS.filter((_, i) => i % nodes === node));
    let running = nodes;
    const { promise: trained, resolve, reject } = Promise.withResolvers<void>();
    const done = () => {
      if (--running === 0) until("all is trained", () => isAllTrained(kv)).then(() => resolve(), reject);
      return trained;
    };
    await Promise.all(shares.map(async (mine) => {
      const fleet = await FleetKv.open([new TimedKv(kv, "memory", clock, WAIT_MS)], () => "server");
      await runNode(fleet, mine, { until: stop, done });
    }));
  }
  return await storedOutputs(kv);
}

/** Keys whose values differ, or that are in one alone. */
function differing(found: ReadonlyMap<string, unknown>, expected: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...found.keys(), ...expected.keys()])].filter((key) =>
    !isSame(found.get(key), expected.get(key))
  );
}

Deno.test("models that partitions share are the same over 1, 2 and 5 nodes, and so is every verdict", async () => {
  const one = await outcome(1), models = [...one.keys()].filter((key) => key.startsWith('["model_version"'));
  assert(models.some((key) => key.includes("forest:shared/pump")), "forests of all partitions");
  assert(models.some((key) => key.includes("network:shared/pump")), "networks of all partitions");
  assert(models.every((key) => key.includes(":shared/")), `nobody trains a model alone: ${models}`);
  assertEquals(differing(await outcome(2), one), []);
  assertEquals(differing(await outcome(5), one), []);
});

Deno.test("models that partitions share are the same when all nodes end and begin again, and others run what", async () => {
  assertEquals(differing(await outcome(3, [411, 1_000]), await outcome(1)), []);
});

Deno.test("a partition that is begun again while the first KV server is away goes on with the models that it had", async () => {
  const servers = [new Server(), new Server()], all = [...PARTITIONS, "g", "h", "i", "j"];
  const openFleet = async () => {
    const fleet = await open(...servers);
    fleet.partitionOf = (sensor) => sensor.split("-")[0];
    return fleet;
  };
  const fleet = await openFleet(), [firstId, otherId] = fleet.map.servers;
  const first = servers[fleet.server(firstId).name === "kv0" ? 0 : 1], other = servers[first === servers[0] ? 1 : 0];
  const mine = all.filter((partition) => placeOf(fleet.map, partition) === otherId).slice(0, 3);
  const versionsOf = async (server: Server) => {
    const keys = await Array.fromAsync(server.kv.list({ prefix: KEYS.modelVersions() }), ({ key }) => key);
    return keys.filter(([, name]) => String(name).includes(":shared/"));
  };
  await runNode(fleet, mine, {
    partitions: mine,
    until: 1_800,
    done: async () => {
      await until("all is trained, and copied", async () => {
        const versions = await versionsOf(other), latest = (await versionsOf(first)).at(-1);
        return await isAllTrained(fleet) && versions.some((key) => String(key) === String(latest));
      });
    },
  });
  first.left = 0;
  await runNode(await openFleet(), mine, { partitions: mine, until: TOTAL, waitMs: 0, done: () => Promise.resolve() });
});
