/**
 * `deno task partitions`: which KV server holds which partition, and moving one to another server while the nodes run.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";
import { HELD, MOVED, ownerIn, RELEASED, StoreError } from "../store/checkpoint/chain.ts";
import type { FleetKv } from "../store/nodes/fleet.ts";
import { movePartition, partitionsByServer } from "../store/nodes/move.ts";
import { spreadOver } from "../store/nodes/rebalance.ts";
import { type Size, sizesByPartition } from "../store/nodes/sizes.ts";
import { systemClock } from "./process/clock.ts";
import { holdOptions, openFleet, serverUrls } from "./instance/database.ts";
import { CommandError, EXIT, UsageError } from "./process/errors.ts";
import { columns } from "./process/help.ts";
import { text, toggle } from "./settings/setting.ts";
import { stopSignal } from "./process/signals.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";

const settings = {
  kv: COMMON.kv,
  sizes: toggle({ fallback: false, help: "list also how much each partition holds; reads everything" }),
  allFrom: text({
    fallback: undefined,
    help: "move every partition of this server to the others, as evenly as they come",
    placeholder: "URL",
  }),
};

const command: Command<typeof settings> = {
  name: "partitions",
  summary: "Shows which KV server holds which partition, and moves them while the nodes run.",
  positional: { what: "list, move PARTITION URL, or rebalance", least: 0, most: 3 },
  settings,
  examples: [
    {
      line: "deno task partitions list --sizes --kv http://kv1:4512,http://kv2:4512",
      does: "every partition, its server, its owner, and how much is stored of it",
    },
    {
      line: "deno task partitions move kafka-iot_sensors-3 http://kv2:4512 --kv http://kv1:4512,http://kv2:4512",
      does: "one to another server",
    },
    {
      line: "deno task partitions move --all-from http://kv2:4512 --kv http://kv1:4512,http://kv2:4512",
      does: "all of a server, before it is taken away",
    },
    {
      line: "deno task partitions rebalance --kv http://kv1:4512,http://kv2:4512,http://kv3:4512",
      does: "evenly over all of --kv, after a server was added",
    },
  ],
  notes: [
    "A move fences the partition, copies it, changes the map that every server holds, and removes the copy; its owner waits meanwhile.",
    "Whatever was interrupted is finished by the same command again. Start every node with a new server before anything is moved to it.",
  ],
};

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns the exit code
 * @throws {CommandError} one sentence, where it cannot be done
 */
export async function partitions(args: readonly string[]): Promise<number> {
  const { values: { kv, sizes, allFrom }, positional } = await readSettings(command, args);
  const [verb = "list", partition, url] = positional;
  if (!["list", "move", "rebalance"].includes(verb)) {
    throw new UsageError(`partitions must be asked to list, to move or to rebalance, not ${JSON.stringify(verb)}`);
  }
  if (verb !== "move" && (partition !== undefined || allFrom !== undefined)) {
    throw new UsageError(`partitions ${verb} takes no ${partition === undefined ? "--all-from" : partition}`);
  }
  if (verb === "move" && (allFrom === undefined ? url === undefined : partition !== undefined)) {
    throw new UsageError("partitions move needs PARTITION and URL, or --all-from URL alone");
  }
  const urls = serverUrls(kv);
  if (urls.length === 0) {
    const seen = kv === undefined ? "" : `, not the file ${kv}`;
    throw new UsageError(`partitions needs --kv with the URLs of all KV servers${seen}`);
  }
  try {
    const fleet = await openFleet(urls, systemClock);
    try {
      if (verb === "list") await showAll(fleet, sizes);
      else {
        await unlessStopped((signal) => {
          if (verb === "rebalance") return spread(fleet, fleet.servers, signal);
          if (allFrom === undefined) return move(fleet, partition, url);
          return spread(fleet, fleet.servers.filter((one) => one !== fleet.server(idOf(fleet, allFrom))), signal);
        });
      }
    } finally {
      fleet.close();
    }
  } catch (error) {
    const known = error instanceof StoreAwayError || error instanceof StoreError;
    throw known ? new CommandError(`cannot ${verb} partitions: ${error.message}`, { cause: error }) : error;
  }
  return EXIT.done;
}

