/**
 * KV servers in memory, which answer until they are told not to.
 *
 * @module
 */
import { FleetKv } from "../../../store/nodes/fleet.ts";
import type { KvPort } from "../../../store/kv.ts";
import { TimedKv } from "../../../store/nodes/timed_kv.ts";
import { PATIENT } from "../../actors/harness.ts";
import { MemoryKv } from "../../memory_kv.ts";

/** A server's database, and what becomes of the commits that one of its clients sends. */
export class Server {
  readonly kv = new MemoryKv();
  /** Commits until it is away. */
  left = Infinity;

  /** A client's connection. */
  connect(name: string): TimedKv {
    const { kv } = this, here = <T>(answer: () => Promise<T>) => this.left > 0 ? answer() : Promise.reject(AWAY);
    const port: KvPort & Pick<Deno.Kv, "watch"> = {
      get: (key) => here(() => kv.get(key)),
      getMany: (keys) => here(() => kv.getMany(keys)),
      list: (selector, options) => this.#list(selector, options),
      atomic: () => kv.atomicFor((write) => this.left-- > 0 ? kv.commit(write) : Promise.reject(AWAY)),
      watch: () => new ReadableStream(),
      close: () => {},
    };
    return new TimedKv(port, name, PATIENT, 1_000);
  }

  async *#list<T>(selector: Deno.KvListSelector, options?: Deno.KvListOptions): AsyncIterable<Deno.KvEntry<T>> {
    if (this.left <= 0) throw AWAY;
    yield* this.kv.list<T>(selector, options);
  }
}

const AWAY = new Error("connection refused");
let ids = 0;
/** An id at each call. */
export const freshId = () => `id-${++ids}`;
/** How partitions are moved and held. */
export const OPTIONS = { clock: PATIENT, freshId, deadlineMs: 1_000 };

/** The servers as one database, by clients of its own. */
export function open(...servers: readonly Server[]): Promise<FleetKv> {
  return FleetKv.open(servers.map((server, i) => server.connect(`kv${i}`)), freshId);
}
