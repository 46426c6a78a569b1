/**
 * The typed face of the standard library's base64url encoding (RFC 4648, no padding); its package ships without types.
 *
 * @module
 */
import * as std from "@std/encoding/base64url";

/** The bytes, or the UTF-8 of a text, in letters that a URL and a header may hold. */
export const encodeBase64Url: (data: Uint8Array | ArrayBuffer | string) => string = std.encodeBase64Url;
/**
 * The bytes that were encoded.
 *
 * @throws {RangeError} for a length that no text has
 * @throws {TypeError} for another character
 */
export const decodeBase64Url: (text: string) => Uint8Array<ArrayBuffer> = std.decodeBase64Url;
