/**
 * The deliveries of one endpoint: it follows the feed of alerts from a cursor of its own, one step after the other.
 *
 * The backlog is what the store keeps behind the cursor, so that an endpoint that is slow or away takes no memory and holds
 * up nobody. A step is behind the cursor once it was delivered or is a dead letter; both are written down together with
 * the cursor. Delivery is at least once, in order of the feed, under ids that stay the same.
 *
 * @module
 */
import type {
  AttemptView,
  DeadLetter,
  DeliveryBook,
  DeliveryProgress,
  Endpoint,
  EndpointView,
} from "../../actors/alerts/delivery.ts";
import type { AlertStep } from "../../actors/alerts/words.ts";
import type { Clock } from "../../actors/ports.ts";
import type { TraceSpan, Tracing } from "../../actors/tracing.ts";
import type { FeedEvent, FeedItem } from "../../actors/views.ts";
import { type OpenAlert, REPEAT_MS } from "../alertmanager.ts";
import { isWanted } from "./event.ts";
import { bodyOf, bodyOfOpen, bodyOfTest, letterOf } from "./letter.ts";
import type { Post } from "./post.ts";
import { progressAfter } from "./progress.ts";
import { type Answer, judge, type Outcome, type RetryPolicy } from "./retry.ts";

/** Steps of alerts, from a cursor on: the part of `Feed` that is used. */
export interface AlertFollowing {
  alerts(cursor: string | undefined, signal: AbortSignal): AsyncIterable<FeedItem<AlertStep>>;
  alertsCursor?(): string;
}

/** What a line needs. */
export interface LineOptions {
  readonly book: DeliveryBook;
  readonly feed: AlertFollowing;
  readonly post: Post;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  readonly policy: RetryPolicy;
  /** Address under which this instance is reached, for `source` and links. */
  readonly base: string;
  /** Open alerts, in pages, to be posted again to an Alertmanager; absent: they are not. */
  readonly open?: () => AsyncIterable<readonly OpenAlert[]>;
  /** Where posts of steps that came of a followed reading become spans; absent: nowhere. */
  readonly tracing?: Tracing;
  /** Asked right before each delivery: who delivers now, if it is not this process; absent: it always is. */
  readonly elsewhere?: () => string | undefined;
  /** Told of what a person should know: one line without a secret. */
  readonly report?: (line: string) => void;
}

/** Steps that are passed over before the cursor is written down. */
const SKIPPED = 100;
/** Wait before a feed that has broken off is followed again, ms. */
const AGAIN_MS = 1_000;

/** A line. */
export class WebhookLine {
  /** Posts of this endpoint, one at a time. */
  private last: Promise<unknown> = Promise.resolve();
  private skipped = 0;
  private tests = 0;

  constructor(readonly endpoint: Endpoint, private progress: DeliveryProgress, private readonly options: LineOptions) {}

  /** The endpoint as it stands, without its secret. */
  view(): EndpointView {
    const { secret: _, ...endpoint } = this.endpoint,
      { cursor: _c, attempts: _a, tried: _t, ...progress } = this.progress;
    return { ...endpoint, ...progress };
  }

  /** How far it is; what was passed over since is not written down yet. */
  get reached(): DeliveryProgress {
    return this.progress;
  }

  private get isStopped(): boolean {
    return this.progress.state === "stopped";
  }

  /** Delivers until `signal` is aborted or the endpoint is stopped. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const done = new AbortController(), either = AbortSignal.any([signal, done.signal]);
    const repeating = this.keepsOpen ? this.repeat(either) : undefined;
    while (!signal.aborted && !this.isStopped) {
      try {
        await this.follow(signal);
        if (!signal.aborted && !this.isStopped) await this.options.clock.sleep(AGAIN_MS, signal);
      } catch (error) {
        if (signal.aborted) break;
        this.options.report?.(`webhook ${this.endpoint.name}: ${error instanceof Error ? error.message : "it failed"}`);
        await this.options.clock.sleep(AGAIN_MS, signal).catch(() => {});
      }
    }
    done.abort();
    await repeating;
    // What was passed over since need not be looked at again.
    if (this.skipped > 0) await this.exclusive(() => this.save(this.progress)).catch(() => {});
  }

  private async follow(signal: AbortSignal): Promise<void> {
    for await (const item of this.options.feed.alerts(this.progress.cursor, signal)) {
      if (signal.aborted) return;
      if ("resync" in item) await this.gap(item.resync);
      else if (!isWanted(this.endpoint.filter, item.data)) await this.skip(item.id);
      else if (!await this.deliver(item, signal)) return;
    }
  }

  private async gap(cursor: string): Promise<void> {
    const gaps = this.progress.gaps + 1;
    await this.exclusive(() => this.save({ ...this.progress, cursor, attempts: 0, gaps }));
    const what = "the store no longer keeps what was not sent yet; it goes on from now";
    this.options.report?.(`webhook ${this.endpoint.name}: ${what}`);
  }

  private async skip(cursor: string): Promise<void> {
    if (++this.skipped >= SKIPPED) await this.exclusive(() => this.save({ ...this.progress, cursor }));
    else this.progress = { ...this.progress, cursor };
  }

  /** Sends a step until it is done with; false if the endpoint is stopped or the line ends. */
  private async deliver(item: FeedEvent<AlertStep>, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.options;
    for (;;) {
      const wait = (this.progress.next_attempt_at ?? 0) - clock.now();
      if (wait > 0) await clock.sleep(wait, signal);
      if (this.options.elsewhere?.() !== undefined) return false;
      const outcome = await this.exclusive(() => this.attempt(item, signal));
      if (outcome === undefined || outcome === "gone") return false;
      if (outcome !== "retry") return true;
    }
  }

