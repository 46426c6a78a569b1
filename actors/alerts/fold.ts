/**
 * An alert as it stands: the fold of its steps.
 *
 * @module
 */
import type { AlertFacts, AlertStep } from "./words.ts";

/** An alert with everything that its steps say. Times are event time, epoch ms. */
export interface AlertRecord extends AlertFacts {
  /** `partition:position:sensor:condition:channel`. */
  readonly id: string;
  readonly state: "active" | "cleared";
  readonly raised_at: number;
  readonly cleared_at?: number;
  /** Absent while nobody has acknowledged it, or since it was raised again. */
  readonly acknowledged_at?: number;
  readonly acknowledged_by?: string;
  /** Who made the last comment. */
  readonly comment_by?: string;
  readonly labelled_by?: string;
  readonly suppressed?: boolean;
  readonly out_of_service?: boolean;
  /** Position of the last step that is in here, and the command that made it; absent where the record at the position did. */
  readonly last_position: number;
  readonly last_command?: number;
}

/**
 * An alert after one more step. A step that is in it already changes nothing, so that steps may come again.
 *
 * @param before undefined for the first step
 * @returns undefined for a step of an alert that is not known (its beginning is gone)
 */
export function foldAlert(before: AlertRecord | undefined, step: AlertStep): AlertRecord | undefined {
  if (step.transition === "raised") return before ?? begin(step);
  if (before === undefined || !isLater(step, before)) return before;
  const { last_command: _last, ...rest } = before, { position, command } = step;
  const known = { ...rest, last_position: position, ...(command === undefined ? {} : { last_command: command }) };
  const remark = step.comment === undefined ? {} : { comment: step.comment, comment_by: step.by };
  switch (step.transition) {
    case "cleared": {
      const { shelved_until: _until, one_shot: _one, ...rest } = known;
      return { ...known.one_shot ? rest : known, state: "cleared", cleared_at: step.time };
    }
    case "escalated":
    case "eased":
      return { ...known, priority: step.priority };
    case "realarmed": {
      const { acknowledged_at: _at, acknowledged_by: _by, ...rest } = known;
      return { ...rest, realarms: step.realarms };
    }
    case "acknowledged":
      // Of two who acknowledge it after it has cleared the first one counts.
      if (known.acknowledged_at !== undefined) return { ...known, ...remark };
      return { ...known, ...remark, acknowledged_at: step.time, acknowledged_by: step.by };
    case "commented":
      return { ...known, ...remark };
    case "labelled":
      return { ...known, ...remark, label: step.label, labelled_by: step.by };
    case "shelved":
      return { ...known, ...remark, shelved_until: step.shelved_until, one_shot: step.one_shot === true };
    case "unshelved": {
      const { shelved_until: _until, one_shot: _one, ...rest } = known;
      return { ...rest, ...remark };
    }
    case "suppressed":
    case "unsuppressed":
      return { ...known, ...remark, suppressed: step.transition === "suppressed" };
    case "out_of_service":
    case "in_service":
      return { ...known, ...remark, out_of_service: step.transition === "out_of_service" };
  }
}

/** Commands at a position took effect in their order, before the record that lies there. */
function isLater({ position, command = Infinity }: AlertStep, before: AlertRecord): boolean {
  if (position !== before.last_position) return position > before.last_position;
  return command > (before.last_command ?? Infinity);
}

function begin(step: AlertStep): AlertRecord {
  const { id: _id, alert, transition: _t, time, partition: _p, position, raised_at: _at, command: _c, ...said } = step;
  return { id: alert, state: "active", ...said, raised_at: time, last_position: position };
}
