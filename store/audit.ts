/**
 * The audit log in the key-value store: `audit, time, number` holds who changed what, for the last changes.
 *
 * @module
 */
import type { AuditEntry, AuditLog } from "../actors/keys.ts";
import type { Clock } from "../actors/ports.ts";
import type { Page } from "../actors/views.ts";
import { CursorError } from "./cursor.ts";
import { unlessAway } from "./deadline.ts";
import type { KvPort } from "./kv.ts";

/** How the log is kept. */
export interface AuditOptions {
  readonly clock: Clock;
  /** Entries that are kept; default {@linkcode AUDIT_ENTRIES}. A few more may be there for a while. */
  readonly keep?: number;
  /** Told of an entry that could not be written. */
  readonly report?: (error: unknown) => void;
}

/** Entries that are kept. */
const AUDIT_ENTRIES = 10_000;
/** So many entries beyond are removed at once. */
const TRIM = 100;
const PREFIX: Deno.KvKey = ["audit"];
/** Characters of any text of an entry. */
const TEXT_LENGTH = 256;

/** What is stored: the key says when. */
type Stored = Omit<AuditEntry, "id" | "time">;

/** An audit log in a key-value store. */
export class KvAudit implements AuditLog {
  private written = Promise.resolve();
  private number = 0;

  private constructor(
    private readonly kv: KvPort,
    private readonly options: AuditOptions,
    private count: number,
    private lastTime: number,
  ) {}

  /** Counts what there is; of a store that is away what comes. */
  static async open(kv: KvPort, options: AuditOptions): Promise<KvAudit> {
    let count = 0, lastTime = 0;
    const counting = async () => {
      for await (const { key } of kv.list({ prefix: PREFIX })) [count, lastTime] = [count + 1, Number(key[1])];
    };
    await unlessAway(counting());
    // The clock may have been put back: entries of this run come behind those of the last one all the same.
    return new KvAudit(kv, options, count, lastTime + 1);
  }

  /** Resolves when it is written; entries are written one after the other. */
  note(entry: Stored): Promise<void> {
    const key = this.nextKey(), value = shortened(entry);
    return this.written = this.written.then(async () => {
      try {
        await this.kv.atomic().set(key, value).commit();
        this.count++;
        await this.trim();
      } catch (error) {
        this.options.report?.(error);
      }
    });
  }

  async list(limit: number, cursor?: string): Promise<Page<AuditEntry>> {
    const end = cursor === undefined ? undefined : keyOf(cursor), items: AuditEntry[] = [];
    const selector = end === undefined ? { prefix: PREFIX } : { prefix: PREFIX, end };
    for await (const { key, value } of this.kv.list<Stored>(selector, { reverse: true, limit: limit + 1 })) {
      const [time, number] = [Number(key[1]), Number(key[2])];
      items.push({ id: `${time}-${number}`, time, ...value });
    }
    return items.length > limit ? { items: items.slice(0, limit), next: items[limit - 1].id } : { items };
  }

  /** A key behind all others, also when the clock stands still or goes back. */
  private nextKey(): Deno.KvKey {
    const now = this.options.clock.now();
    if (now > this.lastTime) [this.lastTime, this.number] = [now, 0];
    return [...PREFIX, this.lastTime, this.number++];
  }

  private async trim(): Promise<void> {
    const most = this.options.keep ?? AUDIT_ENTRIES;
    if (this.count < most + TRIM) return;
    const atomic = this.kv.atomic();
    let removed = 0;
    for await (const { key } of this.kv.list({ prefix: PREFIX }, { limit: this.count - most })) {
      atomic.delete(key);
      if (++removed === 900) break; // an atomic write has room for 1,000; the rest goes with the next entry
    }
    await atomic.commit();
    this.count -= removed;
  }
}

/** @throws {CursorError} for one that no answer had */
function keyOf(cursor: string): Deno.KvKey {
  const parts = /^(\d{1,15})-(\d{1,9})$/.exec(cursor);
  if (parts === null) throw new CursorError("not a cursor of the audit log");
  return [...PREFIX, Number(parts[1]), Number(parts[2])];
}

function shortened(entry: Stored): Stored {
  const short = Object.entries(entry).filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, typeof value === "string" ? value.slice(0, TEXT_LENGTH) : value]);
  return Object.fromEntries(short) as Stored;
}
