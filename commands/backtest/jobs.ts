/**
 * Backtests of a running instance: a bounded queue, done one at a time in a thread of their own.
 *
 * They are kept as files, so they are there after a restart; one that was under way then is shown as interrupted.
 *
 * @module
 */
import {
  type BacktestEvent,
  type BacktestFile,
  type BacktestInput,
  type BacktestPart,
  BacktestRefused,
  type BacktestReport,
  type Backtests,
  type BacktestSettings,
  type BacktestView,
} from "../../actors/backtests/port.ts";
import type { Judging } from "../../actors/config.ts";
import type { Clock } from "../../actors/ports.ts";
import { Waiters } from "../../actors/waiters.ts";
import { SCENARIO_NAMES } from "../../data/mod.ts";
import { join } from "../../std/path.ts";
import type { FilesPlan } from "./files.ts";
import { BacktestFolder, fileBelow, plainName } from "./folder.ts";
import { outputPaths } from "./paths.ts";
import { commandOf, hintsOf, judgingsOf, type ScenarioPlan, scenarioPlan } from "./request.ts";
import type { FromBacktest, ToBacktest } from "./worker.ts";

/** Backtests that wait, uploads under way among them. */
export const QUEUE_MOST = 8;
/** Backtests that are kept when they are over, newest first; older ones go with their files. */
export const KEPT_MOST = 50;
/** Bytes of an upload. */
const UPLOAD_BYTES = 1024 ** 3;
/** A cancelled one that has not ended after so long is ended with its thread, ms. */
const CANCEL_MS = 10_000;

/** What they are done with. */
export interface JobsOptions {
  readonly dataDir: string;
  /** What the instance runs with. */
  readonly judging: Judging;
  readonly clock: Clock;
  readonly uploadBytes?: number;
  readonly report: (error: unknown) => void;
}

/** One backtest. */
interface Job {
  view: BacktestView;
  readonly folder: BacktestFolder;
  readonly changed: Waiters;
  /** What is to be done; absent for one of an earlier process. */
  readonly task?: { readonly plan: FilesPlan; readonly scenario?: ScenarioPlan };
}

function isOver({ state }: BacktestView): boolean {
  return state !== "queued" && state !== "running";
}

/** The backtests of an instance. */
export class BacktestJobs implements Backtests {
  readonly #jobs = new Map<string, Job>();
  /** Uploads under way. */
  #uploads = 0;
  /** When the last one was created, epoch ms. */
  #created = 0;
  #running: Job | undefined;
  #worker: Worker | undefined;
  /** Saves one after the other. */
  #saved = Promise.resolve();

  private constructor(private readonly options: JobsOptions) {}