/** Moves partitions; at the first signal the move under way is finished, the second one ends at once. */
async function unlessStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal, release } = stopSignal();
  signal.addEventListener("abort", () => console.error(STOPPING), { once: true });
  await work(signal).finally(release);
}

const STOPPING = "Stops after this move. Ctrl+C once more ends at once: its partition waits then, until the same " +
  "command has finished it.";

async function showAll(fleet: FleetKv, isSized: boolean): Promise<void> {
  const sizes = isSized ? await sizesByPartition(fleet) : undefined;
  const rows = (await partitionsByServer(fleet)).map(({ partition, id, fence }) =>
    [partition, `${fleet.server(id).name}${saySize(sizes?.get(partition))}  ${sayOwner(ownerIn(fence))}`] as const
  );
  console.log(rows.length === 0 ? "There is no partition yet." : columns(rows).join("\n"));
  const rest = sizes?.get("");
  if (rest) console.log(`and of no partition, on ${fleet.server(fleet.map.servers[0]).name}:${saySize(rest)}`);
}

/** Keys and bytes, in columns. */
function saySize(size: Size | undefined): string {
  if (size === undefined) return "";
  return `${size.keys.toLocaleString("en").padStart(12)} keys${(size.bytes / 1e6).toFixed(1).padStart(9)} MB`;
}

function sayOwner(owner: string): string {
  if (owner === MOVED) return "being moved: the same again finishes what was cut off";
  if (owner === HELD) return "held by an export";
  return owner === RELEASED ? "" : owner;
}

/** Spreads partitions over these servers; a signal lets the move under way be finished. */
async function spread(fleet: FleetKv, servers: FleetKv["servers"], signal: AbortSignal): Promise<void> {
  const ids = servers.map(({ name }) => idOf(fleet, name)), names = servers.map(({ name }) => name).join(", ");
  if (ids.length === 0) throw new UsageError("--kv must name another server than that of --all-from");
  let moves = 0;
  const left = await spreadOver(fleet, ids, holdOptions(systemClock), {
    signal,
    begins: ({ partition, to }, nth, of) => sayBegun(fleet, partition, to, ` (${nth} of ${of})`),
    moved: ({ partition, to }, copied) => {
      moves++;
      sayMoved(fleet, partition, to, copied);
    },
  });
  if (left > 0) throw new CommandError(`stopped; moves that are left: ${left}. The same command makes them`);
  console.log(
    moves === 0
      ? `Nothing had to be moved; the partitions are spread over ${names}.`
      : `Moved: ${moves} ${moves === 1 ? "partition" : "partitions"}; they are spread over ${names}.`,
  );
}

function sayBegun(fleet: FleetKv, partition: string, to: string, which = ""): void {
  console.log(`${partition} moves from ${fleet.of(partition).name} to ${fleet.server(to).name}${which} ...`);
}

function sayMoved(fleet: FleetKv, partition: string, to: string, copied: number): void {
  console.log(`${partition} is on ${fleet.server(to).name} now: ${copied.toLocaleString("en")} entries were copied.`);
}

/** @throws {UsageError} if there is no such server, {CommandError} if it does not answer */
function idOf(fleet: FleetKv, url: string): string {
  const name = /^https?:/i.test(url) && URL.canParse(url) ? new URL(url).host : url, id = fleet.idOf(name);
  if (id === undefined) {
    const names = fleet.servers.map((one) => one.name);
    if (names.includes(name)) throw new CommandError(`cannot move partitions: the KV server ${name} does not answer`);
    throw new UsageError(`--kv names no server ${name}, only ${names.join(", ")}: name it there, too`);
  }
  return id;
}

async function move(fleet: FleetKv, partition: string, url: string): Promise<void> {
  const id = idOf(fleet, url);
  const known = await partitionsByServer(fleet);
  if (!known.some((one) => one.partition === partition)) {
    const there = known.length === 0 ? "none yet" : known.map((one) => one.partition).join(", ");
    throw new CommandError(`there is no partition ${partition}; there is ${there}`);
  }
  sayBegun(fleet, partition, id);
  sayMoved(fleet, partition, id, await movePartition(fleet, partition, id, holdOptions(systemClock)));
}
