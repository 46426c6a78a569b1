/**
 * What every request passes before its handler, in this order: it gets an id and is counted, is answered in time, comes
 * under a name and from a page that may ask, is somebody's, not too often, and is written down if it changes something; a listing is
 * given in the form that was asked for.
 *
 * @module
 */
import type { Hono } from "hono";
import { auditing } from "./audit.ts";
import { guard } from "./auth.ts";
import { login } from "./auth/login.ts";
import { Sessions } from "./auth/sessions.ts";
import { cors } from "./cors.ts";
import type { AppDeps } from "./deps.ts";
import { etags } from "./etag.ts";
import { formats } from "./formats.ts";
import { rateLimit } from "./limits.ts";
import { timeOut } from "./limits_time.ts";
import { counting } from "./metrics_counts.ts";
import { requestIds } from "./request_id.ts";
import { defaultHeaders, sameOrigin } from "./security.ts";

/** Puts the protection on an app that has no routes yet. */
export function protect(app: Hono, deps: AppDeps): void {
  const { access, counts, limits = {}, origins = [], token } = deps;
  app.use(requestIds());
  if (counts !== undefined) app.use(counting(counts));
  app.use(defaultHeaders());
  if (limits.answerMs !== undefined) app.use(timeOut(deps.clock, limits.answerMs, deps.signal));
  if (origins.length > 0) app.use(cors(origins));
  app.use(sameOrigin(deps.hosts, origins));
  const sessions = access && new Sessions(access.keys, deps.clock, access.sessions);
  if (access !== undefined || token !== undefined) app.use(guard(deps, sessions));
  if (limits.requests !== undefined) app.use(rateLimit(deps, limits.requests));
  if (access !== undefined) app.use(auditing(access.audit));
  app.use(etags());
  app.use(formats(deps.parquet));
  if (sessions !== undefined) app.route("/", login(deps, sessions));
}
