/**
 * What every source promises, as one suite that each is run through.
 *
 * `sourceConformance(name, makeSource, options)` registers the tests. `makeSource` gives a fresh source over the same
 * content each time it is called (the same file, the same log, the same seed), with a clock that does not hold it up.
 *
 * @module
 */
import { assert, assertEquals } from "../../std/assert.ts";
import type { Chunk, Json, Source, SourceMemory, SourcePartition } from "../../actors/ports.ts";
import { isRefusal, parseReading, type Reading, type Refusal, REFUSAL_SAMPLE_LENGTH } from "../../actors/reading.ts";

/** What the suite has to know of a source. */
export interface ConformanceOptions {
  /** Records to take; a source that does not end by itself (live, looped) must have so many ready. Default: until the end. */
  readonly take?: number;
  /** Records among them that must be refused, each with a row and a field error; default: any number. */
  readonly refused?: number;
  /** How far the source has taken in its input, as a position; with `aheadMax` it shows backpressure. */
  readonly takenIn?: (source: Source) => number;
  /** Positions that the source may be ahead of what it handed out: its own greatest chunk. */
  readonly aheadMax?: number;
  /** Run after each test, such as to remove a folder or to close a log. */
  readonly cleanUp?: () => Promise<void> | void;
}

/** One thing that a partition gave: a record, or time passing. */
export interface Taken {
  readonly position: number;
  readonly item: Reading | Refusal | { readonly tick: number };
}

/** A source's memory that survives a restart, as JSON. */
export class TestMemory implements SourceMemory {
  #text: string | undefined;
  /** How often it was saved. */
  saves = 0;

  constructor(record?: Json) {
    this.#text = record === undefined ? undefined : JSON.stringify(record);
  }

  load(): Promise<Json | undefined> {
    return Promise.resolve(
      this.#text === undefined ? undefined : JSON.parse(this.#text),
    );
  }

  save(record: Json): Promise<void> {
    this.saves++;
    this.#text = JSON.stringify(record);
    return Promise.resolve();
  }
}

/** The records of a chunk with their positions; a line is parsed as the shards would. */
export function takenOf(chunk: Chunk): Taken[] {
  if (chunk.kind === "tick") {
    return [{ position: chunk.position, item: { tick: chunk.time } }];
  }
  if (chunk.kind === "farewell") return [];
  if (chunk.kind === "readings") {
    assertEquals(
      chunk.items.length,
      chunk.positions.length,
      "a position for each item",
    );
    return chunk.items.map((item, i) => ({
      position: chunk.positions[i],
      item,
    }));
  }
  const taken: Taken[] = [];
  let row = chunk.row;
  for (let from = 0; from < chunk.bytes.length; row++) {
    const newline = chunk.bytes.indexOf(10, from);
    const end = newline < 0 ? chunk.bytes.length : newline;
    const text = new TextDecoder().decode(chunk.bytes.subarray(from, end));
    if (text.trim() !== "") {
      taken.push({
        position: chunk.position + from,
        item: parseLine(text, row),
      });
    }
    from = end + 1;
  }
  return taken;
}

function parseLine(text: string, row: number): Reading | Refusal {
  try {
    return parseReading(JSON.parse(text), row);
  } catch {
    return {
      row,
      errors: [{ field: "", message: "the line is no JSON" }],
      sample: text.slice(0, REFUSAL_SAMPLE_LENGTH),
    };
  }
}

/** Everything from `from` on, at most `take` records, with the `next` of every chunk. */
export async function readAll(
  partition: SourcePartition,
  from: number,
  take = Infinity,
  memory?: SourceMemory,
): Promise<{ taken: Taken[]; nexts: number[] }> {
  const stop = new AbortController();
  const taken: Taken[] = [], nexts: number[] = [];
  let at = from;
  for await (const chunk of partition.read(from, stop.signal, memory)) {
    for (const one of takenOf(chunk)) {
      assert(
        Number.isSafeInteger(one.position),
        `position ${one.position} must be a safe integer`,
      );
      assert(
        one.position >= at,
        `position ${one.position} must not be before ${at}`,
      );
      at = one.position + 1;
      taken.push(one);
    }
    assert(
      chunk.next >= at,
      `next ${chunk.next} must be behind the last record, ${at - 1}`,
    );
    at = chunk.next;
    nexts.push(chunk.next);
    if (taken.length >= take) break;
  }
  stop.abort();
  return { taken: taken.slice(0, take), nexts };
}

/** Lets everything run that is ready to run, without waiting for time to pass. */
export async function settle(rounds = 20): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve();
    port2.postMessage(null);
    await promise;
    port1.close();
    port2.close();
  }
}

/** At most `count` of `all`, evenly over them, with the first and the last. */
function some<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from(
    { length: count },
    (_, i) => all[Math.round(i * (all.length - 1) / (count - 1))],
  );
}

/**
 * Registers the suite for one source.
 *
 * @param makeSource a fresh source over the same content each time
 */
