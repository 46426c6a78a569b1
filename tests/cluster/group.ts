/**
 * A consumer group in virtual time, as Kafka's cooperative one: who is not heard of for a session is out, partitions are
 * given up before they are given away, and nobody moves more than must.
 *
 * @module
 */
import type { Assignment, SourcePartition } from "../../actors/ports.ts";
import { Waiters } from "../../actors/waiters.ts";
import type { VirtualTime } from "./time.ts";

/** Without a sign of life for so long a member is out, ms: `sources/kafka/membership.ts`. */
export const SESSION_MS = 10_000;
/** Until members hear of a change with their next heartbeat, ms. */
export const HEARTBEAT_MS = 3_000;
/** Longest wait for a member to give partitions up, ms. */
const REVOKE_MS = 60_000;

/** One member's view. */
export class Member {
  /** What is its own, as the group believes. */
  readonly owned = new Set<number>();
  private readonly changes: Assignment[] = [];
  private readonly news = new Waiters();
  /** Whether the group counts it in. */
  isIn = true;
  /** Resolves when it is out. */
  readonly out = Promise.withResolvers<void>();

  /** Tells it of a change. */
  tell(change: Assignment): void {
    this.changes.push(change);
    this.news.wake();
  }

  /** Changes as they come. */
  async *assignments(signal: AbortSignal): AsyncGenerator<Assignment> {
    while (!signal.aborted) {
      const change = this.changes.shift();
      if (change) yield change;
      else await this.news.wait(signal);
    }
  }
}

/** The group of a topic. */
export class Group {
  private readonly members = new Set<Member>();
  private readonly free: Set<number>;
  private isBalancing = false;
  private isAsked = false;
  /** Partitions that were given to somebody else. */
  moves = 0;

  constructor(
    partitions: number,
    private readonly time: VirtualTime,
    private readonly open: (partition: number, member: Member) => SourcePartition,
    private readonly idOf: (partition: number) => string,
  ) {
    this.free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  }

  /** A new member. */
  join(): Member {
    const member = new Member();
    this.members.add(member);
    this.balance();
    return member;
  }

  /** A member that says goodbye, or was not heard of for a session: what it had is free. */
  leave(member: Member): void {
    if (!this.members.delete(member)) return;
    member.isIn = false;
    member.out.resolve();
    for (const partition of member.owned) this.free.add(partition);
    member.owned.clear();
    this.balance();
  }

  /** A member that does not speak any more; it is out after a session, unless it speaks again. */
  async silent(member: Member, isBack: () => boolean): Promise<void> {
    await this.time.sleep(SESSION_MS);
    if (!isBack()) this.leave(member);
  }

  private balance(): void {
    this.isAsked = true;
    if (!this.isBalancing) void this.balanced();
  }

  private async balanced(): Promise<void> {
    this.isBalancing = true;
    while (this.isAsked) {
      this.isAsked = false;
      await this.time.sleep(HEARTBEAT_MS);
      await Promise.race([Promise.all(this.revocations()), this.time.sleep(REVOKE_MS)]);
      this.assign();
    }
    this.isBalancing = false;
  }

  /** Takes from those who have more than their share. */
  private revocations(): Promise<void>[] {
    const total = this.free.size + [...this.members].reduce((sum, { owned }) => sum + owned.size, 0);
    const share = Math.ceil(total / Math.max(1, this.members.size)), waits: Promise<void>[] = [];
    for (const member of this.members) {
      const over = [...member.owned].slice(share);
      if (over.length === 0) continue;
      const given = new Promise<void>((done) =>
        member.tell({ kind: "revoke", ids: over.map((one) => this.idOf(one)), done })
      );
      waits.push(
        Promise.race([given, member.out.promise]).then(() => {
          for (const partition of over) if (member.owned.delete(partition)) this.free.add(partition);
        }),
      );
    }
    return waits;
  }

  /** Gives what is free to those who have least. */
  private assign(): void {
    if (this.members.size === 0) return;
    const least = [...this.members].sort((a, b) => a.owned.size - b.owned.size), given = new Map<Member, number[]>();
    const total = this.free.size + least.reduce((sum, { owned }) => sum + owned.size, 0);
    const share = Math.ceil(total / least.length);
    let at = 0;
    for (const partition of [...this.free].sort((a, b) => a - b)) {
      while (least[at].owned.size >= share) at = (at + 1) % least.length;
      const member = least[at];
      member.owned.add(partition);
      given.set(member, [...given.get(member) ?? [], partition]);
      this.free.delete(partition);
      this.moves++;
      at = (at + 1) % least.length;
    }
    for (const [member, partitions] of given) {
      member.tell({ kind: "assign", partitions: partitions.map((partition) => this.open(partition, member)) });
    }
  }
}
