/**
 * What evaluations count of a reading, told from its view: slower than from the records, and plainer.
 *
 * @module
 */
import type { ScoredReading } from "../../actors/evaluation/streaming.ts";
import type { ReadingView } from "../../actors/views.ts";
import type { ScoredFamily } from "../../store/evaluation_sink.ts";

/**
 * A reading as an evaluation counts it; undefined if the family did not score it.
 */
export function scoredReading(view: ReadingView, family: ScoredFamily): ScoredReading | undefined {
  const score = view.scores?.[family], version = view.versions?.[family], { sensor, time, label } = view;
  if (score === undefined || version === undefined) return undefined;
  return {
    position: Number(view.id.split("/")[1]),
    sensor,
    time,
    version,
    loss: (score - (label ?? 0)) ** 2,
    flagged: view.flags.some(({ detector }) => detector === family),
    ...(label === undefined ? {} : { label }),
  };
}

/** The same of many, for `CutOutputs.scored()`; all of one group. */
export function scoredOf(views: readonly ReadingView[], family: ScoredFamily, group: string) {
  return views.flatMap((view) => {
    const reading = scoredReading(view, family);
    return reading === undefined ? [] : [{ group, reading }];
  });
}
