/**
 * Backtests with known answers, of every shape that there is.
 *
 * @module
 */
import type {
  BacktestEvent,
  BacktestInput,
  BacktestRefused,
  BacktestReport,
  Backtests,
  BacktestSettings,
  BacktestView,
} from "../../actors/backtests/port.ts";
import { NOON } from "./fakes.ts";

const MEASURE = {
  readings: 1_500,
  alarms: 2,
  false_alarms: 1,
  per_sensor_day: 0.2,
  allowed: 0.7,
  budget_ratio: 1.4,
  labelled: true,
  events: 1,
  found: 1,
  precision: 0.5,
  recall: 1,
  f1: 2 / 3,
  delay_ms: null,
};

/** A report with a field of each kind; its alarm is at `time`. */
export function backtestReport(time = NOON): BacktestReport {
  const contributions = [{ channel: "t", share: 1, feature: "value", because: "higher than usual" }];
  const alarm = { file: "a.csv", sensor: "a", time, strength: 0.5, right: true, row: 7, explanation: "hot" };
  const pair = { both: 1, only_learning: 0, only_rule: 2, learning_ratio: 0.1, rule_ratio: 0.2, agreement: 0.9 };
  const side = {
    name: "this",
    about: "budget 1 per week",
    total: MEASURE,
    files: [{ file: "a.csv", ...MEASURE }],
    detectors: [{ detector: "combined", ...MEASURE, flagged_ratio: 0.1, right_ratio: null, hit_ratio: 1 }],
    baselines: [{ detector: "random", ...MEASURE }],
    agreement: [{ learning: "forest", rule: "limits", ...pair, kappa: null }],
    alerts: { anomaly: 2 },
    not_judged: { late: 1 },
    closest: { sensor: "a", time, part: 0.9 },
    alarms: [{ ...alarm, contributions }],
  };
  return { readings_per_second: 10_000, configurations: [side] };
}

/** Backtests that are done at once; what was asked is kept. */
export class FakeBacktests implements Backtests {
  asked: [BacktestInput, BacktestSettings] | undefined;
  removed: string[] = [];
  /** What the next one is refused with. */
  refusal: BacktestRefused | undefined;
  state: BacktestView["state"] = "done";

  find(id: string): BacktestView | undefined {
    if (id === "none") return undefined;
    return {
      id,
      name: "a.csv",
      state: this.state,
      created: NOON,
      started: NOON + 1,
      ended: NOON + 2,
      progress: 1,
      readings: 1_500,
      readings_per_second: 10_000,
      error: "none",
      input: { kind: "upload", name: "a.csv", bytes: 9 },
      format: "csv",
      settings: { budget: "1/week" },
      alarms: 2,
    };
  }

  async submit(input: BacktestInput, settings: BacktestSettings): Promise<BacktestView> {
    if (this.refusal !== undefined) throw this.refusal;
    this.asked = [input, settings];
    if (input.kind === "upload") await input.body.cancel();
    return this.find("new") as BacktestView;
  }

  list(): readonly BacktestView[] {
    return [this.find("one") as BacktestView];
  }

  report(id: string): Promise<BacktestReport | undefined> {
    return Promise.resolve(this.state === "done" ? backtestReport(id === "b" ? NOON + 1 : NOON) : undefined);
  }

  file(_id: string, part: "verdicts" | "alerts" | "page") {
    if (this.state !== "done") return Promise.resolve(undefined);
    const type = { verdicts: "text/csv", alerts: "application/x-ndjson", page: "text/html" }[part];
    return Promise.resolve({ name: 'a";x.csv', type, size: 4, body: new Blob(["a,b\n"]).stream() });
  }

  async *follow(id: string): AsyncGenerator<BacktestEvent> {
    await Promise.resolve();
    const backtest = this.find(id) as BacktestView;
    yield { event: "progress", backtest };
    yield { event: "state", backtest };
  }

  remove(id: string): Promise<boolean> {
    this.removed.push(id);
    return Promise.resolve(true);
  }
}
