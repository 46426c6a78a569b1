/**
 * How a command ends when it cannot do what it was asked: one sentence for a person and an exit code.
 *
 * @module
 */

/** Exit codes of every command. */
export const EXIT = {
  /** Done, also after a graceful stop by a signal. */
  done: 0,
  /** The command could not do it. */
  failed: 1,
  /** It was asked wrongly: an unknown command or flag, a setting out of its range. */
  usage: 2,
} as const;

/** The command cannot do what it was asked (exit 1). The message is one sentence for a person. */
export class CommandError extends Error {
  override name = "CommandError";
  /** What the process ends with. */
  readonly exitCode: number = EXIT.failed;
}

/** The command was asked wrongly (exit 2). The message is one sentence that names what was given and what is allowed. */
export class UsageError extends CommandError {
  override name = "UsageError";
  override readonly exitCode: number = EXIT.usage;
}

/** Somebody asked for help: `message` is the text for standard output, and nothing else is to be done (exit 0). */
export class HelpRequest extends Error {
  override name = "HelpRequest";
}

/**
 * The name that was probably meant.
 *
 * @returns the nearest of `names` within two edits (one for names of up to 4 characters), or undefined
 */
export function nearMiss(name: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = name.length <= 4 ? 2 : 3;
  for (const candidate of names) {
    const distance = edits(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, above] = [above, row];
  }
  return above[b.length];
}
