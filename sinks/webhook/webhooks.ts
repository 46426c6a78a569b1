/**
 * All endpoints that steps of alerts are delivered to.
 *
 * @module
 */
import type { z } from "zod";
import {
  type AttemptView,
  type DeadLetter,
  type Deliveries,
  DELIVERY_LIMITS,
  DeliveryError,
  type DeliveryProgress,
  type Endpoint,
  type endpointSchema,
  type EndpointView,
} from "../../actors/alerts/delivery.ts";
import { AddressError, addressOf, type AllowedHosts, type Resolve } from "./address.ts";
import { type LineOptions, WebhookLine } from "./line.ts";
import { makePost, type Post } from "./post.ts";
import { RETRY, type RetryPolicy } from "./retry.ts";
import { makeSecret } from "./sign.ts";

/** How deliveries are made. */
export interface WebhooksOptions extends Omit<LineOptions, "post" | "policy"> {
  /** Hosts that may be reached though they are not public: `host` or `host:port`. */
  readonly allowed: AllowedHosts;
  /** All addresses of a name. */
  readonly resolve: Resolve;
  /** Fills an array with random bytes that nobody can guess. */
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** Longest time of one attempt, ms; default 10 s. */
  readonly deadlineMs?: number;
  /** Certificates of authorities that are trusted beside the public ones, PEM. */
  readonly authorities?: readonly string[];
  readonly policy?: RetryPolicy;
  /** How letters are sent; default over HTTP. */
  readonly post?: Post;
}

const DEADLINE_MS = 10_000;

interface Running {
  readonly line: WebhookLine;
  ending?: AbortController;
  run?: Promise<void>;
}

/** Deliveries over HTTP. */
export class Webhooks implements Deliveries {
  private readonly running = new Map<string, Running>();
  private readonly line: LineOptions;
  private signal?: AbortSignal;
  private loading?: Promise<void>;
  /** Changes of the list, one after the other. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: WebhooksOptions) {
    const { deadlineMs = DEADLINE_MS, allowed, resolve, authorities, policy = RETRY } = options;
    const post = options.post ?? makePost({ allowed, resolve, deadlineMs, ...(authorities ? { authorities } : {}) });
    this.line = { ...options, policy, post };
    this.loaded.catch(() => {});
  }

  /** Resolves once what is stored was read; where that has failed it is tried again. */
  private get loaded(): Promise<void> {
    return this.loading ??= this.load().catch((error) => {
      this.loading = undefined;
      throw error;
    });
  }

  /** Reads what is stored: at the beginning, and whenever others may have changed it. */
  private async load(): Promise<void> {
    this.running.clear();
    for (const endpoint of await this.options.book.endpoints()) {
      const progress = await this.options.book.progress(endpoint.name);
      if (progress) this.running.set(endpoint.name, { line: new WebhookLine(endpoint, progress, this.line) });
    }
  }

  /**
   * Delivers until `signal` is aborted; resolves when every attempt under way has ended. May be run again then: it goes
   * on where the last process has come to that delivered.
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.exclusive(async () => { // at once: what is asked behind this call finds it begun
      if (this.options.elsewhere !== undefined) await this.load();
      this.signal = signal;
      for (const one of this.running.values()) this.begin(one);
    });
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
    await this.last;
    await Promise.all([...this.running.values()].map(({ run }) => run));
  }

  /** Resolves when what is known here is what is stored: where others deliver, it is read again. */
  private async known(): Promise<void> {
    await this.loaded;
    if (this.options.elsewhere?.() !== undefined) {
      await this.exclusive(() => this.signal === undefined || this.signal.aborted ? this.load() : Promise.resolve());
    }
  }

  /** Refuses what only the process may do that delivers. */
  private here(): void {
    const node = this.options.elsewhere?.();
    if (node !== undefined) {
      throw new DeliveryError("elsewhere", `webhooks are changed and tried where they are delivered: at ${node}`);
    }
  }

  private begin(one: Running): void {
    if (this.signal === undefined || this.signal.aborted || one.line.view().state === "stopped") return;
    one.ending = new AbortController();
    one.run = one.line.run(AbortSignal.any([this.signal, one.ending.signal]));
  }

  private async end(one: Running): Promise<void> {
    one.ending?.abort();
    await one.run;
  }

