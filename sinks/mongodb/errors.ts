/**
 * What MongoDB and the way to it say, in one sentence that names what and where, without a secret.
 *
 * @module
 */
import { RefusedError, SinkUnavailableError } from "../delivery/sink.ts";

/** What an error of the driver may carry. */
interface DriverError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** Where a MongoDB is: for people, without a login. */
export interface MongoPlace {
  readonly hosts: string;
  readonly database: string;
  readonly user?: string;
}

/**
 * Where a MongoDB URL leads to. No error repeats the URL: it may hold a password.
 *
 * @returns undefined for a text that is no such URL
 */
export function placeOfUrl(url: string): MongoPlace | undefined {
  const match = /^mongodb(?:\+srv)?:\/\/(?:([^:@/]*)(?::[^@/]*)?@)?([^/?@]+)(?:\/([^?]*))?(?:\?.*)?$/.exec(url);
  if (!match) return undefined;
  const [, user, hosts, database] = match;
  return {
    hosts,
    database: database ? decodeURIComponent(database) : "sensorium",
    ...(user ? { user: decodeURIComponent(user) } : {}),
  };
}

/** What the driver, which writes documents into a buffer of 17 MB, and the server say of one beyond 16 MiB. */
const TOO_LARGE = /ERR_OUT_OF_RANGE|^10334 |larger than the maximum|too large/i;

/** The error that a sink throws for one of the driver's. */
export function mongoError(error: unknown, place: MongoPlace): Error {
  if (error instanceof SinkUnavailableError || error instanceof RefusedError) return error;
  if (TOO_LARGE.test(`${codeOf(error)} ${(error as DriverError)?.message}`)) {
    return new RefusedError(`MongoDB takes no document that is so large: ${sentence(error as DriverError, place)}`);
  }
  return new SinkUnavailableError(sentence(error as DriverError, place), { cause: codeOf(error) });
}

function codeOf(error: unknown): unknown {
  const { code, cause } = (error ?? {}) as DriverError;
  return code ?? (cause === undefined ? undefined : codeOf(cause));
}

function sentence(error: DriverError, { hosts, database, user = "(none)" }: MongoPlace): string {
  const code = codeOf(error), said = String(error?.message ?? error).split("\n", 1)[0].slice(0, 200);
  if (code === 18) return `MongoDB at ${hosts} does not let user ${user} in: the password or the user is wrong`;
  if (code === 59 && /sasl/i.test(said)) {
    return `MongoDB at ${hosts} knows no logins: leave user and password out of its URL`;
  }
  if (code === 13) return `user ${user} lacks a right in database ${database} of MongoDB at ${hosts}: ${said}`;
  if (/ENOTFOUND|EAI_AGAIN|failed to lookup/i.test(`${code} ${said}`)) {
    return `there is no host ${hosts}: look at the MongoDB URL`;
  }
  if (/UnknownIssuer|SELF_SIGNED|self.signed|unable to (get|verify)/i.test(`${code} ${said}`)) {
    return `the certificate of MongoDB at ${hosts} is not signed by anybody who is trusted here: give its authority's ` +
      "certificate with tlsCAFile in the URL";
  }
  if (/NotValidForName|ALTNAME/i.test(`${code} ${said}`)) {
    return `the certificate of MongoDB at ${hosts} is for another host`;
  }
  if (/ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|Server selection timed out|timed out/i.test(`${code} ${said}`)) {
    return `no MongoDB answers at ${hosts}`;
  }
  if (/ECONNRESET|EPIPE|closed|interrupted|destroyed/i.test(`${code} ${said}`)) {
    return `the connection to MongoDB at ${hosts} was lost`;
  }
  return `database ${database} of MongoDB at ${hosts}: ${said}`;
}
