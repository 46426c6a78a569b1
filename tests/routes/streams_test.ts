import { createEventSource } from "eventsource-client";
import { assert, assertEquals, assertLess } from "../../std/assert.ts";
import { makeApp } from "../../routes/app.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { serve } from "../../routes/serve.ts";
import { HEARTBEAT_MS } from "../../routes/sse.ts";
import { type FakeDeps, fakeDeps, readingView, sensorView, settle, transition, until } from "./fakes.ts";

/** An event as a client sees it. */
interface Seen {
  id?: string;
  event?: string;
  data: string;
}

/** Serves the app on a free port while `run` runs. */
async function serving(
  run: (base: string, deps: FakeDeps) => Promise<void>,
  more: Partial<AppDeps> = {},
  capacity?: number,
): Promise<void> {
  const deps = fakeDeps(more, capacity);
  const server = serve(makeApp(deps), { port: 0, hostname: "127.0.0.1", report: deps.report });
  try {
    await run(`http://127.0.0.1:${server.addr.port}`, deps);
  } finally {
    deps.down.abort();
    await server.shutdown();
  }
  assertEquals(deps.reported, []);
  assertEquals([deps.alertHub.followers, deps.readingHub.followers], [0, 0], "every follower is gone");
}

/** A stream read as text. */
class Client {
  text = "";
  /** Resolves when the stream has ended; rejects when it was reset. */
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();

