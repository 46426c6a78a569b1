/**
 * Evaluating the shared models over a whole recording: counted in one go, and compared with what was counted as the
 * readings came.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import { compareEvaluations } from "../../actors/evaluation/compare.ts";
import { evaluationId, type EvaluationRecord } from "../../actors/evaluation/port.ts";
import type { Clock } from "../../actors/ports.ts";
import { modelName } from "../../actors/training/maker.ts";
import { EvaluationCollector, EvaluationError } from "../../store/evaluation_collector.ts";
import { EvaluationSink } from "../../store/evaluation_sink.ts";
import type { KvEvaluations } from "../../store/evaluations.ts";
import { CommandError } from "../process/errors.ts";

/** Families that are evaluated. */
const FAMILIES = ["forest", "network"] as const;

/** One run's evaluations: streaming always, in one go where it is asked for. */
export class ReplayEvaluation {
  private collector?: EvaluationCollector;

  constructor(private readonly whole: boolean, private readonly clock: Clock) {}

  /** The sinks of a partition. */
  sinks(partition: string, store: KvEvaluations): CommitSink[] {
    const modelOf = (family: typeof FAMILIES[number] | "logistic", group: string) =>
      modelName(partition, family, group);
    const common = { store, data: partition, families: FAMILIES, modelOf };
    const streaming = new EvaluationSink({ ...common, partition, started: this.clock.now() });
    if (!this.whole) return [streaming];
    this.collector ??= new EvaluationCollector(common);
    return [streaming, this.collector.sinkOf()];
  }

  /**
   * Stores the evaluation of the whole recording and says what it found, a line for each version of a model.
   *
   * @throws {CommandError} if the run went on from an earlier one, or streaming has counted anything else
   */
  async finish(store: KvEvaluations): Promise<string> {
    const records = await this.collected();
    for (const record of records) await this.agree(store, record);
    const rows = records.map((record) => [
      `${record.model} ${record.version}`,
      record.overall.count.toLocaleString("en"),
      (record.overall.mean_loss ?? 0).toPrecision(4),
      percent(record.overall.flagged / record.overall.count),
      record.overall.precision === undefined ? "" : percent(record.overall.precision),
      record.overall.recall === undefined ? "" : percent(record.overall.recall),
    ]);
    return table([["model and version", "readings", "mean loss", "flagged", "precision", "recall"], ...rows]) +
      "\nthe same as was counted as the readings came: GET /evaluations shows them by device and hour";
  }

  private async collected(): Promise<EvaluationRecord[]> {
    try {
      return await this.collector?.finish() ?? [];
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      throw new CommandError(`${error.message}; --fresh begins anew`, { cause: error });
    }
  }

  private async agree(store: KvEvaluations, { id, model, version, data }: EvaluationRecord): Promise<void> {
    const batch = await store.find(id),
      live = await store.find(evaluationId({ kind: "streaming", model, version, data }));
    if (!batch || !live) return; // of an older version only the one in one go is kept
    const { equal, different, cells } = compareEvaluations(batch.counts, live.counts);
    if (equal) return;
    throw new CommandError(
      `the evaluations of ${model} ${version} differ in ${different} of ${cells} cells: batch and streaming must agree`,
    );
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Columns in line: the first to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  ")
      .trimEnd()
  ).join("\n");
}
