import fc from "fast-check";
import { alertCommandSchema, takeCommand } from "../../../actors/alerts/commands.ts";
import { type AlertRecord, foldAlert } from "../../../actors/alerts/fold.ts";
import { type Level, livesWake, moveLife, tickLives } from "../../../actors/alerts/life.ts";
import { Lives } from "../../../actors/alerts/lives.ts";
import { type AlertRule, alertsSchema } from "../../../actors/alerts/rules.ts";
import { type AlertStep, CONDITIONS, PRIORITIES } from "../../../actors/alerts/words.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { type Foretold, Oracle } from "./oracle.ts";
import { makeSelf } from "./self.ts";

const RUNS = Math.ceil(400 * Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1));
const LIMIT = CONDITIONS.indexOf("limit");
const ALL = { shelveMostMs: 600_000, chatterMs: 60_000, calmMs: 120_000 };

const ruleArb: fc.Arbitrary<AlertRule> = fc.record({
  priority: fc.constantFrom(...PRIORITIES),
  of: fc.integer({ min: 1, max: 6 }),
  part: fc.double({ min: 0.01, max: 1, noNaN: true }),
  onDelayMs: fc.constantFrom(0, 0, 5_000, 20_000),
  clear: fc.integer({ min: 1, max: 4 }),
  offDelayMs: fc.constantFrom(0, 0, 5_000, 20_000),
  escalate: fc.constantFrom<AlertRule["escalate"]>([], [{ afterMs: 30_000, priority: "critical" }], [
    { afterMs: 10_000, priority: "high" },
    { afterMs: 60_000, priority: "critical" },
    { afterMs: 90_000, priority: "low" },
  ]),
  reAlarmMs: fc.constantFrom(0, 60_000, 90_000),
}).map(({ part, ...rule }) => ({ ...rule, raise: Math.max(1, Math.floor(part * rule.of)) }));

interface Real {
  lives: Lives;
  readonly rule: AlertRule;
  readonly steps: AlertStep[];
  time: number;
  position: number;
  record?: AlertRecord;
}

/** What is done to both; the real one returns through the steps that it gives. */
interface Deed {
  readonly name: string;
  readonly afterMs: number;
  ofReal(real: Real): void;
  ofOracle(oracle: Oracle, time: number): Foretold[];
}

function command(name: string, afterMs: number, order: object, ofOracle: Deed["ofOracle"]): Deed {
  const ofReal = (real: Real) => {
    const filled = { by: "ann", ...order, ..."alert" in order ? { alert: real.record?.id ?? "p:0:pump:limit:a" } : {} };
    const { lives, time, position } = real;
    takeCommand(lives, selfOf(real), alertCommandSchema.parse(filled), time, position, (step) => real.steps.push(step));
  };
  return { name, afterMs, ofReal, ofOracle };
}

const selfOf = ({ rule }: Real) => makeSelf({ ...alertsSchema.parse({}), ...ALL, rules: { limit: rule } });
const afterArb = fc.constantFrom(1_000, 1_000, 2_000, 7_000, 30_000, 61_000);
const onLimit = { sensor: "pump", condition: "limit", channel: "a" };
const reading = fc.tuple(afterArb, fc.constantFrom<Level>(0, 0, 1, 2, 2, 2)).map(([afterMs, level]): Deed => ({
  name: `reading ${level}`,
  afterMs,
  ofReal: (real) => {
    // Most readings of a quiet sensor are never handed over.
    if (level !== 2 && !real.lives.tends(LIMIT)) return;
    moveLife(real.lives, selfOf(real), LIMIT, 0, level, 99, -Infinity, 80, real.time, real.position, (step) => {
      real.steps.push(step);
    });
  },
  ofOracle: (oracle, time) => oracle.reading(level, time),
}));
const tick = afterArb.map((afterMs): Deed => ({
  name: "tick",
  afterMs,
  ofReal: (real) => {
    const before = real.lives.save(), wake = livesWake(real.lives, selfOf(real).rules);
    const changed = tickLives(real.lives, selfOf(real), real.time, real.position, (step) => real.steps.push(step));
    assertEquals(changed, real.time >= wake, "ticks matter from the wake time on");
    if (!changed) assertEquals(real.lives.save(), before);
  },
  ofOracle: (oracle, time) => oracle.tick(time),
}));
const order = fc.tuple(
  afterArb,
  fc.constantFrom("ack", "shelve", "once", "unshelve", "suppress", "unsuppress", "out", "in", "whole", "unwhole"),
  fc.constantFrom(5_000, 60_000, 900_000),
).map(([afterMs, what, forMs]): Deed => {
  switch (what) {
    case "ack":
      return command(what, afterMs, { command: "acknowledge", alert: "" }, (o, t) => o.acknowledge(t));
    case "shelve":
      return command(what, afterMs, { command: "shelve", ...onLimit, forMs }, (o, t) => o.shelve(forMs, false, t));
    case "once":
      return command(what, afterMs, { command: "shelve", ...onLimit, oneShot: true }, (o, t) => {
        return o.shelve(undefined, true, t);
      });
    case "unshelve":
      return command(what, afterMs, { command: "unshelve", ...onLimit }, (o, t) => o.unshelve(t));
    case "suppress":
      return command(what, afterMs, { command: "suppress", ...onLimit }, (o, t) => o.put("suppressed", true, t));
    case "unsuppress":
      return command(what, afterMs, { command: "unsuppress", ...onLimit }, (o, t) => o.put("suppressed", false, t));
    case "out":
      return command(what, afterMs, { command: "remove_from_service", ...onLimit }, (o, t) => {
        return o.put("outOfService", true, t);
      });
    case "in":
      return command(what, afterMs, { command: "return_to_service", ...onLimit }, (o, t) => {
        return o.put("outOfService", false, t);
      });
    case "whole":
      return command(
        what,
        afterMs,
        { command: "suppress", sensor: "pump" },
        (o, t) => o.put("wholeSuppressed", true, t),
      );
    default:
      return command(what, afterMs, { command: "unsuppress", sensor: "pump" }, (o, t) => {
        return o.put("wholeSuppressed", false, t);
      });
  }
});

