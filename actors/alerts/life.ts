/**
 * The life of an alert: what a reading or a tick does to it.
 *
 *     inactive ── k of n readings broken, the first of them onDelay ago ──▶ active
 *     inactive ◀── so many readings in a row quiet, the first of them offDelay ago ── active
 *
 * While it is active its priority follows how long it lasts, and it is raised again when it stays (re-alarm). What
 * is raised three times within a minute is *chattering*: it is held active until it was calm for a while, so that one
 * alert stands for all of it. Words and states after OPC UA Part 9 (OnDelay, OffDelay, ReAlarmTime, Shelving,
 * Suppressed, OutOfService) and ISA-18.2 (chattering: three or more a minute).
 *
 * Pure: records, an input with its position and event time, and a function that takes the steps. Everything of a sensor
 * comes in order of position, so that a clearing cannot race a return: both are decided by the reading that came back.
 * A record makes one step of an alert at its position at most; what else is due at a tick waits for the next one.
 *
 * @module
 */
import { channelOf, conditionOf, keyOf, LIFE, LIFE_LENGTH, type Lives, NONE, STATE, WHOLE } from "./lives.ts";
import type { AlertRule, AlertRules } from "./rules.ts";
import { type AlertSelf, type Give, isHushed, OPEN, tell, tellOpen } from "./tell.ts";
import { CONDITIONS, PRIORITIES } from "./words.ts";

/** A time that never comes. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** How a reading stands to a rule. */
export const LEVEL = {
  /** Back behind the clearing threshold. */
  quiet: 0,
  /** Between the thresholds: neither raises nor clears. */
  between: 1,
  /** Beyond the raising threshold. */
  broken: 2,
} as const;
/** How a reading stands to a rule. */
export type Level = typeof LEVEL[keyof typeof LEVEL];

/**
 * How a value stands to bounds with a deadband: beyond a bound it is broken, and it is back only when it is inside by
 * more than `deadband`.
 *
 * @param low −Infinity where open; likewise `high` Infinity
 * @param deadband in the unit of the value; half of what is between the bounds at most counts
 */
export function levelOf(value: number, low: number, high: number, deadband: number): Level {
  if (value < low || value > high) return LEVEL.broken;
  const inside = Math.min(deadband, (high - low) / 2);
  return value < low + inside || value > high - inside ? LEVEL.between : LEVEL.quiet;
}

/**
 * Moves a condition on by a reading, or by a tick that has found the sensor silent.
 *
 * May be left out for a quiet one where {@linkcode Lives.tends} says no: nothing would change.
 *
 * @param condition its place in CONDITIONS
 * @param channel place of the channel in the sensor's, −1 for the sensor as a whole
 * @param value what was seen, NaN for nothing
 * @param low lower bound of what was expected, infinite where open; `high` likewise
 */
export function moveLife(
  lives: Lives,
  self: AlertSelf,
  condition: number,
  channel: number,
  level: Level,
  value: number,
  low: number,
  high: number,
  time: number,
  position: number,
  give: Give,
): void {
  const { rules } = self, rule = rules.byCondition[condition], key = keyOf(condition, channel);
  let at = lives.find(key);
  if (at < 0) {
    if (level !== LEVEL.broken) return;
    at = lives.claim(key);
  }
  if ((lives.data[at + LIFE.state] & STATE.active) === 0) {
    if (!mayRaise(lives, at, rule, level, time)) return void lives.release(at, time, rules.chatterMs);
    const { data } = lives;
    data[at + LIFE.value] = Number.isFinite(value) ? value : OPEN;
    data[at + LIFE.low] = Number.isFinite(low) ? low : -OPEN;
    data[at + LIFE.high] = Number.isFinite(high) ? high : OPEN;
    raise(lives, at, self, rule, time, position, give);
  } else if (mayClear(lives, at, rule, rules, level, time) && lives.data[at + LIFE.stepped] < position) {
    clear(lives, at, self, time, position, give);
  }
}

/** Counts a reading of an inactive condition; whether it is to be raised. */
function mayRaise({ data }: Lives, at: number, rule: AlertRule, level: Level, time: number): boolean {
  const broken = level === LEVEL.broken;
  const recent = ((data[at + LIFE.recent] << 1) | (broken ? 1 : 0)) & ((1 << rule.of) - 1);
  data[at + LIFE.recent] = recent;
  if (recent === 0) data[at + LIFE.brokenSince] = NONE;
  else if (broken && data[at + LIFE.brokenSince] < 0) data[at + LIFE.brokenSince] = time;
  return broken && ones(recent) >= rule.raise && time - data[at + LIFE.brokenSince] >= rule.onDelayMs;
}

