/**
 * What stands in for the receivers of webhooks: a real server that answers as it is told, and a feed and a book in memory.
 *
 * @module
 */
import type { AlertStep } from "../../actors/alerts/words.ts";
import type { FeedItem } from "../../actors/views.ts";
import { Waiters } from "../../actors/waiters.ts";
import type { AlertFollowing } from "../../sinks/webhook/line.ts";

/** One request as it came. */
export interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A receiver. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** What it answers, in turn; the last one stays. */
  answers: (() => Response | Promise<Response>)[] = [() => new Response("ok")];
  private readonly server: Deno.HttpServer<Deno.NetAddr>;
  private readonly waiters = new Waiters();

  constructor() {
    this.server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      this.received.push({ path: pathname + search, headers: request.headers, body: await request.text() });
      this.waiters.wake();
      const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
      return answer!();
    });
  }

  /** Its address, with a path that nobody must log. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/hook?token=hush`;
  }

  get port(): number {
    return this.server.addr.port;
  }

  /** Resolves once so many requests have come. */
  async came(count: number): Promise<readonly Received[]> {
    while (this.received.length < count) await this.waiters.wait();
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.shutdown();
  }
}

/** A feed whose cursors are numbers of steps. */
export class Steps implements AlertFollowing {
  readonly all: AlertStep[] = [];
  /** Cursors below this one are too old. */
  oldest = 0;
  private readonly waiters = new Waiters();

  push(...steps: AlertStep[]): void {
    this.all.push(...steps);
    this.waiters.wake();
  }

  alertsCursor(): string {
    return String(this.all.length);
  }

  async *alerts(cursor: string | undefined, signal: AbortSignal): AsyncIterable<FeedItem<AlertStep>> {
    let next = Number(cursor ?? this.all.length);
    if (next < this.oldest) yield { resync: String(next = this.all.length) };
    while (!signal.aborted) {
      if (next < this.all.length) yield { id: String(next + 1), data: this.all[next++] };
      else await this.waiters.wait(signal);
    }
  }
}

/** A step of an alert. */
export function step(position: number, more: Partial<AlertStep> = {}): AlertStep {
  const alert = `http-00:${position}:pump:limit:temperature`, time = Date.UTC(2026, 0, 31, 11, 0, position);
  const transition = more.transition ?? "raised";
  return {
    id: `${alert}/${transition}`,
    alert,
    transition,
    sensor: "pump",
    type: "pumps",
    location: "hall",
    condition: "limit",
    channel: "temperature",
    priority: "high",
    time,
    partition: "http-00",
    position,
    raised_at: time,
    value: 91,
    expected: [null, 80],
    message: "temperature 91 °C, expected at most 80 °C (the configured limit)",
    ...more,
  };
}
