/**
 * What the routes need of the rest; `main.ts` hands it to {@linkcode makeApp}.
 *
 * @module
 */
import type { Analytics } from "../actors/analytics/port.ts";
import type { DriftsView } from "../actors/drift_view.ts";
import type { Deliveries } from "../actors/alerts/delivery.ts";
import type { ExpectedView } from "../actors/alerts/expected.ts";
import type { AlertsConfig } from "../actors/alerts/rules.ts";
import type { ConfigurationDesk } from "../actors/configurations.ts";
import type { Backtests } from "../actors/backtests/port.ts";
import type { CommandDesk } from "../actors/commands/words.ts";
import type { FloodsDeps } from "./floods.ts";
import type { AgreementView, ComparedDetector } from "../actors/agreement_view.ts";
import type { Evaluations } from "../actors/evaluation/port.ts";
import type { FederationStore } from "../actors/federation/port.ts";
import type { Ingest } from "../actors/ingest.ts";
import type { LabelStore } from "../actors/labels.ts";
import type { ModelServer } from "../actors/model_server.ts";
import type { SensorNames } from "../actors/names.ts";
import type { CoreCounters } from "../actors/counters.ts";
import type { Clock, Json } from "../actors/ports.ts";
import type { Quarantine } from "../actors/quarantine.ts";
import type { DeliveryView } from "../sinks/delivery/view.ts";
import type { Cell, Column } from "../sinks/parquet.ts";
import type { Feed, PartitionView, Queries } from "../actors/views.ts";
import type { Access } from "./auth.ts";
import type { ConfigView } from "./config.ts";
import type { RateLimit } from "./limits.ts";
import type { SensorQuota } from "./limits_sensors.ts";
import type { HttpCounts } from "./metrics_counts.ts";

/** What clients are held to; what is left out is not limited. */
export interface Limits {
  /** How often a client may ask. */
  readonly requests?: RateLimit;
  /** How many new sensors it may bring. */
  readonly sensors?: SensorQuota;
  /** Longest time until an answer begins, ms; streams excepted. */
  readonly answerMs?: number;
}

/** How the instance is, as `/readyz` tells it. */
export interface Health {
  /** Whether it can take and answer requests. */
  readonly ready: boolean;
  /** Why not: one plain sentence each; empty when ready. */
  readonly reasons: readonly string[];
  readonly partitions: readonly PartitionView[];
  /** Whether this instance holds the data directory. */
  readonly lock: boolean;
  /** Whether the key-value store answers. */
  readonly kv: boolean;
  /** Which node does what one does for all (webhooks, retention), as far as it is known; absent where there is one alone. */
  readonly upkeep?: { readonly held: boolean; readonly holder?: string };
}

/** What the routes need. */
export interface AppDeps {
  /** Rejects with an error named `CursorError` for a cursor that it did not make; that is answered with 400. */
  readonly queries: Queries;
  readonly feed: Feed;
  /** Takes readings; absent where the instance only serves them: then `POST /readings` is not there. */
  readonly ingest?: Ingest;
  /**
   * Whether the readings of a request are followed, given its `traceparent`: the context to go on below, or undefined.
   * Absent: none are.
   */
  follow?(header: string | undefined): string | undefined;
  /** Models that answer; absent: `/predict`, `/models` and `/v2` are not there. */
  readonly models?: ModelServer;
  /** Rounds of the federation; absent, or without models: `/federation` is not there. */
  readonly federation?: FederationStore;
  /** What people say of readings; absent: `/labels` is not there. */
  readonly labels?: LabelStore;
  /** Evaluations of models; absent: `/evaluations` is not there. */
  readonly evaluations?: Evaluations;
  /** Machine learning against rules, now; absent: `/analytics` is not there. */
  agreement?(detector?: ComparedDetector): readonly AgreementView[] | Promise<readonly AgreementView[]>;
  /** Statistics over what is stored; absent: `/analytics/summary` and the others are not there. */
  readonly analytics?: Analytics;
  /** Backtests; absent: `/backtests` is not there. */
  readonly backtests?: Backtests;
  /** What has drifted; absent: `/drift` is not there. */
  drift?(): Promise<DriftsView>;
  /** Takes commands to sensors and alerts; absent: alerts are only shown, and there is no upkeep. */
  readonly desk?: CommandDesk;
  /** Names of sensors; absent: sensors are shown by their ids alone, and cannot be renamed. */
  readonly names?: SensorNames;
  /** What is configured of alerts now. */
  alerts?(): AlertsConfig;
  /** Floods; absent: `/alerts/floods` is not there. */
  readonly floods?: FloodsDeps["floods"];
  /** Webhooks; absent: `/webhooks` is not there. */
  readonly deliveries?: Deliveries;
  readonly clock: Clock;
  /** May take a while (it may ask the store); no answer within 2 s counts as not ready. */
  health(): Health | Promise<Health>;
  /** The program's version, such as `0.1.0`. */
  readonly version: string;
  /** Aborted when the instance begins to go down: streams end, and clients come again. */
  readonly signal: AbortSignal;
  /**
   * Names that a request's `Host` may have, without port, such as `localhost`; absent: any.
   *
   * Set it where only this machine can connect: a web page whose name was re-bound to this address is then refused.
   */
  readonly hosts?: readonly string[];
  /** Keys, sessions and the audit log; absent: there are no keys, and everything but `/admin/*` is open. */
  readonly access?: Access;
  readonly limits?: Limits;
  /** Other origins whose pages may ask, with a key: `https://plant.example`. */
  readonly origins?: readonly string[];
  /** Counts of the HTTP side; the app fills it. */
  readonly counts?: HttpCounts;
  /** What the core counts. */
  counters?(): CoreCounters | Promise<CoreCounters>;
  /** How the sinks are doing; absent where there is none. */
  sinks?(): readonly DeliveryView[];
  /** What the instance runs with. */
  config?(): ConfigView;
  /** Takes changes of the configuration; absent: it is only shown. */
  readonly configuring?: ConfigurationDesk;
  /** How many false alarms the budgets come to, now; undefined where there is no budget. */
  expected?(): ExpectedView | undefined;
  /** JSON Schema of the config file. */
  configSchema?(): Json;
  /** Bearer token of a command on this machine, at least 16 characters: it may do everything. */
  readonly token?: string;
  /** Begins a graceful stop and returns at once; it takes effect after the answer. */
  stop?(): void;
  /** Everything as one file, as a stream of bytes; it is cancelled when the client goes away. */
  export?(): Promise<ReadableStream<Uint8Array>>;
  /** What was not accepted, one by one; absent: it is only listed. */
  readonly quarantine?: Quarantine;
  /** Makes a Parquet file of a table; absent: listings are not given as one. */
  parquet?(columns: readonly Column[], rows: readonly (readonly Cell[])[]): Promise<Uint8Array<ArrayBuffer>>;
  /** Why this kind of instance has nothing under a path that others have something under; undefined where none has. */
  absent?(path: string): string | undefined;
  /** Told of an error that was answered with 500. */
  report?(error: unknown): void;
}