  async list(): Promise<readonly EndpointView[]> {
    await this.known();
    return [...this.running.values()].map(({ line }) => line.view())
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** How far each endpoint is, as it is known here. */
  reached(): Promise<readonly DeliveryProgress[]> {
    return this.exclusive(() => Promise.resolve([...this.running.values()].map(({ line }) => line.reached)));
  }

  /** Posts open alerts again where that is needed: once, for a process that does not go on running. */
  async repost(signal: AbortSignal): Promise<void> {
    for (const { line } of this.running.values()) {
      if (line.keepsOpen && line.reached.state !== "stopped") await line.repost(signal);
    }
  }

  async endpoint(name: string): Promise<EndpointView | undefined> {
    await this.known();
    return this.running.get(name)?.line.view();
  }

  async add(
    asked: z.infer<typeof endpointSchema>,
  ): Promise<{ readonly endpoint: EndpointView; readonly secret: string }> {
    this.here();
    await this.loaded;
    await this.judge(asked);
    return await this.exclusive(async () => {
      const { book, clock, random, feed } = this.options, { name } = asked;
      if (this.running.size >= DELIVERY_LIMITS.endpoints) {
        throw new DeliveryError(
          "conflict",
          `there are ${DELIVERY_LIMITS.endpoints} webhooks already: no more are kept`,
        );
      }
      if (this.running.has(name)) throw taken(name);
      const secret = asked.secret ?? makeSecret(random), cursor = feed.alertsCursor?.();
      const endpoint: Endpoint = { ...asked, secret, created_at: clock.now() };
      const none = { attempts: 0, delivered: 0, dead: 0, gaps: 0, tried: 0 };
      const progress: DeliveryProgress = { state: "active", ...none, ...(cursor === undefined ? {} : { cursor }) };
      if (!await book.add(endpoint, progress)) throw taken(name);
      const one: Running = { line: new WebhookLine(endpoint, progress, this.line) };
      this.running.set(name, one);
      this.begin(one);
      return { endpoint: one.line.view(), secret };
    });
  }

  /** An address that is refused is refused at once, not at the first alert; a name that is not known yet may come. */
  private async judge({ url, format }: z.infer<typeof endpointSchema>): Promise<void> {
    try {
      await addressOf(new URL(url), this.options.allowed, this.options.resolve);
    } catch (error) {
      if (error instanceof AddressError) {
        throw new DeliveryError("refused", `cannot deliver ${format} there: ${error.message}`);
      }
    }
  }

  remove(name: string): Promise<boolean> {
    return this.exclusive(async () => {
      this.here();
      const one = this.running.get(name);
      if (one === undefined) return false;
      await this.end(one);
      this.running.delete(name);
      return await this.options.book.remove(name);
    });
  }

  stop(name: string): Promise<EndpointView> {
    return this.exclusive(async () => {
      this.here();
      const one = this.named(name);
      await this.end(one);
      return await one.line.mark("stopped", "stopped by a person");
    });
  }

  resume(name: string): Promise<EndpointView> {
    return this.exclusive(async () => {
      this.here();
      const one = this.named(name);
      await this.end(one);
      const view = await one.line.mark("active");
      this.begin(one);
      return view;
    });
  }

  async test(name: string): Promise<AttemptView> {
    this.here();
    await this.loaded;
    return await this.named(name).line.test(this.attemptSignal());
  }

  async attempts(name: string): Promise<readonly AttemptView[]> {
    await this.known();
    this.named(name);
    return await this.options.book.attempts(name);
  }

  async dead(name: string): Promise<readonly DeadLetter[]> {
    await this.known();
    this.named(name);
    return await this.options.book.dead(name);
  }

  async retry(name: string, number: number): Promise<AttemptView> {
    this.here();
    const letter = (await this.dead(name)).find((one) => one.number === number);
    if (letter === undefined) throw new DeliveryError("unknown", `the webhook ${name} has no dead letter ${number}`);
    return await this.named(name).line.retry(letter, this.attemptSignal());
  }

  async discard(name: string, number: number): Promise<boolean> {
    await this.known();
    this.named(name);
    return await this.options.book.discard(name, number);
  }

  private attemptSignal(): AbortSignal {
    return this.signal ?? new AbortController().signal;
  }

  private named(name: string): Running {
    const one = this.running.get(name);
    if (one === undefined) throw new DeliveryError("unknown", `there is no webhook named ${name.slice(0, 64)}`);
    return one;
  }

  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(() => this.loaded).then(work);
    this.last = mine.catch(() => {});
    return mine;
  }
}

function taken(name: string): DeliveryError {
  return new DeliveryError("conflict", `there is a webhook named ${name} already`);
}
