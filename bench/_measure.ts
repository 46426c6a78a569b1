/**
 * What benchmarks measure with: time on the clock, time of the processor over all threads, memory; and how they say it.
 *
 * On a machine that others use too, the time on the clock says what they left over; that of the processor stays about the
 * same.
 *
 * @module
 */
import process from "node:process";

/** What some work took. */
export interface Taken {
  /** On the clock, s. */
  readonly seconds: number;
  /** Of the processor, all threads of this process together, s. */
  readonly busy: number;
}

/** Runs `work` and says what it took. */
export async function measure(work: () => unknown): Promise<Taken> {
  const cpu = process.cpuUsage(), begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1_000, { user, system } = process.cpuUsage(cpu);
  return { seconds, busy: (user + system) / 1e6 };
}

/** The best of several runs: what others took from the machine is least in it. */
export async function best(runs: number, work: () => Promise<Taken>): Promise<Taken> {
  let least: Taken | undefined;
  for (let run = 0; run < runs; run++) {
    const taken = await work();
    if (!least || taken.seconds < least.seconds) least = taken;
  }
  return least ?? { seconds: NaN, busy: NaN };
}

/** One line of a table: readings a second, and the processor's time for each, ns. */
export function say(what: string, count: number, { seconds, busy }: Taken): void {
  const perSecond = Math.round(count / seconds).toLocaleString("en");
  console.log(
    `${what.padEnd(38)} ${perSecond.padStart(11)}/s ${
      (1e9 * busy / count).toFixed(0).padStart(7)
    } ns of processor each`,
  );
}

/** Resident memory of this process, MiB. */
export function residentMiB(): number {
  return Deno.memoryUsage().rss / 2 ** 20;
}

/** What the command line says after `--name=`. */
export function flag(name: string, otherwise: string): string {
  const given = Deno.args.find((argument) => argument.startsWith(`--${name}=`));
  return given?.slice(name.length + 3) ?? otherwise;
}
