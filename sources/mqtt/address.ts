/**
 * Where an MQTT broker is and how it is logged in to.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";
import { cutLogin, decoded } from "../address_parts.ts";

/** Versions of the protocol, by what they are called. */
export const MQTT_VERSIONS = ["5", "3.1.1"] as const;
/** A version of the protocol. */
export type MqttVersion = typeof MQTT_VERSIONS[number];

/** TLS, with PEM texts; everything is optional. */
export interface MqttTls {
  /** Certificates of the authorities that are trusted beside Deno's own. */
  readonly ca?: string;
  /** The client's own certificate and key. */
  readonly cert?: string;
  readonly key?: string;
}

/** A broker. */
export interface MqttBroker {
  readonly host: string;
  readonly port: number;
  readonly version: MqttVersion;
  readonly tls?: MqttTls;
  readonly login?: {
    readonly user: string;
    /** Never part of a message. */
    readonly password: string;
  };
}

/** What an `mqtt://` URL says. */
export interface MqttUrl {
  readonly host: string;
  readonly port: number;
  /** Whether it begins with `mqtts:`. */
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
  /** The path without its slash: the topic, or what topics begin with; empty for none. */
  readonly path: string;
}

/** MQTT's usual ports, without TLS and with it. */
const PORT = 1883, TLS_PORT = 8883;

/** Whether a text is meant as such a URL. */
export function isMqttUrl(text: string): boolean {
  return /^mqtts?:/i.test(text);
}

/**
 * Cuts `mqtt://[user:password@]host[:port][/path]`; `mqtts:` means TLS.
 *
 * @throws {SourceError} if it is none; the message holds no password
 */
export function parseMqttUrl(text: string): MqttUrl {
  const shown = text.replace(/\/\/.*@/, "//***@");
  const refuse = (why: string) =>
    new SourceError(`${JSON.stringify(shown)} must be mqtt://host:port (mqtts: for TLS): ${why}`);
  const match = /^(mqtts?):\/\/(?:([^/@]*)@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:\/([^?#]*))?$/i
    .exec(text);
  if (match === null) throw refuse("it is not");
  const [, scheme, login, host, given, path = ""] = match, tls = scheme.toLowerCase() === "mqtts";
  const port = given === undefined ? (tls ? TLS_PORT : PORT) : Number(given);
  if (port < 1 || port > 65_535) throw refuse(`a port is from 1 to 65535, not ${port}`);
  const [user, password] = login === undefined ? [] : cutLogin(login);
  if (login !== undefined && (user === undefined || user === "")) throw refuse("before the @ must be user:password");
  const topic = decoded(path);
  if (topic === undefined) throw refuse("its path cannot be decoded");
  return {
    host: host.replace(/^\[(.*)\]$/, "$1"),
    port,
    tls,
    path: topic,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}
