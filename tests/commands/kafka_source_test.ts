import { runKafka } from "../../commands/kafka_source.ts";
import type { Source, SourcePartition } from "../../actors/ports.ts";
import { Assignments } from "../../sources/kafka/assignments.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";
import { settle, TestMemory } from "../sources/conformance.ts";

const partition = (id: string): SourcePartition => ({
  id,
  async *read() {
    yield* []; // nobody reads it here
  },
});

/** An engine that runs partitions until they are stopped, and takes its time with the end. */
class FakeEngine {
  readonly said: string[] = [];
  readonly #ends = new Map<string, () => void>();

  async run(source: Source, signal: AbortSignal): Promise<void> {
    for (const { id } of await source.open(new TestMemory())) {
      this.said.push(`run ${id}`);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      this.said.push(`stop ${id}`);
      await new Promise<void>((resolve) => this.#ends.set(id, resolve));
      this.said.push(`stored ${id}`);
    }
    await source.close();
  }

  /** Lets the last checkpoint of a partition be made. */
  store(id: string): void {
    this.#ends.get(id)?.();
  }
}

Deno.test("runKafka() stores a partition that is taken away before it says that it is given up", async () => {
  const changes = new Assignments(), engine = new FakeEngine(), stop = new AbortController();
  let closed = 0;
  const source = {
    name: "kafka",
    open: () => Promise.resolve([partition("a")]),
    close: () => Promise.resolve(void closed++),
    assignments: (signal: AbortSignal) => changes.take(signal),
  };
  const running = runKafka(engine, source, stop.signal);
  changes.assign([partition("b")]);
  await settle();
  assertEquals(engine.said, ["run a", "run b"]);
  const given = changes.revoke(["a"]).then(() => engine.said.push("given up a"));
  await settle();
  assertEquals(engine.said.slice(2), ["stop a"]);
  engine.store("a");
  await given;
  assertEquals(engine.said.slice(2), ["stop a", "stored a", "given up a"]);
  changes.assign([partition("a")]);
  await settle();
  assertEquals(engine.said.at(-1), "run a");
  stop.abort();
  await settle();
  assertEquals([engine.said.slice(-2).sort(), closed], [["stop a", "stop b"], 0]);
  engine.store("a");
  engine.store("b");
  await running;
  assertEquals(closed, 1);
});

Deno.test("runKafka() closes the source that cannot be opened, and says why", async () => {
  let closed = 0;
  const source = {
    name: "kafka",
    open: () => Promise.reject(new Error("no such topic")),
    close: () => Promise.resolve(void closed++),
    assignments: (signal: AbortSignal) => new Assignments().take(signal),
  };
  await assertRejects(() => runKafka(new FakeEngine(), source, new AbortController().signal), Error, "no such topic");
  assertEquals(closed, 1);
});

Deno.test("Assignments.take() lets go of who waits for something to be given up, when it ends", async () => {
  const changes = new Assignments(), stop = new AbortController(), taking = changes.take(stop.signal);
  changes.assign([partition("a")]);
  await taking.next();
  const end = taking.next(), given = changes.revoke(["a"]);
  stop.abort();
  await end;
  await taking.return(undefined);
  await given;
});
