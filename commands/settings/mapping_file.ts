/**
 * The file that `--mapping` names: which columns or fields of a record are what.
 *
 * @module
 */
import { type Mapping, mappingSchema } from "../../sources/mapping.ts";
import { UsageError } from "../process/errors.ts";

/**
 * Reads the file that `--mapping` names.
 *
 * @throws {UsageError} one sentence, where it is not such a JSON file
 */
export async function readMapping(path: string): Promise<Mapping> {
  let record: unknown;
  try {
    record = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new UsageError(`--mapping: cannot read ${path} as JSON: ${error instanceof Error ? error.message : error}`);
  }
  const result = mappingSchema.safeParse(record);
  if (result.success) return result.data;
  const { path: field, message } = result.error.issues[0];
  throw new UsageError(`--mapping: ${path}: ${field.join(".") || "the mapping"}: ${message}`);
}
