/**
 * What a recorded file does not say of its records, told beside it: the same for `replay` and `backtest`.
 *
 * @module
 */
import { text, wholeNumber } from "./setting.ts";

/** Times of records that have none, and which of their columns are what. */
export const RECORD_SHAPE = {
  start: text({
    fallback: undefined,
    help: "time of the first record of a file without times (ISO 8601 with a zone); wants --step",
    placeholder: "TIME",
  }),
  step: wholeNumber({
    min: 0,
    max: 86_400_000,
    fallback: 0,
    help: "time between two records of a file without times, in ms",
    placeholder: "MS",
  }),
  mapping: text({
    fallback: undefined,
    help: "JSON file that says which columns are what (default: seen from the file)",
    placeholder: "PATH",
  }),
} as const;
