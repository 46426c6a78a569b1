/**
 * Spreading partitions over more servers, or fewer, one move after the other while everything runs.
 *
 * First the map's servers are changed, and each partition that would be elsewhere by that is noted where it is: so
 * nothing moves by itself, and new partitions go to the new servers alone. Then partitions are moved, until no server has
 * two more than another. Interrupted anywhere, the same again goes on with what is left.
 *
 * @module
 */
import type { FleetKv } from "./fleet.ts";
import { KEYS } from "../keys.ts";
import { agreeOnMap, changeMap, type MoveOptions, movePartition, partitionsByServer } from "./move.ts";
import { type PartitionMap, placeOf } from "./places.ts";
import { MOVED, ownerIn, StoreError } from "../checkpoint/chain.ts";

/** What is told of moves. */
export interface SpreadEvents {
  /** Before a move is made. @param nth of how many, from 1 */
  readonly begins?: (move: PlannedMove, nth: number, of: number) => void;
  /** After it. @param copied entries */
  readonly moved?: (move: PlannedMove, copied: number) => void;
  /** Aborted: no further move is begun. */
  readonly signal?: AbortSignal;
}

/** A move that is to be made. */
export interface PlannedMove {
  readonly partition: string;
  /** Id of the server. */
  readonly to: string;
}

/**
 * Spreads the partitions over these servers: away from all others, and evenly by their number, with as few moves as that
 * takes.
 *
 * @param servers ids, at least one; the first one of the map, which holds what belongs to no partition, among them
 * @returns moves that were left when the signal came
 * @throws {StoreError} if the first server is not among them
 * @throws {StoreAwayError} if a server does not answer
 */
export async function spreadOver(
  fleet: FleetKv,
  servers: readonly string[],
  options: MoveOptions,
  { begins, moved, signal }: SpreadEvents = {},
): Promise<number> {
  await agreeOnMap(fleet, options);
  const [first] = fleet.map.servers;
  if (!servers.includes(first)) {
    throw new StoreError(
      `${fleet.server(first).name} holds what belongs to no partition (keys of the API, labels, webhooks) and stays`,
    );
  }
  await changeServers(fleet, [first, ...servers.filter((id) => id !== first)]);
  const partitions: string[] = [];
  for (const { partition, id, fence } of await partitionsByServer(fleet)) {
    partitions.push(partition);
    // A move that was interrupted is undone first: whether it is to be made again the plan says.
    if (ownerIn(fence) === MOVED) await movePartition(fleet, partition, id, options);
  }
  const moves = planMoves(fleet.map, partitions);
  for (const [i, move] of moves.entries()) {
    if (signal?.aborted) return moves.length - i;
    begins?.(move, i + 1, moves.length);
    const copied = await movePartition(fleet, move.partition, move.to, options);
    moved?.(move, copied);
  }
  return 0;
}

/** The moves after which no server has two partitions more than another, and those that are no more of the map none. */
export function planMoves(map: PartitionMap, partitions: readonly string[]): PlannedMove[] {
  const on = new Map<string, string[]>(map.servers.map((id) => [id, []])), moves: PlannedMove[] = [];
  for (const partition of partitions.toSorted()) {
    const id = placeOf(map, partition), there = on.get(id);
    if (there) there.push(partition);
    else on.set(id, [partition]);
  }
  const count = (id: string) => on.get(id)?.length ?? 0, isLeft = (id: string) => !map.servers.includes(id);
  for (;;) {
    const ids = [...on.keys()], emptiest = map.servers.reduce((best, id) => count(id) < count(best) ? id : best);
    const fullest = ids.find((id) => isLeft(id) && count(id) > 0) ??
      map.servers.reduce((best, id) => count(id) > count(best) ? id : best);
    if (!isLeft(fullest) && count(fullest) - count(emptiest) < 2) return moves;
    const partition = on.get(fullest)!.pop()!;
    on.get(emptiest)!.push(partition);
    moves.push({ partition, to: emptiest });
  }
}

/** Makes these the map's servers; partitions stay where they are. */
async function changeServers(fleet: FleetKv, servers: readonly string[]): Promise<void> {
  const before = fleet.map;
  if (String(servers) === String(before.servers)) return;
  await changeMap(fleet, { servers, moved: await stayed(fleet, before, { ...before, servers }) });
  // A partition may have begun meanwhile, where the map of before had it.
  const late = await stayed(fleet, before, fleet.map);
  if (Object.keys(late).length > Object.keys(fleet.map.moved).length) await changeMap(fleet, { servers, moved: late });
}

/** The map's moved partitions, and those that are where the map of before has them, and this one has not. */
async function stayed(fleet: FleetKv, before: PartitionMap, map: PartitionMap): Promise<Record<string, string>> {
  const moved: Record<string, string> = { ...map.moved };
  for (const id of before.servers) {
    for await (const { key } of fleet.server(id).list({ prefix: KEYS.partitions() })) {
      const partition = String(key[1]), isFence = key[2] === "fence";
      // Elsewhere lies what an interrupted move has left of it.
      if (isFence && placeOf(before, partition) === id && placeOf(map, partition) !== id) moved[partition] = id;
    }
  }
  return moved;
}
