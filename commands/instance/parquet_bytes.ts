/**
 * A table as the bytes of a Parquet file, for answers over HTTP. Its library is loaded with the first one.
 *
 * @module
 */
import type { Cell, Column } from "../../sinks/parquet.ts";

/** The file. */
export async function parquetBytes(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { ParquetFile } = await import("../../sinks/parquet.ts");
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const file = new ParquetFile(columns, (bytes) => {
    pieces.push(bytes.slice()); // it writes over them
    return Promise.resolve();
  });
  for (const row of rows) file.add(row);
  await file.finish();
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
