/**
 * Somebody who follows the alerts through the proxy, and goes on by the last id wherever that leads.
 *
 * @module
 */

/** After so many alerts it connects anew. */
const MOVE_AFTER = 10;

/** Follows the alerts. */
export class Follower {
  readonly ids: string[] = [];
  /** Resolves at the first connection. */
  readonly begun: Promise<void>;
  moves = -1;
  private readonly urls: readonly string[];
  private last = "";
  private readonly stop = new AbortController();
  private news = Promise.withResolvers<void>();

  /** @param urls where it connects, one after the other */
  constructor(...urls: readonly string[]) {
    this.urls = urls;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    void this.follow(resolve);
  }

  /** Follows no more. */
  end(): void {
    this.stop.abort();
  }

  /** Resolves when so many were given. */
  async until(count: number): Promise<void> {
    while (new Set(this.ids).size < count) await this.news.promise;
    this.stop.abort();
  }

  private async follow(begun: () => void): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        const url = this.urls[(this.moves + 1) % this.urls.length];
        const answer = await fetch(`${url}/alerts/stream`, { headers: { "last-event-id": this.last }, signal });
        if (!answer.ok) continue;
        this.moves++;
        let text = "";
        const had = this.ids.length;
        for await (const some of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          const frames = (text + some).split("\n\n");
          text = frames.pop() ?? "";
          for (const frame of frames) this.take(frame);
          begun();
          if (this.ids.length - had >= MOVE_AFTER) break; // the proxy leads to another process
        }
      } catch {
        // cut off: it comes again with its last id
      }
    }
  }

  private take(frame: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(frame)?.[1];
    this.last = field("id") ?? this.last;
    if (field("event") === "resync") throw new Error("the follower was told to begin anew");
    if (field("event") === "alert") this.ids.push((JSON.parse(field("data") ?? "{}") as { id: string }).id);
    this.news.resolve();
    this.news = Promise.withResolvers<void>();
  }
}
