/**
 * The alerts of a sensor: what its transition says to their lives (`alerts/life.ts`), and in what words they are told.
 *
 * A sensor all of whose conditions are quiet has no lives, and a quiet reading asks for nothing but that.
 *
 * @module
 */
import { driftSince } from "../../models/drift/drift.ts";
import { FEATURE, lastPlace } from "../../models/features.ts";
import { mixNumber } from "../../models/hash.ts";
import { strengthOf } from "../../models/budget/rule.ts";
import { flatSince } from "../../models/states/stuck.ts";
import { type AlertCommand, takeCommand } from "../alerts/commands.ts";
import { stepId, writeAlertId } from "../alerts/ids.ts";
import { clearLives, LEVEL, type Level, livesWake, moveLife, tickLives } from "../alerts/life.ts";
import { channelOf, conditionOf, keyOf, LIFE, LIFE_LENGTH, Lives, STATE } from "../alerts/lives.ts";
import type { AlertSelf, Explained } from "../alerts/tell.ts";
import type { RecordedCommand } from "../commands/words.ts";
import { type AlertStep, type Condition, CONDITIONS, TRANSITIONS } from "../alerts/words.ts";
import type { SensorActor } from "./actor.ts";
import { type ChannelSaid, contributionsOf, othersOf, sayQuantity, sayVerdict, viewNamed } from "./explain.ts";
import { said, silenceMs } from "./judge.ts";
import { HEADER, NEVER, REST } from "./layout.ts";
import type { Outputs } from "./outputs.ts";

/** Place of each condition in CONDITIONS. */
export const CONDITION = Object.fromEntries(CONDITIONS.map((name, place) => [name, place])) as Readonly<
  Record<Condition, number>
>;

/** Strength from which on an anomaly is of high priority. */
const STRONG = 0.75;

/** Whether a reading without a flag matters to a condition (its place in CONDITIONS). */
export function isTended(actor: SensorActor, condition: number): boolean {
  return actor.lives !== undefined && actor.lives.tends(condition);
}

/**
 * Moves a condition on by a reading or a tick. May be left out where nothing is broken and it is not tended.
 *
 * @param condition its place in CONDITIONS
 * @param channel −1 for the sensor as a whole
 * @param value NaN for none
 * @param low lower bound of what was expected, infinite where open; `high` likewise
 */
export function moveAlarm(
  actor: SensorActor,
  condition: number,
  channel: number,
  level: Level,
  value: number,
  low: number,
  high: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const lives = actor.lives ??= new Lives();
  moveLife(lives, selfOf(actor), condition, channel, level, value, low, high, time, position, giver(actor, out));
  if (lives.isEmpty) actor.lives = undefined;
}

/** Moves a condition on that is or is not, without a value. */
export function moveState(
  actor: SensorActor,
  condition: number,
  channel: number,
  broken: boolean,
  value: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const level = broken ? LEVEL.broken : LEVEL.quiet;
  moveAlarm(actor, condition, channel, level, value, -Infinity, Infinity, time, position, out);
}

/**
 * Moves the alert of the alert budget on.
 *
 * @param began whether the budget's rule says that an alarm begins; one that is active goes on
 * @param anomalous whether the reading is
 */
export function moveAnomaly(
  actor: SensorActor,
  began: boolean,
  anomalous: boolean,
  time: number,
  position: number,
  out: Outputs,
): void {
  const level = began ? LEVEL.broken : anomalous ? LEVEL.between : LEVEL.quiet;
  const first = began ? channelsSaid(actor).at(0) : undefined;
  const low = first?.low ?? NaN, high = first?.high ?? NaN;
  moveAlarm(actor, CONDITION.anomaly, -1, level, first?.value ?? NaN, low, high, time, position, out);
}

/** Time has passed for the lives of the sensor's alerts. */
export function tickAlarms(actor: SensorActor, time: number, position: number, out: Outputs): void {
  const { lives } = actor;
  if (!lives) return;
  tickLives(lives, selfOf(actor), time, position, giver(actor, out));
  if (lives.isEmpty) actor.lives = undefined;
}

/** Which command it is, and where it takes effect. */
export type OrderPlace = Pick<RecordedCommand, "number" | "position" | "time">;

/** Carries out a command to the sensor's alerts. */
export function orderAlarms(
  actor: SensorActor,
  command: AlertCommand,
  { number, position, time }: OrderPlace,
  out: Outputs,
): void {
  const lives = actor.lives ??= new Lives();
  takeCommand(lives, selfOf(actor), command, time, position, giver(actor, out, number));
  if (lives.isEmpty) actor.lives = undefined;
}

/** A command ends the open alerts of some conditions, by their places in CONDITIONS: nobody will say any more whether they are over. */
export function endAlarms(
  actor: SensorActor,
  conditions: readonly number[],
  { number, position, time }: OrderPlace,
  out: Outputs,
): void {
  const { lives } = actor;
  if (!lives) return;
  clearLives(lives, selfOf(actor), conditions, time, position, giver(actor, out, number));
  if (lives.isEmpty) actor.lives = undefined;
}

