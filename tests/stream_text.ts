/**
 * The text of a stream as it comes, until somebody has enough of it.
 *
 * @module
 */

/**
 * Pieces of the stream's text; ends with the stream or at the abort, without an error then.
 *
 * The signal given to `fetch` alone does not do: its link to a body that is read for minutes can be collected as garbage,
 * and the abort is never heard of.
 *
 * @throws {Error} if the stream breaks
 */
export async function* textOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}
