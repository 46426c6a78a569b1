/**
 * A proxy between nodes and a server that lets through, delays, cuts, drops answers, or falls silent.
 *
 * @module
 */

/** What becomes of what passes. */
export type Weather =
  | { readonly kind: "clear" }
  /** Everything comes so much later, ms. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Connections end, and there are no new ones. */
  | { readonly kind: "cut" }
  /** What is asked arrives; instead of the answer the connection ends. */
  | { readonly kind: "answers lost" };

/** A proxy before one port of this machine. */
export class Proxy implements AsyncDisposable {
  readonly url: string;
  /** Bytes that nodes sent to the server so far. */
  sent = 0;
  #weather: Weather = { kind: "clear" };
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.Conn>();
  /** Connections on which nothing comes through any more, though they stay open. */
  readonly #silent = new WeakSet<Deno.Conn>();
  readonly #running: Promise<void>;

  constructor(private port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.url = `http://127.0.0.1:${this.#listener.addr.port}`;
    this.#running = this.#run();
  }

  /** Changes the weather, for connections that are open, too. */
  set weather(weather: Weather) {
    this.#weather = weather;
    if (weather.kind === "cut") this.#cut();
  }

  /** Leads to another port from now on; connections that are open end. */
  lead(port: number): void {
    this.port = port;
    this.#cut();
  }

  /** Lets nothing through any more on connections that are open now, and does not end them: new ones are as they should be. */
  fallSilent(): void {
    for (const connection of this.#open) this.#silent.add(connection);
  }

  #cut(): void {
    for (const connection of this.#open) close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#cut();
    await this.#running;
  }

  async #run(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const client of this.#listener) {
      if (this.#weather.kind === "cut") close(client);
      else serving.push(this.#serve(client));
    }
    await Promise.all(serving);
  }

  async #serve(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.port }).catch(() => undefined);
    if (server === undefined) return close(client);
    this.#open.add(client).add(server);
    await Promise.all([this.#pass(client, server, false), this.#pass(server, client, true)]);
    for (const connection of [client, server]) {
      close(connection);
      this.#open.delete(connection);
    }
  }

  async #pass(from: Deno.Conn, to: Deno.Conn, isAnswer: boolean): Promise<void> {
    const bytes = new Uint8Array(64 * 1024);
    try {
      for (let read = await from.read(bytes); read !== null; read = await from.read(bytes)) {
        if (this.#silent.has(from)) continue;
        const weather = this.#weather;
        if (!isAnswer) this.sent += read;
        if (weather.kind === "slow") await new Promise((resolve) => setTimeout(resolve, weather.ms));
        if (weather.kind === "answers lost" && isAnswer) break;
        for (let at = 0; at < read;) at += await to.write(bytes.subarray(at, read));
      }
    } catch {
      // One of them has gone: so does the other.
    }
    close(from);
    close(to);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
