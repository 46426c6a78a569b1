/**
 * One connection to PostgreSQL: statements with a deadline of their own on the server too, arrays as literals.
 *
 * @module
 */
import postgres from "postgres";
import type { PostgresAddress } from "./address.ts";

/** How to connect. */
export interface ClientOptions {
  readonly address: PostgresAddress;
  /** Certificates that are trusted, PEM; default those of the system. */
  readonly ca?: string;
  /** Schema in which everything is found. */
  readonly schema: string;
  /** Longest statement, ms; also the longest time to connect. */
  readonly statementMs: number;
}

/** A value of a statement: the driver is given texts alone, PostgreSQL makes of them what the statement says. */
export type Parameter = string | number | boolean | null;

/** A connection that is opened by its first statement. */
export class PostgresClient {
  private readonly sql: postgres.Sql;

  constructor({ address, ca, schema, statementMs }: ClientOptions) {
    const { host, port, database, user, password, sslmode } = address;
    this.sql = postgres({
      host,
      port,
      database,
      user,
      pass: password,
      password,
      ssl: sslmode === "disable" ? false : {
        rejectUnauthorized: sslmode === "verify-full",
        host, // the name or address that the certificate must be for
        ...(ca === undefined ? {} : { ca: [ca] }),
      },
      // Everything that the driver would look for in the environment is said here.
      sslnegotiation: null,
      max: 1,
      idle_timeout: 0,
      connect_timeout: Math.ceil(statementMs / 1000),
      max_lifetime: null,
      max_pipeline: 100,
      backoff: false,
      keep_alive: 60,
      prepare: true,
      debug: false,
      fetch_types: false,
      publications: "alltables",
      target_session_attrs: "read-write",
      connection: {
        application_name: "sensorium",
        search_path: `${quoteName(schema)}, pg_temp`,
        statement_timeout: statementMs,
        client_min_messages: "warning",
        TimeZone: "UTC",
      },
      onnotice: () => {},
    } as postgres.Options<Record<string, never>>);
  }

  /** Runs a statement; its rows. Prepared once, whatever its parameters. */
  async query<Row extends object>(statement: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return [...await this.sql.unsafe<Row[]>(statement, [...parameters], { prepare: true })];
  }

  /** Runs several statements at once, without parameters. */
  async script(statements: string): Promise<void> {
    await this.sql.unsafe(statements).simple();
  }

  /** Cuts the connection at once, whatever is under way. */
  async cut(): Promise<void> {
    await this.sql.end({ timeout: 0 });
  }
}

/** A name as it stands in a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as it stands in a statement. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Numbers, truth values or plain words as the literal of an array. */
export function plainArray(values: readonly (number | boolean | string | null)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) literal += (i === 0 ? "" : ",") + (values[i] ?? "NULL");
  return literal + "}";
}

const NEEDS_ESCAPE = /["\\]/g;

/** Texts as the literal of an array. */
export function textArray(values: readonly (string | null | undefined)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    literal += (i === 0 ? "" : ",") +
      (value === null || value === undefined ? "NULL" : `"${value.replace(NEEDS_ESCAPE, "\\$&")}"`);
  }
  return literal + "}";
}
