/**
 * Backtests in memory: a test says how far one is, behind the real routes.
 *
 * @module
 */
import type {
  AlarmView,
  BacktestEvent,
  BacktestInput,
  BacktestReport,
  Backtests,
  BacktestSettings,
  BacktestSideView,
  BacktestView,
  MeasureView,
} from "../../actors/backtests/port.ts";
import { EventLog } from "./event_log.ts";

function measure(alarms: number): MeasureView {
  return {
    readings: 4_000,
    alarms,
    false_alarms: 1,
    per_sensor_day: 0.5,
    allowed: 2,
    budget_ratio: 0.5,
    labelled: true,
    events: 5,
    found: 4,
    precision: 0.8,
    recall: 0.75,
    f1: 0.77,
    delay_ms: 90_000,
  };
}

function alarm(n: number): AlarmView {
  return {
    file: "press.csv",
    sensor: `press-${n}`,
    time: 1_790_000_000_000 + n * 60_000,
    strength: 0.9 - n / 10,
    right: n % 2 === 0,
    row: 100 * n,
    explanation: `force ${20 + n} kN, expected 4 to 6 kN`,
    contributions: [{ channel: "force", share: 1, feature: "value", because: "the value" }],
  };
}

function side(name: string, alarms: number): BacktestSideView {
  const ratios = { flagged_ratio: 0.01, right_ratio: 0.8, hit_ratio: 0.75 };
  return {
    name,
    about: "budget 1 per week, full detectors",
    total: measure(alarms),
    files: [{ file: "press.csv", ...measure(alarms) }],
    detectors: ["combined", "forest"].map((detector) => ({ detector, ...measure(alarms), ...ratios })),
    baselines: [{ detector: "last_value", ...measure(9) }],
    agreement: [],
    alerts: { anomaly: alarms },
    not_judged: { late: 3 },
    alarms: Array.from({ length: alarms }, (_, n) => alarm(n)),
  };
}

/** One at a time, as far as a test says. */
export class FakeBacktests implements Backtests {
  readonly asked: { input: BacktestInput; settings: BacktestSettings; body?: string }[] = [];
  readonly #views = new Map<string, BacktestView>();
  readonly #log = new EventLog<BacktestEvent>();

  async submit(input: BacktestInput, settings: BacktestSettings): Promise<BacktestView> {
    const body = input.kind === "upload" ? { body: await new Response(input.body).text() } : {};
    this.asked.push({ input, settings, ...body });
    const id = `b${this.asked.length}`, created = 1_790_000_000_000 + this.asked.length * 1_000;
    const { kind, name } = input, { format } = settings;
    const view: BacktestView = {
      id,
      name,
      state: "running",
      created,
      progress: 0,
      readings: 0,
      input: { kind, name },
      format,
      settings: {},
    };
    this.#views.set(id, view);
    return view;
  }

  /** It has come so far. */
  advance(id: string, progress: number, readings: number): void {
    this.#change(id, "progress", { progress, readings });
  }

  /** It is over, with as many alarms as its number says. */
  finish(id: string): void {
    this.#change(id, "state", { state: "done", progress: 1, readings: 4_000, alarms: Number(id.slice(1)) });
  }

  #change(id: string, event: BacktestEvent["event"], change: Partial<BacktestView>): void {
    const backtest = { ...this.#known(id), ...change };
    this.#views.set(id, backtest);
    this.#log.push({ event, backtest });
  }

  #known(id: string): BacktestView {
    const view = this.#views.get(id);
    if (view === undefined) throw new Error(`there is no backtest ${id}`);
    return view;
  }

  list(): readonly BacktestView[] {
    return [...this.#views.values()].reverse();
  }

  find(id: string): BacktestView | undefined {
    return this.#views.get(id);
  }

  report(id: string): Promise<BacktestReport | undefined> {
    const view = this.#views.get(id), alarms = Number(id.slice(1));
    const report = { readings_per_second: 5_000, configurations: [side("this", alarms), side("compared", alarms + 1)] };
    return Promise.resolve(view?.state === "done" ? report : undefined);
  }

  file(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async *follow(id: string, signal: AbortSignal): AsyncIterable<BacktestEvent> {
    yield { event: "state", backtest: this.#known(id) };
    for await (const item of this.#log.follow(undefined, signal)) {
      if (!("data" in item) || item.data.backtest.id !== id) continue;
      yield item.data;
      if (item.data.event === "state") return;
    }
  }

  remove(id: string): Promise<boolean> {
    const view = this.#views.get(id);
    if (view?.state === "running") this.#change(id, "state", { state: "cancelled" });
    else this.#views.delete(id);
    return Promise.resolve(view !== undefined);
  }
}
