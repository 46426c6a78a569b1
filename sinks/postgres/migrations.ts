/**
 * The tables, step by step: each step is applied once, in order, under a lock, and never changed afterwards.
 *
 * @module
 */
import { SinkUnavailableError } from "../delivery/sink.ts";
import { placeOf, type PostgresAddress } from "./address.ts";
import { type PostgresClient, quoteName, quoteText } from "./client.ts";
import { TABLES } from "./migrations/0001_tables.ts";
import { MODELS } from "./migrations/0002_models.ts";

/** One step. */
export interface Migration {
  readonly version: number;
  /** What it does, in a few words. */
  readonly name: string;
  /** Its statements, for a schema whose name is quoted already. */
  readonly statements: (schema: string) => string;
}

/** All steps, in order. */
export const MIGRATIONS: readonly Migration[] = [TABLES, MODELS];
/** The version of the tables that this program writes to. */
export const TABLES_VERSION = MIGRATIONS[MIGRATIONS.length - 1].version;

/** Any number that nobody else uses: who holds it migrates, the others wait. */
const LOCK = 7_366_019_113;

/**
 * The version of the tables; 0 where there are none.
 *
 * @throws the driver's error
 */
export async function tablesVersion(client: PostgresClient): Promise<number> {
  const [{ there }] = await client.query<{ there: boolean }>(
    "SELECT to_regclass('sensorium_migrations') IS NOT NULL AS there",
  );
  if (!there) return 0;
  const [{ version }] = await client.query<{ version: number }>(
    "SELECT coalesce(max(version), 0)::int4 AS version FROM sensorium_migrations",
  );
  return version;
}

/**
 * Brings the tables to this program's version: all steps that are missing, or none.
 *
 * @param writer role that is given the right to write, and no more, when it is not the one that migrates
 * @throws {SinkUnavailableError} if the tables are newer than this program; else the driver's error
 */
export async function migrate(
  client: PostgresClient,
  schema: string,
  address: PostgresAddress,
  writer?: string,
): Promise<void> {
  const quoted = quoteName(schema);
  const [{ there }] = await client.query<{ there: boolean }>("SELECT to_regnamespace($1) IS NOT NULL AS there", [
    quoted,
  ]);
  await client.script(`
    BEGIN;
    SELECT pg_advisory_xact_lock(${LOCK});
    ${there ? "" : `CREATE SCHEMA IF NOT EXISTS ${quoted};`}
    CREATE TABLE IF NOT EXISTS ${quoted}.sensorium_migrations (
      version int4 PRIMARY KEY,
      name text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    );
  `);
  try {
    const version = await tablesVersion(client);
    if (version > TABLES_VERSION) throw newer(version, address);
    for (const { version: step, name, statements } of MIGRATIONS.filter((one) => one.version > version)) {
      await client.script(`
        ${statements(quoted)}
        INSERT INTO ${quoted}.sensorium_migrations (version, name) VALUES (${step}, ${quoteText(name)});
      `);
    }
    if (writer !== undefined) await client.script(grants(quoted, quoteName(writer)));
    await client.script("COMMIT");
  } catch (error) {
    await client.script("ROLLBACK").catch(() => {}); // the connection may be what failed
    throw error;
  }
}

/** Tables that a later program has made. */
export function newer(version: number, address: PostgresAddress): SinkUnavailableError {
  return new SinkUnavailableError(
    `the tables in ${
      placeOf(address)
    } are of version ${version}, this program knows ${TABLES_VERSION}: use a newer one`,
  );
}

function grants(schema: string, role: string): string {
  const tables = [
    ...["sensor_readings", "sensor_aggregates", "ml_anomaly_predictions", "alerts", "alert_transitions"],
    ...["global_models", "local_models"],
  ].map((table) => `${schema}.${table}`).join(", ");
  return `
    GRANT USAGE ON SCHEMA ${schema} TO ${role};
    GRANT SELECT ON ${schema}.sensorium_migrations TO ${role};
    GRANT SELECT, INSERT, UPDATE ON ${tables} TO ${role};
    GRANT EXECUTE ON FUNCTION ${schema}.sensorium_make_days(date[]) TO ${role};
    GRANT EXECUTE ON FUNCTION ${schema}.sensorium_drop_days(date) TO ${role};
  `;
}
