/**
 * What is configured of alerts: when a condition raises, clears, escalates and alarms again. Parsed once with zod.
 *
 * @module
 */
import { z } from "zod";
import { type Condition, CONDITIONS, PRIORITIES } from "./words.ts";

const DAY_MS = 86_400_000;

/** A delay, ms; at most a day. */
const delay = z.number().int().min(0).max(DAY_MS);

/** One condition's rule, as far as it differs from the default. */
const alertRuleSchema = z.strictObject({
  priority: z.enum(PRIORITIES),
  /** On-delay: so many … */
  raise: z.number().int().min(1).max(30),
  /** … of so many readings break the rule, … */
  of: z.number().int().min(1).max(30),
  /** … and the first of them is so long ago, ms. */
  onDelayMs: delay,
  /** Off-delay: so many readings in a row are back behind the clearing threshold, … */
  clear: z.number().int().min(1).max(1000),
  /** … and the first of them is so long ago, ms; whether by then another one or a tick says so. */
  offDelayMs: delay,
  /** Other priorities after so long, counted from the raising; in order of time. */
  escalate: z.array(
    z.strictObject({ afterMs: z.number().int().min(1_000).max(31 * DAY_MS), priority: z.enum(PRIORITIES) }),
  ).max(4).refine((steps) => steps.every(({ afterMs }, i) => i === 0 || afterMs > steps[i - 1].afterMs), {
    error: "escalate must be in order of afterMs, each once",
  }),
  /** While it stays, raised again and no longer acknowledged so long after it was raised or acknowledged, ms; 0 never. */
  reAlarmMs: z.number().int().refine((ms) => ms === 0 || (ms >= 60_000 && ms <= 31 * DAY_MS), {
    error: "reAlarmMs must be 0 (never) or from 60000 to 2678400000",
  }),
}).partial().refine(({ raise, of }) => raise === undefined || of === undefined || raise <= of, {
  error: "raise must be at most of: so many of so many readings",
});

/** Conditions that are said once, when they begin, by what has waited already: counting readings would never raise them. */
const SAID_ONCE: readonly Condition[] = ["anomaly", "silent"];

/** Rules by condition. */
export const alertRulesSchema = z.partialRecord(z.enum(CONDITIONS), alertRuleSchema).superRefine((rules, context) => {
  for (const condition of SAID_ONCE) {
    const rule = rules[condition] ?? {};
    for (const [field, only] of [["raise", 1], ["of", 1], ["onDelayMs", 0]] as const) {
      if (rule[field] === undefined || rule[field] === only) continue;
      const waits = condition === "anomaly" ? "the alert budget" : "silentAfterMs or the sensor's rhythm";
      const message = `must be ${only} for ${condition}, not ${
        rule[field]
      }: ${waits} has decided already when it begins`;
      context.addIssue({ code: "custom", path: [condition, field], message });
    }
  }
});

/** Everything that is configured of alerts. */
export const alertsSchema = z.strictObject({
  rules: alertRulesSchema.default({}),
  /** Longest time that a person may shelve a condition, ms; nothing is shelved for ever. */
  shelveMostMs: z.number().int().min(60_000).max(31 * DAY_MS).default(7 * DAY_MS),
  /** Raised three times within so long it is chattering, ms; … */
  chatterMs: z.number().int().min(1_000).max(DAY_MS).default(60_000),
  /** … and then it clears only when it was quiet for so long, ms. */
  calmMs: z.number().int().min(1_000).max(DAY_MS).default(300_000),
}).superRefine(({ rules }, context) => {
  for (const condition of CONDITIONS) {
    const { raise, of } = { ...DEFAULTS[condition], ...rules[condition] };
    if (raise <= of) continue;
    const message = `raise must be at most of, not ${raise} of ${of}`;
    context.addIssue({ code: "custom", path: ["rules", condition, "raise"], message });
  }
});

/** What is configured of alerts. */
export type AlertsConfig = z.infer<typeof alertsSchema>;
/** A condition's rule with nothing left open. */
export type AlertRule = Required<z.infer<typeof alertRuleSchema>>;

/** A rule that looks at readings: three of five raise, five quiet ones in a row clear. */
const READINGS: AlertRule = {
  priority: "medium",
  raise: 3,
  of: 5,
  onDelayMs: 0,
  clear: 5,
  offDelayMs: 0,
  escalate: [],
  reAlarmMs: 0,
};
/** A rule whose condition has waited already: it raises and clears at once. */
const AT_ONCE: AlertRule = { ...READINGS, raise: 1, of: 1, clear: 1 };

const DEFAULTS: Readonly<Record<Condition, AlertRule>> = {
  limit: { ...READINGS, priority: "high" },
  warning: { ...READINGS, priority: "low" },
  rate: { ...READINGS, priority: "high" },
  zscore: READINGS,
  // The budget's rule decides when an alarm begins, and one goes on for as long as readings are anomalous now and then.
  anomaly: { ...AT_ONCE, clear: 30 },
  stuck: AT_ONCE,
  // What comes and goes is away: it is back when it stayed for a minute.
  silent: { ...AT_ONCE, offDelayMs: 60_000 },
  dirty: { ...AT_ONCE, priority: "low" },
  offline: { ...AT_ONCE, offDelayMs: 60_000 },
  drift: { ...AT_ONCE, priority: "low" },
};

/** Rules by the place of their condition in {@linkcode CONDITIONS}, and what holds for all. */
export interface AlertRules {
  readonly byCondition: readonly AlertRule[];
  readonly shelveMostMs: number;
  readonly chatterMs: number;
  readonly calmMs: number;
}

/**
 * Complete rules of a configuration.
 *
 * @param own rules of a sensor's type, which go over those for all
 */
export function makeRules(config: AlertsConfig, own: AlertsConfig["rules"] = {}): AlertRules {
  const { rules, ...all } = config;
  const byCondition = CONDITIONS.map((name) => ({ ...DEFAULTS[name], ...rules[name], ...own[name] }));
  return { ...all, byCondition: byCondition.map((rule) => ({ ...rule, raise: Math.min(rule.raise, rule.of) })) };
}