class Doing implements fc.Command<Oracle, Real> {
  constructor(private readonly deed: Deed, private readonly restored: boolean) {}

  check(): boolean {
    return true;
  }

  run(oracle: Oracle, real: Real): void {
    real.time += this.deed.afterMs;
    real.position++;
    if (this.restored) real.lives = new Lives(real.lives.save());
    const from = real.steps.length;
    // An acknowledgement of what is not open is told all the same; the oracle knows open ones alone.
    const expected = this.deed.ofOracle(oracle, real.time);
    const open = real.record?.state === "active";
    this.deed.ofReal(real);
    const made = real.steps.slice(from);
    if (this.deed.name === "ack" && !open) return void real.steps.splice(from);
    assertEquals(made.map(({ transition, notify }) => ({ transition, told: notify !== false })), expected);
    for (const step of made) {
      real.record = foldAlert(step.transition === "raised" ? undefined : real.record, step);
      assertEquals(foldAlert(real.record, step), real.record, "a step that comes again changes nothing");
    }
    this.compare(oracle, real);
  }

  private compare(oracle: Oracle, real: Real): void {
    const { record } = real;
    assertEquals(record?.state === "active", oracle.active);
    for (const number of real.lives.data) assert(Number.isFinite(number), "a snapshot holds finite doubles");
    if (!record || !oracle.active) return;
    assertEquals(record.priority, oracle.priority);
    assertEquals(record.raised_at, oracle.raisedAt);
    assertEquals(record.acknowledged_at !== undefined, oracle.acknowledged);
    assertEquals(record.chattering === true, oracle.chattering);
    assertEquals(record.shelved_until, oracle.shelf?.until);
  }

  toString(): string {
    return `${this.deed.name} after ${this.deed.afterMs}${this.restored ? " (restored)" : ""}`;
  }
}

Deno.test("moveLife(), tickLives() and takeCommand() live as the plain oracle says", () => {
  const deed = fc.oneof({ weight: 6, arbitrary: reading }, { weight: 2, arbitrary: tick }, {
    weight: 3,
    arbitrary: order,
  });
  const doing = fc.tuple(deed, fc.integer({ min: 0, max: 9 })).map(([one, n]) => new Doing(one, n === 0));
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(ruleArb, fc.commands([doing], { maxCommands: 120, size: "max" }), (rule, commands) => {
      const real: Real = { lives: new Lives(), rule, steps: [], time: 1_000_000, position: 0 };
      fc.modelRun(() => ({ model: new Oracle(rule, ALL), real }), commands);
      assertEquals(new Set(real.steps.map(({ id }) => id)).size, real.steps.length, "every step has an id of its own");
      for (const { transition } of real.steps) seen.set(transition, (seen.get(transition) ?? 0) + 1);
    }),
    { numRuns: RUNS, seed: 7 },
  );
  // The histories reached every step that they could.
  for (
    const step of [
      "raised",
      "cleared",
      "acknowledged",
      "escalated",
      "eased",
      "realarmed",
      "shelved",
      "unshelved",
      "suppressed",
      "unsuppressed",
      "out_of_service",
      "in_service",
    ]
  ) assert((seen.get(step) ?? 0) > 0, `no history had a step ${step}`);
});
