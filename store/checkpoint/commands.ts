/**
 * Recorded commands of a partition as keys and values: each under its number, and the number of the last one, written after
 * them. What has a higher number was left behind by a crash, and nothing came of it.
 *
 * @module
 */
import type { CommandsRecord, StoredCommands } from "../../actors/commands/queue.ts";
import type { RecordedCommand } from "../../actors/commands/words.ts";
import { keyBytes, textBytes } from "../bytes.ts";
import type { Mutation } from "./chain.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";
import type { OrderValue } from "../nodes/orders.ts";

/** The commands of a record, those that need no longer be kept, and from where on a version of the configuration is in force. */
export function commandMutations(partition: string, { fresh, released }: CommandsRecord): Mutation[] {
  const bytes = keyBytes(partition);
  return [
    ...released.map((number) => ({ key: KEYS.command(partition, number), bytes })),
    ...fresh.map((value) => ({
      key: KEYS.command(partition, value.number),
      value,
      bytes: bytes + textBytes(JSON.stringify(value)),
    })),
    ...fresh.flatMap(({ command, position }) =>
      command.command === "configure"
        ? [{ key: KEYS.configurationAt(command.version, partition), value: position, bytes }]
        : []
    ),
  ];
}

/** The number of the last one, with which all of them are there, and the answers to those that other processes sent. */
export function commandsRecord(partition: string, { last, fresh }: CommandsRecord): Mutation[] {
  const bytes = keyBytes(partition), answers: Mutation[] = [];
  for (const { order, position } of fresh) {
    if (order === undefined) continue;
    const value: OrderValue = { answer: { done: position } };
    answers.push({ key: KEYS.order(partition, order), value, bytes });
  }
  return [{ key: KEYS.lastCommand(partition), value: last, bytes }, ...answers];
}

/** What is stored; undefined where there never was a command. */
export async function readCommands(kv: KvPort, partition: string): Promise<StoredCommands | undefined> {
  const { value: last } = await kv.get<number>(KEYS.lastCommand(partition));
  if (last === null) return undefined;
  const items: RecordedCommand[] = [];
  for await (const { value } of kv.list<RecordedCommand>({ prefix: KEYS.commands(partition) })) {
    if (value.number <= last) items.push(value);
  }
  return { last, items };
}