  private spanOf({ partition, position }: AlertStep, attempt: number): TraceSpan | undefined {
    const { tracing } = this.options, context = tracing?.book.of(partition, position);
    if (tracing === undefined || context === undefined) return undefined;
    const said = { "sensorium.webhook": this.endpoint.name, "sensorium.attempt": attempt };
    return tracing.tracer.begin("webhook", said, context);
  }

  private async attempt(item: FeedEvent<AlertStep>, signal: AbortSignal): Promise<Outcome["outcome"] | undefined> {
    const { endpoint, options: { clock, base, policy, chance, report } } = this;
    const time = clock.now(), body = bodyOf(endpoint, item.data, time, base);
    if (body === undefined) {
      await this.save({ ...this.progress, cursor: item.id, attempts: 0 });
      return "delivered";
    }
    const number = this.progress.attempts + 1, span = this.spanOf(item.data, number);
    const answer = await this.send(item.data.id, body, time, signal);
    span?.end({}, answer.error);
    if (signal.aborted) return undefined; // whether it arrived is not known: it comes again
    const now = clock.now(), outcome = judge(answer, number, policy, now, chance());
    const attempt = view(item.data.id, time, number, now, answer, outcome.outcome);
    const attempted = { event: item.data.id, cursor: item.id, body, number, answer, outcome };
    const { progress, dead, said } = progressAfter(this.progress, attempted, now);
    if (said !== undefined) report?.(`webhook ${endpoint.name}: ${said}`);
    await this.save(progress, attempt, dead);
    return outcome.outcome;
  }

  /** Whether open alerts are to be posted again, so that the receiver does not take them for resolved. */
  get keepsOpen(): boolean {
    return this.endpoint.format === "alertmanager_api" && this.options.open !== undefined;
  }

  /** Posts open alerts again, so long as the endpoint follows. */
  private async repeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.options.clock.sleep(REPEAT_MS, signal);
        await this.repost(signal);
      } catch {
        // Aborted, or the store did not answer: a minute later there is another one.
      }
    }
  }

  /** Posts open alerts again, once. */
  repost(signal: AbortSignal): Promise<void> {
    const { clock, base, open, elsewhere } = this.options;
    return this.exclusive(async () => {
      for await (const page of open?.() ?? []) {
        const now = clock.now(), wanted = page.filter((alert) => isWanted(this.endpoint.filter, asStep(alert)));
        const body = bodyOfOpen(wanted, now, base);
        if (body !== undefined && !signal.aborted && elsewhere?.() === undefined) {
          await this.send(`repeat:${now}`, body, now, signal);
        }
      }
    });
  }

  /** Sends one event that says it is a test. */
  test(signal: AbortSignal): Promise<AttemptView> {
    const { clock, base } = this.options;
    return this.exclusive(() => {
      const now = clock.now(), id = `test:${this.endpoint.name}:${now}:${this.tests++}`;
      return this.once(id, bodyOfTest(this.endpoint, id, now, base), signal);
    });
  }

  /** Sends a dead letter once more; it goes when that succeeds. */
  retry(letter: DeadLetter, signal: AbortSignal): Promise<AttemptView> {
    return this.exclusive(async () => {
      const attempt = await this.once(letter.event, letter.body, signal);
      if (attempt.outcome === "delivered") await this.options.book.discard(this.endpoint.name, letter.number);
      return attempt;
    });
  }

  /** Marks it stopped or active again; whoever runs it ends or begins the run. */
  mark(state: "active" | "stopped", reason?: string): Promise<EndpointView> {
    return this.exclusive(async () => {
      const { reason: _, next_attempt_at: _n, ...before } = this.progress;
      await this.save({ ...before, state, ...(reason === undefined ? {} : { reason }), attempts: 0 });
      return this.view();
    });
  }

  private async once(id: string, body: string, signal: AbortSignal): Promise<AttemptView> {
    const { clock } = this.options, time = clock.now(), answer = await this.send(id, body, time, signal);
    const ok = answer.status !== undefined && answer.status >= 200 && answer.status < 300;
    const attempt = view(id, time, 1, clock.now(), answer, ok ? "delivered" : "dead");
    await this.save({ ...this.progress, tried: this.progress.tried + 1 }, attempt);
    return attempt;
  }

  private send(id: string, body: string, now: number, signal: AbortSignal): Promise<Answer> {
    return this.options.post(letterOf(this.endpoint, id, body, now), signal);
  }

  /** Writes progress down, and goes on from it once it is written. */
  private async save(progress: DeliveryProgress, attempt?: AttemptView, dead?: DeadLetter): Promise<void> {
    await this.options.book.write(this.endpoint.name, progress, attempt, dead);
    this.progress = progress;
    this.skipped = 0;
  }

  /** One after the other: a step's end is never overtaken by an older word that it is open. */
  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => {});
    return mine;
  }
}

function view(
  event: string,
  time: number,
  attempt: number,
  now: number,
  { status, error }: Answer,
  outcome: AttemptView["outcome"],
): AttemptView {
  return {
    event,
    time,
    attempt,
    ...(status === undefined ? {} : { status }),
    duration_ms: now - time,
    outcome,
    ...(error === undefined ? {} : { error }),
  };
}

/** An open alert as far as filters look at it. */
function asStep(alert: OpenAlert): AlertStep {
  const { id, raised_at: time, ...said } = alert;
  return { ...said, id, alert: id, transition: "raised", time, raised_at: time, partition: "", position: 0 };
}
