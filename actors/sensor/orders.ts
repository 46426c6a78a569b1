/**
 * What a command does to a sensor: the transition of commands, as pure as that of readings.
 *
 * @module
 */
import { mixNumber } from "../../models/hash.ts";
import { AGREEMENT_DOUBLES } from "../../models/agreement.ts";
import { DELAY_DOUBLES, DELAYS_DOUBLES } from "../../models/agreement_delay.ts";
import { FEATURE_LENGTH } from "../../models/features.ts";
import { CONDITIONS } from "../alerts/words.ts";
import {
  isUpkeep,
  MAINTENANCE_MOST_MS,
  type RecordedCommand,
  type SensorCommand,
  type UpkeepCommand,
} from "../commands/words.ts";
import type { SensorActor } from "./actor.ts";
import { CONDITION, endAlarms, orderAlarms, type OrderPlace } from "./alarm.ts";
import { COMPARED, HEADER, JUDGEMENT, NONE } from "./layout.ts";
import { emptyFloats, emptyState, keepScores } from "./state.ts";
import type { Outputs } from "./outputs.ts";

/** Conditions that are judged by what was learnt. */
const LEARNT = [CONDITION.zscore, CONDITION.anomaly, CONDITION.stuck, CONDITION.dirty, CONDITION.drift];
const ALL = [...CONDITIONS.keys()];

/** Carries out a command; one that the state has had changes nothing. */
export function takeOrder(
  actor: SensorActor,
  order: Omit<RecordedCommand<SensorCommand>, "sensor">,
  out: Outputs,
): void {
  const { number, command } = order;
  if (number <= actor.state[HEADER.command]) return;
  actor.state[HEADER.command] = number;
  mixNumber(actor.state, HEADER.hash, number);
  if (isUpkeep(command)) keepUp(actor, command, order, out);
  else orderAlarms(actor, command, order, out);
}

function keepUp(actor: SensorActor, command: UpkeepCommand, order: OrderPlace, out: Outputs): void {
  const { state } = actor, { time } = order;
  switch (command.command) {
    case "restart":
      return goOn(state);
    case "reset":
      return forget(actor, LEARNT, order, out);
    case "replace":
      state[HEADER.replaced] = Math.max(0, time);
      state[HEADER.replacedReadings] = state[HEADER.readings];
      return forget(actor, ALL, order, out);
    case "delete": // the shard lets go of the actor then
      return endAlarms(actor, ALL, order, out);
    case "retire":
      if (state[HEADER.retired] >= 0) return;
      state[HEADER.retired] = Math.max(0, time);
      state[HEADER.silentPosition] = state[HEADER.silentTime] = NONE;
      return endAlarms(actor, ALL, order, out);
    case "unretire":
      if (state[HEADER.retired] >= 0) state[HEADER.back] = Math.max(0, time);
      state[HEADER.retired] = NONE;
      return;
    case "maintenance": {
      const from = command.from ?? Math.max(0, time), to = Math.min(command.to, from + MAINTENANCE_MOST_MS);
      state[HEADER.maintenanceFrom] = to > from ? from : NONE;
      state[HEADER.maintenanceTo] = to > from ? to : NONE;
    }
  }
}

/** An actor that was stopped for failing runs again, as if it never had. */
function goOn(state: Float64Array): void {
  state[HEADER.failure] = state[HEADER.failure + 1] = state[HEADER.failedTime] = NONE;
}

/**
 * Forgets features and what detectors have learnt; windows, counts and how well detectors did stay. Alerts of some
 * conditions, by their places in CONDITIONS, end.
 */
function forget(actor: SensorActor, conditions: readonly number[], order: OrderPlace, out: Outputs): void {
  endAlarms(actor, conditions, order, out);
  const { plan, state: old } = actor, state = emptyState(plan), { judgementAt } = plan;
  state.set(old.subarray(0, judgementAt));
  for (const at of plan.channelAt) {
    state.set(old.subarray(at + FEATURE_LENGTH, at + plan.restAt), at + FEATURE_LENGTH);
  }
  if (plan.judge) {
    const keep = (at: number, length: number) => state.set(old.subarray(at, at + length), at);
    keep(judgementAt + JUDGEMENT.agreement, COMPARED.length * AGREEMENT_DOUBLES);
    keep(judgementAt + JUDGEMENT.delay, (COMPARED.length + 1) * DELAY_DOUBLES);
    keep(judgementAt + JUDGEMENT.delays, (COMPARED.length + 1) * DELAYS_DOUBLES);
    keepScores(state, old, plan, plan);
  }
  state[HEADER.bits] = state[HEADER.limitMask] = state[HEADER.zMask] = 0;
  if (state[HEADER.first] >= 0) state[HEADER.first] = Math.max(state[HEADER.first], state[HEADER.greatest]);
  actor.state = state;
  actor.floats = emptyFloats(plan);
}
