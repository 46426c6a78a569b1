/**
 * Every operation of the API: what the document, the reference page and the fuzzer know of.
 *
 * A new resource adds its operations here; a test compares this list with the routes that there are.
 *
 * @module
 */
import type { Operation } from "../openapi.ts";
import { alerting } from "./alerting.ts";
import { backtesting } from "./backtests.ts";
import { entering } from "./access.ts";
import { evaluating } from "./evaluations.ts";
import { federating } from "./federation.ts";
import { labelling } from "./labels.ts";
import { modelling } from "./models.ts";
import { observing } from "./observe.ts";
import { operating } from "./operate.ts";
import { quarantining } from "./quarantine.ts";
import { statisticsOperations } from "./statistics.ts";

/** Every operation, in the order of the reference page. */
export const OPERATIONS: readonly Operation[] = [
  ...observing,
  ...quarantining,
  ...modelling,
  ...federating,
  ...labelling,
  ...evaluating,
  ...statisticsOperations,
  ...backtesting,
  ...entering,
  ...operating,
  ...alerting,
];
