/**
 * Sensorium without a process of its own: what `deno serve main.ts` and Deno Deploy call for every request and once a
 * minute. Readings are logged, applied and committed within their request; nothing runs between two requests, and any
 * number of processes share one store.
 *
 * @module
 */
import { Retention } from "../store/retention/retention.ts";
import { appOf } from "./deploy/app.ts";
import { type DeploymentWorld, type DeploySettings, type Judge, openJudge } from "./deploy/judge.ts";
import { DEPLOY } from "./deploy/settings.ts";
import { DeployWebhooks } from "./deploy/webhooks.ts";
import { Configuring } from "./instance/configuring.ts";
import { openKv } from "./instance/database.ts";
import { systemClock } from "./process/clock.ts";
import { processWorld, readSettings } from "./settings/settings.ts";

/** Idempotency keys are looked through once in so many minutes. */
const FORGET_EVERY = 10;
/** Webhooks are delivered for so long at most after a request, and in the minute's turn, ms. */
const DELIVER_MS = { request: 5_000, minute: 40_000 } as const;

/** Of waits that come to an end by themselves. Deno warns whoever looks at a request's own signal. */
const NEVER = new AbortController().signal;

/** An instance that answers requests. */
export interface Deployment {
  fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response>;
  /** What is to be done once a minute: ticks for what is silent, what requests left, retention. */
  minute(): Promise<void>;
}

/** The machine's clock, this process's variables, and the store that they name. */
const machine: DeploymentWorld = {
  clock: systemClock,
  settings: processWorld,
  open: (kv) => kv === undefined ? Deno.openKv() : openKv(kv),
};

/**
 * Opens the store and learns what is in it; settings are variables.
 *
 * @throws {CommandError} if the store cannot be used
 */
export async function openDeployment(world: DeploymentWorld = machine): Promise<Deployment> {
  const { clock } = world, settings = await readSettings(DEPLOY, [], world.settings);
  const judge = await openJudge(settings, world);
  const { kv, stands, names, configurations, applying, readingLog, report, tell } = judge;
  const configuring = new Configuring({
    configurations,
    supervisor: { configure: () => applying.configure(), directory: judge.supervisor.directory },
    clock,
    report: tell,
  });
  const webhooks = webhooksOf(settings, judge), app = await appOf(settings, judge, { configuring, webhooks });
  const { written, supervisor } = judge, partitionOf = (sensor: string) => supervisor.directory.find(sensor)?.partition;
  const retention = new Retention(kv, { clock, partitionOf, written });
  const catchUp = async (request: Request) => {
    await Promise.all([
      names.refresh(),
      configurations.refresh(),
      ...isIngest(request) ? [readingLog.room(NEVER)] : [stands.refresh(), applying.refresh()],
    ]);
  };
  let minutes = 0;
  return {
    async fetch(request, info) {
      const page = isOfThePage(request);
      if (!page) await catchUp(request).catch(report); // what is known is answered then
      const answer = await app.fetch(request, info);
      if (page || request.method === "GET") return answer;
      await applying.settle().catch(report);
      // Not waited for: what the process is not left the time for is for the minute.
      void webhooks.deliver(DELIVER_MS.request).catch(report);
      return answer;
    },
    minute: () =>
      inTurn(
        () => readingLog.tick(),
        () => configurations.refresh(),
        () => applying.apply(),
        () => applying.refresh(),
        async () => void (await configuring.shareOut() && await applying.settle()),
        () => webhooks.minute(DELIVER_MS.minute),
        async () => void (minutes++ % FORGET_EVERY === 0 && await readingLog.forget()),
        () => retention.sweep(),
      ),
  };
}

/** Does one thing after the other, each whatever became of those before. @throws the first error, in the end */
async function inTurn(...things: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const thing of things) await thing().catch((error) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

function webhooksOf({ values }: DeploySettings, { kv, clock, alerts, queries, tell }: Judge): DeployWebhooks {
  return new DeployWebhooks({
    kv,
    alerts,
    queries,
    clock,
    id: crypto.randomUUID(),
    base: values.publicUrl ?? "http://localhost",
    allowed: values.allowHosts,
    report: tell,
  });
}

/** Whether an answer depends on nothing that is stored, or is a stream, which brings itself up to date. */
function isOfThePage({ method, url }: Request): boolean {
  return method === "GET" && /^\/($|static\/|vendor\/|livez|.*\/stream$)/.test(new URL(url).pathname);
}

/** Whether a request brings readings: what they change is brought up to date when they are applied. */
function isIngest({ method, url }: Request): boolean {
  return method === "POST" && new URL(url).pathname === "/readings";
}
