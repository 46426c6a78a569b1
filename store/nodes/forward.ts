/**
 * Commands to sensors that other processes run, as orders.
 *
 * @module
 */
import { type CommandPlace, CommandRefused, type SensorCommand } from "../../actors/commands/words.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { OrderDesk } from "./order_desk.ts";
import { ORDER_WAIT_MS, type Orders } from "./orders.ts";

/** An order that a partition is sent. */
interface CommandOrder {
  readonly sensor: string;
  readonly command: SensorCommand;
}

/**
 * Sends a command to whoever runs the partition; resolves once it is kept.
 *
 * @throws {CommandRefused} if it was not taken; or, `late`, if it may yet be carried out
 */
export async function forwardCommand(
  orders: Pick<Orders, "send">,
  partition: string,
  sensor: string,
  command: SensorCommand,
): Promise<CommandPlace> {
  const outcome = await orders.send(partition, { sensor, command } satisfies CommandOrder);
  if ("done" in outcome) return { partition, position: Number(outcome.done) };
  if ("refused" in outcome) throw new CommandRefused("unknown", outcome.message);
  const { not, owner } = outcome, where = owner === "" ? "" : ` at ${owner}`;
  const cannot = `cannot ${command.command}: ${partition}, where ${sensor} belongs, is run${where}`;
  const within = `within ${ORDER_WAIT_MS / 1000} s`;
  throw not === "taken"
    ? new CommandRefused("busy", `${cannot} and did not take the command ${within}; it was withdrawn`)
    : new CommandRefused("late", `${cannot} and did not answer ${within}; the command may be carried out yet`);
}

/** Takes commands to sensors of the partitions that this process runs. */
export function commandDesk(supervisor: Pick<Supervisor, "isOurs" | "orderFrom">): OrderDesk {
  return {
    isHere: (to) => supervisor.isOurs(to),
    take: async (partition, id, order) => {
      const { sensor, command } = order as CommandOrder;
      try {
        await supervisor.orderFrom(partition, sensor, command, id);
      } catch (error) {
        if (!(error instanceof CommandRefused) || error.kind !== "unknown") throw error; // later, or by another one
        return { refused: error.kind, message: error.message };
      }
    },
  };
}
