/**
 * The MongoDB sink: predictions, local and global models, windows and steps of alerts as documents under stable ids.
 *
 * What is the same whenever it comes is inserted, and a document that is there already stays. What has revisions (windows,
 * the current global model) replaces an older one only. So a batch may come again, also after newer ones.
 *
 * @module
 */
import { type AnyBulkWriteOperation, type Db, MongoBulkWriteError, MongoClient, MongoServerError } from "mongodb";
import type { Batch, ItemKind } from "../delivery/item.ts";
import { type DeliverySink, RefusedError, SinkUnavailableError } from "../delivery/sink.ts";
import { type Document, type Write, writesOf } from "./documents.ts";
import { mongoError, type MongoPlace, placeOfUrl } from "./errors.ts";
import { type Collection, type CollectionName, COLLECTIONS } from "./schemas.ts";

/** What a MongoDB sink is made with. */
export interface MongoSinkOptions {
  /** `mongodb://[USER:PASSWORD@]HOST[:PORT]/DATABASE`; the database is `sensorium` where none is named. */
  readonly url: string;
  /** Name of the sink and of its cursor; default `mongodb`. */
  readonly name?: string;
  /** What is written; default everything. */
  readonly wants?: readonly ItemKind[];
  /** Items of one call, default 1,000. */
  readonly batchItems?: number;
  /** Longest wait for the server, ms; default 10,000. */
  readonly serverMs?: number;
}

const ALL: readonly ItemKind[] = ["readings", "windows", "alerts", "local_models", "global_models"];
const CODES = { exists: 48, duplicate: 11000, invalid: 121 } as const;
/** Codes of MongoDB that are about a document, not about the server: bad value, too large, not valid, bad field names. */
const ABOUT_DOCUMENT: ReadonlySet<number> = new Set([2, 9, 52, 121, 10334, 17280, 17419]);

/** Writes to MongoDB. */
export class MongoSink implements DeliverySink {
  readonly name: string;
  readonly wants: readonly ItemKind[];
  readonly batchItems: number;
  private readonly place: MongoPlace;
  private client?: MongoClient;

  /** @throws {TypeError} if the URL is none of MongoDB's */
  constructor(private readonly options: MongoSinkOptions) {
    const place = placeOfUrl(options.url);
    if (!place) throw new TypeError("a MongoDB URL must look like mongodb://USER:PASSWORD@HOST:PORT/DATABASE");
    this.place = place;
    this.name = options.name ?? "mongodb";
    this.wants = options.wants ?? ALL;
    this.batchItems = options.batchItems ?? 1_000;
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.guarded(signal, async () => void await this.connected(signal));
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    await this.guarded(signal, async () => {
      const database = await this.connected(signal), writes = writesOf(batch);
      const refused: { index: number; reason: string }[] = [];
      for (const collection of Object.keys(COLLECTIONS) as CollectionName[]) {
        const own = writes.filter((write) => write.collection === collection);
        if (own.length > 0) refused.push(...await this.write(database, collection, own));
      }
      if (refused.length > 0) throw new RefusedError("MongoDB does not take some documents", refused);
    });
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.close(true);
  }

  /** Writes in any order, since of two for the same document the newer one stays; what is refused for good. */
  private async write(database: Db, collection: CollectionName, writes: readonly Write[]) {
    try {
      await database.collection<Document>(collection).bulkWrite(writes.map(operationOf), { ordered: false });
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const errors = [error.writeErrors].flat();
      const other = errors.find(({ code }) => code !== CODES.duplicate && !ABOUT_DOCUMENT.has(Number(code)));
      if (other !== undefined || errors.length === 0) throw error;
      return errors.filter(({ code }) => code !== CODES.duplicate)
        .map(({ index, errmsg }) => ({
          index: writes[index].index,
          reason: String(errmsg ?? "not valid").slice(0, 300),
        }));
    }
    return [];
  }

  private async guarded(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const cut = () => void this.close().catch(() => {}); // the call under way fails, and nobody waits for it
    signal.addEventListener("abort", cut, { once: true });
    try {
      await work();
    } catch (error) {
      const told = mongoError(error, this.place);
      if (told instanceof SinkUnavailableError) await this.close().catch(() => {});
      throw told;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  private async connected(signal: AbortSignal): Promise<Db> {
    const { url, serverMs = 10_000 } = this.options, { database } = this.place;
    if (this.client) return this.client.db(database);
    signal.throwIfAborted();
    const client = this.client = new MongoClient(url, {
      appName: "sensorium",
      maxPoolSize: 1,
      connectTimeoutMS: serverMs,
      serverSelectionTimeoutMS: serverMs,
      socketTimeoutMS: serverMs, // a server that keeps silent is noticed by this alone
      ignoreUndefined: true,
    });
    await client.connect();
    for (const [name, collection] of Object.entries(COLLECTIONS)) {
      await this.make(client.db(database), name, collection);
    }
    return client.db(database);
  }

  /** Makes a collection with its indexes and its schema, or brings it to them. */
  private async make(database: Db, name: string, { schema, indexes }: Collection): Promise<void> {
    const validator = { $jsonSchema: schema };
    try {
      await database.createCollection(name, { validator });
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.code !== CODES.exists) throw error;
      // A server without validation, or a user without that right: what is written here fits the schema anyway.
      await database.command({ collMod: name, validator }).catch(() => {});
    }
    for (const index of indexes) await database.collection(name).createIndex(index);
  }
}

function operationOf({ document, newest }: Write): AnyBulkWriteOperation<Document> {
  // The first of its revisions is newer than none, so that whatever is stored stays.
  if (newest === undefined || document[newest] === 0) return { insertOne: { document } };
  // Where the stored one is not older nothing matches, and the insertion of a second one is refused: it stays.
  return {
    replaceOne: {
      filter: { _id: document._id, [newest]: { $lt: document[newest] } },
      replacement: document,
      upsert: true,
    },
  };
}