  private constructor(response: Response) {
    this.ended = this.#read(response.body!);
    this.ended.catch(() => {});
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<Client> {
    const response = await fetch(url, { headers });
    assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    return new Client(response);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const write = (bytes: Uint8Array) => void (this.text += decoder.decode(bytes, { stream: true }));
    await body.pipeTo(new WritableStream({ write }), { signal: this.#stop.signal });
  }

  /** What has come so far, parsed as the standard says. */
  get events(): Seen[] {
    const blocks = this.text.split("\n\n").slice(0, -1);
    return blocks.filter((block) => block.includes("data:")).map((block) => {
      const field = (name: string) =>
        block.split("\n").filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      return { id: field("id")[0], event: field("event")[0], data: field("data").join("\n") };
    });
  }

  get sensors(): string[] {
    return this.events.map(({ data }) => JSON.parse(data).sensor);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended.catch(() => {});
  }
}

Deno.test("streams() of alerts say the sensor's name, and is filtered by it or by the id", async () => {
  const names = {
    idOf: (name: string) => name === "Boiler" ? "a" : name,
    nameOf: (sensor: string) => sensor === "a" ? "Boiler" : undefined,
    rename: () => Promise.resolve("done" as const),
  };
  await serving(async (base, deps) => {
    const clients = await Promise.all(
      ["Boiler", "a"].map((sensor) => Client.open(`${base}/alerts/stream?sensor=${sensor}`)),
    );
    await until(() => deps.alertHub.followers === 2);
    deps.alertHub.publish([transition("b", 1), transition("a", 2)]);
    for (const client of clients) {
      await until(() => client.events.length === 1);
      const { sensor, sensor_name } = JSON.parse(client.events[0].data);
      assertEquals([sensor, sensor_name], ["a", "Boiler"]);
      await client.close();
    }
  }, { names });
});

Deno.test("streams() sends alerts with id, event and data, and tells after how long to come again", () =>
  serving(async (base, deps) => {
    const client = await Client.open(`${base}/alerts/stream`);
    await until(() => deps.alertHub.followers === 1);
    deps.alertHub.publish([transition("a", 1), transition("b", 2)]);
    await until(() => client.events.length === 2);
    assert(client.text.startsWith("retry: 2000\n\n"));
    const [first, second] = client.events;
    assertEquals([first.event, JSON.parse(first.data).id], ["alert", "http-0:1:a:limit:temperature/raised"]);
    assertEquals(JSON.parse(first.data).time, "2026-01-31T12:00:00.001Z");
    assert(first.id !== second.id);
    await client.close();
    await until(() => deps.alertHub.followers === 0);
  }));

Deno.test("streams() goes on after the last id, from the header and from the query; the header counts", () =>
  serving(async (base, deps) => {
    const start = deps.alertHub.cursor;
    deps.alertHub.publish([1, 2, 3].map((position) => transition("a", position)));
    const whole = await Client.open(`${base}/alerts/stream?last_event_id=${start}`);
    await until(() => whole.events.length === 3);
    const [first, second] = whole.events;
    const byHeader = await Client.open(`${base}/alerts/stream?last_event_id=${start}`, { "last-event-id": second.id! });
    const byQuery = await Client.open(`${base}/alerts/stream?last_event_id=${first.id}`);
    await until(() => byHeader.events.length === 1 && byQuery.events.length === 2);
    assertEquals(byHeader.events, whole.events.slice(2));
    assertEquals(byQuery.events, whole.events.slice(1));
    for (const client of [whole, byHeader, byQuery]) await client.close();
  }));

Deno.test("streams() tells a client whose id is too old to resync, then goes on", () =>
  serving(async (base, deps) => {
    const client = await Client.open(`${base}/alerts/stream`, { "last-event-id": "from another life" });
    await until(() => client.events.length === 1);
    deps.alertHub.publish([transition("a", 1)]);
    await until(() => client.events.length === 2);
    assertEquals(client.events.map(({ event }) => event), ["resync", "alert"]);
    const again = await Client.open(`${base}/alerts/stream`, { "last-event-id": client.events[0].id! });
    await until(() => again.events.length === 1);
    assertEquals(again.events[0], client.events[1]);
    await client.close();
    await again.close();
  }));

Deno.test("streams() filters by sensor, type and location", () =>
  serving(async (base, deps) => {
    deps.queries.sensorViews = [sensorView("a"), sensorView("b", { type: "pump" })];
    const paths = ["alerts/stream?sensor=b", "alerts/stream?type=pump", "readings/stream?type=pump"];
    const places = ["readings/stream?location=server%20room&sensor=b", "readings/stream?location=none"];
    const clients = await Promise.all([...paths, ...places].map((path) => Client.open(`${base}/${path}`)));
    await until(() => deps.alertHub.followers === 2 && deps.readingHub.followers === 3);
    deps.alertHub.publish([transition("a", 1), { ...transition("b", 2), type: "pump" }]);
    deps.readingHub.publish([readingView("a", 1), readingView("b", 2)]);
    await until(() => clients.slice(0, 4).every((client) => client.events.length > 0));
    await settle(3);
    assertEquals(clients.map((client) => client.sensors), [["b"], ["b"], ["b"], ["b"], []]);
    for (const client of clients) await client.close();
  }));

Deno.test("streams() filters alerts by the least priority, and tells of one that falls below it", () =>
  serving(async (base, deps) => {
    const high = await Client.open(`${base}/alerts/stream?priority=high`);
    await until(() => deps.alertHub.followers === 1);
    const steps = [
      { ...transition("a", 1), priority: "medium" },
      { ...transition("b", 2), priority: "high" },
      { ...transition("b", 3), priority: "low", transition: "eased" },
      { ...transition("b", 4), priority: "low", transition: "cleared" },
      { ...transition("c", 5), priority: "critical" },
    ] as const;
    deps.alertHub.publish(steps);
    await until(() => high.events.length === 3);
    assertEquals(high.events.map(({ data }) => JSON.parse(data).position), [2, 3, 5]);
    await high.close();
    const wrong = await fetch(`${base}/alerts/stream?priority=urgent`);
    assertEquals([wrong.status, (await wrong.json()).errors[0].message.includes("low, medium, high, critical")], [
      400,
      true,
    ]);
  }));

Deno.test("streams() keeps frames whole whatever the data holds", () =>
  serving(async (base, deps) => {
    const message = "one\ntwo\r\nthree\rdata: x\n\nevent: alert\nid: 1\u2028";
    const client = await Client.open(`${base}/alerts/stream`);
    await until(() => deps.alertHub.followers === 1);
    deps.alertHub.publish([transition("a\n\nevent: x", 1, message)]);
    await until(() => client.events.length === 1);
    assertEquals(JSON.parse(client.events[0].data).message, message);
    await client.close();
  }));

Deno.test("streams() sends a comment every 15 s", () =>
  serving(async (base, deps) => {
    const client = await Client.open(`${base}/readings/stream`);
    await until(() => deps.clock.sleepers === 1);
    await deps.clock.advance(HEARTBEAT_MS - 1);
    assertEquals(client.text, "retry: 2000\n\n");
    await deps.clock.advance(1);
    await until(() => client.text === "retry: 2000\n\n:\n\n");
    await deps.clock.advance(HEARTBEAT_MS);
    await until(() => client.text === "retry: 2000\n\n:\n\n:\n\n");
    await client.close();
    await until(() => deps.readingHub.followers === 0);
    assertEquals(deps.clock.sleepers, 0);
  }));

Deno.test("streams() thins readings to the newest of each sensor, at most so many a second", () =>
  serving(async (base, deps) => {
    const client = await Client.open(`${base}/readings/stream?max_per_second=20`);
    await until(() => deps.readingHub.followers === 1);
    const sensors = ["a", "b", "c", "d", "e"];
    const ids = () => client.events.map(({ data }) => JSON.parse(data).id);
    deps.readingHub.publish([readingView("a", 0), readingView("b", 1)]); // at once: 20 a second are 2 each 100 ms
    await until(() => client.events.length === 2);
    deps.readingHub.publish(Array.from({ length: 500 }, (_, i) => readingView(sensors[i % 5], i + 2)));
    await settle(20);
    assertEquals(ids(), ["http-0/0/a", "http-0/1/b"]);
    await deps.clock.advance(100);
    await until(() => client.events.length === 4);
    await settle(3);
    assertEquals(ids().slice(2), ["http-0/497/a", "http-0/498/b"]);
    await deps.clock.advance(1_000);
    await until(() => client.events.length === 7);
    assertEquals(ids().slice(4), ["http-0/499/c", "http-0/500/d", "http-0/501/e"]);
    const again = await Client.open(`${base}/readings/stream`, { "last-event-id": client.events[3].id! });
    await until(() => again.events.length === 3);
    assertEquals(again.events, client.events.slice(4));
    await client.close();
    await again.close();
  }));

Deno.test("streams() ends in order when the instance goes down, and takes nobody new", () =>
  serving(async (base, deps) => {
    const clients = await Promise.all(["alerts", "readings"].map((what) => Client.open(`${base}/${what}/stream`)));
    await until(() => deps.clock.sleepers === 2);
    deps.down.abort();
    await Promise.all(clients.map((client) => client.ended));
    const late = await fetch(`${base}/alerts/stream`);
    assertEquals([late.status, late.headers.get("retry-after")], [503, "2"]);
    await late.body?.cancel();
  }));

Deno.test("streams() answers HEAD without opening a stream", () =>
  serving(async (base, deps) => {
    const response = await fetch(`${base}/alerts/stream`, { method: "HEAD" });
    assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    assertEquals([deps.alertHub.followers, deps.clock.sleepers], [0, 0]);
  }));

Deno.test("streams() cuts off a client that never reads, with its memory flat", () =>
  serving(
    async (base, deps) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(base).port) });
      await connection.write(new TextEncoder().encode("GET /alerts/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      await until(() => deps.alertHub.followers === 1 && deps.clock.sleepers === 1);
      const long = "x".repeat(20_000);
      const before = Deno.memoryUsage().rss;
      let position = 0;
      const flood = async () => { // 2,000 x 20 KB = 40 MB: far more than the sockets' buffers
        for (let i = 0; i < 2_000; i++) {
          deps.alertHub.publish([transition("a", position++, long + position)]);
          if (i % 20 === 0) await settle(1);
        }
      };
      await flood();
      assertLess(Deno.memoryUsage().rss - before, 100e6, "what a client does not take is not kept for it");
      await deps.clock.advance(HEARTBEAT_MS);
      await flood();
      assertLess(Deno.memoryUsage().rss - before, 100e6);
      await deps.clock.advance(HEARTBEAT_MS);
      await until(() => deps.alertHub.followers === 0);
      assertEquals(deps.clock.sleepers, 0, "nothing is left of it");
      connection.close();
    },
    {},
    100,
  ));

Deno.test("streams() speaks to eventsource-client, which comes again after a restart and misses no alert", async () => {
  const seen: Seen[] = [];
  const positions = Array.from({ length: 10 }, (_, i) => i);
  let port = 0;
  const deps = fakeDeps();
  // Two servers one after the other over one hub: the second is the first after its restart.
  const start = (signal: AbortSignal) => {
    const app = makeApp({ ...deps, signal });
    const server = serve(app, { port, hostname: "127.0.0.1" });
    port = server.addr.port;
    return server;
  };
  const first = new AbortController(), second = new AbortController();
  const firstServer = start(first.signal);
  const source = createEventSource({
    url: `http://127.0.0.1:${port}/alerts/stream`,
    onMessage: (message) => void seen.push(message),
  });
  await until(() => deps.alertHub.followers === 1);
  deps.alertHub.publish(positions.slice(0, 4).map((position) => transition("a", position)));
  await until(() => seen.length === 4);
  first.abort();
  await firstServer.shutdown();
  deps.alertHub.publish(positions.slice(4).map((position) => transition("a", position)));
  const secondServer = start(second.signal);
  await until(() => seen.length === 10);
  source.close();
  second.abort();
  await secondServer.shutdown();
  assertEquals(seen.map(({ data }) => JSON.parse(data).position), positions);
});

Deno.test("streams() carries 1,000 clients, each of whom gets every alert", () =>
  serving(async (base, deps) => {
    const count = 1_000, alerts = 20;
    const clients: Client[] = [];
    for (let i = 0; i < count; i += 100) {
      clients.push(...await Promise.all(Array.from({ length: 100 }, () => Client.open(`${base}/alerts/stream`))));
    }
    await until(() => deps.alertHub.followers === count);
    for (let position = 0; position < alerts; position++) deps.alertHub.publish([transition("a", position)]);
    await until(() => clients.every((client) => client.text.endsWith("\n\n") && client.events.length === alerts));
    deps.down.abort();
    await Promise.all(clients.map((client) => client.ended));
  }));
