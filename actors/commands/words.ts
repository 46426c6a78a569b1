/**
 * What a person says to a sensor. A command enters its partition in band, at a position, and is recorded with it, so that
 * reading again meets it in the same place.
 *
 * @module
 */
import { z } from "zod";
import { type AlertCommand, sensorOf as sensorOfAlert } from "../alerts/commands.ts";
import { READING_LIMITS } from "../reading.ts";

const DAY_MS = 86_400_000;
/** Longest maintenance, ms: what lasts longer is retired. */
export const MAINTENANCE_MOST_MS = 366 * DAY_MS;

const time = z.number().int().min(0).max(READING_LIMITS.timeGreatest);
const whose = {
  sensor: z.string().min(1).max(READING_LIMITS.sensorLength),
  /** Who says so. */
  by: z.string().trim().min(1).max(128),
  comment: z.string().max(READING_LIMITS.textLength).optional(),
};

/** Upkeep of a sensor. */
const upkeepSchema = z.discriminatedUnion("command", [
  /** A sensor whose actor was stopped for failing runs again. */
  z.strictObject({ command: z.literal("restart"), ...whose }),
  /** It forgets what it has learnt, as after a repair; its history and counts stay. */
  z.strictObject({ command: z.literal("reset"), ...whose }),
  /** The device was exchanged: its alerts end, what was learnt goes, its history stays, and says from which reading on it is another one. */
  z.strictObject({ command: z.literal("replace"), ...whose }),
  /** It goes with everything that is stored of it; from then on a reading of that name begins a new sensor. */
  z.strictObject({ command: z.literal("delete"), ...whose }),
  /** No alarms, no learning, until it is taken back; it is shown as retired. */
  z.strictObject({ command: z.literal("retire"), ...whose }),
  z.strictObject({ command: z.literal("unretire"), ...whose }),
  /** No alarms, no learning for readings from `from` (the position's source time unless given) to before `to`; takes the place of the one before. */
  z.strictObject({ command: z.literal("maintenance"), ...whose, from: time.optional(), to: time }),
]);

/** Upkeep of a sensor. */
export type UpkeepCommand = z.infer<typeof upkeepSchema>;
/** A command to one sensor. */
export type SensorCommand = AlertCommand | UpkeepCommand;

/** To the partition itself: from here on it judges by this version of the configuration. */
export interface ConfigureCommand {
  readonly command: "configure";
  readonly version: number;
}

/** Whatever enters a partition as a command. */
export type PartitionCommand = SensorCommand | ConfigureCommand;

const UPKEEP: ReadonlySet<string> = new Set<UpkeepCommand["command"]>([
  "restart",
  "reset",
  "replace",
  "delete",
  "retire",
  "unretire",
  "maintenance",
]);

/** Whether a command is one of upkeep; else it is to the sensor's alerts. */
export function isUpkeep(command: SensorCommand): command is UpkeepCommand {
  return UPKEEP.has(command.command);
}

/** The sensor that a command is for; undefined if its alert's id is none. */
export function sensorOf(command: SensorCommand): string | undefined {
  return isUpkeep(command) ? command.sensor : sensorOfAlert(command);
}

/** A command with its place. */
export interface RecordedCommand<C extends PartitionCommand = PartitionCommand> {
  /** Counts the commands of its partition from 1: an actor knows by it which ones it has had. */
  readonly number: number;
  /** It takes effect before the record at this position. */
  readonly position: number;
  /** Source time there, epoch ms. */
  readonly time: number;
  /** Empty for a command to the partition itself. */
  readonly sensor: string;
  readonly command: C;
  /** Id of the order by which another process sent it; that is answered with it. */
  readonly order?: string;
}

/** Where a command took effect. */
export interface CommandPlace {
  readonly partition: string;
  readonly position: number;
}

/** Takes commands. */
export interface CommandDesk {
  /**
   * Resolves once the command is durable.
   *
   * @throws {CommandRefused} if it cannot be taken now
   */
  order(command: SensorCommand): Promise<CommandPlace>;
}

/** A command was not taken; the message is one sentence for a person. */
export class CommandRefused extends Error {
  override name = "CommandRefused";

  /** @param kind `unknown`: there is no such sensor; `busy`: later, perhaps; `late`: it may be carried out yet */
  constructor(readonly kind: "unknown" | "busy" | "late", message: string) {
    super(message);
  }
}
