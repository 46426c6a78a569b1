/**
 * The port to deliveries: where steps of alerts are sent, and what came of it. Implemented by `store` and `sinks`.
 *
 * @module
 */
import { z } from "zod";
import { CONDITIONS, PRIORITIES, TRANSITIONS } from "./words.ts";

/** Bounds of deliveries. */
export const DELIVERY_LIMITS = {
  endpoints: 50,
  /** Attempts that are remembered of an endpoint; older ones go. */
  log: 200,
  /** Steps that could not be delivered and are kept; of more, the oldest go and are counted. */
  dead: 1_000,
  urlLength: 2_048,
  nameLength: 64,
  /** Characters of a secret: 24 to 64 bytes in base64, as Standard Webhooks has it, and its prefix. */
  secretLength: 128,
} as const;

/** The shapes in which an endpoint can have its events. */
export const DELIVERY_FORMATS = ["cloudevents", "alertmanager", "alertmanager_api"] as const;

const names = z.array(z.string().min(1).max(128)).max(100).optional();

/** Which steps an endpoint gets; all of those named must fit, absent fits everything. */
export const deliveryFilterSchema = z.strictObject({
  sensors: names,
  types: names,
  locations: names,
  conditions: z.array(z.enum(CONDITIONS)).max(CONDITIONS.length).optional(),
  transitions: z.array(z.enum(TRANSITIONS)).max(TRANSITIONS.length).optional(),
  /** The least priority. */
  priority: z.enum(PRIORITIES).optional(),
  /** Whether steps of shelved, suppressed and out-of-service alerts come too; default false. */
  hushed: z.boolean().optional(),
});
/** Which steps an endpoint gets. */
export type DeliveryFilter = z.infer<typeof deliveryFilterSchema>;

/** `whsec_` and the base64 of 24 to 64 bytes, as Standard Webhooks writes secrets. */
const secretSchema = z.string().max(DELIVERY_LIMITS.secretLength).refine((text) => {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return false;
  const bytes = encoded.length / 4 * 3 - (encoded.length - encoded.replace(/=+$/, "").length);
  return bytes >= 24 && bytes <= 64;
}, { error: "secret must be whsec_ and the base64 of 24 to 64 bytes" });

/** What a person says of an endpoint. */
export const endpointSchema = z.strictObject({
  name: z.string().regex(
    /^[a-z0-9][a-z0-9_-]{0,63}$/,
    "name must be 1 to 64 of a-z, 0-9, _ and -, not beginning with _ or -",
  ),
  url: z.string().max(DELIVERY_LIMITS.urlLength).refine(isPlainUrl, {
    error: "url must be http:// or https://, without user name, password and fragment",
  }),
  /** `cloudevents`, Alertmanager's webhook (version 4), or an Alertmanager's own `POST /api/v2/alerts`. */
  format: z.enum(DELIVERY_FORMATS).default("cloudevents"),
  /** Absent: one is made, and shown once. */
  secret: secretSchema.optional(),
  filter: deliveryFilterSchema.default({}),
});

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "" && hash === "";
}

/** An endpoint, without its secret. Times are of the clock, epoch ms. */
export interface EndpointView extends Omit<z.infer<typeof endpointSchema>, "secret"> {
  readonly created_at: number;
  /** `stopped` by a person, or because the receiver said 410 Gone; `failing` while attempts fail. */
  readonly state: "active" | "failing" | "stopped";
  /** Why it is stopped or failing: one sentence without a secret. */
  readonly reason?: string;
  readonly delivered: number;
  /** Steps that could not be delivered, ever; {@linkcode DELIVERY_LIMITS.dead} of them are kept. */
  readonly dead: number;
  /** Times that the cursor was too old to go on from: steps between were never sent. */
  readonly gaps: number;
  readonly last_delivered_at?: number;
  readonly next_attempt_at?: number;
}

/** An endpoint with its secret, as it is used. */
export interface Endpoint extends Omit<z.infer<typeof endpointSchema>, "secret"> {
  readonly secret: string;
  readonly created_at: number;
}

