/**
 * Virtual time for a whole cluster: it moves to the next timer when nobody has anything left to do.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../actors/ports.ts";

/** Timers that fall into the same stretch wake together, ms: many nodes, fewer turns. */
const GRID_MS = 10;

interface Timer {
  readonly wake: () => void;
}

/** The one clock that all nodes see. */
export class VirtualTime implements Clock {
  /** Timers by the time at which they wake; times in a heap of their own. */
  private readonly timers = new Map<number, Set<Timer>>();
  private readonly times: number[] = [];

  constructor(private time: number) {}

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const at = Math.ceil((this.time + Math.max(0, ms)) / GRID_MS) * GRID_MS;
    return new Promise((resolve, reject) => {
      let due = this.timers.get(at);
      if (!due) {
        this.timers.set(at, due = new Set());
        push(this.times, at);
      }
      const timer: Timer = {
        wake: () => {
          signal?.removeEventListener("abort", gone);
          resolve();
        },
      };
      const gone = () => {
        due.delete(timer);
        reject(signal?.reason);
      };
      due.add(timer);
      signal?.addEventListener("abort", gone, { once: true });
    });
  }

  /** Lets time pass until then: after each step everybody does what there is to do. */
  async run(until: number): Promise<void> {
    await turn();
    while (this.times.length > 0 && this.times[0] <= until) {
      const at = pop(this.times), due = this.timers.get(at) ?? new Set();
      this.timers.delete(at);
      this.time = Math.max(this.time, at);
      for (const timer of due) timer.wake();
      if (due.size > 0) await turn();
    }
    this.time = until;
  }
}

/** Resolves when all promises that can go on have gone on. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Adds to a heap whose least is first. */
function push(heap: number[], value: number): void {
  let k = heap.push(value) - 1;
  for (let up = (k - 1) >> 1; k > 0 && heap[up] > value; k = up, up = (k - 1) >> 1) heap[k] = heap[up];
  heap[k] = value;
}

/** Takes the least out of a heap that is not empty. */
function pop(heap: number[]): number {
  const least = heap[0], last = heap.pop() as number;
  if (heap.length === 0) return least;
  let k = 0;
  for (let child = 1; child < heap.length; child = 2 * k + 1) {
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= last) break;
    heap[k] = heap[child];
    k = child;
  }
  heap[k] = last;
  return least;
}
