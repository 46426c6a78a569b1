/**
 * What a person reads when Kafka says no: one sentence that names what and where, and no secret.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";
import type { KafkaCluster } from "./address.ts";

/** What went wrong, as far as it decides what is done about it. */
export type KafkaTrouble =
  | "unreachable"
  | "login"
  | "certificate"
  | "topic"
  | "rights"
  | "range"
  | "size"
  | "moving"
  | "closed"
  | "other";

/** Kafka said no, or nothing. The message is one sentence for a person. */
export class KafkaError extends SourceError {
  override name = "KafkaError";

  /** @param trouble what kind of problem it is */
  constructor(message: string, readonly trouble: KafkaTrouble, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What was tried, for the sentence. */
export interface Attempt {
  readonly cluster: KafkaCluster;
  /** After "cannot": `read the topic iot_sensors`. */
  readonly action: string;
  readonly topic?: string;
}

/** As much as is looked at of an error. */
interface Facts {
  readonly message: string;
  readonly code: string;
  readonly apiId: string;
}

/** The error and everything below it: the causes, and the errors that it gathers. */
function factsOf(error: unknown, depth = 0): Facts[] {
  if (!(error instanceof Error) || depth > 8) return [];
  const { message, cause } = error;
  const { code, apiId } = error as { code?: unknown; apiId?: unknown };
  const gathered = error instanceof AggregateError ? error.errors : [];
  const own = { message, code: String(code ?? ""), apiId: String(apiId ?? "") };
  return [own, ...gathered.flatMap((one) => factsOf(one, depth + 1)), ...factsOf(cause, depth + 1)];
}

/** How a problem shows, and what is said of it. The first that fits counts. */
const RULES: readonly {
  readonly trouble: KafkaTrouble;
  readonly fits: (fact: Facts) => boolean;
  readonly say: (attempt: Attempt, fact: Facts) => string;
}[] = [
  {
    trouble: "closed",
    fits: ({ message }) => /client is closed|closed while retrying/i.test(message),
    say: () => "the connection was closed",
  },
  {
    trouble: "login",
    fits: ({ apiId }) => apiId === "SASL_AUTHENTICATION_FAILED",
    say: ({ cluster: { login } }) => `the broker refuses the user ${quoted(login?.user)}: wrong name or password`,
  },
  {
    trouble: "login",
    fits: ({ apiId, message }) =>
      /UNSUPPORTED_SASL_MECHANISM|ILLEGAL_SASL_STATE/.test(apiId) || /suitable SASL mechanism/.test(message),
    say: ({ cluster: { login } }) => `this port takes no login by ${login?.mechanism ?? "name and password"}`,
  },
  {
    trouble: "certificate",
    fits: ({ message, code }) => /NotValidForName|ALTNAME|certificate not valid for name/i.test(`${message} ${code}`),
    say: () => "its certificate is for another name than this address",
  },
  {
    trouble: "certificate",
    fits: ({ message, code }) => /certificate|self.signed|UNABLE_TO_|UnknownIssuer/i.test(`${message} ${code}`),
    say: () => "its certificate is not trusted: give the authority that signed it with --kafka-ca",
  },
  {
    trouble: "certificate",
    fits: ({ message }) => /TLS handshake failed|received corrupt message|InvalidContentType/i.test(message),
    say: () => "this port does not speak TLS",
  },
  {
    trouble: "topic",
    fits: ({ apiId, message }) => /^UNKNOWN_TOPIC/.test(apiId) || /^Unknown topic/.test(message),
    say: ({ topic }) => `there is no topic ${quoted(topic)}, or it may not be seen`,
  },
  {
    trouble: "rights",
    fits: ({ apiId }) => /_AUTHORIZATION_FAILED$/.test(apiId),
    say: ({ cluster: { login }, topic }, { apiId }) =>
      `${login ? `the user ${quoted(login.user)}` : "a client without a login"} has no right to ${
        apiId === "GROUP_AUTHORIZATION_FAILED" ? "the consumer group" : topic ? `the topic ${quoted(topic)}` : "do that"
      }`,
  },
  { trouble: "range", fits: ({ apiId }) => apiId === "OFFSET_OUT_OF_RANGE", say: () => "the offset is not there" },
  {
    trouble: "moving",
    fits: ({ apiId }) =>
      /^(NOT_LEADER_OR_FOLLOWER|LEADER_NOT_AVAILABLE|FENCED_LEADER_EPOCH|UNKNOWN_LEADER_EPOCH)$/.test(apiId),
    say: () => "its leader is just being chosen",
  },
  {
    trouble: "size",
    fits: ({ apiId }) => /^(MESSAGE|RECORD_LIST)_TOO_LARGE$/.test(apiId),
    say: () => "a message is larger than the topic takes (max.message.bytes)",
  },
  {
    trouble: "unreachable",
    fits: ({ code, message }) => code === "ENOTFOUND" || /getaddrinfo|failed to lookup/i.test(message),
    say: () => "there is no host of that name",
  },
  {
    trouble: "unreachable",
    fits: ({ code, message }) => code === "ECONNREFUSED" || /refused/i.test(message),
    say: () => "nothing listens there",
  },
  {
    trouble: "login",
    fits: ({ message, code }) =>
      code === "PLT_KFK_USER" && /require.*(TLS|SSL)|missing TLS|TLS.*(enabled|required|configured)/i.test(message),
    say: () => "this port wants TLS (kafkas:// or --kafka-tls)",
  },
  {
    trouble: "unreachable",
    fits: ({ code, message }) =>
      /^(ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|PLT_KFK_TIMEOUT)$/.test(code) || /timed out|closed/i.test(message),
    say: () => "it does not answer, or hangs up: is it the right port, with or without TLS and a login?",
  },
];

function quoted(text: string | undefined): string {
  return JSON.stringify(text ?? "");
}

/** The sentence for an error of the client. One that is a {@linkcode SourceError} already stays as it is. */
export function explainKafka(error: unknown, attempt: Attempt): SourceError {
  if (error instanceof SourceError) return error;
  const facts = factsOf(error), where = attempt.cluster.brokers.join(", ");
  for (const { trouble, fits, say } of RULES) {
    const fact = facts.find(fits);
    if (fact === undefined) continue;
    return new KafkaError(`cannot ${attempt.action} of Kafka at ${where}: ${say(attempt, fact)}`, trouble, {
      cause: error,
    });
  }
  const last = facts.at(-1)?.message ?? String(error);
  return new KafkaError(
    `cannot ${attempt.action} of Kafka at ${where}: ${withoutSecrets(last, attempt.cluster)}`,
    "other",
    {
      cause: error,
    },
  );
}

function withoutSecrets(text: string, { login }: KafkaCluster): string {
  const line = text.replace(/\s+/g, " ").trim();
  return login === undefined || login.password === "" ? line : line.replaceAll(login.password, "***");
}
