/**
 * What an instance does with alerts beside storing them, put together for `start`: commands, floods, webhooks.
 *
 * @module
 */
import { z } from "zod";
import { FloodWatch } from "../../actors/alerts/flood_watch.ts";
import type { AlertsConfig } from "../../actors/alerts/rules.ts";
import type { Clock } from "../../actors/ports.ts";
import type { Tracing } from "../../actors/tracing.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { openAlerts } from "../../sinks/alertmanager.ts";
import { resolveHost } from "../../sinks/webhook/resolve.ts";
import { Webhooks } from "../../sinks/webhook/webhooks.ts";
import { deliveryDesk, forwardDeliveries } from "../../store/nodes/forward_deliveries.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import type { StoreQueries } from "../../store/queries.ts";
import type { Engine } from "./engine.ts";
import { custom, list } from "../settings/setting.ts";

/** The settings of webhooks. */
export const ALERTING_SETTINGS = {
  allowHosts: list({
    help: "hosts that webhooks may reach though they are not public, such as alertmanager:9093",
    placeholder: "HOST",
  }),
  publicUrl: custom<string | undefined>({
    schema: z.url({ protocol: /^https?$/ }).refine((url) => new URL(url).search === "" && new URL(url).hash === "")
      .transform((url) => url.replace(/\/+$/, "")),
    allowed: "an address such as https://plant.example/sensorium, without a query",
    fallback: undefined,
    help: "address under which people reach this instance, for links in webhooks (default: host and port)",
    placeholder: "URL",
  }),
};

/** What it is made with. */
export interface AlertingOptions {
  readonly clock: Clock;
  alerts(): AlertsConfig;
  /** Address under which this instance is reached. */
  readonly base: string;
  readonly allowed: readonly string[];
  readonly report: (line: string) => void;
  readonly tracing?: Tracing;
}

/** Wait before floods are looked for again after an error, ms. */
const AGAIN_MS = 10_000;

/** What runs of it, and what routes need. */
export interface Alerting {
  readonly deps: Pick<AppDeps, "desk" | "alerts" | "floods" | "deliveries">;
  /** Runs until `signal` is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** What webhooks have of this machine and its store. */
export function webhookWorld(
  queries: StoreQueries,
): Pick<ConstructorParameters<typeof Webhooks>[0], "chance" | "resolve" | "random" | "open"> {
  return {
    chance: Math.random,
    resolve: resolveHost,
    random: (bytes) => crypto.getRandomValues(bytes),
    open: () => openAlerts(queries),
  };
}

/** Puts it together. */
export function openAlerting(engine: Engine, options: AlertingOptions): Alerting {
  const { queries, feed, kv, supervisor, lease, others } = engine, { clock, base, allowed, report, tracing } = options;
  const webhooks = new Webhooks({
    book: new KvDeliveryBook(kv, clock, lease && (() => lease.fence)),
    ...(lease ? { elsewhere: () => lease.isHeld ? undefined : lease.holder ?? "no node yet" } : {}),
    feed,
    clock,
    base,
    allowed,
    ...webhookWorld(queries),
    report,
    tracing,
  });
  if (lease) others?.desks.push(deliveryDesk(webhooks, () => lease.isHeld));
  const deliveries = others ? forwardDeliveries(webhooks, others.orders) : webhooks;
  const floods = new FloodWatch({
    alerts: (filter, limit, cursor) => queries.alerts(filter, limit, cursor),
    feed,
    sourceTime: (partition) => supervisor.partitions().find((one) => one.partition === partition)?.source_time,
  });
  const watch = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      try {
        await floods.run(signal);
      } catch (error) {
        report(`floods cannot be followed: ${error instanceof Error ? error.message : error}`);
        await clock.sleep(AGAIN_MS, signal).catch(() => {});
      }
    }
  };
  return {
    deps: { desk: supervisor, alerts: () => options.alerts(), floods, deliveries },
    run: async (signal) => {
      const delivering = lease ? lease.run(signal, (held) => webhooks.run(held)) : webhooks.run(signal);
      await Promise.all([watch(signal), delivering]);
    },
  };
}
