/**
 * People in histories: they say something to sensors and alerts at any time, and what the store keeps of it is noted, so
 * that a run which nothing disturbs can be told the same at the same places.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import type { Configurations } from "../../actors/configurations.ts";
import type { CheckpointStore } from "../../actors/checkpoint.ts";
import type { RecordedCommand, SensorCommand } from "../../actors/commands/words.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { AlertTransition } from "../../actors/views.ts";
import type { Random } from "../../models/random.ts";
import { KEYS } from "../../store/keys.ts";
import type { MemoryKv } from "../memory_kv.ts";

/** Commands by number, as the store came to keep them. */
export type Said = Map<number, RecordedCommand>;

/** Notes which commands the store keeps, whoever wrote them and whatever was answered. */
export function listening(store: CheckpointStore, said: Said): CheckpointStore {
  return {
    snapshots: () => store.snapshots(),
    snapshot: (name) => store.snapshot(name),
    claim: async (partition) => {
      const claim = await store.claim(partition);
      for (const one of claim.recovery?.commands?.items ?? []) said.set(one.number, one);
      return {
        ...claim,
        writeCommands: async (commands) => {
          await claim.writeCommands(commands);
          for (const one of commands.fresh) said.set(one.number, one);
        },
      };
    },
  };
}

/** Puts commands into an empty database, as if they were recorded and nothing else were stored. */
export async function recordAll(kv: MemoryKv, partition: string, said: Said): Promise<void> {
  const last = Math.max(0, ...said.keys());
  if (last === 0) return;
  await kv.atomic().set(KEYS.lastCommand(partition), last).commit();
  for (const [number, one] of said) {
    await kv.atomic().set(KEYS.command(partition, number), one).commit();
  }
}

/** Versions of a world's configuration, of every kind of change that may be made while sensors are watched. */
export class WorldConfigurations implements Configurations {
  constructor(private readonly world: Judging, public latest = 0) {}

  judging(version: number): Promise<Judging> {
    const { world } = this, of = <T>(...choices: readonly T[]) => choices[version % choices.length];
    const { pump, valve } = world.types, { a } = pump.channels;
    return Promise.resolve({
      ...world,
      futureMs: of(60_000, 30_000),
      duplicates: of("first", "last", "keep"),
      budget: of(world.budget, { perReading: 0.02 }),
      direction: of("both", "above"),
      drift: { ...world.drift, alert: of(false, true) },
      forest: { ...world.forest, everyMs: of(world.forest.everyMs, 20_000) },
      federation: { ...world.federation, alpha: of(0.5, 0.2), everyMs: of(world.federation.everyMs, 90_000) },
      alerts: { ...world.alerts, rules: of({}, { limit: { raise: 1, of: 1, clear: 2 } }) },
      types: {
        pump: {
          ...pump,
          channels: { ...pump.channels, a: { ...a, high: of(50, 40, 65), warnHigh: of(undefined, 45) } },
        },
        valve: { ...valve, silentAfterMs: of(30_000, 12_000, 60_000) },
      },
    });
  }
}

/** Somebody who says something now and then. */
export class Talker {
  private readonly alerts: string[] = [];

  constructor(private readonly random: Random, private readonly configurations: WorldConfigurations) {}

  /** Hears of alerts. */
  hear(steps: readonly AlertTransition[]): void {
    for (const { transition, alert } of steps) if (transition === "raised") this.alerts.push(alert);
  }

  /** Perhaps says something, to whatever sensor or alert. */
  talk(supervisor: Supervisor): void {
    const { entries } = supervisor.directory;
    if (this.random.integer(4) > 0 || entries.length === 0) return;
    if (this.random.integer(5) === 0) {
      this.configurations.latest++;
      supervisor.configure();
    }
    for (let count = 1 + this.random.integer(3); count > 0; count--) {
      supervisor.order(this.command(supervisor)).catch(() => {}); // refused, or the process goes away
    }
  }

  private command({ directory: { entries }, runs }: Supervisor): SensorCommand {
    const { random, alerts } = this, { name: sensor } = entries[random.integer(entries.length)];
    const now = Math.max(0, runs[0]?.sourceTime ?? 0), alert = alerts.at(-1 - random.integer(3));
    if (alert !== undefined && random.integer(2) === 0) {
      const orders: readonly SensorCommand[] = [
        { command: "acknowledge", alert, by: "ann" },
        { command: "comment", alert, by: "bob", comment: "on my way" },
        { command: "label", alert, by: "ann", label: "false_alarm" },
      ];
      return orders[random.integer(orders.length)];
    }
    const commands: readonly SensorCommand[] = [
      { command: "retire", sensor, by: "ann" },
      { command: "unretire", sensor, by: "ann" },
      { command: "unretire", sensor, by: "ann" },
      { command: "reset", sensor, by: "bob" },
      { command: "restart", sensor, by: "bob" },
      { command: "replace", sensor, by: "bob" },
      { command: "delete", sensor, by: "bob" },
      { command: "maintenance", sensor, by: "bob", to: now + random.integer(40_000) },
      { command: "shelve", sensor, by: "ann", condition: "limit", forMs: 1_000 + random.integer(60_000) },
      { command: "shelve", sensor, by: "ann", condition: "silent", oneShot: true },
      { command: "suppress", sensor, by: "ann" },
      { command: "unsuppress", sensor, by: "ann" },
      { command: "remove_from_service", sensor, by: "ann", condition: "limit" },
      { command: "return_to_service", sensor, by: "ann", condition: "limit" },
    ];
    return commands[random.integer(commands.length)];
  }
}
