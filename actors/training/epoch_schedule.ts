/**
 * Which epoch is trained next, and when not to wait for a partition any more.
 *
 * Epochs are trained in order, each once every partition has ended it. One that does not say so in time is left behind,
 * and not waited for again until it has caught up.
 *
 * @module
 */

/** How far the models of a family are. */
export interface EpochProgress {
  /** End of the last epoch that was trained, epoch ms; −1 before the first. */
  readonly through: number;
  /** Partitions that had not ended it: the next one does not wait for them. */
  readonly behind: readonly string[];
}

/** Before the first epoch. */
export const NO_PROGRESS: EpochProgress = { through: -1, behind: [] };

/**
 * How far the models are once the next epoch is trained; undefined while that must wait.
 *
 * @param ended by partition the ends of epochs that it has put something down for, in any order
 * @param partitions all there are; others in `ended` count, too
 * @param isOverdue whether an epoch, the next one, has waited long enough: for a partition that never put anything down
 *   (`isNew`: it may have no readings at all), or for another one
 */
export function nextEpoch(
  { through, behind }: EpochProgress,
  ended: ReadonlyMap<string, readonly number[]>,
  partitions: readonly string[],
  isOverdue: (epoch: number, isNew: boolean) => boolean,
): EpochProgress | undefined {
  const latest = (partition: string) => (ended.get(partition) ?? []).reduce((last, end) => Math.max(last, end), -1);
  let next = Infinity;
  for (const ends of ended.values()) for (const end of ends) if (end > through && end < next) next = end;
  if (next === Infinity) return undefined;
  const late = [...new Set([...partitions, ...ended.keys()])].filter((partition) => latest(partition) < next).sort();
  const isWaitedFor = (partition: string) => !behind.includes(partition) && !isOverdue(next, !ended.has(partition));
  if (late.some(isWaitedFor)) return undefined;
  return { through: next, behind: late };
}
