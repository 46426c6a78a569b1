/**
 * How many entries of each listing were written since the process began: what retention need not count again.
 *
 * @module
 */

/** Counts by the prefix of a listing. */
export class Written {
  private readonly counts = new Map<string, number>();

  /** Notes one entry more below `prefix`, or so many; less than none for what others than retention took away. */
  note(prefix: Deno.KvKey, entries = 1): void {
    const name = prefix.join("\n");
    this.counts.set(name, (this.counts.get(name) ?? 0) + entries);
  }

  /** Entries that were written below `prefix`. */
  of(prefix: Deno.KvKey): number {
    return this.counts.get(prefix.join("\n")) ?? 0;
  }
}
