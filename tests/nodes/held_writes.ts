/**
 * A proxy of requests before a KV server that holds one write back while everything else passes, its repetition included:
 * what a network does that delivers late.
 *
 * @module
 */

/** A write that is held. */
export interface HeldWrite {
  /** Whose it is. */
  readonly partition: string;
  /** Lets it go; resolves when the server has answered it. */
  letGo(): Promise<void>;
}

/** Where KV Connect takes atomic writes. */
const WRITES = "/v2/atomic_write";
/** In an encoded write: the key of its partition's chain, and the record of an alert that is active. */
// deno-lint-ignore no-control-regex -- keys and values are encoded so
const CHAIN = /\x02partition\0\x02([^\0]+)\0\x02chain\0/, RAISED = '"\x06active';
const latin = new TextDecoder("latin1");

/** Holds the first write that stores an alert as active: one that came after a later one would tell. */
export class HeldWrites implements AsyncDisposable {
  readonly port: number;
  /** The write, once there is one. */
  readonly held: Promise<HeldWrite>;
  readonly #hold = Promise.withResolvers<HeldWrite>();
  readonly #ending = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #isHolding = false;
  /** Writes that passed since, of each partition, and who waits for more of them. */
  readonly #passed = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  /** @param url where the server is reached */
  constructor(private readonly url: string) {
    this.held = this.#hold.promise;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: this.#ending.signal, onListen: () => {}, onError: away },
      (request) => this.#take(request),
    );
    this.port = this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#server.finished;
  }

  /** Resolves when so many writes of the partition have passed since one is held. */
  async passed(partition: string, writes: number): Promise<void> {
    while ((this.#passed.get(partition) ?? 0) < writes) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async #take(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url), body = new Uint8Array(await request.arrayBuffer());
    if (pathname !== WRITES) return await this.#send(request, pathname, body);
    const text = latin.decode(body), partition = CHAIN.exec(text)?.[1];
    if (partition !== undefined && !this.#isHolding && text.includes(RAISED)) {
      this.#isHolding = true;
      return await this.#keep(partition, () => this.#send(request, pathname, body));
    }
    const answer = await this.#send(request, pathname, body);
    if (this.#isHolding && partition !== undefined) {
      this.#passed.set(partition, (this.#passed.get(partition) ?? 0) + 1);
      for (const go of this.#waiting) go();
      this.#waiting.clear();
    }
    return answer;
  }

  #keep(partition: string, send: () => Promise<Response>): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.#hold.resolve({
      partition,
      letGo: async () => {
        await send().then(resolve, reject);
        await promise.catch(() => {}); // the server is away: it never comes
      },
    });
    return promise;
  }

  #send({ method, headers }: Request, path: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    return fetch(new URL(path, this.url), { method, headers, body, signal: this.#ending.signal });
  }
}

/** The server does not answer: the client asks again. */
const away = () => new Response(null, { status: 502 });
