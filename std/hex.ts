/**
 * The typed face of the standard library's hexadecimal encoding; its package ships without types.
 *
 * @module
 */
import * as std from "@std/encoding/hex";

/** Lower-case hexadecimal digits of the bytes. */
export const encodeHex: (bytes: Uint8Array | ArrayBuffer | string) => string = std.encodeHex;
/**
 * The bytes of hexadecimal digits of either case.
 *
 * @throws {RangeError} for an odd number of digits
 * @throws {TypeError} for another character
 */
export const decodeHex: (text: string) => Uint8Array<ArrayBuffer> = std.decodeHex;
