/**
 * Feeds the streaming evaluations of a partition from what its checkpoints commit.
 *
 * Every reading that a shared model has scored is counted for the version that scored it. Its error is that of the score
 * as a guess of the label, squared (G. W. Brier, Monthly Weather Review 78, 1950); a reading without a label is taken as
 * normal, as nearly all of them are.
 *
 * @module
 */
import type { CommitSink, CutOutputs } from "../actors/checkpoint.ts";
import { type ScoredReading, StreamingEvaluation } from "../actors/evaluation/streaming.ts";
import type { Json } from "../actors/ports.ts";
import type { KvEvaluations, StreamingPlace } from "./evaluations.ts";

/** Families of shared models that score readings. */
export type ScoredFamily = "forest" | "network" | "logistic";

/** Whose readings are counted. */
export interface ScoredBy {
  /** Which families; default networks alone. */
  readonly families?: readonly ScoredFamily[];
  /** Name in the registry of the model that a group of sensors shares. */
  modelOf(family: ScoredFamily, group: string): string;
}

/** What shared models have scored in a cut, by the model's name. */
export function scoredByModel(
  outputs: CutOutputs,
  { families = ["network"], modelOf }: ScoredBy,
): Map<string, ScoredReading[]> {
  const byModel = new Map<string, ScoredReading[]>();
  for (const family of families) {
    for (const { group, reading } of outputs.scored(family)) {
      const model = modelOf(family, group), known = byModel.get(model);
      if (known) known.push(reading);
      else byModel.set(model, [reading]);
    }
  }
  return byModel;
}

/** What the link is made with. Each model takes up to 16 MB. */
export interface EvaluationSinkOptions extends ScoredBy {
  readonly store: Pick<KvEvaluations, "restore" | "putCut" | "trim">;
  readonly partition: string;
  /** What is evaluated: the source's name. A batch evaluation of the same name is compared with it. */
  readonly data: string;
  /** When the run began, epoch ms. */
  readonly started: number;
}

/** Models of a partition that are evaluated; further ones are not. */
const MODELS_MOST = 16;

/** A partition's way into its evaluations. */
export class EvaluationSink implements CommitSink {
  readonly name = "evaluation";
  private readonly evaluations = new Map<string, StreamingEvaluation>();
  /** Newest version of each model that was written: others are trimmed when it grows. */
  private readonly newest = new Map<string, number>();

  constructor(private readonly options: EvaluationSinkOptions) {}

  /** What is stored says by itself how far it counts. */
  recover(): Promise<void> {
    this.evaluations.clear();
    return Promise.resolve();
  }

  cut(): (outputs: CutOutputs) => Promise<Json> {
    return async (outputs) => {
      for (const [model, readings] of scoredByModel(outputs, this.options)) {
        const evaluation = await this.evaluationOf(model);
        if (evaluation === undefined) continue;
        evaluation.add(readings);
        await this.write(model, evaluation, outputs.cut);
      }
      return null;
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async evaluationOf(model: string): Promise<StreamingEvaluation | undefined> {
    const known = this.evaluations.get(model);
    if (known !== undefined || this.evaluations.size >= MODELS_MOST) return known;
    const evaluation = new StreamingEvaluation(await this.options.store.restore(this.placeOf(model)));
    this.evaluations.set(model, evaluation);
    return evaluation;
  }

  private async write(model: string, evaluation: StreamingEvaluation, position: number): Promise<void> {
    const { store } = this.options, cut = evaluation.cut(position);
    await store.putCut(this.placeOf(model), cut);
    const newest = Math.max(...cut.changes.map(({ version }) => version));
    if (newest <= (this.newest.get(model) ?? 0)) return;
    this.newest.set(model, newest);
    await store.trim(model, this.options.partition);
  }

  private placeOf(model: string): StreamingPlace {
    const { data, partition: part, started } = this.options;
    return { model, data, part, started };
  }
}
