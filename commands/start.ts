/**
 * `deno task start`: watches sensors live, and serves the page and the API.
 *
 *     start_plan ─▶ start_engine ─▶ start_service ─▶ start_inputs ─▶ start_ending
 *
 * @module
 */
import type { Hono } from "hono";
import { StoreAwayError } from "../actors/checkpoint.ts";
import { TraceBook } from "../actors/tracing.ts";
import { serve } from "../routes/serve.ts";
import { CommandError, EXIT } from "./process/errors.ts";
import { announceInstance, localUrl, makeToken } from "./instance/instance.ts";
import { withLog } from "./process/log.ts";
import { readSettings } from "./settings/settings.ts";
import { stopSignal } from "./process/signals.ts";
import { endGracefully } from "./start/ending.ts";
import { openEngine } from "./start/engine.ts";
import { runInputs, type StartInputs } from "./start/inputs.ts";
import { planStart, type StartPlan } from "./start/plan.ts";
import { failures } from "./start/health.ts";
import { openService } from "./start/service.ts";
import { START } from "./start/settings.ts";
import { taskOn } from "./process/task_line.ts";
import { isTracing, openTelemetry } from "./instance/telemetry.ts";
import { VERSION } from "./process/version.ts";

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 after a graceful stop
 * @throws {CommandError} if it could not begin, or a partition could not be stored to its end
 */
export async function start(args: readonly string[]): Promise<number> {
  const settings = await readSettings(START, args);
  return await withLog(settings.values, async (log) => {
    const plan = await planStart(settings, log), { checkConfig } = settings.values;
    if (checkConfig) log.say("The configuration is valid.");
    else await watch(plan).catch(told);
    return EXIT.done;
  });
}

/** A store that is away is no fault of the program. */
function told(error: unknown): never {
  throw error instanceof StoreAwayError ? new CommandError(`cannot start: ${error.message}`, { cause: error }) : error;
}

/** Runs until the instance is stopped. */
async function watch(plan: StartPlan): Promise<void> {
  const { values, clock, log } = plan, stop = stopSignal(), token = makeToken(), inputs: StartInputs = {};
  const ending = new AbortController(), delivering = new AbortController(), closing = new AbortController();
  stop.signal.addEventListener("abort", () => ending.abort(stop.signal.reason));
  const tracer = isTracing() ? await openTelemetry(values.traceEvery) : undefined;
  const tracing = tracer && { tracer, book: new TraceBook() };
  const started = await openEngine(plan, tracing, inputs, stop.signal), { engine, outlets } = started;
  const delivered = outlets.run(delivering.signal);
  try {
    const service = await openService(plan, {
      ...started,
      inputs,
      tracing,
      token,
      closing: closing.signal,
      stop: () => ending.abort(new Error("stopped by a command")),
    });
    const server = listen(service.app, values, (error) => log.error(error));
    const url = localUrl(server.addr.hostname, server.addr.port), since = new Date(clock.now()).toISOString();
    const leave = await announceInstance(values.dataDir, { pid: Deno.pid, url, token, started: since });
    log.say(`Sensorium ${VERSION} watches; the page is at ${url}/`);
    if (service.lacksKey) {
      const make = taskOn(values.dataDir, ["keys", "create", "NAME", "--scopes", "admin"]);
      log.say(`There is no key to enter with yet: make one with ${make}`);
    }
    const running = service.run(ending.signal);
    running.push(...await runInputs(plan, { engine, ...service }, inputs, ending.signal));
    ending.signal.addEventListener("abort", () => service.ingest.close());
    const { signal: delivery } = delivering;
    await endGracefully(plan, { outlets, server, running, ending: ending.signal, delivering: delivery, closing });
    await leave();
    const failed = failures(engine);
    if (failed.length > 0) {
      throw new CommandError(`ended, but ${failed.join("; ")}: the next start reads on from the last checkpoint`);
    }
  } finally {
    delivering.abort();
    await delivered;
    await engine.close();
    stop.release();
  }
  log.say("Sensorium has ended; everything is stored.");
}

function listen(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
  report: (error: unknown) => void,
) {
  try {
    return serve(app, { hostname: host, port, report });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandError(`port ${port} of ${host} is taken: choose another one with --port`, { cause: error });
    }
    throw error;
  }
}
