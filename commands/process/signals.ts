/**
 * Being asked to end: SIGINT and SIGTERM as an abort signal.
 *
 * @module
 */

/** A request to end that may come from outside. */
export interface StopSignal {
  /** Aborted at the first SIGINT or SIGTERM; a second one ends the process at once with 130 or 143. */
  readonly signal: AbortSignal;
  /** Gives the signals back. */
  release(): void;
}

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens for SIGINT and SIGTERM until it is released. */
export function stopSignal(): StopSignal {
  const abort = new AbortController();
  const listeners = (["SIGINT", "SIGTERM"] as const).map((name) => {
    const listener = () => {
      if (abort.signal.aborted) Deno.exit(CODES[name]);
      abort.abort(new Error(`stopped by ${name}`));
    };
    return { name, listener };
  });
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  return {
    signal: abort.signal,
    release() {
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