export function sourceConformance(
  name: string,
  makeSource: () => Source | Promise<Source>,
  options: ConformanceOptions = {},
): void {
  const take = options.take ?? Infinity;
  const each = (
    promise: string,
    run: (source: Source, memory: TestMemory) => Promise<void>,
  ) =>
    Deno.test(`${name}: ${promise}`, async () => {
      const source = await makeSource();
      try {
        await run(source, new TestMemory());
      } finally {
        await source.close();
        await options.cleanUp?.();
      }
    });

  each(
    "open() gives partitions with stable, plain names",
    async (source, memory) => {
      const ids = (await source.open(memory)).map((partition) => partition.id);
      assert(ids.length > 0, "at least one partition");
      assertEquals(new Set(ids).size, ids.length, "no two of one name");
      for (const id of ids) {
        assert(
          /^[A-Za-z0-9._-]+$/.test(id),
          `partition id ${id}`,
        );
      }
      const again = await makeSource();
      assertEquals(
        (await again.open(memory)).map((partition) => partition.id),
        ids,
      );
      await again.close();
    },
  );

  each(
    "read() gives records in order, trusted readings or refusals that say why",
    async (source, memory) => {
      let refused = 0, records = 0;
      for (const partition of await source.open(memory)) {
        const { taken } = await readAll(partition, 0, take); // asserts the order of positions and next
        for (const { item } of taken) {
          records++;
          if ("tick" in item) continue;
          if (!isRefusal(item)) {
            assertEquals(
              parseReading(item),
              item,
              "a reading passes the one schema unchanged",
            );
            continue;
          }
          refused++;
          assert(
            item.errors.length > 0 &&
              item.errors.every((error) => error.message !== ""),
            "a refusal says why",
          );
          assert(
            item.sample.length <= REFUSAL_SAMPLE_LENGTH,
            "the sample is bounded",
          );
          if (options.refused !== undefined) {
            assert((item.row ?? 0) >= 1, "a refusal names its row");
          }
        }
      }
      assert(records > 0, "the suite needs records");
      if (options.refused !== undefined) {
        assertEquals(refused, options.refused, "refused records");
      }
    },
  );

  each(
    "read() gives the same twice, from one source and from another after a restart",
    async (source, memory) => {
      const partitions = await source.open(memory);
      const first = [];
      for (const partition of partitions) {
        first.push((await readAll(partition, 0, take)).taken);
      }
      for (const [i, partition] of partitions.entries()) {
        assertEquals((await readAll(partition, 0, take)).taken, first[i]);
      }
      const again = await makeSource();
      for (const [i, partition] of (await again.open(memory)).entries()) {
        assertEquals((await readAll(partition, 0, take)).taken, first[i]);
      }
      await again.close();
    },
  );

  each(
    "read() goes on from every position it handed out",
    async (source, memory) => {
      for (const partition of await source.open(memory)) {
        const { taken, nexts } = await readAll(partition, 0, take);
        const places = [
          ...new Set([
            ...some(taken.map((one) => one.position), 25),
            ...some(nexts, 10),
          ]),
        ];
        for (const place of places) {
          const rest = taken.filter((one) => one.position >= place);
          if (rest.length === 0 && take !== Infinity) continue; // a live one would wait for more
          assertEquals(
            (await readAll(partition, place, rest.length || Infinity)).taken,
            rest,
            `from ${place}`,
          );
        }
      }
    },
  );

  each(
    "read() goes on in another process with the memory of the first",
    async (source, memory) => {
      for (const [i, partition] of (await source.open(memory)).entries()) {
        const { taken } = await readAll(partition, 0, take);
        for (const at of some(taken, 5)) {
          const again = await makeSource();
          const other = (await again.open(new TestMemory(await memory.load())))[i];
          const rest = taken.filter((one) => one.position >= at.position);
          assertEquals(
            (await readAll(other, at.position, rest.length)).taken,
            rest,
            `from ${at.position}`,
          );
          await again.close();
        }
      }
    },
  );

  each(
    "read() returns at once when it is aborted, before and between chunks",
    async (source, memory) => {
      const [partition] = await source.open(memory);
      for await (const _ of partition.read(0, AbortSignal.abort())) {
        assert(
          false,
          "aborted before: nothing",
        );
      }
      const stop = new AbortController();
      let chunks = 0;
      for await (const _ of partition.read(0, stop.signal)) {
        chunks++;
        stop.abort();
      }
      assert(chunks <= 2, `${chunks} chunks: at most the one that was ready`);
      const { taken } = await readAll(partition, 0, 1);
      assertEquals(taken.length, 1, "and can be read again");
    },
  );

  each(
    "read() returns when it is aborted while it waits",
    async (source, memory) => {
      const [partition] = await source.open(memory);
      const stop = new AbortController();
      const chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
      for (let seen = 0, done = false; seen < take && !done;) {
        const result = await chunks.next();
        if (result.done) done = true;
        else seen += takenOf(result.value).length;
      }
      const pending = chunks.next();
      stop.abort();
      const result = await pending;
      if (!result.done) assertEquals((await chunks.next()).done, true);
    },
  );

  each(
    "read() lets its caller stop without an abort",
    async (source, memory) => {
      const [partition] = await source.open(memory);
      for await (
        const _ of partition.read(0, new AbortController().signal)
      ) break;
      const { taken } = await readAll(partition, 0, 1);
      assertEquals(taken.length, 1);
    },
  );

  each("released() does not change what follows", async (source, memory) => {
    for (const partition of await source.open(memory)) {
      const { taken } = await readAll(partition, 0, take);
      const middle = taken[taken.length >> 1].position;
      await partition.released?.(middle);
      const rest = taken.filter((one) => one.position >= middle);
      assertEquals((await readAll(partition, middle, rest.length)).taken, rest);
    }
  });

  const { takenIn, aheadMax } = options;
  if (takenIn !== undefined && aheadMax !== undefined) {
    each(
      "read() takes in no more than one chunk ahead of demand",
      async (source, memory) => {
        const [partition] = await source.open(memory);
        const chunks = partition.read(0, new AbortController().signal)
          [Symbol.asyncIterator]();
        for (let i = 0, seen = 0; i < 3 && seen < take; i++) { // a live one would wait for more
          const result = await chunks.next();
          if (result.done) break;
          seen += takenOf(result.value).length;
          await settle();
          const ahead = takenIn(source) - result.value.next;
          assert(
            ahead <= aheadMax,
            `${ahead} positions ahead, at most ${aheadMax} allowed`,
          );
        }
        await chunks.return?.();
      },
    );
  }
}
