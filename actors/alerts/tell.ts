/**
 * Steps of a life in words: who it is about, what was seen, what was expected.
 *
 * @module
 */
import { stepId, writeAlertId } from "./ids.ts";
import { channelOf, conditionOf, HUSHED, LIFE, LIFE_LENGTH, type Lives, NONE, STATE, WHOLE } from "./lives.ts";
import type { AlertRules } from "./rules.ts";
import { type AlertStep, type Condition, CONDITIONS, PRIORITIES, type Transition } from "./words.ts";

/** The sensor whose alerts they are. */
export interface AlertSelf {
  readonly partition: string;
  readonly sensor: string;
  readonly type?: string;
  readonly location?: string;
  readonly channels: readonly string[];
  readonly units: readonly (string | undefined)[];
  readonly rules: AlertRules;
  /** Asked when an alert is raised: a better sentence and priority than those made here, and whatever else is known. */
  explain?(condition: Condition, channel: number): Explained | undefined;
}

/** What a detector knows of an alert that is raised. */
export type Explained = Partial<Pick<AlertStep, "message" | "priority" | "strength" | "contributions">>;

/** Takes the steps as they are made. */
export type Give = (step: AlertStep) => void;

/** What a step says beside what the record holds. */
export type Said = Explained & Pick<AlertStep, "by" | "comment" | "label" | "shelved_until" | "one_shot">;

/** Stands in a record for a bound that is open, and for no value. */
export const OPEN = Number.MAX_VALUE;

const WHY: Readonly<Record<Condition, string>> = {
  limit: "the configured limit",
  warning: "the configured warning limit",
  rate: "the configured greatest change per second",
  zscore: "three standard deviations of the last 10",
  anomaly: "what its own history lets expect",
  stuck: "a value that moves",
  silent: "its own rhythm",
  dirty: "good data",
  offline: "a connection",
  drift: "values distributed as when they were learnt",
};

/** Whether nobody is to be told: the condition, or the whole sensor, is shelved, suppressed or out of service. */
export function isHushed(lives: Lives, at: number, time: number): boolean {
  const whole = lives.find(WHOLE);
  return hushes(lives, at, time) || (whole >= 0 && hushes(lives, whole, time));
}

function hushes({ data }: Lives, at: number, time: number): boolean {
  const state = data[at + LIFE.state];
  if ((state & HUSHED) === STATE.shelved) return data[at + LIFE.shelvedUntil] > time;
  return (state & HUSHED) !== 0;
}

/** Gives a step of the open alert in a record. */
export function tell(
  lives: Lives,
  at: number,
  self: AlertSelf,
  transition: Transition,
  time: number,
  position: number,
  give: Give,
  said: Said = {},
): void {
  const { data } = lives, condition = CONDITIONS[conditionOf(data[at])], c = channelOf(data[at]);
  const { partition, sensor, type, location } = self, channel = c < 0 ? undefined : self.channels[c];
  const alert = writeAlertId({ partition, position: data[at + LIFE.position], sensor, condition, channel });
  const value = data[at + LIFE.value], bound = (b: number) => Math.abs(b) < OPEN ? b : null;
  const expected = [bound(data[at + LIFE.low]), bound(data[at + LIFE.high])] as const;
  const state = data[at + LIFE.state];
  data[at + LIFE.stepped] = position;
  give({
    id: stepId(alert, transition, position),
    alert,
    transition,
    sensor,
    ...(type === undefined ? {} : { type }),
    ...(location === undefined ? {} : { location }),
    condition,
    ...(channel === undefined ? {} : { channel }),
    priority: PRIORITIES[data[at + LIFE.priority]],
    time,
    partition,
    position,
    raised_at: data[at + LIFE.raised],
    ...(value === OPEN ? {} : { value }),
    ...(expected[0] === null && expected[1] === null ? {} : { expected }),
    message: sentence(self, transition, condition, c, time - data[at + LIFE.raised], value, expected),
    ...(isHushed(lives, at, time) ? { notify: false } : {}),
    ...((state & STATE.chattering) !== 0 ? { chattering: true } : {}),
    ...(data[at + LIFE.realarms] > 0 ? { realarms: data[at + LIFE.realarms] } : {}),
    ...(transition === "raised" && data[at + LIFE.shelvedUntil] > time
      ? { shelved_until: data[at + LIFE.shelvedUntil], ...((state & STATE.oneShot) !== 0 ? { one_shot: true } : {}) }
      : {}),
    ...said,
  });
}

