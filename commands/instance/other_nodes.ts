/**
 * What an instance has to do with other nodes over the same KV servers: it hears of their partitions, hands on what is
 * theirs to do, does what they ask for, and exchanges live readings.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { AlertFeed } from "../../store/alert_feed.ts";
import type { FleetKv } from "../../store/nodes/fleet.ts";
import { commandDesk } from "../../store/nodes/forward.ts";
import { followHeads, type HeadsOptions } from "../../store/nodes/heads.ts";
import { LiveReadings, type LiveReadingsOptions } from "../../store/nodes/live_readings.ts";
import { followOrders, type OrderDesk } from "../../store/nodes/order_desk.ts";
import { Orders } from "../../store/nodes/orders.ts";

/** Time before a KV server that has ended a watch is asked for the map of partitions again, ms. */
const MAP_AGAIN_MS = 1_000;

/** What it is made with. */
export interface OtherNodesOptions extends Pick<LiveReadingsOptions, "clock" | "freshId" | "readings"> {
  /** What this process is called. */
  readonly node?: string;
  readonly supervisor: () => Supervisor;
  readonly alerts: Pick<AlertFeed, "catchUp">;
}

/** The other nodes, as this one sees them. */
export class OtherNodes {
  /** What they are asked to do. */
  readonly orders: Orders;
  /** Their live readings, and this node's for them. */
  readonly live: LiveReadings;
  /** Who carries out here what they ask for. */
  readonly desks: OrderDesk[] = [];
  private readonly clock: Clock;

  constructor(private readonly fleet: FleetKv, private readonly options: OtherNodesOptions) {
    const { clock, freshId, readings, supervisor } = options;
    this.clock = clock;
    this.orders = new Orders(fleet, { clock, freshId });
    const elsewhere = () =>
      supervisor().partitions().flatMap(({ partition, state }) => state === "elsewhere" ? [partition] : []);
    this.live = new LiveReadings(fleet, { clock, freshId, readings, elsewhere });
  }

  /** Follows them until the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    const { fleet, clock, desks, live, options: { node = "unnamed", alerts } } = this;
    const supervisor = this.options.supervisor(), pause = () => clock.sleep(MAP_AGAIN_MS, signal).catch(() => {});
    const changed: HeadsOptions["changed"] = async (view, sensors, states) => {
      const run = supervisor.runs.find(({ partition }) => partition.id === view.partition);
      if (run?.state === "running") return false;
      const taken = supervisor.heard(view, sensors, states);
      await alerts.catchUp(view.partition);
      return taken;
    };
    desks.push(commandDesk(supervisor));
    await Promise.all([
      fleet.follow(signal, pause),
      followHeads(fleet, { clock, changed }, signal),
      followOrders(fleet, { clock, node, desks }, signal),
      live.run(signal),
    ]);
  }
}
