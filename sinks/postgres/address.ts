/**
 * Where a PostgreSQL database is, and as whom it is written to: read from a URL once, and told without the password.
 *
 * @module
 */
import { z } from "zod";

/** A database and a role. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** `disable`: no TLS. `require`: TLS with any certificate. `verify-full`: with one that is trusted and names the host. */
  readonly sslmode: SslMode;
}

/** How the connection is protected. */
export type SslMode = "disable" | "require" | "verify-full";

const SHAPE = "postgres://ROLE:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full";
const modes = ["disable", "require", "verify-full"] as const;

/** A PostgreSQL URL. No error repeats it: it holds a password. */
export const postgresUrlSchema = z.string().transform((text, context): PostgresAddress => {
  const fail = (message: string) => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return fail(`a PostgreSQL URL must look like ${SHAPE}`);
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    return fail(`a PostgreSQL URL must begin with postgres://, not ${url.protocol}//`);
  }
  if (url.hostname === "" || url.username === "" || url.pathname.length < 2) {
    return fail(`a PostgreSQL URL must name role, host and database: ${SHAPE}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, ""), given = url.searchParams.get("sslmode");
  const sslmode = modes.find((mode) => mode === given);
  if (given !== null && sslmode === undefined) {
    return fail(`sslmode must be one of ${modes.join(", ")}, not ${given.slice(0, 30)}`);
  }
  const other = [...url.searchParams.keys()].find((key) => key !== "sslmode");
  if (other !== undefined) return fail(`a PostgreSQL URL takes sslmode and no ${other.slice(0, 30)}`);
  return {
    host,
    port: url.port === "" ? 5432 : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    sslmode: sslmode ?? (isLoopback(host) ? "disable" : "verify-full"),
  };
});

/** Database, host and port, for people. */
export function placeOf({ host, port, database }: PostgresAddress): string {
  return `database ${database} at ${host}:${port}`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
