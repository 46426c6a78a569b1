/**
 * A progress bar on long work, when somebody looks at it.
 *
 * The typed face of cli-progress, which ships without types; nothing else imports it.
 *
 * @module
 */
import cliProgress from "cli-progress";

/** Progress of one piece of work. */
export interface ProgressBar {
  /**
   * Shows how far the work is.
   *
   * @param share done, 0 to 1
   * @param note a few words behind the bar: `1,200,000 readings/s`
   */
  update(share: number, note: string): void;
  /** Ends the bar's line. */
  stop(): void;
}

/** As much of cli-progress's bar as is used. */
interface SingleBar {
  start(total: number, value: number, payload: Record<string, string>): void;
  update(value: number, payload: Record<string, string>): void;
  stop(): void;
}

const makeBar: new (options: Record<string, unknown>) => SingleBar = cliProgress.SingleBar;
/** Steps of the bar: shares are shown to a tenth of a percent. */
const STEPS = 1_000;

/**
 * A bar on standard error, so that output can be piped on.
 *
 * @param label what is done: `catching up`
 * @param visible whether somebody looks; default: whether standard error is a terminal. If not, nothing is written.
 */
export function progressBar(label: string, visible: boolean = Deno.stderr.isTerminal()): ProgressBar {
  if (!visible) return { update: () => {}, stop: () => {} };
  const bar = new makeBar({
    format: `${label} [{bar}] {percentage}% {note}`,
    barsize: 30,
    fps: 5,
    hideCursor: true,
    clearOnComplete: false,
    gracefulExit: false, // signals are the command's
  });
  bar.start(STEPS, 0, { note: "" });
  return {
    update: (share, note) => bar.update(Math.round(Math.min(1, Math.max(0, share)) * STEPS), { note }),
    stop: () => bar.stop(),
  };
}
