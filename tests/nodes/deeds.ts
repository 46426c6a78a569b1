/**
 * What goes wrong in a cluster: each deed is done, lasts a while, and is over.
 *
 * @module
 */
import type { Cluster, Node } from "./cluster.ts";
import { HeldWrites } from "./held_writes.ts";
import type { Weather } from "./proxy.ts";
import type { Watch } from "./watch.ts";

/** What may go wrong. */
export const DEEDS = [
  "kill a node",
  "stop a node",
  "restart a node",
  "kill a KV server",
  "stop a KV server",
  "kill the broker",
  "slow answers",
  "cut off",
  "answers lost",
  "connections fall silent",
  "a late write",
  "stop a node in a write",
  "move a partition",
] as const;

/** Something that goes wrong. */
export interface Deed {
  readonly name: typeof DEEDS[number];
  /** Longest time that it lasts, ms. */
  readonly mostMs: number;
  /** @param which draws one of several */
  run(which: number, lastsMs: number, watch: Watch): Promise<void>;
}

/** Longest wait for a write to hold, for its repetition and the writes after it, for others to take over, ms. */
const WRITE_MS = 20_000;
/** Writes of a partition after which what a held one says is out of date. */
const LATER_WRITES = 15;

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
  /** Holds a write on its way to a server; what `meanwhile` does ends before it arrives. */
  const lateWrite = async (which: number, meanwhile: (partition: string, later: Promise<unknown>) => Promise<void>) => {
    const at = which % servers.length, { ports, url } = servers[at];
    await using writes = new HeldWrites(url);
    proxies[at].lead(writes.port);
    try {
      const held = await Promise.race([writes.held, pause(WRITE_MS)]);
      if (held === undefined) return;
      const later = () => Promise.race([writes.passed(held.partition, LATER_WRITES), pause(WRITE_MS)]);
      await meanwhile(held.partition, later());
      await held.letGo();
    } finally {
      proxies[at].lead(ports.kv);
    }
  };
  const ownerOf = async (partition: string): Promise<Node | undefined> =>
    (await cluster.shown()).find((one) => one.partition === partition && one.state === "running")?.node;
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
    {
      name: "connections fall silent",
      mostMs: 1,
      run: (which) => Promise.resolve(some(proxies, which).fallSilent()),
    },
    {
      name: "a late write",
      mostMs: 1,
      run: (which) =>
        lateWrite(which, async (_partition, later) => {
          await later;
        }),
    },
    {
      name: "stop a node in a write",
      mostMs: 1,
      run: async (which, _lastsMs, watch) => {
        let stopped: Node | undefined;
        await lateWrite(which, async (partition, later) => {
          const node = stopped = await ownerOf(partition);
          if (node) await watch.takenOver(node, () => Promise.resolve(node.signal("SIGSTOP")));
          await later; // of those who have taken over
        }).finally(() => stopped?.signal("SIGCONT"));
      },
    },
    { name: "move a partition", mostMs: 1, run: (which) => move(which) },
  ];
}
