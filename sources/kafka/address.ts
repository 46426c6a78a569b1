/**
 * Where a Kafka cluster is and how it is logged in to.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";
import { cutLogin, decoded } from "../address_parts.ts";

/** Ways to log in with a name and a password. */
export const KAFKA_MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
/** A way to log in. */
export type KafkaMechanism = typeof KAFKA_MECHANISMS[number];

/** A name and a password, and how they are shown to the broker. */
export interface KafkaLogin {
  readonly mechanism: KafkaMechanism;
  readonly user: string;
  /** Never part of a message. */
  readonly password: string;
}

/** TLS, with PEM texts; everything is optional. */
export interface KafkaTls {
  /** Certificates of the authorities that are trusted instead of the system's. */
  readonly ca?: string;
  /** The client's own certificate and key. */
  readonly cert?: string;
  readonly key?: string;
}

/** A cluster, reached by some of its brokers. */
export interface KafkaCluster {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly tls?: KafkaTls;
  readonly login?: KafkaLogin;
  /** How this client shows in the broker's logs; default `sensorium`. */
  readonly clientId?: string;
}

/** What a `kafka://` URL says. */
export interface KafkaUrl {
  readonly brokers: readonly string[];
  /** The path: topics with commas between them; empty for none. */
  readonly topics: readonly string[];
  /** Whether it begins with `kafkas:`. */
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
}

/** Kafka's own rule for a topic's name. */
const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
const BROKER = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;
/** Kafka's usual port. */
const PORT = 9092;

/** Whether a text is meant as such a URL. */
export function isKafkaUrl(text: string): boolean {
  return /^kafkas?:/i.test(text);
}

/**
 * Cuts `kafka://[user:password@]host[:port][,host[:port]]/topic[,topic]`; `kafkas:` means TLS.
 *
 * @throws {SourceError} if it is none; the message holds no password
 */
export function parseKafkaUrl(text: string): KafkaUrl {
  const match = /^(kafkas?):\/\/(?:([^/@]*)@)?([^/@?#]*)(?:\/([^?#]*))?$/i.exec(text);
  const shown = text.replace(/\/\/[^/@]*@/, "//***@");
  const refuse = (why = "") =>
    new SourceError(`${JSON.stringify(shown)} must be kafka://host:port/topic (kafkas: for TLS)${why && `: ${why}`}`);
  if (match === null) throw refuse();
  const [, scheme, login, hosts, path = ""] = match;
  const topics = path === "" ? [] : path.split(",").map((topic) => decoded(topic) ?? "");
  for (const topic of topics) if (!isTopic(topic)) throw refuse(`${JSON.stringify(topic)} is no topic's name`);
  const [user, password] = login === undefined ? [] : cutLogin(login);
  if (login !== undefined && (user === undefined || user === "")) throw refuse("before the @ must be user:password");
  return {
    brokers: brokersOf(hosts, refuse),
    topics,
    tls: scheme.toLowerCase() === "kafkas",
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

/** Whether Kafka allows a topic of that name: 1 to 249 letters, digits, `.`, `_` and `-`. */
function isTopic(name: string): boolean {
  return TOPIC.test(name);
}

function brokersOf(hosts: string, refuse: (why: string) => Error): string[] {
  return hosts.split(",").map((host) => {
    const [, name, port = String(PORT)] = BROKER.exec(host) ?? [];
    if (name === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw refuse(`${JSON.stringify(host)} is no host:port`);
    }
    return `${name}:${port}`;
  });
}
