/**
 * Long work that leaves the event loop its turns: a replay at full speed, or a question over much that is stored, starves
 * nobody.
 *
 * @module
 */

/**
 * Makes what such work calls again and again.
 *
 * @param ms work between two turns
 * @returns a promise to wait for when a turn is due, else nothing
 */
export function turns(ms: number): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < ms) return undefined;
    return new Promise((resolve) =>
      setTimeout(() => {
        last = performance.now();
        resolve();
      }, 0)
    );
  };
}
