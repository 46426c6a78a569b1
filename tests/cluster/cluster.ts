/**
 * A cluster in virtual time: many nodes with the product's own supervisor, ownership, runs and checkpoints, over a
 * simulated broker and KV servers. Nodes die, freeze and come again, a KV server goes away, a storm of sensors comes.
 *
 * @module
 */
import { judgingSchema } from "../../actors/config.ts";
import type { Clock, Source, SourcePartition } from "../../actors/ports.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { Random } from "../../models/random.ts";
import { PATIENT, storeOver } from "../actors/harness.ts";
import { Group, HEARTBEAT_MS, type Member, SESSION_MS } from "./group.ts";
import { Observer } from "./observer.ts";
import { partitionName, partitionOfSensor, Records, type Traffic } from "./readings.ts";
import { Life, SimulatedServer, SpreadStore } from "./store.ts";
import { VirtualTime } from "./time.ts";

/** What is simulated. */
export interface ClusterOptions {
  readonly nodes: number;
  readonly partitions: number;
  readonly servers: number;
  /** Sensors of a partition at first. */
  readonly sensors: number;
  /** Sensors that each partition gets at once, in the middle of it. */
  readonly storm: number;
  readonly minutes: number;
  /** Nodes that are killed and come again half a minute later. */
  readonly kills: number;
  /** Nodes that freeze for a minute and go on as if nothing had been. */
  readonly freezes: number;
  /** For so long one KV server is away, ms. */
  readonly awayMs: number;
  /** Of what goes wrong; readings are always the same. */
  readonly seed: number;
}

/** What came of it; digests by sensor, and how everything went. */
export interface ClusterResult extends ReturnType<Observer["summary"]> {
  readonly digests: ReadonlyMap<string, string>;
  readonly moves: number;
  readonly commits: number;
}

const START = 1_800_000_000_000, ROUND_MS = 5_000, CHECKPOINT_MS = 5_000, SNAPSHOT_MS = 30_000;
/** A killed node comes again after so long, ms; a frozen one goes on after so long. */
const AGAIN_MS = 30_000, FROZEN_MS = 60_000;
/** At the end nothing is disturbed for so long, ms. */
const QUIET_MS = 90_000;
const JUDGING = judgingSchema.parse({ detectors: "rules", tickMs: 60_000 });

/** One node: a process that can be killed and frozen. */
class Node {
  readonly life = new Life();
  readonly stop = new AbortController();
  member!: Member;
  ended: Promise<void> = Promise.resolve();
}

/** Runs a cluster to its end. */
export async function simulate(options: ClusterOptions): Promise<ClusterResult> {
  return await new Cluster(options).run();
}

class Cluster {
  private readonly time = new VirtualTime(START);
  private readonly servers: SimulatedServer[];
  private readonly records: Records[];
  private readonly group: Group;
  private readonly observer: Observer;
  /** By place; those that came before in a place are gone. */
  private readonly nodes: Node[] = [];
  private readonly random: Random;
  private readonly nodeOf = new Map<Member, Node>();
  private ids = 0;

  constructor(private readonly options: ClusterOptions) {
    const { partitions, servers, sensors, storm, minutes, seed } = options;
    const stormRound = Math.floor(minutes * 30_000 / ROUND_MS);
    const traffic: Traffic = {
      start: START,
      roundMs: ROUND_MS,
      sensors,
      storm: { round: stormRound, sensors: storm },
    };
    this.random = new Random(seed);
    this.servers = Array.from({ length: servers }, () => new SimulatedServer());
    this.records = Array.from({ length: partitions }, (_, partition) => new Records(traffic, partition));
    this.observer = new Observer(this.records, this.time);
    this.group = new Group(partitions, this.time, (partition, member) => this.open(partition, member), partitionName);
  }

  async run(): Promise<ClusterResult> {
    const { nodes, minutes } = this.options, until = START + minutes * 60_000 + ROUND_MS / 2;
    for (let k = 0; k < nodes; k++) this.begin(k);
    await this.time.run(START + 30_000); // everybody is there
    this.observer.begin();
    this.plan(until - QUIET_MS);
    void this.observer.watch(until);
    await this.time.run(until);
    for (const { stop } of this.nodes) stop.abort();
    await this.time.run(until + 120_000);
    return {
      ...this.observer.summary(),
      digests: await this.digests(),
      moves: this.group.moves,
      commits: this.servers.reduce((sum, { commits }) => sum + commits, 0),
    };
  }

