/**
 * Changes of the configuration while an instance runs: made by a person over HTTP, and by the instance itself where the
 * plant's alert budget is shared out among another number of sensors.
 *
 * @module
 */
import {
  type ConfigurationDesk,
  ConfigurationRefused,
  type ConfigurationVersion,
  fixedErrors,
  type NewConfiguration,
} from "../../actors/configurations.ts";
import type { Directory } from "../../actors/directory.ts";
import type { Clock } from "../../actors/ports.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { KvConfigurations } from "../../store/configurations.ts";

/** Time between two looks at the number of sensors, ms. */
const LOOK_MS = 60_000;
/** The budget is shared out anew when there are so many more or fewer sensors, as a part of those that share it. */
const CHANGED = 0.1;

/** What it is made with. */
export interface ConfiguringOptions {
  readonly configurations: KvConfigurations;
  readonly supervisor: Pick<Supervisor, "configure"> & { readonly directory: Pick<Directory, "count"> };
  readonly clock: Clock;
  readonly report: (sentence: string) => void;
}

/** The configuration of a running instance. */
export class Configuring implements ConfigurationDesk {
  constructor(private readonly options: ConfiguringOptions) {}

  get now(): ConfigurationVersion {
    return this.options.configurations.now;
  }

  async change(change: NewConfiguration, after: number): Promise<ConfigurationVersion | undefined> {
    const { configurations, supervisor } = this.options, errors = fixedErrors(configurations.now.base, change.judging);
    if (errors.length > 0) throw new ConfigurationRefused(errors);
    const made = await configurations.put(this.shared(change), after);
    if (made) supervisor.configure();
    return made;
  }

  list(): ReturnType<KvConfigurations["list"]> {
    return this.options.configurations.list();
  }

  /** Shares the plant's budget out whenever there are other sensors enough, until `signal` is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, report } = this.options;
    while (!signal.aborted) {
      try {
        if (await this.options.configurations.refresh()) this.options.supervisor.configure(); // made by another node
        await this.shareOut();
      } catch (error) {
        report(`the plant's alert budget cannot be shared out: ${error instanceof Error ? error.message : error}`);
      }
      await clock.sleep(LOOK_MS, signal).catch(() => {});
    }
  }

  /** Shares the plant's budget out if there are a tenth more or fewer sensors than share it; whether it did. */
  async shareOut(): Promise<boolean> {
    const { judging, version } = this.now, { directory } = this.options.supervisor;
    if (!judging.plant || Math.abs(directory.count - judging.plant.sensors) < CHANGED * judging.plant.sensors) {
      return false;
    }
    const comment = `shared out among ${directory.count} sensors`;
    return directory.count > 0 && await this.change({ judging, by: "instance", comment }, version) !== undefined;
  }

  /** A change with the present number of sensors in it. */
  private shared({ judging, ...rest }: NewConfiguration): NewConfiguration {
    const { plant } = judging, sensors = Math.max(1, this.options.supervisor.directory.count);
    return { ...rest, judging: plant ? { ...judging, plant: { ...plant, sensors } } : judging };
  }
}
