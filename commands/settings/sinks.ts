/**
 * Sinks in the configuration: `--sink URL`, as often as there are sinks, `SENSORIUM_SINK` with spaces between them, or an
 * array in the config file.
 *
 * ```json
 * { "start": { "sink": ["kafka", { "url": "postgres://...", "retentionDays": 30 }] } }
 * ```
 *
 * A sink's URL may hold a password: no error repeats it.
 *
 * @module
 */
import { z } from "zod";
import type { Judging } from "../../actors/config.ts";
import type { DeliverySink } from "../../sinks/delivery/sink.ts";
import { MQTT_SINK_KINDS, type MqttSinkKind } from "../../sinks/mqtt.ts";
import { SINK_SCHEMES, sinkOf, type SinkSettings } from "../../sinks/open.ts";
import { UsageError } from "../process/errors.ts";
import { type KafkaAccess, LOCAL_KAFKA } from "../kafka/settings.ts";
import { kafkaSink } from "../kafka/sink.ts";
import { LOCAL_MQTT, type MqttAccess } from "../mqtt/settings.ts";
import { mqttSink } from "../mqtt/sink.ts";
import { unitsOf } from "../instance/outlets.ts";
import { readPem } from "./pem_file.ts";
import type { Setting } from "./setting.ts";

/** A sink as it is configured. */
export interface SinkPart extends Omit<SinkSettings, "unitOf"> {
  /** Path of a PEM file, unlike that of {@linkcode SinkSettings}. */
  readonly ca?: string;
  /** MQTT: what is sent; default alerts alone. */
  readonly kinds?: readonly MqttSinkKind[];
  /** MQTT: whether the broker keeps an alert's last step for those who come later; default yes. */
  readonly retain?: boolean;
}

/** Sinks that one instance may have. */
const SINKS_MOST = 16;
const RETENTION_DAYS_MOST = 36_500;
/** What only PostgreSQL knows. */
const POSTGRES_ONLY = ["adminUrl", "schema", "ca", "retentionDays"] as const;
/** What only MQTT knows. */
const MQTT_ONLY = ["kinds", "retain"] as const;
const SCHEMES: readonly string[] = [...SINK_SCHEMES, "kafka", "kafkas", "mqtt", "mqtts"];

/** What one word stands for: the servers of `deno task stack up`. */
const LOCAL_SINKS: ReadonlyMap<string, string> = new Map([
  ["postgres", "postgres://sensorium@127.0.0.1:5432/sensorium"],
  ["mongodb", "mongodb://127.0.0.1:27017/sensorium"],
  ["kafka", LOCAL_KAFKA],
  ["mqtt", LOCAL_MQTT],
]);

const KINDS_ALLOWED = `kinds must be an array of ${MQTT_SINK_KINDS.join(", ")}`;
const urlSchema = z.string({ error: "a sink needs a url" }).min(1, "a sink needs a url").max(
  4096,
  "its url is too long",
);
const partSchema = z.strictObject({
  url: urlSchema,
  name: z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, "a sink's name must be 1 to 64 letters, digits, -, _, . or :")
    .optional(),
  adminUrl: urlSchema.optional(),
  schema: z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, "schema must be a name in small letters, digits and _")
    .optional(),
  ca: z.string({ error: "ca must be the path of a PEM file" }).min(1).max(4096).optional(),
  retentionDays: z.number({ error: `retentionDays must be a whole number from 1 to ${RETENTION_DAYS_MOST}` }).int().min(
    1,
  )
    .max(RETENTION_DAYS_MOST).optional(),
  kinds: z.array(z.enum(MQTT_SINK_KINDS), { error: KINDS_ALLOWED }).min(1, KINDS_ALLOWED).optional(),
  retain: z.boolean({ error: "retain must be true or false" }).optional(),
});
const sinksSchema = z.array(
  z.union([urlSchema, partSchema], {
    error:
      "a sink is a URL, or an object of url, name, adminUrl, schema, ca, retentionDays (1 to 36500), kinds and retain",
  }),
  { error: "sinks are an array" },
).max(SINKS_MOST, `there may be at most ${SINKS_MOST} sinks`).transform((given, context): readonly SinkPart[] => {
  const parts = given.map((one) => typeof one === "string" ? { url: one } : one)
    .map((part): SinkPart => ({ ...part, url: LOCAL_SINKS.get(part.url) ?? part.url }));
  const problem = problemOf(parts);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  return parts;
});

