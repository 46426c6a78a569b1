/**
 * What goes wrong in a cluster: each deed is done, lasts a while, and is over.
 *
 * @module
 */
import type { Cluster } from "./cluster.ts";
import type { Weather } from "./proxy.ts";
import type { Watch } from "./watch.ts";

/** Something that goes wrong. */
export interface Deed {
  readonly name:
    | "kill a node"
    | "stop a node"
    | "restart a node"
    | "kill a KV server"
    | "stop a KV server"
    | "kill the broker"
    | "slow answers"
    | "cut off"
    | "answers lost"
    | "move a partition";
  /** Longest time that it lasts, ms. */
  readonly mostMs: number;
  /** @param which draws one of several */
  run(which: number, lastsMs: number, watch: Watch): Promise<void>;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Everything that may go wrong. @param move moves a partition to the server of this number */
export function deeds(cluster: Cluster, move: (place: number) => Promise<void>): Deed[] {
  const { nodes, servers, proxies, broker } = cluster;
  const some = <T>(list: readonly T[], which: number) => list[which % list.length];
  const weather = (name: Deed["name"], weather: Weather): Deed => ({
    name,
    mostMs: 8_000,
    run: async (which, lastsMs) => {
      const proxy = some(proxies, which);
      proxy.weather = weather;
      await pause(lastsMs);
      proxy.weather = { kind: "clear" };
    },
  });
  return [
    {
      name: "kill a node",
      mostMs: 8_000,
      run: async (which, lastsMs, watch) => {
        await watch.takenOver(some(nodes, which), () => some(nodes, which).end("SIGKILL"));
        await pause(lastsMs);
        some(nodes, which).start();
      },
    },
    {
      name: "restart a node",
      mostMs: 2_000,
      run: async (which, lastsMs) => {
        await some(nodes, which).end("SIGTERM");
        await pause(lastsMs);
        some(nodes, which).start();
      },
    },
    {
      name: "stop a node",
      mostMs: 12_000,
      run: async (which, lastsMs, watch) => {
        await watch.takenOver(some(nodes, which), () => Promise.resolve(some(nodes, which).signal("SIGSTOP")));
        await pause(lastsMs);
        some(nodes, which).signal("SIGCONT");
      },
    },
    {
      name: "kill a KV server",
      mostMs: 6_000,
      run: async (which, lastsMs) => {
        await some(servers, which).kill();
        await pause(lastsMs);
        await some(servers, which).again();
      },
    },
    {
      name: "stop a KV server",
      mostMs: 8_000,
      run: async (which, lastsMs) => {
        some(servers, which).silence(true);
        await pause(lastsMs);
        some(servers, which).silence(false);
      },
    },
    {
      name: "kill the broker",
      mostMs: 3_000,
      run: async (_which, lastsMs) => {
        await broker.kill();
        await pause(lastsMs);
        await broker.again();
      },
    },
    weather("slow answers", { kind: "slow", ms: 200 }),
    weather("cut off", { kind: "cut" }),
    weather("answers lost", { kind: "answers lost" }),
    { name: "move a partition", mostMs: 1, run: (which) => move(which) },
  ];
}