/** One attempt. */
export interface AttemptView {
  /** Event's id. */
  readonly event: string;
  /** When it began, epoch ms. */
  readonly time: number;
  /** From 1. */
  readonly attempt: number;
  /** What the receiver answered; absent if it did not. */
  readonly status?: number;
  readonly duration_ms: number;
  readonly outcome: "delivered" | "retry" | "dead" | "gone";
  readonly error?: string;
}

/** An event that could not be delivered. */
export interface DeadLetter {
  /** Number of it at its endpoint, growing. */
  readonly number: number;
  readonly event: string;
  readonly time: number;
  readonly attempts: number;
  readonly error: string;
  /** The body that would have been sent. */
  readonly body: string;
}

/** How far an endpoint is. */
export interface DeliveryProgress {
  readonly state: EndpointView["state"];
  readonly reason?: string;
  /** Cursor of the feed behind the last step that is done with; absent before the first. */
  readonly cursor?: string;
  /** Failed attempts at the step behind the cursor. */
  readonly attempts: number;
  readonly next_attempt_at?: number;
  readonly delivered: number;
  readonly dead: number;
  readonly gaps: number;
  readonly last_delivered_at?: number;
  /** Attempts ever: the number of the next one in the log. */
  readonly tried: number;
}

/** Where endpoints and what is known of them is kept, durably. */
export interface DeliveryBook {
  /** In order of name. */
  endpoints(): Promise<readonly Endpoint[]>;
  /** Keeps a new endpoint; false if the name is taken. */
  add(endpoint: Endpoint, progress: DeliveryProgress): Promise<boolean>;
  /** Removes one with everything of it; false if there is none. */
  remove(name: string): Promise<boolean>;
  progress(name: string): Promise<DeliveryProgress | undefined>;
  /**
   * Writes progress down, with an attempt and a dead letter where there are such: all or nothing. Of an endpoint that is
   * removed nothing is written. The oldest of what is over {@linkcode DELIVERY_LIMITS} go.
   */
  write(name: string, progress: DeliveryProgress, attempt?: AttemptView, dead?: DeadLetter): Promise<void>;
  /** Newest first. */
  attempts(name: string): Promise<readonly AttemptView[]>;
  /** Oldest first. */
  dead(name: string): Promise<readonly DeadLetter[]>;
  /** Removes a dead letter; false if there is none. */
  discard(name: string, number: number): Promise<boolean>;
}

/** A rule of deliveries was broken: the message is one sentence for a person. */
export class DeliveryError extends Error {
  override name = "DeliveryError";

  /** @param kind what a route answers with: 404, 409, 422, or 503 where another process delivers */
  constructor(readonly kind: "unknown" | "conflict" | "refused" | "elsewhere", message: string) {
    super(message);
  }
}

/** What can be done with endpoints. */
export interface Deliveries {
  list(): Promise<readonly EndpointView[]>;
  endpoint(name: string): Promise<EndpointView | undefined>;
  /**
   * Adds one; what happens from now on is delivered to it.
   *
   * @returns its secret, the only time that it is shown
   * @throws {DeliveryError} `conflict` for a name that is taken or one too many, `refused` for an address that is not allowed
   */
  add(endpoint: z.infer<typeof endpointSchema>): Promise<{ readonly endpoint: EndpointView; readonly secret: string }>;
  /** Removes one with everything that is kept of it; false if there is none. */
  remove(name: string): Promise<boolean>;
  /** Stops deliveries; the cursor stays. @throws {DeliveryError} `unknown` */
  stop(name: string): Promise<EndpointView>;
  /** Goes on from where it was stopped. @throws {DeliveryError} `unknown` */
  resume(name: string): Promise<EndpointView>;
  /** Sends one event that says it is a test, now and once. @throws {DeliveryError} `unknown` */
  test(name: string): Promise<AttemptView>;
  /** Newest first. @throws {DeliveryError} `unknown` */
  attempts(name: string): Promise<readonly AttemptView[]>;
  /** Oldest first. @throws {DeliveryError} `unknown` */
  dead(name: string): Promise<readonly DeadLetter[]>;
  /** Sends a dead letter once more, now; it goes when that succeeds. @throws {DeliveryError} `unknown` */
  retry(name: string, number: number): Promise<AttemptView>;
  /** Throws a dead letter away; false if there is none. @throws {DeliveryError} `unknown` */
  discard(name: string, number: number): Promise<boolean>;
}
