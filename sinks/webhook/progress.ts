/**
 * What one attempt makes of an endpoint's progress: a pure function of what was and what came of it.
 *
 * @module
 */
import type { DeadLetter, DeliveryProgress } from "../../actors/alerts/delivery.ts";
import type { Answer, Outcome } from "./retry.ts";

/** An attempt to deliver a step, and what came of it. */
export interface Attempted {
  /** Id of the step's event. */
  readonly event: string;
  /** Cursor behind the step. */
  readonly cursor: string;
  readonly body: string;
  /** Which attempt at the step it was, from 1. */
  readonly number: number;
  readonly answer: Answer;
  readonly outcome: Outcome;
}

/** What is to be written down, and said. */
export interface Afterwards {
  readonly progress: DeliveryProgress;
  readonly dead?: DeadLetter;
  /** For a person, where there is something to know. */
  readonly said?: string;
}

/** What comes of an attempt. @param now when it was over, epoch ms */
export function progressAfter(was: DeliveryProgress, attempted: Attempted, now: number): Afterwards {
  const { reason: _, next_attempt_at: _n, ...rest } = was, before = { ...rest, tried: rest.tried + 1 };
  const { event, cursor, body, number, answer, outcome } = attempted;
  const failing = {
    ...before,
    state: "failing",
    ...(answer.error === undefined ? {} : { reason: answer.error }),
  } as const;
  switch (outcome.outcome) {
    case "delivered": {
      const delivered = before.delivered + 1;
      return { progress: { ...before, state: "active", cursor, attempts: 0, delivered, last_delivered_at: now } };
    }
    case "retry":
      return {
        progress: { ...failing, attempts: number, next_attempt_at: now + outcome.waitMs },
        ...(number === 1 ? { said: `${answer.error}; it is tried again` } : {}),
      };
    case "dead": {
      const error = answer.error ?? "it failed";
      return {
        progress: { ...failing, cursor, attempts: 0, dead: before.dead + 1 },
        dead: { number: before.dead, event, time: now, attempts: number, error, body },
        said: `${error}; given up after ${number} attempts, see its dead letters`,
      };
    }
    case "gone": {
      const reason = "the receiver answered 410 Gone";
      return { progress: { ...before, state: "stopped", reason, attempts: 0 }, said: `stopped, since ${reason}` };
    }
  }
}