/** The setting; see the module. */
export const SINKS: Setting<readonly SinkPart[]> = {
  form: "words",
  schema: sinksSchema,
  allowed: "sinks",
  fallback: [],
  help: "where verdicts, windows and alerts are written too: postgres://, mongodb://, kafka://host:port[/PREFIX], " +
    "mqtt://host:port[/PREFIX]; postgres, mongodb, kafka or mqtt alone is this machine's; several times for several",
  placeholder: "URL",
  isSecret: true,
};

/**
 * Makes the configured sinks; none of them connects yet.
 *
 * @param access how Kafka and MQTT are logged in to
 * @throws {UsageError} for a sink that cannot be, in a sentence without its URL
 * @throws {CommandError} if a certificate cannot be read
 */
export async function openSinks(
  parts: readonly SinkPart[],
  judging: Pick<Judging, "types">,
  access: KafkaAccess & MqttAccess,
): Promise<DeliverySink[]> {
  return await Promise.all(parts.map(async ({ ca, kinds, retain, ...part }) => {
    if (schemeOf(part.url)?.startsWith("kafka")) return await kafkaSink("--sink", part.url, access, part.name);
    if (schemeOf(part.url)?.startsWith("mqtt")) {
      return await mqttSink("--sink", part.url, access, { name: part.name, kinds, retain });
    }
    const pem = ca === undefined ? {} : { ca: await readPem(ca) };
    try {
      return await sinkOf({ ...part, ...pem, unitOf: unitsOf(judging) });
    } catch (error) {
      throw error instanceof TypeError ? new UsageError(`--sink: ${error.message}`) : error;
    }
  }));
}

/** The sinks without what is secret in them, for `GET /config`. */
export function shownSinks(parts: readonly SinkPart[]): SinkPart[] {
  return parts.map(({ adminUrl, url, ...rest }) => ({
    url: shownUrl(url),
    ...(adminUrl === undefined ? {} : { adminUrl: shownUrl(adminUrl) }),
    ...rest,
  }));
}

/** A URL without user, password and what follows a question mark; a password may hold any character. */
function shownUrl(url: string): string {
  return url.replace(/:\/\/.*@/, "://(hidden)@").replace(/\?.*$/, "?(hidden)");
}

function schemeOf(url: string): string | undefined {
  return /^([a-z+]+):\/\//.exec(url)?.[1];
}

/** What is wrong with them, if anything is. */
function problemOf(parts: readonly SinkPart[]): string | undefined {
  const names = new Set<string>();
  for (const part of parts) {
    const scheme = schemeOf(part.url);
    if (scheme === undefined || !SCHEMES.includes(scheme)) {
      const seen = scheme === undefined ? "" : `, not ${scheme}://`;
      return `a sink must be ${[...LOCAL_SINKS.keys()].join(", ")}, or a URL that begins with ${
        SCHEMES.map((one) => `${one}://`).join(", ")
      }${seen}`;
    }
    const kind = scheme.startsWith("postgres") ? "postgres" : /^(kafka|mqtt)/.exec(scheme)?.[0] ?? "mongodb";
    const odd = kind === "postgres" ? undefined : POSTGRES_ONLY.find((name) => part[name] !== undefined);
    if (odd !== undefined) return `${odd} is for PostgreSQL alone, not for ${kind}`;
    const strange = kind === "mqtt" ? undefined : MQTT_ONLY.find((name) => part[name] !== undefined);
    if (strange !== undefined) return `${strange} is for MQTT alone, not for ${kind}`;
    const name = part.name ?? kind;
    if (names.has(name)) return `two sinks are called ${name}: give one another name in the config file`;
    names.add(name);
  }
  return undefined;
}
