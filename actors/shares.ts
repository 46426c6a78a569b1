/**
 * Places that clients share: bounded in all, and no single client may take more than half, so that one that hangs on to
 * its places keeps nobody else out.
 *
 * @module
 */

/** Counts who has how many of a bounded number of places. Memory: an entry a client that has one. */
export class Shares {
  readonly #taken = new Map<string, number>();
  #all = 0;

  /** @param most places in all, at least 2 */
  constructor(readonly most: number) {}

  /** Places that one client may take. */
  get ofClient(): number {
    return Math.floor(this.most / 2);
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#all;
  }

  /**
   * Takes a place; every one that was taken is to be given back by {@linkcode leave}.
   *
   * @returns undefined if there was one, else a sentence without its first words that says why not
   */
  enter(client: string): string | undefined {
    const mine = this.#taken.get(client) ?? 0;
    if (this.#all >= this.most) return `there are ${this.most} already`;
    if (mine >= this.ofClient) return `one client may have ${this.ofClient}`;
    this.#taken.set(client, mine + 1);
    this.#all++;
    return undefined;
  }

  /** Gives a place back. */
  leave(client: string): void {
    const mine = this.#taken.get(client);
    if (mine === undefined) return;
    this.#all--;
    if (mine > 1) this.#taken.set(client, mine - 1);
    else this.#taken.delete(client);
  }
}
