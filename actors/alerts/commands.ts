/**
 * What a person (or a program) says to alerts. Commands enter in band, at a position, recorded like readings.
 *
 * A command's position is its own: no reading and no other command has it.
 *
 * @module
 */
import { z } from "zod";
import { READING_LIMITS } from "../reading.ts";
import { readAlertId, stepId } from "./ids.ts";
import { keyOf, LIFE, type Lives, NONE, STATE, WHOLE } from "./lives.ts";
import { unshelve } from "./life.ts";
import type { AlertsConfig } from "./rules.ts";
import { type AlertSelf, type Give, type Said, tell, tellIfOpen, tellOpen } from "./tell.ts";
import { CONDITIONS, PRIORITIES, type Transition } from "./words.ts";

/** Longest id of an alert: names of 128 and 64 characters, each spelt as up to 9. */
const ID_LENGTH = 4096;

const person = {
  /** Who says so. */
  by: z.string().trim().min(1).max(128),
  comment: z.string().max(READING_LIMITS.textLength).optional(),
};
const ofAlert = { alert: z.string().min(1).max(ID_LENGTH), ...person };
const ofCondition = {
  sensor: z.string().min(1).max(READING_LIMITS.sensorLength),
  /** Absent: the sensor as a whole. */
  condition: z.enum(CONDITIONS).optional(),
  /** Absent: every channel. */
  channel: z.string().min(1).max(READING_LIMITS.nameLength).optional(),
  ...person,
};
const DAYS_31 = 31 * 86_400_000;

/** A command, as a route takes it and the partition's log keeps it. */
export const alertCommandSchema = z.discriminatedUnion("command", [
  z.strictObject({ command: z.literal("acknowledge"), ...ofAlert }),
  z.strictObject({
    command: z.literal("comment"),
    ...ofAlert,
    comment: z.string().min(1).max(READING_LIMITS.textLength),
  }),
  z.strictObject({ command: z.literal("label"), ...ofAlert, label: z.enum(["true_alarm", "false_alarm"]) }),
  z.strictObject({
    command: z.literal("shelve"),
    ...ofCondition,
    /** For so long, ms; at most what is configured. A one-shot shelf may leave it out: the longest time then. */
    forMs: z.number().int().min(1_000).max(DAYS_31).optional(),
    /** The shelf also ends when the alert clears. */
    oneShot: z.boolean().optional(),
  }).refine(({ forMs, oneShot }) => forMs !== undefined || oneShot === true, {
    error: "shelve needs forMs, or oneShot true: nothing is shelved for ever",
    path: ["forMs"],
  }).refine(({ condition, oneShot }) => condition !== undefined || oneShot !== true, {
    error: "oneShot needs a condition: a sensor as a whole has no alert that clears",
    path: ["oneShot"],
  }),
  ...(["unshelve", "suppress", "unsuppress", "remove_from_service", "return_to_service"] as const)
    .map((command) => z.strictObject({ command: z.literal(command), ...ofCondition })),
]);
/** A command to the alerts of one sensor. */
export type AlertCommand = z.infer<typeof alertCommandSchema>;
type AlertOrder = Extract<AlertCommand, { alert: string }>;
type ConditionOrder = Exclude<AlertCommand, AlertOrder>;

/** Takes commands: records each at a position of its sensor's partition, where the actor meets it. */
export interface AlertDesk {
  /** Resolves once the command is durable; it takes effect at its position. */
  order(command: AlertCommand): Promise<{ readonly partition: string; readonly position: number }>;
}

/** The sensor that a command is for; undefined if its alert's id is none. */
export function sensorOf(command: AlertCommand): string | undefined {
  return "sensor" in command ? command.sensor : readAlertId(command.alert)?.sensor;
}

/** Why a command cannot be taken under a configuration: one sentence; undefined if it can. */
export function commandError(command: AlertCommand, { shelveMostMs }: AlertsConfig): string | undefined {
  if ("alert" in command && readAlertId(command.alert) === undefined) {
    return `cannot ${command.command}: ${JSON.stringify(command.alert.slice(0, 60))} is not the id of an alert`;
  }
  if ("channel" in command && command.channel !== undefined && command.condition === undefined) {
    return `cannot ${command.command} the channel ${command.channel} without a condition`;
  }
  if (command.command === "shelve" && (command.forMs ?? 0) > shelveMostMs) {
    return `cannot shelve for ${command.forMs} ms: at most ${shelveMostMs} ms is allowed`;
  }
  return undefined;
}

/** What a command on a condition does: a bit that it sets or takes, and the step that open alerts make. */
const ORDERS: Readonly<Record<ConditionOrder["command"], readonly [bit: number, on: boolean, step: Transition]>> = {
  shelve: [STATE.shelved, true, "shelved"],
  unshelve: [STATE.shelved, false, "unshelved"],
  suppress: [STATE.suppressed, true, "suppressed"],
  unsuppress: [STATE.suppressed, false, "unsuppressed"],
  remove_from_service: [STATE.outOfService, true, "out_of_service"],
  return_to_service: [STATE.outOfService, false, "in_service"],
};

