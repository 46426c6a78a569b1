/**
 * Files and clocks for the tests of sources.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";

/** A folder of its own that is removed with `using`. */
export class TestFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "sensorium-" });

  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = `${this.path}/${name}`;
    Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** One gzip member. */
export async function gzip(content: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Pieces behind one another. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A clock that jumps to the end of every sleep, and remembers how long it slept. */
export class JumpingClock implements Clock {
  readonly sleeps: number[] = [];

  constructor(public time = 1_800_000_000_000) {}

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.sleeps.push(ms);
    this.time += Math.max(0, ms);
    return Promise.resolve();
  }
}

/** A clock that stands still: a sleep ends by its signal alone. */
export class StandingClock implements Clock {
  constructor(readonly time = 1_800_000_000_000) {}

  now(): number {
    return this.time;
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((_, reject) => {
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

/** Canonical NDJSON of `count` readings of a few sensors, a second apart, from 2024-01-01 on. */
export function canonicalLines(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const values = { temperature: 20 + (i % 17) / 10, humidity: i % 5 === 0 ? null : 40 + (i % 7) };
    return JSON.stringify({ sensor: `pump-${i % 3}`, time: 1_704_067_200_000 + i * 1_000, values });
  });
}

/** The folder of real data, where there is one. */
export function realData(path: string): string | undefined {
  const folder = Deno.env.get("SENSORIUM_TEST_DATA");
  if (folder === undefined) return undefined;
  try {
    Deno.statSync(`${folder}/${path}`);
    return `${folder}/${path}`;
  } catch {
    return undefined;
  }
}
