/**
 * Several `deno serve` processes over one store, behind a proxy that gives each request to the next one.
 *
 * @module
 */
import { Program } from "../process.ts";
import { freePorts } from "../servers/server.ts";

/** What each process is told. */
export interface FleetOptions {
  readonly processes: number;
  /** Path of a KV file, or URL of a KV server. */
  readonly kv: string;
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Over a KV server: the network, and the variables that are documented. Without a right to read, a worker of a file cannot
 * be made either.
 */
const NETWORK_ALONE = [
  "--allow-net",
  "--allow-env=SENSORIUM_*,DENO_KV_ACCESS_TOKEN",
  ...["read", "write", "run", "ffi", "sys"].map((right) => `--deny-${right}`),
];

/** The processes and their proxy. */
export class Fleet implements AsyncDisposable {
  private next = 0;
  /** Kills of each process, one after the other: one that starts is killed when it listens. */
  private readonly kills = new Map<number, Promise<void>>();
  private constructor(
    private readonly options: FleetOptions,
    private readonly ports: readonly number[],
    private readonly programs: Program[],
    private readonly proxy: Deno.HttpServer<Deno.NetAddr>,
  ) {}

  /** Starts all, and waits until they listen. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const ports = freePorts(options.processes), programs = ports.map((port) => begin(options, port));
    const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => fleet.pass(request));
    const fleet: Fleet = new Fleet(options, ports, programs, proxy);
    await Promise.all(programs.map((program) => program.says(/Listening on/)));
    return fleet;
  }

  /** Where the proxy is reached. */
  get url(): string {
    return `http://127.0.0.1:${this.proxy.addr.port}`;
  }

  /** Where each process is reached without the proxy. */
  get urls(): string[] {
    return this.ports.map((port) => `http://127.0.0.1:${port}`);
  }

  /** Ids of the processes. */
  get pids(): number[] {
    return this.programs.map(({ pid }) => pid);
  }

  /** What the processes have said, those that were killed left out. */
  get said(): string {
    return this.programs.map(({ said }) => said).join("");
  }

  /** Kills a process as soon as it listens, and starts another in its place. */
  kill(which: number): Promise<void> {
    const killed = (this.kills.get(which) ?? Promise.resolve()).then(() => this.replace(which));
    this.kills.set(which, killed);
    return killed;
  }

  private async replace(which: number): Promise<void> {
    await this.programs[which].kill();
    this.programs[which] = begin(this.options, this.ports[which]);
    await this.programs[which].says(/Listening on/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.programs.map((program) => program.kill()));
    await this.proxy.shutdown();
  }

  /** Gives a request to the next process; 502 where that one is gone. */
  private async pass(request: Request): Promise<Response> {
    const port = this.ports[this.next++ % this.ports.length], { pathname, search } = new URL(request.url);
    try {
      const body = request.method === "GET" ? undefined : await request.arrayBuffer();
      const { method, headers, signal } = request;
      const answer = await fetch(`http://127.0.0.1:${port}${pathname}${search}`, { method, headers, body, signal });
      return new Response(answer.body, { status: answer.status, headers: answer.headers });
    } catch {
      return new Response("the process is gone", { status: 502 });
    }
  }
}

function begin({ kv, env }: FleetOptions, port: number): Program {
  const permissions = /^https?:/.test(kv) ? NETWORK_ALONE : ["-A"];
  return new Program([], {
    serve: port,
    permissions,
    env: { SENSORIUM_KV: kv, SENSORIUM_REQUIRE_KEYS: "false", ...env },
  });
}
