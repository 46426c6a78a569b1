/**
 * A client of `/alerts/stream` that comes again with its last id for as long as it is wanted, as a browser does.
 *
 * @module
 */

import { textOf } from "../stream_text.ts";

/** What a follower has got. */
export class Follower {
  /** Every event's data by the stable id in it. */
  readonly seen = new Map<string, string>();
  /** Ids that came with two contents. */
  readonly contradicted: string[] = [];
  /** Times that the server said `resync`. */
  resyncs = 0;
  /** Connections that were opened. */
  connections = 0;
  /** Resolves when the first connection has said where it stands. */
  readonly ready: Promise<void>;
  private lastId = "";
  private readonly stop = new AbortController();
  private readonly over: Promise<void>;
  private standing!: () => void;

  constructor(private readonly url: string) {
    this.ready = new Promise((resolve) => this.standing = resolve);
    this.over = this.follow();
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.over;
  }

  private async follow(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        const headers: Record<string, string> = this.lastId === "" ? {} : { "last-event-id": this.lastId };
        const answer = await fetch(this.url, { headers, signal });
        if (answer.ok) await this.take(answer.body!);
        else await answer.body?.cancel();
      } catch {
        // Refused, reset or cut off in the middle: that is what it is here for.
      }
      await new Promise((resolve) => setTimeout(resolve, 10)); // a browser waits longer
    }
  }

  private async take(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    this.connections++;
    let rest = "";
    for await (const text of textOf(body, this.stop.signal)) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? ""; // what was cut off in the middle counts as not received
      for (const block of blocks) this.event(block);
    }
  }

  private event(block: string): void {
    const fields = new Map(
      block.split("\n").map((line) => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")] as const;
      }),
    );
    const id = fields.get("id"), data = fields.get("data");
    if (id !== undefined) {
      this.lastId = id;
      this.standing();
    }
    if (fields.get("event") === "resync") this.resyncs++;
    if (fields.get("event") !== "alert" || data === undefined) return;
    const alert = String((JSON.parse(data) as { id: string }).id), before = this.seen.get(alert);
    if (before !== undefined && before !== data) this.contradicted.push(`${before}\n${data}`);
    this.seen.set(alert, data);
  }
}
