/**
 * The PostgreSQL sink: readings, windows, predictions, alerts and rounds in tables, each row once however often it comes.
 *
 * A batch is one statement, so it is there as a whole or not at all. The writer's role needs to read and write the tables
 * and to call two functions; the days' partitions are made by one of them, old ones dropped by the other.
 *
 * @module
 */
import type { WindowView } from "../../actors/views.ts";
import type { Batch, ItemKind } from "../delivery/item.ts";
import { type DeliverySink, SinkUnavailableError } from "../delivery/sink.ts";
import { placeOf, type PostgresAddress } from "./address.ts";
import { type ClientOptions, plainArray, PostgresClient } from "./client.ts";
import { postgresError } from "./errors.ts";
import { migrate, newer, TABLES_VERSION, tablesVersion } from "./migrations.ts";
import { writeGlobalModels, writeLocalModels } from "./rounds.ts";
import { dayOf, type Statement, type UnitOf, writeAlerts, writeReadings, writeWindows } from "./statements.ts";

/** What a PostgreSQL sink is made with. */
export interface PostgresSinkOptions {
  readonly address: PostgresAddress;
  /** Who makes and changes the tables; default the writer itself, if it has to and may. */
  readonly admin?: PostgresAddress;
  /** Certificates that are trusted, PEM; default those of the system. */
  readonly ca?: string;
  /** Default `public`. */
  readonly schema?: string;
  /** Name of the sink and of its cursor; default `postgres`. */
  readonly name?: string;
  /** What is written; default everything. */
  readonly wants?: readonly ItemKind[];
  /** Days that are kept, counted from the newest one; default all. */
  readonly retentionDays?: number;
  readonly unitOf?: UnitOf;
  /** Items of one statement, default {@linkcode BATCH_ITEMS}. */
  readonly batchItems?: number;
  /** Longest statement, ms; default 20,000. */
  readonly statementMs?: number;
}

/** Items of one statement where nothing else is said. */
export const BATCH_ITEMS = 2_000;
const STATEMENT_MS = 20_000;
const DAY_MS = 86_400_000;
/** After days could not be dropped it is left alone for so many batches. */
const DROP_AGAIN_BATCHES = 100;

/** Writes to PostgreSQL. */
export class PostgresSink implements DeliverySink {
  readonly name: string;
  readonly wants: readonly ItemKind[];
  readonly batchItems: number;
  private client?: PostgresClient;
  /** Days whose partitions are there. */
  private readonly days = new Set<string>();
  /** The newest day that was written. */
  private newest = "";
  /** The day before which everything was dropped. */
  private dropped?: string;
  /** Batches since the start that could have dropped something, and from which one on it is tried again. */
  private batches = 0;
  private dropAgainAt = 0;

  constructor(private readonly options: PostgresSinkOptions) {
    this.name = options.name ?? "postgres";
    this.wants = options.wants ?? ["readings", "windows", "alerts", "local_models", "global_models"];
    this.batchItems = options.batchItems ?? BATCH_ITEMS;
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.guarded(signal, async () => void await this.connected(signal));
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    await this.guarded(signal, async () => {
      const client = await this.connected(signal), statement = this.statementOf(batch);
      if (statement === undefined) return;
      await this.makeDays(client, statement.days);
      await client.query(statement.text, statement.parameters);
      await this.dropDays(client);
    });
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.cut();
  }

