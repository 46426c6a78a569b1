/**
 * What the document says of commands to alerts, of their performance, and of webhooks.
 *
 * @module
 */
import { z } from "zod";
import { DELIVERY_FORMATS, deliveryFilterSchema, endpointSchema } from "../../actors/alerts/delivery.ts";
import { CONDITIONS } from "../../actors/alerts/words.ts";
import { ALERT_BODIES, SENSOR_BODIES } from "../alert_commands.ts";
import { alertPerformanceQuery } from "../alert_performance.ts";
import { floodsQuery } from "../floods.ts";
import { renameBody, renamed } from "../rename.ts";
import { UPKEEP_BODIES } from "../upkeep.ts";
import type { Operation } from "../openapi.ts";
import { json } from "./parts.ts";

const count = z.number().int().min(0), ratio = z.number().min(0).max(1), time = z.iso.datetime();
const accepted = {
  202: json(
    "It is recorded and takes effect at its position.",
    z.object({ command: z.string(), partition: z.string(), position: count }),
  ),
};
type Verb = keyof typeof ALERT_BODIES | keyof typeof SENSOR_BODIES | keyof typeof UPKEEP_BODIES;
const SAYS: Readonly<Record<Verb, string>> = {
  acknowledge: "Say that an alert was seen",
  comment: "Say something of an alert",
  label: "Say whether an alert was right; labels train the supervised model",
  shelve: "Tell nobody of a condition for a time, or until its alert clears",
  unshelve: "Take a condition off the shelf",
  suppress: "Tell nobody of a condition until it is taken back",
  unsuppress: "Take a suppression back",
  "remove-from-service": "Take a condition, or the whole sensor, out of service",
  "return-to-service": "Put it back into service",
  restart: "Let a sensor run again whose actor was stopped for failing",
  reset: "Let a sensor forget what it has learnt, as after a repair",
  replace: "Say that the device was exchanged: what was learnt goes, the history stays and is marked",
  delete: "Delete a sensor with its data; a reading of its name begins a new one",
  retire: "Retire a sensor: no alarms, no learning",
  unretire: "Take a retired sensor back",
  maintenance: "Plan maintenance: no alarms, no learning for readings of that time",
};

/** Operations of one family of commands, each a verb below what it is for; those of `wanting` need a body. */
function commands(
  family: {
    readonly of: "/alerts/{id}" | "/sensors/{sensor}";
    readonly tag: string;
    readonly wanting: readonly string[];
  },
  bodies: Readonly<Record<string, z.ZodType>>,
): Operation[] {
  const { of, tag, wanting } = family;
  const params: Operation["params"] = of === "/alerts/{id}"
    ? { id: "The alert's id, percent-encoded" }
    : { sensor: "The sensor's name, percent-encoded" };
  return Object.entries(bodies).map(([verb, body]) => ({
    method: "post",
    path: `${of}/${verb}`,
    tag,
    summary: SAYS[verb as Verb],
    params,
    body: { "application/json": body },
    bodyOptional: !wanting.includes(verb),
    answers: accepted,
    problems: [503, 504],
  }));
}

const commanding: readonly Operation[] = [
  ...commands({ of: "/alerts/{id}", tag: "Alerts", wanting: ["comment", "label"] }, ALERT_BODIES),
  ...commands({ of: "/sensors/{sensor}", tag: "Alerts", wanting: ["shelve"] }, SENSOR_BODIES),
  ...commands({ of: "/sensors/{sensor}", tag: "Sensors", wanting: ["maintenance"] }, UPKEEP_BODIES),
  {
    method: "post",
    path: "/sensors/{sensor}/rename",
    tag: "Sensors",
    summary: "Show a sensor by a name; its id stays, and readings may be sent under either",
    description: "A name that is empty or left out is taken back. 409: another sensor has that name.",
    params: { sensor: "The sensor's id or name, percent-encoded" },
    body: { "application/json": renameBody },
    bodyOptional: true,
    answers: { 200: json("It is shown by that name.", renamed) },
    problems: [409],
  },
];

const actor = z.object({
  sensor: z.string(),
  condition: z.enum(CONDITIONS),
  channel: z.string().optional(),
  location: z.string().optional(),
  count,
  share: ratio,
});
const mix = z.object({ count, ratio });
const performanceSchema = z.object({
  from: time,
  to: time,
  alerts: count,
  per_10_minutes: z.object({
    average: z.number(),
    most: count,
    most_at: time.optional(),
    acceptable_ratio: ratio,
    manageable_ratio: ratio,
  }),
  flood_ratio: ratio,
  floods: count,
  stale: z.object({ count, oldest: z.array(z.object({ id: z.string(), raised_at: time })) }),
  chattering: z.object({ count, worst: z.array(actor) }),
  bad_actors: z.array(actor),
  bad_actors_ratio: ratio,
  expected: z.object({
    sensors: count,
    unknown: count,
    per_hour: z.number(),
    per_day: z.number(),
    manageable: z.boolean(),
    proposal: z.object({ plant: z.object({ alarms: z.number(), everyMs: count }) }).optional(),
  }).optional(),
  priorities: z.object({ low: mix, medium: mix, high: mix, critical: mix }),
  others: count,
});

