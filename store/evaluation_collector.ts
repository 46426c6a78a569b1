/**
 * Batch evaluations from a run over recorded readings: a replay over as many workers as there are shards, or a backtest.
 *
 * Each partition of the run gets a sink from {@linkcode EvaluationCollector.sinkOf}; when the run has ended, what was
 * counted is stored. It counts what the streaming evaluation of the same run would, so both must agree.
 *
 * @module
 */
import type { CommitSink, CutOutputs } from "../actors/checkpoint.ts";
import { type BatchEvaluation, evaluatePart, type EvaluationPart, joinParts } from "../actors/evaluation/batch.ts";
import type { EvaluationRecord } from "../actors/evaluation/port.ts";
import type { ScoredReading } from "../actors/evaluation/streaming.ts";
import type { Json } from "../actors/ports.ts";
import { type ScoredBy, scoredByModel } from "./evaluation_sink.ts";
import type { KvEvaluations } from "./evaluations.ts";

/** What the collector is made with. */
export interface EvaluationCollectorOptions extends ScoredBy {
  readonly store: Pick<KvEvaluations, "putBatch">;
  /** What is evaluated: the name that a streaming evaluation of the same readings has. */
  readonly data: string;
}

/** Versions of models that are counted in one run; readings of further ones are left out. */
export const COLLECTED_MOST = 64;

/** Why a run cannot be stored as a batch evaluation; the message is one sentence. */
export class EvaluationError extends Error {
  override name = "EvaluationError";
}

/** One version of one model, as far as it was counted. */
interface Collected {
  readonly model: string;
  readonly version: number;
  evaluation: BatchEvaluation;
}

/** Counts a whole run. */
export class EvaluationCollector {
  /** Readings of versions that there was no room for. */
  leftOut = 0;
  private readonly collected = new Map<string, Collected>();
  private incomplete = false;

  constructor(private readonly options: EvaluationCollectorOptions) {}

  /** The way of a partition of the run into the counts. */
  sinkOf(): CommitSink {
    return {
      name: "batch_evaluation",
      recover: (state) => {
        this.incomplete ||= state !== undefined;
        return Promise.resolve();
      },
      cut: () => (outputs: CutOutputs): Promise<Json> => {
        this.take(outputs);
        return Promise.resolve("counted");
      },
      close: () => Promise.resolve(),
    };
  }

  /**
   * Stores what was counted, once the run has ended.
   *
   * @throws {EvaluationError} if the run went on from an earlier one, whose readings are not in it
   */
  async finish(): Promise<EvaluationRecord[]> {
    if (this.incomplete) {
      throw new EvaluationError("a batch evaluation needs the whole recording: this run went on from an earlier one");
    }
    const records: EvaluationRecord[] = [], { store, data } = this.options;
    for (const key of [...this.collected.keys()].sort()) {
      const one = this.collected.get(key);
      if (one === undefined) continue;
      records.push(await store.putBatch({ model: one.model, version: one.version, data }, one.evaluation));
    }
    return records;
  }

  private take(outputs: CutOutputs): void {
    for (const [model, scored] of scoredByModel(outputs, this.options)) {
      for (const [version, readings] of Map.groupBy(scored, (reading) => reading.version)) {
        this.count(`${model}\n${String(version).padStart(16, "0")}`, model, readings);
      }
    }
  }

  private count(key: string, model: string, readings: readonly ScoredReading[]): void {
    const [{ version }] = readings, known = this.collected.get(key);
    if (known === undefined && this.collected.size >= COLLECTED_MOST) {
      this.leftOut += readings.length;
      return;
    }
    const part = evaluatePart(readings, version);
    if (known === undefined) this.collected.set(key, { model, version, evaluation: joinParts([part]) });
    else known.evaluation = joined(known.evaluation, part);
  }
}

/** The same counts with a part more. */
function joined({ counts, from, to }: BatchEvaluation, part: EvaluationPart): BatchEvaluation {
  for (const block of part.blocks) counts.put(block);
  return { counts, from: Math.min(from, part.from), to: Math.max(to, part.to) };
}
