/**
 * What has drifted: channels whose values are not what they were when they were learnt, and models that are given other
 * features than those that they were trained on.
 *
 * @module
 */
import type { ModelDrift } from "./training/forest_model.ts";
import type { DriftView, Queries, SensorView } from "./views.ts";

/** A channel that is known well enough to be compared. */
export interface ChannelDriftView extends DriftView {
  readonly sensor: string;
  readonly channel: string;
}

/** What has drifted, and how far. */
export interface DriftsView {
  /** By model, those that differ most first. */
  readonly models: readonly (ModelDrift & { readonly status: "steady" | "drifted" })[];
  /** Channels that have drifted, are learnt anew, or have adapted; those that differ most first. */
  readonly channels: readonly ChannelDriftView[];
  /** Channels that are as they were when they were learnt, and those that are still learnt. */
  readonly steady: number;
  readonly learning: number;
}

/** Population stability index from which on a distribution has drifted. */
const DRIFTED = 0.25;
/** Sensors asked for at a time, and channels that are told. */
const PAGE = 500, TOLD = 1_000;

/** Looks at every sensor and every model. */
export async function driftsOf(queries: Queries, models: readonly ModelDrift[]): Promise<DriftsView> {
  const channels: ChannelDriftView[] = [];
  let steady = 0, learning = 0, cursor: string | undefined;
  do {
    const page = await queries.sensors({}, PAGE, cursor);
    for (const view of page.items) {
      for (const found of channelsOf(view)) {
        if (found.status === "learning") learning++;
        else if (found.status === "steady" && found.adapted_at === undefined) steady++;
        else channels.push(found);
      }
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return {
    models: models.toSorted((a, b) => b.index - a.index)
      .map((model) => ({ ...model, status: model.index >= DRIFTED ? "drifted" : "steady" })),
    channels: channels.sort((a, b) => b.index - a.index).slice(0, TOLD),
    steady,
    learning,
  };
}

function channelsOf({ sensor, channels }: SensorView): ChannelDriftView[] {
  return channels.flatMap(({ channel, drift }) => drift === undefined ? [] : [{ sensor, channel, ...drift }]);
}
