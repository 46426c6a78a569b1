/**
 * A lease: of all processes over one store the one that does what only one of them may do.
 *
 * The key `lease, name` says who holds it. Its holder renews it at a third of its time, and stops its work a while
 * before that has run out unless a renewal was answered. Others take it over once they have seen it unchanged for all of
 * its time by their own clocks: clocks of two machines are never compared, only how fast they go. Each holder has a
 * greater fence than the one before; what it writes may check that, against a process that was stopped and wakes late.
 * Source: C. Gray, D. Cheriton, Leases, SOSP 1989.
 *
 * @module
 */
import { z } from "zod";
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import type { KvPort } from "../kv.ts";

/** Time of a lease, ms: a holder that was killed is followed after at most four thirds of it. */
export const LEASE_MS = 15_000;

/** Where a lease is stored. */
export function leaseKey(name: string): Deno.KvKey {
  return ["lease", name];
}

/** Written by each new holder, and by nobody else: what a holder writes may check it. */
function fenceKey(name: string): Deno.KvKey {
  return ["lease_fence", name];
}

/** What a lease is made with. */
export interface LeaseOptions {
  readonly clock: Clock;
  /** What it is for: part of its key. */
  readonly name: string;
  /** What this process is called; others may have the same name. */
  readonly node: string;
  /** An id that no other process has. */
  readonly id: string;
  /** Default {@linkcode LEASE_MS}; the same for all processes. */
  readonly ms?: number;
  /** Told a sentence when it was taken, or lost. */
  readonly report?: (line: string) => void;
}

const leaseSchema = z.object({
  /** Id of the process that holds it. */
  owner: z.string(),
  node: z.string(),
  /** When it runs out, ms since 1970 by its holder's clock; 0 once it was given back. */
  until: z.number(),
  fence: z.number().int(),
});

/** Who holds it by this entry; undefined before the first. */
function heldIn({ value }: Deno.KvEntryMaybe<unknown>): z.infer<typeof leaseSchema> | undefined {
  return value === null ? undefined : leaseSchema.parse(value);
}

/** No key has this version. */
const NOBODYS = "f".repeat(20);
/** The part of a lease's time before whose end its holder has stopped. */
const MARGIN = 1 / 6;

/** A lease of this process. */
export class Lease {
  /** The entry as it stands, and since when by the own clock; before the first look none. */
  private seen?: { readonly versionstamp: string | null; readonly since: number };
  private term?: { readonly fence: number; readonly taken: string; versionstamp: string; until: number };
  private other?: string;
  private readonly ms: number;
  private readonly key: Deno.KvKey;

  constructor(private readonly kv: KvPort, private readonly options: LeaseOptions) {
    this.ms = options.ms ?? LEASE_MS;
    this.key = leaseKey(options.name);
  }

  /** Whether this process holds it. */
  get isHeld(): boolean {
    return this.term !== undefined && this.options.clock.now() < this.term.until - this.ms * MARGIN;
  }

  /** The fence under which this process holds it, or held it until its work has ended; else 0, which is nobody's. */
  get fence(): number {
    return this.term?.fence ?? 0;
  }

  /** The check of a write that nobody may do but its holder: it fails once there is another one. */
  get check(): Deno.AtomicCheck {
    return { key: fenceKey(this.options.name), versionstamp: this.term?.taken ?? NOBODYS };
  }

  /** What the process is called that holds it, as far as it is known here. */
  get holder(): string | undefined {
    return this.isHeld ? this.options.node : this.other;
  }

