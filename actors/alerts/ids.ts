/**
 * Ids of alerts and their steps: derived from where and of what an alert was raised, so that the same one comes out
 * again under the same id.
 *
 * @module
 */
import { type AlertStep, type Condition, CONDITIONS, type Transition } from "./words.ts";

/** What an alert's id is made of. */
export interface AlertPlace {
  readonly partition: string;
  /** Position at which it was raised. */
  readonly position: number;
  readonly sensor: string;
  readonly condition: Condition;
  /** Absent for a condition of the sensor as a whole. */
  readonly channel?: string;
}

/** The id of an alert: its parts, percent-encoded, with colons between. */
export function writeAlertId({ partition, position, sensor, condition, channel }: AlertPlace): string {
  const parts = [partition, String(position), sensor, condition, ...(channel === undefined ? [] : [channel])];
  return parts.map(encodeURIComponent).join(":");
}

/** The parts of an alert's id; undefined for a text that {@linkcode writeAlertId} does not make. */
export function readAlertId(id: string): AlertPlace | undefined {
  let parts: string[];
  try {
    parts = id.split(":").map(decodeURIComponent);
  } catch {
    return undefined; // a percent sign that begins nothing
  }
  const [partition, digits, sensor, name, channel] = parts, position = Number(digits);
  const condition = CONDITIONS.find((one) => one === name);
  if (parts.length > 5 || condition === undefined || !Number.isSafeInteger(position)) return undefined;
  const place = { partition, position, sensor, condition, ...(channel === undefined ? {} : { channel }) };
  return writeAlertId(place) === id ? place : undefined;
}

/**
 * The id of a step. Only the first and the last are of a kind that comes once.
 *
 * @param command number of the command that made it: several may come at a position
 */
export function stepId(alert: string, transition: Transition, position: number, command?: number): string {
  const once = transition === "raised" || transition === "cleared";
  const at = command === undefined ? position : `${position}/${command}`;
  return once ? `${alert}/${transition}` : `${alert}/${transition}/${at}`;
}

/** Digits that a command's number is filled up to. */
const DIGITS = 12;

/**
 * What orders the steps of one position, as text: those of commands first, as these came, since a command takes effect
 * before its position's record; then the others by id.
 */
export function placeOf({ command, id }: Pick<AlertStep, "command" | "id">): string {
  return command === undefined ? id : `!${String(command).padStart(DIGITS, "0")}/${id}`;
}