/** Gives a step of every open alert of the sensor. */
export function tellOpen(
  lives: Lives,
  self: AlertSelf,
  step: Transition,
  time: number,
  position: number,
  give: Give,
  said: Said = {},
): void {
  for (let at = 0; at < lives.data.length; at += LIFE_LENGTH) {
    tellIfOpen(lives, at, self, step, time, position, give, said);
  }
}

/**
 * Gives a step of the alert in a record, if there is an open one that has made none at this position; what a person says is
 * told anyway, since commands are numbered.
 */
export function tellIfOpen(
  lives: Lives,
  at: number,
  self: AlertSelf,
  step: Transition,
  time: number,
  position: number,
  give: Give,
  said: Said,
): void {
  const { data } = lives, state = data[at + LIFE.state];
  if ((state & STATE.active) === 0 || (said.by === undefined && data[at + LIFE.stepped] >= position)) return;
  const until = data[at + LIFE.shelvedUntil], oneShot = (state & STATE.oneShot) !== 0;
  const shelf = step === "shelved" && until >= 0
    ? { shelved_until: until, ...(oneShot ? { one_shot: true } : {}) }
    : {};
  tell(lives, at, self, step, time, position, give, { ...shelf, ...said });
}

function sentence(
  self: AlertSelf,
  transition: Transition,
  condition: Condition,
  channel: number,
  lasted: number,
  value: number,
  expected: readonly [number | null, number | null],
): string {
  const what = value === OPEN ? plain(self, condition, channel) : measured(self, condition, channel, value, expected);
  if (transition === "raised") return what;
  if (transition === "cleared") return `over after ${duration(lasted)}: ${what}`;
  return lasted >= 1000 ? `${what}; for ${duration(lasted)}` : what;
}

/** A condition without a value: what is missing, in words. */
function plain({ channels }: AlertSelf, condition: Condition, channel: number): string {
  const who = channel < 0 ? "the sensor" : channels[channel];
  if (condition === "silent") return `${who} gives no readings, against ${WHY.silent}`;
  if (condition === "offline") return `${who} has lost its connection`;
  return `${who}: ${condition}, expected ${WHY[condition]}`;
}

function measured(
  { channels, units }: AlertSelf,
  condition: Condition,
  channel: number,
  value: number,
  [low, high]: readonly [number | null, number | null],
): string {
  const unit = channel < 0 ? undefined : units[channel], who = channel < 0 ? "the sensor" : channels[channel];
  const quantity = (x: number) =>
    `${Number(x.toPrecision(5))}${unit ? ` ${unit}${condition === "rate" ? "/s" : ""}` : ""}`;
  if (low === null && high === null) return `${who} ${quantity(value)}, expected ${WHY[condition]}`;
  const between = low === null
    ? `at most ${quantity(high ?? 0)}`
    : high === null
    ? `at least ${quantity(low)}`
    : `${quantity(low)} to ${quantity(high)}`;
  return `${who} ${quantity(value)}, expected ${between} (${WHY[condition]})`;
}

/** A stretch of time for people: its two greatest units. */
export function duration(ms: number): string {
  const units = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1_000, "s"]] as const;
  const first = units.findIndex(([unit]) => ms >= unit);
  if (first === NONE) return `${ms} ms`;
  const [unit, name] = units[first], count = Math.floor(ms / unit);
  const next = units.at(first + 1),
    rest = next && first + 1 < units.length ? Math.floor((ms - count * unit) / next[0]) : 0;
  return rest > 0 && next ? `${count} ${name} ${rest} ${next[1]}` : `${count} ${name}`;
}
