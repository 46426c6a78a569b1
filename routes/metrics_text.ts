/**
 * Prometheus's text format, version 0.0.4.
 *
 * @module
 */
import type { Histogram } from "../actors/counters.ts";

/** A sample's labels. */
export type Labels = Readonly<Record<string, string | number>>;

/** Puts a page of metrics together; every name gets the prefix `sensorium_`. */
export class MetricsText {
  #text = "";

  /** A count that goes up; its name ends with `_total`. */
  counter(name: string, help: string, samples: Iterable<readonly [Labels, number]>): void {
    this.#family(name, "counter", help, samples);
  }

  /** A value now. */
  gauge(name: string, help: string, samples: Iterable<readonly [Labels, number]>): void {
    this.#family(name, "gauge", help, samples);
  }

  /** A distribution. */
  histogram(name: string, help: string, samples: Iterable<readonly [Labels, Histogram]>): void {
    let isFirst = true;
    for (const [labels, { bounds, counts, count, sum }] of samples) {
      if (isFirst) this.#head(name, "histogram", help);
      isFirst = false;
      bounds.forEach((le, at) => this.#sample(`${name}_bucket`, { ...labels, le }, counts[at]));
      this.#sample(`${name}_bucket`, { ...labels, le: "+Inf" }, count);
      this.#sample(`${name}_sum`, labels, sum);
      this.#sample(`${name}_count`, labels, count);
    }
  }

  /** The page. */
  toString(): string {
    return this.#text;
  }

  #family(name: string, type: string, help: string, samples: Iterable<readonly [Labels, number]>): void {
    let isFirst = true;
    for (const [labels, value] of samples) {
      if (isFirst) this.#head(name, type, help);
      isFirst = false;
      this.#sample(name, labels, value);
    }
  }

  #head(name: string, type: string, help: string): void {
    this.#text += `# HELP sensorium_${name} ${help.replace(/[\\\n]/g, " ")}\n# TYPE sensorium_${name} ${type}\n`;
  }

  #sample(name: string, labels: Labels, value: number): void {
    const all = Object.entries(labels).map(([label, value]) => `${label}="${escaped(String(value))}"`).join(",");
    this.#text += `sensorium_${name}${all === "" ? "" : `{${all}}`} ${numberText(value)}\n`;
  }
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
