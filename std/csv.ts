/**
 * The typed face of the standard library's CSV (RFC 4180); its package ships without types.
 *
 * @module
 */
import * as std from "@std/csv";

/** How text is cut into records. */
export interface ParseCsvOptions {
  /** One character between two fields; default `,`. */
  readonly separator?: string;
  /** Lines that begin with this character are left out. */
  readonly comment?: string;
  /** Whether spaces before a field are cut off. */
  readonly trimLeadingSpace?: boolean;
  /** Whether a quote may stand inside an unquoted field. */
  readonly lazyQuotes?: boolean;
  /** Fields that every record must have; 0 takes the first record's number, absent allows any. */
  readonly fieldsPerRecord?: number;
}

/** How records are written. */
export interface StringifyCsvOptions {
  /** Between two fields; default `,`. */
  readonly separator?: string;
  /** Whether a byte order mark comes first. */
  readonly bom?: boolean;
}

/** One field, as it can be written; null and undefined are empty. */
export type CsvField = string | number | boolean | null | undefined;

/**
 * Cuts a whole text into records of fields; empty lines are left out.
 *
 * @throws {SyntaxError} for a stray quote or a wrong number of fields; the message names line and column
 */
export const parse: (text: string, options?: ParseCsvOptions) => string[][] = (text, options) =>
  std.parse(text, options ?? {});

/** Writes records, each ended by CRLF; a field with a separator, a quote or a line feed is quoted. */
export const stringify: (records: readonly (readonly CsvField[])[], options?: StringifyCsvOptions) => string =
  std.stringify;
