/**
 * A desk, floods and webhooks that answer with every field.
 *
 * @module
 */
import { type AttemptView, type Deliveries, DeliveryError, type EndpointView } from "../../actors/alerts/delivery.ts";
import { alertsSchema } from "../../actors/alerts/rules.ts";
import type { FloodView } from "../../actors/alerts/flood.ts";
import type { CommandDesk, SensorCommand } from "../../actors/commands/words.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { NOON } from "./fakes.ts";

const ENDPOINT: EndpointView = {
  name: "parts",
  url: "https://hooks.example.com/",
  format: "cloudevents",
  filter: { sensors: ["a"], priority: "high" },
  created_at: NOON,
  state: "failing",
  reason: "it answered 503",
  delivered: 7,
  dead: 1,
  gaps: 0,
  last_delivered_at: NOON,
  next_attempt_at: NOON + 1_000,
};
const ATTEMPT: AttemptView = {
  event: "p:7:a:limit:t/raised",
  time: NOON,
  attempt: 1,
  status: 503,
  duration_ms: 12.5,
  outcome: "retry",
  error: "it answered 503",
};
const LETTER = { number: 1, event: ATTEMPT.event, time: NOON, attempts: 12, error: "it answered 503", body: "{}" };
const FLOOD: FloodView = {
  id: "p:7:flood:hall",
  state: "ended",
  partition: "p",
  location: "hall",
  began_at: NOON,
  ended_at: NOON + 1_000,
  count: 1,
  members: ["p:7:a:limit:t"],
};

/** Takes every command. */
export class FakeDesk implements CommandDesk {
  readonly orders: SensorCommand[] = [];

  order(command: SensorCommand) {
    return Promise.resolve({ partition: "http-0", position: this.orders.push(command) });
  }
}

/** Knows one webhook, named `parts`. */
class FakeDeliveries implements Deliveries {
  private of<T>(name: string, value: T): Promise<T> {
    if (name === ENDPOINT.name) return Promise.resolve(value);
    return Promise.reject(new DeliveryError("unknown", `there is no webhook named ${name}`));
  }

  list = () => Promise.resolve([ENDPOINT]);
  endpoint = (name: string) => Promise.resolve(name === ENDPOINT.name ? ENDPOINT : undefined);
  add = () => Promise.resolve({ endpoint: ENDPOINT, secret: "whsec_AAAA" });
  remove = (name: string) => Promise.resolve(name === ENDPOINT.name);
  stop = (name: string) => this.of(name, ENDPOINT);
  resume = (name: string) => this.of(name, ENDPOINT);
  test = (name: string) => this.of(name, ATTEMPT);
  attempts = (name: string) => this.of(name, [ATTEMPT]);
  dead = (name: string) => this.of(name, [LETTER]);
  retry = (name: string, number: number) => this.of(number === 1 ? name : "", ATTEMPT);
  discard = (name: string, number: number) => this.of(name, number === 1);
}

/** All of it. */
export function alertingDeps(): Pick<AppDeps, "desk" | "alerts" | "floods" | "deliveries"> {
  return {
    desk: new FakeDesk(),
    alerts: () => alertsSchema.parse({}),
    floods: { list: () => [FLOOD] },
    deliveries: new FakeDeliveries(),
  };
}