  /** Runs it; whatever goes wrong, the connection is not used again and the error is one for people. */
  private async guarded(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const cut = () => void this.close().catch(() => {}); // the statement under way fails, and nobody waits for it
    signal.addEventListener("abort", cut, { once: true });
    try {
      await work();
    } catch (error) {
      this.days.clear(); // somebody may have dropped what was there
      const told = postgresError(error, this.options.address);
      if (told instanceof SinkUnavailableError) await this.close().catch(() => {});
      throw told;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  private clientFor(address: PostgresAddress): PostgresClient {
    const { ca, schema = "public", statementMs = STATEMENT_MS } = this.options;
    return new PostgresClient({ address, ca, schema, statementMs } satisfies ClientOptions);
  }

  /** The connection; a new one comes with a look at the tables. */
  private async connected(signal: AbortSignal): Promise<PostgresClient> {
    if (this.client) return this.client;
    const { address, admin, schema = "public" } = this.options;
    signal.throwIfAborted();
    const client = this.client = this.clientFor(address);
    const version = await tablesVersion(client);
    if (version > TABLES_VERSION) throw newer(version, address);
    if (version < TABLES_VERSION) {
      if (admin === undefined) await this.migrateMyself(client, schema);
      else await this.migrateAs(admin, schema, signal);
    }
    return client;
  }

  private async migrateMyself(client: PostgresClient, schema: string): Promise<void> {
    const { address } = this.options;
    try {
      await migrate(client, schema, address);
    } catch (error) {
      const told = postgresError(error, address);
      if (!(error instanceof Error && "code" in error && error.code === "42501")) throw told;
      throw new SinkUnavailableError(
        `the tables are missing in ${placeOf(address)} and role ${address.user} may not make them: give an ` +
          "administrator's URL once, or make them as docs/how-to/postgres.md says",
      );
    }
  }

  private async migrateAs(admin: PostgresAddress, schema: string, signal: AbortSignal): Promise<void> {
    const client = this.clientFor(admin), cut = () => void client.cut().catch(() => {});
    signal.addEventListener("abort", cut, { once: true });
    try {
      await migrate(client, schema, admin, this.options.address.user);
    } catch (error) {
      throw postgresError(error, admin);
    } finally {
      signal.removeEventListener("abort", cut);
      await client.cut();
    }
  }

  /** What is to be written of a batch; undefined if it is all older than what is kept. */
  private statementOf(batch: Batch): Statement | undefined {
    const { unitOf = () => undefined } = this.options;
    switch (batch.kind) {
      case "readings": {
        const items = this.kept(batch.items, ({ time }) => time);
        return items.length === 0 ? undefined : writeReadings(items, unitOf);
      }
      case "windows": {
        const items = this.kept(batch.items, ({ start }: WindowView) => start);
        return items.length === 0 ? undefined : writeWindows(items);
      }
      case "alerts":
        return writeAlerts(batch.items);
      case "local_models":
        return writeLocalModels(batch.items);
      case "global_models":
        return writeGlobalModels(batch.items);
    }
  }

  /** The items that are not too old to be kept. */
  private kept<T>(items: readonly T[], timeOf: (item: T) => number): readonly T[] {
    for (const item of items) {
      const day = dayOf(timeOf(item));
      if (day > this.newest) this.newest = day;
    }
    const first = this.firstDay();
    return first === undefined ? items : items.filter((item) => dayOf(timeOf(item)) >= first);
  }

  /** The first day that is kept; undefined if all are. */
  private firstDay(): string | undefined {
    const { retentionDays } = this.options;
    if (retentionDays === undefined || this.newest === "") return undefined;
    return dayOf(Math.max(0, Date.parse(this.newest) - (retentionDays - 1) * DAY_MS));
  }

  private async makeDays(client: PostgresClient, days: ReadonlySet<string>): Promise<void> {
    const missing = [...days].filter((day) => !this.days.has(day));
    if (missing.length === 0) return;
    await client.query("SELECT sensorium_make_days($1::date[])", [plainArray(missing)]);
    for (const day of missing) this.days.add(day);
  }

  /** Drops what is older than what is kept. That a reader is in its way holds nothing up: it is tried again later. */
  private async dropDays(client: PostgresClient): Promise<void> {
    const first = this.firstDay(), isDue = [...this.days].some((day) => first !== undefined && day < first);
    if (first === undefined || (first === this.dropped && !isDue) || this.batches++ < this.dropAgainAt) return;
    try {
      await client.query("SELECT sensorium_drop_days($1::date)", [first]);
      this.dropped = first;
      for (const day of this.days) if (day < first) this.days.delete(day);
    } catch {
      this.dropAgainAt = this.batches + DROP_AGAIN_BATCHES;
    }
  }
}
