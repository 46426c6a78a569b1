/**
 * What a tick or the end of the input does to a sensor, and the least tick that does anything.
 *
 * @module
 */
import type { SensorActor } from "./actor.ts";
import { alarmsWake, CONDITION, moveState, tickAlarms } from "./alarm.ts";
import { silenceMs } from "./judge.ts";
import { HEADER, JUDGEMENT, NEVER } from "./layout.ts";
import type { Outputs } from "./outputs.ts";
import { isHeld } from "./state.ts";
import { closeDue, nextEnd } from "./windows.ts";

/**
 * Source time has passed `time`: windows whose sensor says nothing more are emitted, silence is noticed.
 *
 * @returns whether anything changed
 */
export function takeTick(actor: SensorActor, time: number, position: number, out: Outputs): boolean {
  const { state, plan } = actor;
  if (position < state[HEADER.applied] || time < wakeTime(actor)) return false;
  for (let w = 0; w < plan.windows.length; w++) {
    if (time - plan.latenessMs >= state[plan.windows[w].nextEndAt]) {
      closeDue(actor, w, time - plan.latenessMs, position, out);
    }
  }
  if (!isHeld(state, time)) {
    if (time >= silenceDue(actor)) {
      fallSilent(actor, time, position, out);
    }
    // Silence first: what a tick finds silent, it does not clear.
    tickAlarms(actor, time, position, out);
  }
  const round = roundEnd(actor);
  if (time >= round) state[plan.judgementAt + JUDGEMENT.roundSeen] = round;
  return true;
}

/** The sensor has said that it falls silent, if it was heard: there is no need to wait for that to be noticed. */
export function takeFarewell(actor: SensorActor, time: number, position: number, out: Outputs): void {
  const { state } = actor, at = Math.max(time, state[HEADER.greatest]);
  if (state[HEADER.greatest] < 0 || state[HEADER.silentPosition] >= 0 || isHeld(state, at)) return;
  fallSilent(actor, at, position, out);
}

function fallSilent(actor: SensorActor, time: number, position: number, out: Outputs): void {
  actor.state[HEADER.silentPosition] = position;
  actor.state[HEADER.silentTime] = time;
  moveState(actor, CONDITION.silent, -1, true, NaN, time, position, out);
}

/** The input has ended: every window that is open is emitted. */
export function takeEnd(actor: SensorActor, position: number, out: Outputs): void {
  if (position < actor.state[HEADER.applied]) return;
  for (let w = 0; w < actor.plan.windows.length; w++) closeDue(actor, w, NEVER, position, out);
}

/**
 * When the sensor will be silent if nothing comes; NEVER if it was never heard, has no rhythm, or is silent already. One that
 * was taken back into service, or whose maintenance ends, has as long as usual to come back.
 */
function silenceDue(actor: SensorActor): number {
  const { state } = actor, ms = silenceMs(actor), to = state[HEADER.maintenanceTo];
  if (state[HEADER.greatest] < 0 || state[HEADER.silentPosition] >= 0 || ms >= NEVER) return NEVER;
  const due = Math.max(state[HEADER.greatest], state[HEADER.back]) + ms;
  return due >= state[HEADER.maintenanceFrom] && due < to ? to + ms : due;
}

/** The end of the epoch in which the sensor last learnt, until it was noticed: by then it must be in memory. NEVER without a network. */
function roundEnd({ state, plan }: SensorActor): number {
  const { judge } = plan;
  if (!judge?.network || state[HEADER.greatest] < 0) return NEVER;
  const end = (Math.floor(state[HEADER.greatest] / judge.roundMs) + 1) * judge.roundMs;
  return end > state[plan.judgementAt + JUDGEMENT.roundSeen] ? end : NEVER;
}

/** The least tick that would change this sensor; NEVER if none would. */
export function wakeTime(actor: SensorActor): number {
  const { state, plan } = actor;
  let wake = silenceDue(actor);
  if (actor.lives) wake = Math.min(wake, alarmsWake(actor));
  if (state[HEADER.retired] >= 0) wake = NEVER;
  else if (wake >= state[HEADER.maintenanceFrom] && wake < state[HEADER.maintenanceTo]) {
    wake = state[HEADER.maintenanceTo];
  }
  const end = nextEnd(actor), round = roundEnd(actor);
  if (round < wake) wake = round;
  if (end < NEVER && end + plan.latenessMs < wake) wake = end + plan.latenessMs;
  return wake;
}