/** The least tick that would change an alert; NEVER if none would. */
export function alarmsWake({ lives, plan }: SensorActor): number {
  return lives ? livesWake(lives, plan.rules) : NEVER;
}

/** Ids of the sensor's active alerts, in order of condition and channel. */
export function activeAlerts({ lives, plan, partition, name: sensor }: SensorActor): string[] {
  if (!lives) return [];
  const { data } = lives, ids: (readonly [number, string])[] = [];
  for (let at = 0; at < data.length; at += LIFE_LENGTH) {
    if ((data[at + LIFE.state] & STATE.active) === 0) continue;
    const key = data[at + LIFE.key], c = channelOf(key), condition = CONDITIONS[conditionOf(key)];
    const channel = c < 0 ? undefined : plan.channels[c], position = data[at + LIFE.position];
    ids.push([key, writeAlertId({ partition, position, sensor, condition, channel })]);
  }
  return ids.sort(([a], [b]) => a - b).map(([, id]) => id);
}

/** When the alert of a condition of the sensor as a whole was raised; undefined while there is none. */
export function raisedAt({ lives }: SensorActor, condition: number): number | undefined {
  const at = lives?.find(keyOf(condition, -1)) ?? -1;
  const raised = lives && at >= 0 ? lives.data[at + LIFE.raised] : -1;
  return raised >= 0 ? raised : undefined;
}

/** What the last reading said of each channel, the most surprising first. */
export function channelsSaid({ state, plan }: SensorActor): ChannelSaid[] {
  return plan.channels.map((channel, c) => {
    const rest = plan.channelAt[c] + plan.restAt, known = state[rest + REST.known] > 0;
    const last = lastPlace(state, plan.channelAt[c]), unit = plan.units[c];
    return {
      channel,
      ...(unit === undefined ? {} : { unit }),
      value: last < 0 ? NaN : state[plan.channelAt[c] + FEATURE.values + last],
      low: known ? state[rest + REST.low] : NaN,
      high: known ? state[rest + REST.high] : NaN,
      surprise: state[plan.heldAt + c],
      view: viewNamed(state[rest + REST.view]),
    };
  }).sort((a, b) => b.surprise - a.surprise);
}

function selfOf(actor: SensorActor): AlertSelf {
  const { partition, name: sensor, location, plan: { type, channels, units, rules } } = actor;
  return {
    partition,
    sensor,
    type,
    location,
    channels,
    units,
    rules,
    explain: (condition, channel) => explain(actor, condition, channel),
  };
}

function giver({ state }: SensorActor, out: Outputs, command?: number): (step: AlertStep) => void {
  return (step) => {
    mixNumber(state, HEADER.hash, step.time);
    mixNumber(
      state,
      HEADER.hash,
      CONDITION[step.condition] * TRANSITIONS.length + TRANSITIONS.indexOf(step.transition),
    );
    const id = stepId(step.alert, step.transition, step.position, command);
    const transition = command === undefined ? step : { ...step, id, command };
    out.alerts.push({ raisedAt: step.raised_at ?? step.time, transition });
  };
}

/** What is known of an alert that is raised beside a value and its bounds. */
function explain(actor: SensorActor, condition: Condition, channel: number): Explained | undefined {
  const { state, plan } = actor, name = plan.channels[channel];
  const rest = channel < 0 ? 0 : plan.channelAt[channel] + plan.restAt;
  switch (condition) {
    case "anomaly":
      return explainAnomaly(actor);
    case "stuck": {
      const held = sayQuantity(
        state[plan.channelAt[channel] + FEATURE.values + lastOf(actor, channel)],
        plan.units[channel],
      );
      const since = iso(flatSince(state, rest + REST.stuck));
      return { message: `${name} has stayed at ${held} since ${since}, longer than ever before` };
    }
    case "drift": {
      const since = iso(driftSince(state, rest + REST.drift));
      return { message: `${name} has been distributed otherwise since ${since} than when it was learnt` };
    }
    case "dirty":
      return { message: DIRTY };
    case "silent": {
      const ms = silenceMs(actor), isFarewell = state[HEADER.silentTime] < state[HEADER.greatest] + ms;
      return { message: isFarewell ? FAREWELL : `no reading for more than ${Math.round(ms / 1000)} s` };
    }
  }
  return undefined;
}

const FAREWELL = "it, or what speaks for it, has said that it falls silent";
const DIRTY =
  "more than one reading in ten was impossible, lacked a value, contradicted another one, or came far too late";

function explainAnomaly(actor: SensorActor): Explained {
  const all = channelsSaid(actor), strength = strengthOf(said.rate);
  return {
    message: sayVerdict(all.at(0), said.rate, othersOf(all)),
    strength,
    contributions: contributionsOf(all),
    ...(strength >= STRONG ? { priority: "high" } : {}),
  };
}

function lastOf({ state, plan }: SensorActor, channel: number): number {
  return Math.max(0, lastPlace(state, plan.channelAt[channel]));
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