/** Counts a reading of an active condition; whether it is to be cleared. */
function mayClear(lives: Lives, at: number, rule: AlertRule, rules: AlertRules, level: Level, time: number): boolean {
  const { data } = lives;
  if (level !== LEVEL.quiet) {
    data[at + LIFE.quiet] = 0;
    data[at + LIFE.quietSince] = NONE;
    return false;
  }
  if (data[at + LIFE.quiet]++ === 0) data[at + LIFE.quietSince] = time;
  return time >= clearTime(lives, at, rule, rules);
}

/** When an active condition has been quiet for long enough, so far as its readings say; NEVER while they do not. */
function clearTime({ data }: Lives, at: number, rule: AlertRule, { calmMs }: AlertRules): number {
  if (data[at + LIFE.quiet] < rule.clear) return NEVER;
  const chattering = (data[at + LIFE.state] & STATE.chattering) !== 0;
  return data[at + LIFE.quietSince] + (chattering ? Math.max(rule.offDelayMs, calmMs) : rule.offDelayMs);
}

function raise(
  lives: Lives,
  at: number,
  self: AlertSelf,
  rule: AlertRule,
  time: number,
  position: number,
  give: Give,
): void {
  const { data } = lives, { chatterMs } = self.rules;
  const again = data[at + LIFE.beforeThat] >= 0 && time - data[at + LIFE.beforeThat] <= chatterMs;
  endShelf(lives, at, time);
  data[at + LIFE.state] = data[at + LIFE.state] & ~STATE.acknowledged | STATE.active | (again ? STATE.chattering : 0);
  data[at + LIFE.beforeThat] = data[at + LIFE.before];
  data[at + LIFE.before] = time;
  data[at + LIFE.position] = position;
  data[at + LIFE.raised] = data[at + LIFE.told] = time;
  const key = data[at + LIFE.key], said = self.explain?.(CONDITIONS[conditionOf(key)], channelOf(key));
  data[at + LIFE.priority] = PRIORITIES.indexOf(said?.priority ?? rule.priority);
  data[at + LIFE.quiet] = data[at + LIFE.escalation] = data[at + LIFE.realarms] = 0;
  data[at + LIFE.quietSince] = NONE;
  tell(lives, at, self, "raised", time, position, give, said);
}

function clear(lives: Lives, at: number, self: AlertSelf, time: number, position: number, give: Give): void {
  const { data } = lives;
  tell(lives, at, self, "cleared", time, position, give);
  endShelf(lives, at, time);
  if ((data[at + LIFE.state] & STATE.oneShot) !== 0) unshelve(lives, at);
  data[at + LIFE.state] &= ~(STATE.active | STATE.acknowledged | STATE.chattering);
  data[at + LIFE.recent] = data[at + LIFE.quiet] = 0;
  for (const none of [LIFE.position, LIFE.raised, LIFE.told, LIFE.brokenSince, LIFE.quietSince]) data[at + none] = NONE;
  lives.release(at, time, self.rules.chatterMs);
}

/**
 * Ends the open alerts of conditions that nobody judges any more, and forgets that some of their readings were broken.
 * What a person said of them (shelved, suppressed, out of service) stays.
 *
 * @param conditions their places in CONDITIONS
 */
export function clearLives(
  lives: Lives,
  self: AlertSelf,
  conditions: readonly number[],
  time: number,
  position: number,
  give: Give,
): void {
  for (let at = lives.data.length - LIFE_LENGTH; at >= 0; at -= LIFE_LENGTH) {
    if (!conditions.includes(conditionOf(lives.data[at]))) continue;
    if ((lives.data[at + LIFE.state] & STATE.active) !== 0) clear(lives, at, self, time, position, give);
    else {
      lives.data[at + LIFE.recent] = 0;
      lives.data[at + LIFE.brokenSince] = NONE;
      lives.release(at, time, self.rules.chatterMs);
    }
  }
}

/** Takes a condition off the shelf. */
export function unshelve({ data }: Pick<Lives, "data">, at: number): void {
  data[at + LIFE.state] &= ~(STATE.shelved | STATE.oneShot);
  data[at + LIFE.shelvedUntil] = NONE;
}

/** A shelf whose time is over is none, whether or not a tick has come since. */
function endShelf(lives: Lives, at: number, time: number): void {
  if (isShelfOver(lives, at, time)) unshelve(lives, at);
}

