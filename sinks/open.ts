/**
 * Sinks by their URL, as they stand in the configuration: `postgres://...` and `mongodb://...`.
 *
 * @module
 */
import type { DeliverySink } from "./delivery/sink.ts";
import { postgresUrlSchema } from "./postgres/address.ts";
import type { UnitOf } from "./postgres/statements.ts";

/** What is said of a sink beside its URL. */
export interface SinkSettings {
  readonly url: string;
  /** Name of its cursor, where there are several of a kind; default its kind. */
  readonly name?: string;
  /** PostgreSQL: URL of the role that makes the tables. */
  readonly adminUrl?: string;
  /** PostgreSQL: schema of the tables. */
  readonly schema?: string;
  /** PostgreSQL: certificates that are trusted, PEM. */
  readonly ca?: string;
  /** PostgreSQL: days that are kept, counted from the newest one; default all. */
  readonly retentionDays?: number;
  /** PostgreSQL: unit of a channel. */
  readonly unitOf?: UnitOf;
}

/** The schemes that a sink's URL may have. */
export const SINK_SCHEMES = ["postgres", "postgresql", "mongodb", "mongodb+srv"] as const;

/**
 * Makes a sink. It connects when its delivery begins; its driver is loaded here, since that takes a while.
 *
 * @throws {TypeError} if the URL cannot be that of a sink: one sentence that does not repeat it, since it may hold a password
 */
export async function sinkOf({ url, name, adminUrl, ...settings }: SinkSettings): Promise<DeliverySink> {
  const scheme = /^([a-z+]+):\/\//.exec(url)?.[1];
  switch (scheme) {
    case "postgres":
    case "postgresql": {
      const address = addressOf(url), admin = adminUrl === undefined ? undefined : addressOf(adminUrl);
      const { PostgresSink } = await import("./postgres/sink.ts");
      return new PostgresSink({ ...settings, name: name ?? "postgres", address, admin });
    }
    case "mongodb":
    case "mongodb+srv": {
      const { MongoSink } = await import("./mongodb/sink.ts");
      return new MongoSink({ url, name: name ?? "mongodb" });
    }
  }
  throw new TypeError(
    `a sink's URL must begin with ${SINK_SCHEMES.map((one) => `${one}://`).join(", ")}` +
      (scheme === undefined ? "" : `, not ${scheme}://`),
  );
}

function addressOf(url: string) {
  const result = postgresUrlSchema.safeParse(url);
  if (!result.success) throw new TypeError(result.error.issues[0].message);
  return result.data;
}
