/**
 * What PostgreSQL and the way to it say, in one sentence that names what and where, without a secret.
 *
 * @module
 */
import { RefusedError, SinkUnavailableError } from "../delivery/sink.ts";
import { placeOf, type PostgresAddress } from "./address.ts";

/** What an error of the driver may carry. */
interface DriverError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly table_name?: unknown;
}

/** Classes of SQLSTATE that are about the data, not about the server: 22 data exception, 23 integrity, 54 limits. */
const ABOUT_DATA = /^(22|23|54)/;

/**
 * The error that a sink throws for one of the driver's.
 *
 * @returns a {@linkcode RefusedError} where the data are to blame, else a {@linkcode SinkUnavailableError}
 */
export function postgresError(error: unknown, address: PostgresAddress): Error {
  if (error instanceof SinkUnavailableError || error instanceof RefusedError) return error;
  const { code, message } = (error ?? {}) as DriverError;
  const said = firstLine(String(message ?? error)), known = typeof code === "string" ? code : "";
  if (ABOUT_DATA.test(known) && !/no partition of relation/.test(said)) {
    return new RefusedError(`PostgreSQL does not take it (${known}): ${said}`);
  }
  return new SinkUnavailableError(sentence(known, said, address), { cause: known });
}

function sentence(code: string, said: string, address: PostgresAddress): string {
  const { user, host, port } = address, place = placeOf(address);
  switch (code) {
    case "28P01":
      return `the password of role ${user} is not the one that PostgreSQL at ${host}:${port} knows`;
    case "28000":
      return `PostgreSQL at ${host}:${port} does not let role ${user} in: ${said}`;
    case "3D000":
      return `there is no ${place}: create it, or name another one in the URL`;
    case "42P01":
    case "3F000":
    case "42883":
      return `something that belongs to the tables is missing in ${place} (${said}): it is made again when an ` +
        "administrator's URL is given";
    case "42703":
      return `the tables in ${place} are not those of this program: ${said}`;
    case "42501":
      return `role ${user} lacks a right in ${place}: ${said}`;
    case "53100":
      return `the disk of ${place} is full`;
    case "53300":
      return `PostgreSQL at ${host}:${port} has no connection left for role ${user}`;
    case "57P01":
    case "57P02":
    case "57P03":
      return `PostgreSQL at ${host}:${port} is starting or stopping`;
    case "57014":
      return `a statement took too long in ${place}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `there is no host ${host}: look at the PostgreSQL URL`;
    case "ECONNREFUSED":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
    case "CONNECT_TIMEOUT":
      return `no PostgreSQL answers at ${host}:${port}`;
    case "ECONNRESET":
    case "EPIPE":
    case "CONNECTION_CLOSED":
    case "CONNECTION_ENDED":
    case "CONNECTION_DESTROYED":
      return `the connection to ${place} was lost` +
        (address.sslmode === "disable" ? "" : ": if it speaks no TLS at all, add ?sslmode=disable to its URL");
  }
  return tlsSentence(code, said, address) ?? `${place}: ${said}`;
}

function tlsSentence(code: string, said: string, { host, port }: PostgresAddress): string | undefined {
  if (/UnknownIssuer|SELF_SIGNED|UNABLE_TO_|CaUsedAsEndEntity|self.signed|unable to (get|verify)/i.test(code + said)) {
    return `the certificate of PostgreSQL at ${host}:${port} is not signed by anybody who is trusted here: give its ` +
      "authority's certificate";
  }
  if (/NotValidForName|ALTNAME/i.test(code + said)) {
    return `the certificate of PostgreSQL at ${host}:${port} is for another host`;
  }
  if (/expired|CERT_HAS_EXPIRED/i.test(code + said)) {
    return `the certificate of PostgreSQL at ${host}:${port} has expired`;
  }
  if (/does not support SSL|ssl.*not.*support/i.test(said)) {
    return `PostgreSQL at ${host}:${port} speaks no TLS: if that is meant, add ?sslmode=disable to its URL`;
  }
  return undefined;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0].slice(0, 200);
}
