/**
 * A key-value database in memory that fails when it is told to: before a write, after it, or with the write coming late.
 *
 * @module
 */
import { MemoryKv, type Write } from "../memory_kv.ts";

/** What becomes of one commit. */
export type CommitFault =
  /** It works. */
  | "ok"
  /** It fails and writes nothing. */
  | "lost"
  /** It writes, but the reply is lost. */
  | "unanswered"
  /** It writes, but the client's second try finds its own first one in the way. */
  | "echo"
  /** It fails, and writes after the next commit was tried, if its checks still hold. */
  | "late"
  /** It fails, and writes after the next read, if its checks still hold. */
  | "soon"
  /** It writes and never answers. */
  | "hanging";

/** The database. Its writes happen in the order of their commits, reads see them at once. */
export class FaultyKv extends MemoryKv {
  /** What becomes of the next commits, in order; then all of them work. */
  faults: CommitFault[] = [];
  /** How many of the next reads fail. */
  failingReads = 0;
  /** Commits that were tried. */
  commits = 0;
  #late: Write[] = [];
  #soon: Write[] = [];

  /** How many keys begin with `prefix`. */
  count(prefix: Deno.KvKey): number {
    return [...this.entries.values()].filter(({ key }) => prefix.every((part, i) => key[i] === part)).length;
  }

  override async get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    await this.#beforeRead();
    const found = await super.get<T>(key);
    for (const write of this.#soon.splice(0)) this.apply(write);
    return found;
  }

  override async *list<T = unknown>(
    selector: Deno.KvListSelector,
    options?: Deno.KvListOptions,
  ): AsyncIterable<Deno.KvEntry<T>> {
    await this.#beforeRead();
    yield* super.list<T>(selector, options);
  }

  override async commit(write: Write): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    await Promise.resolve();
    this.commits++;
    const fault = this.faults.shift() ?? "ok";
    if (fault === "late") this.#late.push(write);
    if (fault === "soon") this.#soon.push(write);
    if (fault === "lost" || fault === "late" || fault === "soon") throw new Error("the connection broke");
    const result = this.apply(write);
    for (const late of this.#late.splice(0)) this.apply(late);
    if (fault === "unanswered") throw new Error("the reply was lost");
    if (fault === "echo") return { ok: false };
    if (fault === "hanging") return await new Promise<never>(() => {});
    return result;
  }

  async #beforeRead(): Promise<void> {
    await Promise.resolve();
    if (this.failingReads === 0) return;
    this.failingReads--;
    throw new Error("the read failed");
  }
}
