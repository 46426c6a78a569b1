/**
 * Every operation of the API: what the document, the reference page and the fuzzer know of.
 *
 * A new resource adds its operations here; a test compares this list with the routes that there are.
 *
 * @module
 */
import type { Operation } from "./openapi.ts";
import { alerting } from "./openapi_alerting.ts";
import { backtesting } from "./openapi_backtests.ts";
import { entering } from "./openapi_access.ts";
import { learning } from "./openapi_learning.ts";
import { modelling } from "./openapi_models.ts";
import { observing } from "./openapi_observe.ts";
import { operating } from "./openapi_operate.ts";
import { quarantining } from "./openapi_quarantine.ts";
import { statisticsOperations } from "./openapi_statistics.ts";

/** Every operation, in the order of the reference page. */
export const OPERATIONS: readonly Operation[] = [
  ...observing,
  ...quarantining,
  ...modelling,
  ...learning,
  ...statisticsOperations,
  ...backtesting,
  ...entering,
  ...operating,
  ...alerting,
];
