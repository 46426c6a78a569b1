/**
 * `deno task partitions`: which KV server holds which partition, and moving one to another server while the nodes run.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";
import { MOVED, ownerIn, StoreError } from "../store/chain.ts";
import type { FleetKv } from "../store/fleet.ts";
import { movePartition, partitionsByServer } from "../store/move.ts";
import { systemClock } from "./clock.ts";
import { holdOptions, openFleet, serverUrls } from "./database.ts";
import { CommandError, EXIT, UsageError } from "./errors.ts";
import { columns } from "./help.ts";
import { type Command, COMMON, readSettings } from "./settings.ts";

const settings = { kv: COMMON.kv };

const command: Command<typeof settings> = {
  name: "partitions",
  summary: "Shows which KV server holds which partition, and moves one while the nodes run.",
  positional: { what: "list, or move PARTITION URL", least: 0, most: 3 },
  settings,
  examples: [
    {
      line: "deno task partitions list --kv http://kv1:4512,http://kv2:4512",
      does: "every partition, its server and its owner",
    },
    {
      line: "deno task partitions move kafka-iot_sensors-3 http://kv2:4512 --kv http://kv1:4512,http://kv2:4512",
      does: "one to another server",
    },
  ],
  notes: [
    "A move fences the partition, copies it, changes the map that every server holds, and removes the copy; its owner waits meanwhile.",
    "A move that was interrupted is finished by the same command again.",
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
  const { values: { kv }, positional: [verb = "list", partition, url] } = await readSettings(command, args);
  if (verb !== "list" && verb !== "move") {
    throw new UsageError(`partitions must be asked to list or to move PARTITION URL, not ${JSON.stringify(verb)}`);
  }
  if (verb === "move" && url === undefined) throw new UsageError("partitions move needs PARTITION and URL");
  const urls = serverUrls(kv);
  if (urls.length === 0) throw new UsageError("partitions needs --kv with the URLs of all KV servers");
  try {
    const fleet = await openFleet(urls, systemClock);
    try {
      if (verb === "list") await showAll(fleet);
      else await move(fleet, partition, url);
    } finally {
      fleet.close();
    }
  } catch (error) {
    const known = error instanceof StoreAwayError || error instanceof StoreError;
    throw known ? new CommandError(`cannot ${verb} partitions: ${error.message}`, { cause: error }) : error;
  }
  return EXIT.done;
}

async function showAll(fleet: FleetKv): Promise<void> {
  const rows = (await partitionsByServer(fleet)).map(({ partition, id, fence }) => {
    const owner = ownerIn(fence);
    return [partition, `${fleet.server(id).name}  ${owner === MOVED ? "being moved" : owner}`] as const;
  });
  console.log(rows.length === 0 ? "There is no partition yet." : columns(rows).join("\n"));
}

async function move(fleet: FleetKv, partition: string, url: string): Promise<void> {
  const name = URL.canParse(url) ? new URL(url).host : url, id = fleet.idOf(name);
  if (id === undefined) throw new UsageError(`--kv names no server ${url}`);
  const known = await partitionsByServer(fleet);
  if (!known.some((one) => one.partition === partition)) {
    throw new CommandError(`there is no partition ${partition}: ${known.map((one) => one.partition).join(", ")}`);
  }
  const copied = await movePartition(fleet, partition, id, holdOptions(systemClock));
  console.log(`${partition} is on ${name} now: ${copied} entries were copied.`);
}
