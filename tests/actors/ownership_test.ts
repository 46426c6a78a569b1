/**
 * Partitions that come, go, and come back: who is told what, and in which order.
 *
 * @module
 */
import { FencedError, StoreAwayError } from "../../actors/checkpoint.ts";
import { type Owner, Ownership } from "../../actors/ownership.ts";
import type { Assignment, Clock, Source, SourcePartition } from "../../actors/ports.ts";
import type { PartitionView } from "../../actors/views.ts";
import { Assignments } from "../../sources/kafka/assignments.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";
import { settle } from "../sources/conformance.ts";

const partition = (id: string): SourcePartition => ({
  id,
  async *read() {
    yield* []; // nobody reads it here
  },
});

/** A run that goes on until it is told how to end. */
class FakeRun {
  state: PartitionView["state"] = "running";
  error?: string;
  readonly #end = Promise.withResolvers<void>();

  constructor(readonly id: string, private readonly said: string[]) {}

  async run(signal: AbortSignal): Promise<void> {
    this.said.push(`run ${this.id}`);
    signal.addEventListener("abort", () => this.said.push(`stop ${this.id}`));
    await this.#end.promise;
    this.said.push(`stored ${this.id}`);
  }

  store(): void {
    this.#end.resolve();
  }

  fail(error: Error): void {
    this.#end.reject(error);
  }
}

/** A supervisor that notes what it is told, and a clock whose pauses end when they are called off or by hand. */
class Scene implements Owner {
  readonly said: string[] = [];
  readonly runs = new Map<string, FakeRun>();
  readonly stop = new AbortController();
  readonly changes = new Assignments();
  readonly slept: number[] = [];
  wake: () => void = () => {};
  readonly clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        this.slept.push(ms);
        this.wake = resolve;
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };

  begin({ id }: SourcePartition): FakeRun {
    const run = new FakeRun(id, this.said);
    this.runs.set(id, run);
    return run;
  }

  forget(id: string): Promise<void> {
    this.said.push(`forget ${id}`);
    return Promise.resolve();
  }

  giveUp(id: string): Promise<void> {
    this.said.push(`give up ${id}`);
    return Promise.resolve();
  }

  ended(id: string, error: Error, again: boolean): void {
    this.said.push(`${id}: ${error.message}${again ? ", again" : ""}`);
  }

  own(partitions: readonly SourcePartition[], sharedWithinMs?: number): Promise<void> {
    const shared = sharedWithinMs === undefined
      ? {}
      : { sharedWithinMs, assignments: (signal: AbortSignal): AsyncIterable<Assignment> => this.changes.take(signal) };
    const source: Source = {
      name: "kafka",
      open: () => Promise.resolve(partitions),
      close: () => Promise.resolve(),
      ...shared,
    };
    return new Ownership(source, this, 700, this.stop.signal).run(partitions);
  }

  /** What was said since the last look. */
  async heard(): Promise<string[]> {
    await settle();
    return this.said.splice(0);
  }
}

Deno.test("Ownership.run() stores a partition that is taken away, and lets go of it, before it says so", async () => {
  const scene = new Scene(), owning = scene.own([partition("a")], 3_000);
  scene.changes.assign([partition("b")]);
  assertEquals(await scene.heard(), ["run a", "run b"]);
  const given = scene.changes.revoke(["a"]).then(() => scene.said.push("given"));
  assertEquals(await scene.heard(), ["stop a"]);
  scene.changes.assign([partition("a")]);
  assertEquals(await scene.heard(), [], "whoever gets it back waits until it was given up");
  scene.runs.get("a")?.store();
  await given;
  assertEquals(await scene.heard(), ["stored a", "give up a", "run a", "given"]);
  scene.stop.abort();
  assertEquals((await scene.heard()).sort(), ["stop a", "stop b"]);
  for (const run of scene.runs.values()) run.store();
  await owning;
});

Deno.test("Ownership.run() begins a partition again whose store was away, from what is stored", async () => {
  const scene = new Scene(), owning = scene.own([partition("a")]), first = await begun(scene);
  first.fail(new StoreAwayError("no answer"));
  assertEquals(await scene.heard(), ["a: no answer, again", "forget a"]);
  assertEquals([first.state, first.error, scene.slept], ["waiting", "no answer", [700]]);
  scene.wake();
  assertEquals(await scene.heard(), ["run a"]);
  scene.runs.get("a")?.fail(new Error("a defect"));
  await owning;
  assertEquals(await scene.heard(), ["a: a defect"]);
  assertEquals(scene.runs.get("a")?.state, "failed");
});

Deno.test("Ownership.run() takes a partition again that another one had, only where they are shared out", async () => {
  const shared = new Scene(), owning = shared.own([partition("a")], 3_000);
  (await begun(shared)).fail(new FencedError("taken"));
  assertEquals([await shared.heard(), shared.slept], [["a: taken, again", "forget a"], [3_000]]);
  const given = shared.changes.revoke(["a"]);
  await given; // not begun again: the source has said that it is another one's
  assertEquals((await shared.heard()).at(-1), "give up a");
  shared.stop.abort();
  await owning;
  const alone = new Scene(), over = alone.own([partition("a")]);
  (await begun(alone)).fail(new FencedError("taken"));
  await over;
  assertEquals([await alone.heard(), alone.runs.get("a")?.state], [["a: taken"], "failed"]);
});

Deno.test("Ownership.run() ends with the error of a source that cannot share its partitions out", async () => {
  const scene = new Scene();
  scene.changes.take = () => {
    throw new Error("no such group");
  };
  await assertRejects(() => scene.own([], 3_000), Error, "no such group");
});

async function begun(scene: Scene): Promise<FakeRun> {
  await scene.heard();
  const run = scene.runs.get("a");
  if (run === undefined) throw new Error("a was not begun");
  return run;
}