const floodSchema = z.object({
  id: z.string(),
  state: z.enum(["active", "ended"]),
  partition: z.string(),
  location: z.string().optional(),
  began_at: time,
  ended_at: time.optional(),
  count,
  members: z.array(z.string()),
});

const endpointView = z.object({
  name: z.string(),
  url: z.string(),
  format: z.enum(DELIVERY_FORMATS),
  filter: deliveryFilterSchema,
  created_at: time,
  state: z.enum(["active", "failing", "stopped"]),
  reason: z.string().optional(),
  delivered: count,
  dead: count,
  gaps: count,
  last_delivered_at: time.optional(),
  next_attempt_at: time.optional(),
});
const attempt = z.object({
  event: z.string(),
  time,
  attempt: count,
  status: z.number().int().optional(),
  duration_ms: z.number(),
  outcome: z.enum(["delivered", "retry", "dead", "gone"]),
  error: z.string().optional(),
});
const letter = z.object({
  number: count,
  event: z.string(),
  time,
  attempts: count,
  error: z.string(),
  body: z.string(),
});
const items = (of: z.ZodType) => z.object({ items: z.array(of) });
const named = { name: "The webhook's name" };
const lettered = { ...named, number: "The dead letter's number" };
const webhook = (more: Omit<Operation, "tag">): Operation => {
  // Without a body, too, a parameter that nobody knows is refused.
  return { tag: "Webhooks", ...more, problems: [...(more.body ? [] : [400 as const]), ...more.problems ?? []] };
};

const delivering: readonly Operation[] = [
  webhook({
    method: "get",
    path: "/webhooks",
    summary: "Webhooks and how they are",
    answers: { 200: json("All of them.", items(endpointView)) },
  }),
  webhook({
    method: "post",
    path: "/webhooks",
    summary: "Add a webhook",
    description: "What happens from now on is delivered to it. The secret is shown this once.",
    body: { "application/json": endpointSchema },
    answers: { 201: json("The webhook with its secret.", endpointView.extend({ secret: z.string() })) },
    problems: [409, 422],
  }),
  webhook({
    method: "get",
    path: "/webhooks/{name}",
    summary: "One webhook",
    params: named,
    answers: { 200: json("The webhook.", endpointView) },
  }),
  webhook({
    method: "delete",
    path: "/webhooks/{name}",
    summary: "Remove a webhook with its log and dead letters",
    params: named,
    answers: { 204: { description: "It is gone." } },
  }),
  ...(["stop", "resume"] as const).map((verb) =>
    webhook({
      method: "post",
      path: `/webhooks/{name}/${verb}`,
      summary: verb === "stop" ? "Stop deliveries" : "Go on from where it was stopped",
      params: named,
      answers: { 200: json("The webhook.", endpointView) },
    })
  ),
  webhook({
    method: "post",
    path: "/webhooks/{name}/test",
    summary: "Send an event that says it is a test, once",
    params: named,
    answers: { 200: json("What came of it.", attempt) },
  }),
  webhook({
    method: "get",
    path: "/webhooks/{name}/attempts",
    summary: "The last attempts, newest first",
    params: named,
    answers: { 200: json("At most 200.", items(attempt)) },
  }),
  webhook({
    method: "get",
    path: "/webhooks/{name}/dead",
    summary: "Events that could not be delivered, oldest first",
    params: named,
    answers: { 200: json("At most 1,000.", items(letter)) },
  }),
  webhook({
    method: "post",
    path: "/webhooks/{name}/dead/{number}/retry",
    summary: "Send a dead letter once more",
    params: lettered,
    answers: { 200: json("What came of it.", attempt) },
  }),
  webhook({
    method: "delete",
    path: "/webhooks/{name}/dead/{number}",
    summary: "Throw a dead letter away",
    params: lettered,
    answers: { 204: { description: "It is gone." } },
  }),
];

/** Commands to alerts, their performance, and webhooks. */
export const alerting: readonly Operation[] = [
  {
    method: "get",
    path: "/alerts/performance",
    tag: "Alerts",
    summary: "How the alarm system performs, in the figures of ISA-18.2",
    description: "The last 24 hours unless told; at most 31 days.",
    query: alertPerformanceQuery,
    answers: { 200: json("The figures.", performanceSchema) },
  },
  {
    method: "get",
    path: "/alerts/floods",
    tag: "Alerts",
    summary: "Many alerts of one location within minutes, as one; the last 1,000, newest first",
    query: floodsQuery,
    answers: { 200: json("The floods with their members.", items(floodSchema)) },
  },
  ...commanding,
  ...delivering,
];
