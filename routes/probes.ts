/**
 * `GET /livez` (the process answers), `/readyz` (it can work) and `/healthz`, an alias of `/readyz` for old habits.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { AppDeps, Health } from "./deps.ts";
import { onlyMethods } from "./problem.ts";
import { wireSink } from "./sinks.ts";
import { wirePartition } from "./wire.ts";

/** Time within which the instance must say how it is, ms. */
const HEALTH_DEADLINE_MS = 2_000;

/** How the instance is; not ready where it does not say so in time, or fails to. */
async function healthOf(deps: AppDeps): Promise<Health> {
  const unknown = (reason: string): Health => ({
    ready: false,
    reasons: [reason],
    partitions: [],
    lock: false,
    kv: false,
  });
  const asked = new AbortController();
  const late = deps.clock.sleep(HEALTH_DEADLINE_MS, asked.signal).then(
    () => unknown(`The instance did not say how it is within ${HEALTH_DEADLINE_MS / 1000} s.`),
    () => unknown(""),
  );
  try {
    return await Promise.race([Promise.resolve(deps.health()), late]);
  } catch (error) {
    deps.report?.(error);
    return unknown("The instance failed to say how it is.");
  } finally {
    asked.abort();
  }
}

/** The probes. They take no part in access control and tell nothing but how the instance is. */
export function probes(deps: AppDeps): Hono {
  const app = new Hono();

  async function ready(c: Context): Promise<Response> {
    const health = await healthOf(deps);
    const closing = deps.signal.aborted;
    const reasons = closing ? [...health.reasons, "The instance is going down."] : health.reasons;
    const isReady = health.ready && !closing;
    const { lock, kv, partitions, upkeep } = health;
    return c.json({
      status: isReady ? "ready" : "not_ready",
      version: deps.version,
      reasons,
      lock,
      kv,
      ...(upkeep === undefined ? {} : { upkeep }),
      partitions: partitions.map(wirePartition),
      // A sink that is away is shown, and takes no part in readiness: nothing waits for it.
      ...(deps.sinks === undefined ? {} : { sinks: deps.sinks().map(wireSink) }),
    }, isReady ? 200 : 503);
  }

  app.get("/livez", (c) => c.json({ status: "alive", version: deps.version }));
  app.get("/readyz", ready);
  app.get("/healthz", ready);
  for (const path of ["/livez", "/readyz", "/healthz"]) onlyMethods(app, path, ["GET"]);
  return app;
}
