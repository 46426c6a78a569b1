/**
 * The typed face of the standard library's paths, those of the system it runs on; its package ships without types.
 *
 * @module
 */
import * as std from "@std/path";

/** Joins parts and normalises the result. */
export const join: (...parts: string[]) => string = std.join;
/** Everything before the last part. */
export const dirname: (path: string) => string = std.dirname;
/** The last part, less `suffix` if it ends so. */
export const basename: (path: string, suffix?: string) => string = std.basename;
/** The ending with its dot, empty if there is none. */
export const extname: (path: string) => string = std.extname;
/** The absolute path, from the working directory (whose name takes read permission) unless a part is absolute. */
export const resolve: (...parts: string[]) => string = std.resolve;
/** The way from one path to the other. */
export const relative: (from: string, to: string) => string = std.relative;
/** Whether the path starts at a root. */
export const isAbsolute: (path: string) => boolean = std.isAbsolute;
/**
 * The path of a `file:` URL.
 *
 * @throws {TypeError} for a URL of another scheme
 */
export const fromFileUrl: (url: string | URL) => string = std.fromFileUrl;
/**
 * The `file:` URL of an absolute path.
 *
 * @throws {TypeError} for a relative path
 */
export const toFileUrl: (path: string) => URL = std.toFileUrl;
