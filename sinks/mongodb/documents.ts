/**
 * Items as documents: each under its stable id, times as dates.
 *
 * @module
 */
import type { Batch } from "../delivery/item.ts";
import type { CollectionName } from "./schemas.ts";

/** A document with its id. */
export interface Document {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** One write. */
export interface Write {
  readonly collection: CollectionName;
  readonly document: Document;
  /** Place of its item in the batch. */
  readonly index: number;
  /**
   * The field that decides which of two documents with the same id stays: the one where it is greater. Absent: they are
   * the same, and the first one stays.
   */
  readonly newest?: string;
}

/** The writes of a batch, in order. */
export function writesOf(batch: Batch): Write[] {
  switch (batch.kind) {
    case "readings":
      return batch.items.map(({ id, time, ...rest }, index) => ({
        collection: "predictions",
        document: { _id: id, ...rest, time: new Date(time) },
        index,
      }));
    case "windows":
      return batch.items.map(({ id, start, end, ...rest }, index) => ({
        collection: "windows",
        document: { _id: id, ...rest, start: new Date(start), end: new Date(end) },
        index,
        newest: "revision",
      }));
    case "alerts":
      return batch.items.map(({ id, time, ...rest }, index) => ({
        collection: "alert_transitions",
        document: { _id: id, ...rest, time: new Date(time) },
        index,
      }));
    case "local_models":
      return batch.items.map(({ id, time, ...rest }, index) => ({
        collection: "local_models",
        document: { _id: id, ...rest, time: new Date(time) },
        index,
      }));
    case "global_models":
      return batch.items.flatMap(({ id, time, ...rest }, index): Write[] => {
        const document = { ...rest, time: new Date(time) };
        return [
          { collection: "global_model", document: { _id: id, ...document }, index },
          {
            collection: "global_model",
            document: { _id: `${encodeURIComponent(rest.group)}/current`, ...document },
            index,
            newest: "round",
          },
        ];
      });
  }
}
