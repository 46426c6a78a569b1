/**
 * The typed face of the standard library's assertions; its package ships without types.
 *
 * @module
 */
import * as std from "@std/assert";

// deno-lint-ignore no-explicit-any -- a class of any constructor; the instance type is what counts
type Class<T> = abstract new (...args: any[]) => T;

/** Throws unless `condition` holds. */
export const assert: (condition: unknown, message?: string) => asserts condition = std.assert;
/** Throws unless both are deeply equal. */
export const assertEquals: <T>(actual: T, expected: T, message?: string) => void = std.assertEquals;
/** Throws if both are deeply equal. */
export const assertNotEquals: <T>(actual: T, expected: T, message?: string) => void = std.assertNotEquals;
/** Throws unless both are within `tolerance`. */
export const assertAlmostEquals: (actual: number, expected: number, tolerance?: number, message?: string) => void =
  std.assertAlmostEquals;
/** Throws unless `actual > expected`. */
export const assertGreater: (actual: number, expected: number, message?: string) => void = std.assertGreater;
/** Throws unless `actual < expected`. */
export const assertLess: (actual: number, expected: number, message?: string) => void = std.assertLess;
/** Throws unless `actual` matches. */
export const assertMatch: (actual: string, expected: RegExp, message?: string) => void = std.assertMatch;
/** Throws unless `actual` contains `expected`. */
export const assertStringIncludes: (actual: string, expected: string, message?: string) => void =
  std.assertStringIncludes;
/** Throws unless `act` throws such an error; returns it. */
export const assertThrows: <E extends Error = Error>(act: () => unknown, type?: Class<E>, includes?: string) => E =
  std.assertThrows;
/** Rejects unless `act` rejects with such an error; resolves to it. */
export const assertRejects: <E extends Error = Error>(
  act: () => PromiseLike<unknown>,
  type?: Class<E>,
  includes?: string,
) => Promise<E> = std.assertRejects;