function isShelfOver({ data }: Lives, at: number, time: number): boolean {
  return (data[at + LIFE.state] & STATE.shelved) !== 0 && data[at + LIFE.shelvedUntil] <= time;
}

/**
 * Time has passed: off-delays and shelves end, priorities follow how long it lasts, what stays is raised again.
 *
 * Whoever finds a sensor silent at the same tick says so first: then its silence is not cleared.
 *
 * @returns whether anything changed; never before {@linkcode livesWake}
 */
export function tickLives(lives: Lives, self: AlertSelf, time: number, position: number, give: Give): boolean {
  let changed = endWhole(lives, self, time, position, give);
  for (let at = lives.data.length - LIFE_LENGTH; at >= 0; at -= LIFE_LENGTH) {
    changed = tickLife(lives, at, self, time, position, give) || changed;
  }
  return changed;
}

/** Ends the shelf of the sensor as a whole: its open alerts are told of again. */
function endWhole(lives: Lives, self: AlertSelf, time: number, position: number, give: Give): boolean {
  const whole = lives.find(WHOLE);
  if (whole < 0 || !isShelfOver(lives, whole, time)) return false;
  unshelve(lives, whole);
  tellOpen(lives, self, "unshelved", time, position, give);
  return true;
}

function tickLife(lives: Lives, at: number, self: AlertSelf, time: number, position: number, give: Give): boolean {
  const { data } = lives, active = (data[at + LIFE.state] & STATE.active) !== 0;
  if (!active) {
    const over = isShelfOver(lives, at, time);
    if (over) unshelve(lives, at);
    return lives.release(at, time, self.rules.chatterMs) || over;
  }
  if (data[at + LIFE.stepped] >= position) return false;
  const rule = self.rules.byCondition[conditionOf(data[at])];
  if (time >= clearTime(lives, at, rule, self.rules)) {
    clear(lives, at, self, time, position, give);
    return true;
  }
  if (isShelfOver(lives, at, time)) {
    unshelve(lives, at);
    tell(lives, at, self, "unshelved", time, position, give);
    return true;
  }
  if (time >= escalationTime(lives, at, rule)) return escalate(lives, at, self, rule, time, position, give);
  if (time < realarmTime(lives, at, rule)) return false;
  data[at + LIFE.told] = time;
  if (isHushed(lives, at, time)) return true; // it is raised again only where somebody would hear it
  data[at + LIFE.realarms]++;
  data[at + LIFE.state] &= ~STATE.acknowledged;
  tell(lives, at, self, "realarmed", time, position, give);
  return true;
}

/** Takes the last step that is due; those before it were passed over. */
function escalate(
  lives: Lives,
  at: number,
  self: AlertSelf,
  rule: AlertRule,
  time: number,
  position: number,
  give: Give,
): boolean {
  const { data } = lives, before = data[at + LIFE.priority];
  while (time >= escalationTime(lives, at, rule)) {
    data[at + LIFE.priority] = PRIORITIES.indexOf(rule.escalate[data[at + LIFE.escalation]++].priority);
  }
  const now = data[at + LIFE.priority];
  if (now !== before) tell(lives, at, self, now > before ? "escalated" : "eased", time, position, give);
  return true;
}

function escalationTime({ data }: Lives, at: number, { escalate }: AlertRule): number {
  const step = escalate.at(data[at + LIFE.escalation]);
  return step === undefined ? NEVER : data[at + LIFE.raised] + step.afterMs;
}

function realarmTime({ data }: Lives, at: number, { reAlarmMs }: AlertRule): number {
  return reAlarmMs === 0 ? NEVER : data[at + LIFE.told] + reAlarmMs;
}

/** The least time of a tick that would change something; {@linkcode NEVER} if none would. */
export function livesWake(lives: Lives, rules: AlertRules): number {
  const { data } = lives;
  let wake = NEVER;
  for (let at = 0; at < data.length; at += LIFE_LENGTH) {
    const state = data[at + LIFE.state], key = data[at + LIFE.key];
    if ((state & STATE.shelved) !== 0) wake = Math.min(wake, data[at + LIFE.shelvedUntil]);
    if ((state & STATE.active) !== 0) {
      const rule = rules.byCondition[conditionOf(key)];
      const clears = clearTime(lives, at, rule, rules);
      wake = Math.min(wake, clears, escalationTime(lives, at, rule), realarmTime(lives, at, rule));
    } else if (key !== WHOLE && state === 0 && data[at + LIFE.recent] === 0) {
      wake = Math.min(wake, data[at + LIFE.before] + rules.chatterMs + 1);
    }
  }
  return wake;
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
