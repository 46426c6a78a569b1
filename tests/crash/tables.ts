/**
 * What PostgreSQL's tables hold, short enough to be compared.
 *
 * @module
 */
import type { PostgresAddress } from "../../sinks/postgres/address.ts";
import { asTest } from "../servers/postgres.ts";

/** Tables, and what their rows are known by. */
const TABLES = {
  sensor_readings: "id, channel",
  ml_anomaly_predictions: "id, channel",
  sensor_aggregates: "id, channel",
  alerts: "id",
  alert_transitions: "id",
} as const;

/** Of each table how many rows it has, and a hash of them all in order. */
export type TableRows = Readonly<Record<keyof typeof TABLES, { readonly rows: number; readonly md5: string | null }>>;

/** Reads the tables. */
export async function tableRows(address: PostgresAddress): Promise<TableRows> {
  return await asTest(address, async (client) => {
    const rows = Object.entries(TABLES).map(async ([table, key]) => {
      const [row] = await client.query<TableRows[keyof TableRows]>(
        `SELECT count(*)::int4 AS rows, md5(string_agg(one::text, chr(10) ORDER BY ${key})) AS md5 FROM ${table} AS one`,
      );
      return [table, row];
    });
    return Object.fromEntries(await Promise.all(rows));
  });
}