  /** Draws when what goes wrong. */
  private plan(until: number): void {
    const { kills, freezes, awayMs, nodes } = this.options, { random, time } = this, from = time.now();
    const at = () => from + random.uniform() * (until - from) - time.now(), someone = () => random.integer(nodes);
    for (let k = 0; k < kills; k++) void time.sleep(at()).then(() => this.kill(someone()));
    for (let k = 0; k < freezes; k++) void time.sleep(at()).then(() => this.freeze(someone()));
    if (awayMs > 0) {
      void time.sleep(at()).then(async () => {
        this.servers[0].leave();
        await time.sleep(awayMs);
        this.servers[0].comeBack();
      });
    }
  }

  /** Starts a node in a place. */
  private begin(place: number): void {
    const node = this.nodes[place] = new Node(), { time, servers } = this, { life } = node;
    const clock: Clock = {
      now: () => time.now(),
      sleep: async (ms, signal) => {
        await time.sleep(ms, signal);
        await life.pass();
      },
    };
    const serverOf = (partition: string) => Number(partition.slice("kafka-".length)) % servers.length;
    const partitionOf = (sensor: string) => partitionName(partitionOfSensor(sensor));
    const store = new SpreadStore(servers, life, time, clock, serverOf, partitionOf, () => `id-${++this.ids}`);
    const supervisor = new Supervisor({
      ...SUPERVISOR_DEFAULTS,
      judging: JUDGING,
      checkpointMs: CHECKPOINT_MS,
      snapshotMs: SNAPSHOT_MS,
      snapshotLeast: 1,
      storeWindows: false,
      keepHistory: false,
      storeAwayMs: 1_000,
      wanted: { verdicts: false, flags: false, history: false },
    }, {
      store,
      clock,
      shards: 1,
      host: (shard) => new InlineHost(shard),
      interrupted: () => this.observer.interrupted(),
    });
    node.member = this.group.join();
    this.nodeOf.set(node.member, node);
    const source: Source = {
      name: "kafka",
      sharedWithinMs: SESSION_MS,
      open: () => Promise.resolve([]),
      assignments: (signal) => node.member.assignments(signal),
      close: () => Promise.resolve(),
    };
    const nothing = () => Promise.resolve(undefined);
    node.ended = supervisor.run(source, { load: nothing, save: nothing }, node.stop.signal);
  }

  /** A partition as a node reads it. */
  private open(partition: number, member: Member): SourcePartition {
    const { time, observer } = this, records = this.records[partition], { life } = this.nodeOf.get(member) as Node;
    return {
      id: partitionName(partition),
      async *read(from, signal) {
        observer.owns(partition, life);
        let next = from;
        try {
          while (!signal.aborted) {
            await life.pass();
            const end = records.end(time.now());
            if (next >= end) {
              await time.sleep(Math.max(1, records.timeOf(next) - time.now()), signal).catch(() => {});
              continue;
            }
            const positions = Array.from({ length: end - next }, (_, i) => next + i);
            observer.reads(partition, next, end, life);
            const items = positions.map((position) => records.reading(position));
            yield { kind: "readings", items, positions, next: end, arrived: time.now() };
            next = end;
          }
        } finally {
          observer.loses(partition, life);
        }
      },
    };
  }

  private kill(place: number): void {
    const node = this.nodes[place];
    if (node.life.isDead || node.life.isFrozen) return;
    node.life.die();
    this.observer.gone(node.life);
    void this.group.silent(node.member, () => false);
    void this.time.sleep(AGAIN_MS).then(() => this.begin(place));
  }

  private freeze(place: number): void {
    const node = this.nodes[place], { life, member } = node;
    if (life.isDead || life.isFrozen) return;
    life.freeze();
    this.observer.gone(life);
    void this.group.silent(member, () => !life.isFrozen);
    void this.time.sleep(FROZEN_MS).then(async () => {
      life.thaw(); // it believes that it owns what it had, until the store says otherwise
      await this.time.sleep(HEARTBEAT_MS);
      if (member.isIn || life.isDead) return;
      node.stop.abort(); // its heartbeat was answered: it is out, and begins anew
      this.begin(place);
    });
  }

  /** What every sensor comes to, as it is stored in the end. */
  private async digests(): Promise<Map<string, string>> {
    const digests = new Map<string, string>();
    for (const server of this.servers) {
      const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging: JUDGING }, {
        store: storeOver(server, PATIENT),
        clock: PATIENT,
        shards: 1,
        host: (shard) => new InlineHost(shard),
      });
      await supervisor.load();
      for (const { name, lanes } of await supervisor.answers.digests()) digests.set(name, lanes.join(" "));
    }
    return digests;
  }
}
