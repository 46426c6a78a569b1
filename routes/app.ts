/**
 * The HTTP surface: every resource mounted on one app.
 *
 * @module
 */
import { Hono } from "hono";
import { admin } from "./admin.ts";
import { alertCommands } from "./alert_commands.ts";
import { alertPerformance } from "./alert_performance.ts";
import { alerts } from "./alerts.ts";
import { analytics } from "./analytics.ts";
import { audit } from "./audit.ts";
import { keys } from "./auth/keys.ts";
import { backtests } from "./backtests.ts";
import { config } from "./config.ts";
import type { AppDeps } from "./deps.ts";
import { docs } from "./docs_page.ts";
import { federation } from "./federation.ts";
import { floods } from "./floods.ts";
import { evaluations } from "./evaluations.ts";
import { labels } from "./labels.ts";
import { models } from "./models.ts";
import { metrics } from "./metrics.ts";
import { predict } from "./predict.ts";
import { probes } from "./probes.ts";
import { answerProblem, Problem, problemOf } from "./problem.ts";
import { protect } from "./protect.ts";
import { quarantine } from "./quarantine.ts";
import { readings } from "./readings.ts";
import { rename } from "./rename.ts";
import { sensors } from "./sensors.ts";
import { sinks } from "./sinks.ts";
import { statistics } from "./statistics.ts";
import { streams } from "./streams.ts";
import { summary } from "./summary.ts";
import { upkeep } from "./upkeep.ts";
import { v2 } from "./v2.ts";
import { webhooks } from "./webhooks.ts";
import { windows } from "./windows.ts";

/**
 * Makes the app. It holds nothing but what `deps` gives it; two apps over the same ports are the same.
 *
 * @param page routes of the page, mounted at the root behind the API's; none for an instance without a page
 */
export function makeApp(deps: AppDeps, page?: Hono): Hono {
  const app = new Hono();
  protect(app, deps);
  // Streams first: `/alerts/stream` is not the alert named "stream".
  const resources = [
    streams,
    sensors,
    readings,
    windows,
    alertPerformance,
    floods,
    alerts,
    alertCommands,
    upkeep,
    rename,
    webhooks,
    quarantine,
    summary,
    predict,
    models,
    federation,
    labels,
    evaluations,
    analytics,
    statistics,
    backtests,
    v2,
    probes,
    admin,
    keys,
    audit,
    config,
    sinks,
    metrics,
    docs,
  ];
  for (const resource of resources) app.route("/", resource(deps));
  if (page !== undefined) app.route("/", page);
  app.notFound((c) => {
    const why = deps.absent?.(c.req.path);
    return answerProblem(c, why === undefined ? new Problem(404, "There is nothing here.") : new Problem(501, why));
  });
  app.onError((error, c) => {
    const problem = problemOf(error);
    if (!(error instanceof Problem) && problem.status >= 500) deps.report?.(error);
    return answerProblem(c, problem);
  });
  return app;
}