  /** Learns which there are. */
  static async open(options: JobsOptions): Promise<BacktestJobs> {
    const jobs = new BacktestJobs(options), found: Job[] = [];
    try {
      for await (const { name, isDirectory } of Deno.readDir(jobs.#root)) {
        const folder = new BacktestFolder(join(jobs.#root, name)), view = isDirectory ? await folder.load() : undefined;
        if (view !== undefined) found.push({ view, folder, changed: new Waiters() });
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // there never was one
    }
    for (const job of found.sort((a, b) => a.view.created - b.view.created)) {
      jobs.#jobs.set(job.view.id, job);
      jobs.#created = job.view.created;
      if (!isOver(job.view)) await jobs.#end(job, { state: "interrupted" });
    }
    return jobs;
  }

  get #root(): string {
    return join(this.options.dataDir, "backtests");
  }

  async submit(input: BacktestInput, settings: BacktestSettings): Promise<BacktestView> {
    const { judging, clock, dataDir, uploadBytes = UPLOAD_BYTES } = this.options;
    const isScenario = input.kind === "scenario";
    if (isScenario && !SCENARIO_NAMES.includes(input.name)) {
      throw new BacktestRefused("unknown", `the scenarios are ${SCENARIO_NAMES.join(", ")}`, "scenario");
    }
    const sides = judgingsOf(settings, judging, isScenario ? input.name : undefined);
    // No two of one time: they are listed by it after a restart.
    const created = this.#created = Math.max(clock.now(), this.#created + 1);
    const scenario = isScenario ? scenarioPlan(input.name, input.hours, input.seed, created) : undefined;
    const below = input.kind === "file" ? await fileBelow(dataDir, input.name) : undefined;
    const waiting = [...this.#jobs.values()].filter(({ view }) => view.state === "queued").length + this.#uploads;
    if (waiting >= QUEUE_MOST) throw new BacktestRefused("busy", `${QUEUE_MOST} backtests wait already`);
    this.#uploads++;
    const id = `${created.toString(36)}-${crypto.randomUUID().slice(0, 8)}`;
    const folder = new BacktestFolder(join(this.#root, id));
    try {
      await folder.make();
      const name = isScenario ? `${input.name}.ndjson` : plainName(input.name), path = below ?? folder.input(name);
      const bytes = input.kind === "upload" ? await folder.store(name, input.body, uploadBytes, clock) : undefined;
      const { format, baselines, ...asked } = settings, out = folder.out, command = commandOf(name, settings);
      const names = outputPaths([path], undefined, format), hints = hintsOf(settings);
      const plan = { paths: [path], names, sides, hints, baselines, format, out, report: true, command };
      const view: BacktestView = {
        id,
        name: isScenario ? `${input.name}, ${input.hours} h` : name,
        state: "queued",
        created,
        progress: 0,
        readings: 0,
        input: { kind: input.kind, name: input.name, ...(bytes === undefined ? {} : { bytes }) },
        format,
        settings: JSON.parse(JSON.stringify({ baselines, ...asked })),
      };
      const job = { view, folder, changed: new Waiters(), task: { plan, scenario } };
      await folder.save(view);
      this.#jobs.set(id, job);
      await this.#forget();
    } catch (error) {
      await folder.remove("all");
      throw error;
    } finally {
      this.#uploads--;
    }
    this.#next();
    return this.#jobs.get(id)?.view as BacktestView;
  }

  list(): readonly BacktestView[] {
    return [...this.#jobs.values()].map(({ view }) => view).reverse();
  }

  find(id: string): BacktestView | undefined {
    return this.#jobs.get(id)?.view;
  }

  async report(id: string): Promise<BacktestReport | undefined> {
    const job = this.#jobs.get(id);
    if (job?.view.state !== "done") return undefined;
    const text = await job.folder.figures();
    return text === undefined ? undefined : JSON.parse(text);
  }

  async file(id: string, part: BacktestPart): Promise<BacktestFile | undefined> {
    const job = this.#jobs.get(id);
    return job?.view.state === "done" ? await job.folder.open(part, job.view) : undefined;
  }

  async *follow(id: string, signal: AbortSignal): AsyncGenerator<BacktestEvent> {
    let told: BacktestView | undefined;
    for (let job = this.#jobs.get(id); job !== undefined && !signal.aborted; job = this.#jobs.get(id)) {
      const { view, changed } = job;
      if (view !== told) yield { event: view.state === told?.state ? "progress" : "state", backtest: view };
      told = view;
      if (isOver(view)) return;
      if (job.view === view) await changed.wait(signal);
    }
  }

  async remove(id: string): Promise<boolean> {
    const job = this.#jobs.get(id);
    if (job === undefined) return false;
    if (isOver(job.view)) {
      this.#jobs.delete(id);
      await this.#saved; // else it would be written down again
      await job.folder.remove("all");
    } else if (job.view.state === "queued") await this.#end(job, { state: "cancelled" });
    else {
      this.#tell({ kind: "stop" });
      void this.#insist(job);
    }
    return true;
  }

  /** Ends the thread: what is under way stays as it is on the disk, and is shown as interrupted after the next start. */
  async close(): Promise<void> {
    this.#endThread();
    await this.#saved;
  }

  #endThread(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** One that does not hear ends with its thread. */
  async #insist(job: Job): Promise<void> {
    await this.options.clock.sleep(CANCEL_MS);
    if (this.#running !== job) return;
    this.#endThread();
    await this.#over(job, { state: "cancelled" });
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const job = [...this.#jobs.values()].find(({ view }) => view.state === "queued");
    if (job?.task === undefined) return;
    this.#running = job;
    this.#set(job, { state: "running", started: this.options.clock.now() });
    this.#tell({ kind: "run", ...job.task });
  }

  #tell(message: ToBacktest): void {
    this.#worker ??= this.#thread();
    this.#worker.postMessage(message);
  }

  #thread(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "backtest" });
    worker.onmessage = ({ data }: MessageEvent<FromBacktest>) => {
      const job = this.#running;
      if (job === undefined) return;
      if (data.kind === "progress") {
        const { done: progress, readings, rate } = data;
        this.#set(job, { progress, readings, readings_per_second: Math.round(rate) }, false);
      } else if (data.kind === "failed") void this.#over(job, { state: "failed", error: data.error });
      else if (!data.isWhole) void this.#over(job, { state: "cancelled" });
      else void this.#over(job, { state: "done", progress: 1, alarms: data.alarms });
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#worker = undefined;
      if (this.#running) {
        void this.#over(this.#running, { state: "failed", error: `its thread ended: ${event.message}` });
      }
    };
    return worker;
  }

  /** The one that runs is over: the next one's turn. */
  async #over(job: Job, how: Partial<BacktestView>): Promise<void> {
    this.#running = undefined;
    const report = how.state === "done" ? await job.folder.figures() : undefined;
    if (report !== undefined) {
      const { readings_per_second, configurations: [own] }: BacktestReport = JSON.parse(report);
      how = { ...how, readings_per_second, readings: own.total.readings };
    }
    await this.#end(job, how);
    this.#next();
  }

  async #end(job: Job, how: Partial<BacktestView>): Promise<void> {
    try {
      await job.folder.remove("input");
      if (how.state !== "done") await job.folder.remove("out");
    } catch (error) {
      this.options.report(error);
    }
    this.#set(job, { ...how, ended: this.options.clock.now() });
    await this.#saved;
  }

  #set(job: Job, change: Partial<BacktestView>, keep = true): void {
    const view = job.view = { ...job.view, ...change };
    job.changed.wake();
    if (keep) this.#saved = this.#saved.then(() => job.folder.save(view)).catch(this.options.report);
  }

  /** Takes away the oldest that are over, beyond those that are kept. */
  async #forget(): Promise<void> {
    const over = [...this.#jobs.values()].filter(({ view }) => isOver(view));
    for (const { view } of over.slice(0, Math.max(0, over.length - KEPT_MOST))) await this.remove(view.id);
  }
}