/** Conditions that every channel has by itself. */
const OF_CHANNELS: readonly string[] = ["limit", "warning", "rate", "zscore", "stuck", "drift"];

/**
 * Carries out a command.
 *
 * What names another sensor, an alert of another partition, or a channel that the sensor does not have changes nothing;
 * nor does what is so already.
 *
 * @param time source time at the command's position, epoch ms
 * @returns whether anything changed or a step was made
 */
export function takeCommand(
  lives: Lives,
  self: AlertSelf,
  command: AlertCommand,
  time: number,
  position: number,
  give: Give,
): boolean {
  if (sensorOf(command) !== self.sensor) return false;
  if ("alert" in command) return orderAlert(lives, self, command, time, position, give);
  const { by, comment } = command, said: Said = { by, ...(comment === undefined ? {} : { comment }) };
  const [, on, step] = ORDERS[command.command];
  const keys = keysOf(self, command);
  if (keys.length === 0) return false;
  const whole = keys[0] === WHOLE;
  let changed = false;
  for (const key of keys) {
    // What is not there has nothing to be taken from.
    const at = on ? lives.claim(key) : lives.find(key);
    if (at < 0 || !setBit(lives, at, self, command, time)) continue;
    changed = true;
    if (!whole) tellIfOpen(lives, at, self, step, time, position, give, said);
    lives.release(at, time, self.rules.chatterMs);
  }
  if (whole && changed) tellOpen(lives, self, step, time, position, give, said);
  return changed;
}

function keysOf(self: AlertSelf, { condition, channel }: ConditionOrder): number[] {
  if (condition === undefined) return channel === undefined ? [WHOLE] : [];
  const place = CONDITIONS.indexOf(condition);
  if (channel !== undefined) {
    const c = self.channels.indexOf(channel);
    return c < 0 ? [] : [keyOf(place, c)];
  }
  return OF_CHANNELS.includes(condition) ? self.channels.map((_, c) => keyOf(place, c)) : [keyOf(place, NONE)];
}

/** Sets or takes the command's bit; false if it was so already. A shelf may be moved to another end. */
function setBit({ data }: Lives, at: number, self: AlertSelf, command: ConditionOrder, time: number): boolean {
  const [bit, on] = ORDERS[command.command], state = data[at + LIFE.state];
  if (command.command === "shelve") {
    const until = time + Math.min(command.forMs ?? Infinity, self.rules.shelveMostMs);
    const next = state & ~STATE.oneShot | bit | (command.oneShot ? STATE.oneShot : 0);
    if (next === state && until === data[at + LIFE.shelvedUntil]) return false;
    data[at + LIFE.state] = next;
    data[at + LIFE.shelvedUntil] = until;
    return true;
  }
  if (((state & bit) !== 0) === on) return false;
  if (bit === STATE.shelved) unshelve({ data }, at);
  else data[at + LIFE.state] = on ? state | bit : state & ~bit;
  return true;
}

function orderAlert(
  lives: Lives,
  self: AlertSelf,
  command: AlertOrder,
  time: number,
  position: number,
  give: Give,
): boolean {
  const place = readAlertId(command.alert);
  if (place === undefined || place.partition !== self.partition || place.position >= position) return false;
  const { by, comment } = command, condition = CONDITIONS.indexOf(place.condition);
  const step = command.command === "acknowledge"
    ? "acknowledged"
    : command.command === "label"
    ? "labelled"
    : "commented";
  const said: Said = {
    by,
    ...(comment === undefined ? {} : { comment }),
    ...(command.command === "label" ? { label: command.label } : {}),
  };
  const channel = place.channel === undefined ? NONE : self.channels.indexOf(place.channel);
  const at = place.channel !== undefined && channel < 0 ? NONE : lives.find(keyOf(condition, channel));
  if (at >= 0 && lives.data[at + LIFE.position] === place.position) {
    const { data } = lives;
    if (command.command === "acknowledge") {
      if ((data[at + LIFE.state] & STATE.acknowledged) !== 0) return false;
      data[at + LIFE.state] |= STATE.acknowledged;
      data[at + LIFE.told] = time;
    }
    tell(lives, at, self, step, time, position, give, said);
    return true;
  }
  // It has cleared, perhaps while the command was on its way: that it was seen counts all the same.
  const { partition, sensor, type, location } = self;
  give({
    id: stepId(command.alert, step, position),
    alert: command.alert,
    transition: step,
    sensor,
    ...(type === undefined ? {} : { type }),
    ...(location === undefined ? {} : { location }),
    condition: place.condition,
    ...(place.channel === undefined ? {} : { channel: place.channel }),
    priority: self.rules.byCondition[condition]?.priority ?? PRIORITIES[1],
    time,
    partition,
    position,
    message: `${step} after it was over`,
    ...said,
  });
  return true;
}