  /**
   * Does `work` whenever this process holds the lease, until `signal` is aborted; then gives it back. Never rejects.
   *
   * @param work ends once its signal is aborted, which is before the lease runs out, and does not reject. A process that
   *   was stopped may go on before any timer does: what must not happen then asks for {@linkcode isHeld} first
   */
  async run(signal: AbortSignal, work: (held: AbortSignal) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await this.take()) await this.hold(signal, work);
      } catch (error) {
        if (!(error instanceof StoreAwayError)) this.report(`fails: ${error instanceof Error ? error.message : error}`);
      }
      await this.options.clock.sleep(this.ms / 3, signal).catch(() => {}); // aborted
    }
  }

  /** Takes it, if nobody has it. */
  private async take(): Promise<boolean> {
    const { clock, id: owner } = this.options, entry = await this.kv.get(this.key), now = clock.now();
    const { versionstamp } = entry, held = heldIn(entry);
    if (this.seen?.versionstamp !== versionstamp) this.seen = { versionstamp, since: now };
    this.other = held !== undefined && held.until > 0 && held.owner !== owner ? held.node : undefined;
    if (this.other !== undefined && now - this.seen!.since < this.ms) return false;
    return await this.takeOver(entry);
  }

  /**
   * Takes it over from whoever has left it like this: of several who do so one gets it.
   *
   * @param entry of {@linkcode leaseKey}, seen for long enough not to be renewed, or nobody's
   */
  async takeOver(entry: Deno.KvEntryMaybe<unknown>): Promise<boolean> {
    const { clock, node, id: owner } = this.options;
    const fence = (heldIn(entry)?.fence ?? 0) + 1, until = clock.now() + this.ms;
    // Where the answer is lost it is found to be our own at the next look.
    const value = { owner, node, until, fence };
    const taken = await this.kv.atomic().check(entry).set(this.key, value).set(fenceKey(this.options.name), fence)
      .commit();
    if (!taken.ok) return false;
    this.term = { fence, taken: taken.versionstamp, versionstamp: taken.versionstamp, until };
    if (!this.isHeld) this.term = undefined; // the answer came too late: it is taken once more
    return this.isHeld;
  }

  /** Works, and renews it, until it ends or is lost. */
  private async hold(signal: AbortSignal, work: (held: AbortSignal) => Promise<void>): Promise<void> {
    const ended = new AbortController(), either = AbortSignal.any([signal, ended.signal]), { fence } = this.term!;
    this.report(`is held here (fence ${fence})`);
    const end = () => ended.abort();
    const working = work(either).finally(end);
    await Promise.all([working, this.renew(either).finally(end), this.watch(either).finally(end)]);
    if (this.isHeld) await this.giveBack();
    else this.report("was lost: what it is for has stopped here");
    this.term = undefined;
  }

  /** Renews it until the signal; resolves as soon as somebody else has it. */
  private async renew(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    let wait = this.ms / 3;
    while (await clock.sleep(wait, signal).then(() => this.isHeld, () => false)) {
      try {
        if (!await this.write(clock.now() + this.ms)) return;
        wait = this.ms / 3;
      } catch {
        wait = this.ms / 15; // as often as there is time for; it is watched when that has run out
      }
    }
  }

  /** Resolves once it is too late for another renewal. */
  private async watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    while (!signal.aborted && this.isHeld) {
      await clock.sleep(Math.max(1, this.term!.until - this.ms * MARGIN - clock.now()), signal).catch(() => {});
    }
  }

  /** Says until when it is held; false if it is somebody else's. */
  private async write(until: number): Promise<boolean> {
    const { node, id: owner } = this.options, { key } = this, term = this.term!;
    const { fence, versionstamp } = term, value = { owner, node, until, fence };
    const done = await this.kv.atomic().check({ key, versionstamp }).set(key, value).commit();
    if (done.ok) {
      term.versionstamp = done.versionstamp;
      term.until = until;
      return true;
    }
    // The answer of an earlier one was lost, or another one has it.
    const entry = await this.kv.get(key), held = leaseSchema.safeParse(entry.value).data;
    if (entry.versionstamp === null || held?.owner !== owner || held.fence !== fence) {
      term.until = 0;
      return false;
    }
    term.versionstamp = entry.versionstamp;
    term.until = held.until;
    return true;
  }

  /** Lets others take it at once. */
  private async giveBack(): Promise<void> {
    await this.write(0).catch(() => {}); // it runs out
  }

  private report(what: string): void {
    this.options.report?.(`the lease of ${this.options.name} ${what}`);
  }
}
