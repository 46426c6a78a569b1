/**
 * What a person reads when a broker says no: one sentence that names what and where, and no secret.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";
import type { MqttBroker } from "./address.ts";

/** What went wrong, as far as it decides what is done about it. */
export type MqttTrouble = "unreachable" | "login" | "certificate" | "rights" | "protocol" | "size" | "closed" | "other";

/** The broker said no, or nothing. */
export class MqttError extends SourceError {
  override name = "MqttError";

  /** @param trouble what kind of problem it is */
  constructor(message: string, readonly trouble: MqttTrouble, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What a broker answers to CONNECT: of version 3.1.1 below 128, of version 5 from there on. */
const REFUSALS: ReadonlyMap<number, readonly [MqttTrouble, string]> = new Map([
  [1, ["protocol", "it does not speak this version of MQTT: try --mqtt-version"]],
  [2, ["login", "it does not take this client's id: give another one with --mqtt-client"]],
  [3, ["unreachable", "it is not available now"]],
  [4, ["login", "wrong name or password"]],
  [5, ["login", "it does not let this client in: wrong name, password or certificate"]],
  [0x84, ["protocol", "it does not speak this version of MQTT: try --mqtt-version"]],
  [0x85, ["login", "it does not take this client's id: give another one with --mqtt-client"]],
  [0x86, ["login", "wrong name or password"]],
  [0x87, ["login", "it does not let this client in: wrong name, password or certificate"]],
  [0x88, ["unreachable", "it is not available now"]],
  [0x89, ["unreachable", "it is busy"]],
  [0x8a, ["login", "this client is banned"]],
  [0x8b, ["unreachable", "it is going down"]],
  [0x8d, ["closed", "it heard nothing from this client for too long"]],
  [0x8e, ["closed", "another client has come with the same id: give each its own with --mqtt-client"]],
  [0x8f, ["rights", "the topic filter cannot be"]],
  [0x90, ["rights", "the topic's name cannot be"]],
  [0x93, ["protocol", "this client had too many messages under way"]],
  [0x95, ["size", "the message is larger than it takes"]],
  [0x97, ["rights", "a quota is used up"]],
  [0x98, ["closed", "it was told to end the connection"]],
  [0x9a, ["rights", "it keeps no messages"]],
  [0x9e, ["rights", "it has no shared subscriptions: leave --group out"]],
  [0xa2, ["rights", "it takes no wildcards"]],
]);

/** The error for an answer of the broker. */
export function refusedBy(code: number, said?: string): MqttError {
  const [trouble, why] = REFUSALS.get(code) ?? ["other", `it answers with the code ${code}`] as const;
  return new MqttError(
    said === undefined || said === "" ? why : `${why} (${JSON.stringify(said.slice(0, 200))})`,
    trouble,
  );
}

/** How a failure of the network shows, and what is said of it. The first that fits counts. */
const RULES: readonly (readonly [RegExp, MqttTrouble, string])[] = [
  [/NotValidForName|not valid for name/i, "certificate", "its certificate is for another name than this address"],
  [
    /UnknownIssuer|invalid peer certificate|self.signed|CertExpired|certificate expired/i,
    "certificate",
    "its certificate is not trusted: give the authority that signed it with --mqtt-ca",
  ],
  [
    /CertificateRequired|certificate required|HandshakeFailure|BadCertificate|UnknownCA|AccessDenied/i,
    "certificate",
    "it wants a certificate that it trusts: give one with --mqtt-cert and --mqtt-key",
  ],
  [/InvalidContentType|corrupt message|CorruptMessage/i, "certificate", "this port does not speak TLS"],
  [/failed to lookup|getaddrinfo|not known|no such host/i, "unreachable", "there is no host of that name"],
  [/refused/i, "unreachable", "nothing listens there"],
  [/no route|unreachable|timed out/i, "unreachable", "it does not answer"],
  [/reset|broken pipe|closed|unexpected eof|close_notify|aborted|Interrupted|BadResource/i, "closed", "it hung up"],
];

/** The sentence for anything that went wrong with a broker. */
export function explainMqtt(error: unknown, { host, port, login }: MqttBroker, action: string): MqttError {
  const where = `cannot ${action} MQTT at ${host.includes(":") ? `[${host}]` : host}:${port}: `;
  if (error instanceof MqttError) {
    const who = error.trouble === "login" && login !== undefined
      ? `the user ${JSON.stringify(login.user)} is refused: `
      : "";
    return new MqttError(where + who + error.message, error.trouble, { cause: error });
  }
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  const [, trouble, why] = RULES.find(([sign]) => sign.test(text)) ?? [undefined, "other" as const, plain(text, login)];
  return new MqttError(where + why, trouble, { cause: error });
}

function plain(text: string, login: MqttBroker["login"]): string {
  const line = text.replace(/\s+/g, " ").trim();
  return login === undefined || login.password === "" ? line : line.replaceAll(login.password, "***");
}
