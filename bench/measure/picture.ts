/**
 * The picture of kept budgets: false alarms to those allowed, a dot for each data set, a column for each budget and in it
 * a lane for each way; the band in which a budget counts as kept is shaded. An SVG that is readable in light and dark.
 *
 * @module
 */

/** One dot. */
export interface Dot {
  /** Place of its way in the legend, from 0 on. */
  readonly way: number;
  /** Place of its budget, from 0 on. */
  readonly budget: number;
  /** False alarms to those allowed; 0 lies on the lowest line. */
  readonly ratio: number;
  /** Whether enough alarms were allowed to say so: else the dot is hollow. */
  readonly sure: boolean;
  /** What it is of. */
  readonly title: string;
}

/** What is said beside the dots. */
export interface Legend {
  /** Up to five. */
  readonly ways: readonly string[];
  readonly budgets: readonly string[];
  /** Ratios from and to which a budget counts as kept. */
  readonly kept: readonly [number, number];
}

const WIDTH = 860, HEIGHT = 460, LEFT = 64, RIGHT = 84, TOP = 52, BOTTOM = 56;
/** Ratios at the lower and the upper edge; what is beyond lies on it. */
const LEAST = 0.03, MOST = 300;

/** Colours dark enough on white, then light enough on black; the shapes say the same without them. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #333 } .axis { stroke: #888; fill: none }
  .grid { stroke: #8884; fill: none } .band { fill: #2a9d6f2e }
  g[class^=w] { stroke-width: 1.5; fill-opacity: .55 } g.unsure { fill-opacity: 0; opacity: .6 }
  .w0 { fill: #0b7a53; stroke: #0b7a53 } .w1 { fill: #b4541a; stroke: #b4541a }
  .w2 { fill: #5a4fd0; stroke: #5a4fd0 } .w3 { fill: #b02f69; stroke: #b02f69 } .w4 { fill: #1d6fa5; stroke: #1d6fa5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd }
    .w0 { fill: #4fd1a1; stroke: #4fd1a1 } .w1 { fill: #f0a06a; stroke: #f0a06a }
    .w2 { fill: #aaa2ff; stroke: #aaa2ff } .w3 { fill: #ff8ab8; stroke: #ff8ab8 } .w4 { fill: #72c1f2; stroke: #72c1f2 }
  }`;

function yOf(ratio: number): number {
  const part = Math.log(Math.min(MOST, Math.max(LEAST, ratio)) / LEAST) / Math.log(MOST / LEAST);
  return rounded(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM));
}

function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** A way's mark about a point. */
function mark(way: number, x: number, y: number, sure: boolean, title: string): string {
  const shapes = [
    `M${x - 4.5} ${y}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z`,
    `M${x} ${y - 5}l5 9h-10Z`,
    `M${x - 4} ${y - 4}h8v8h-8Z`,
    `M${x} ${y - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5Z`,
    `M${x} ${y + 5}l5 -9h-10Z`,
  ];
  return `<g class="w${way}${sure ? "" : " unsure"}"><path d="${shapes[way % shapes.length]}"/>` +
    `${title === "" ? "" : `<title>${escaped(title)}</title>`}</g>`;
}

/** The axes, the band and what stands at them. */
function frame({ budgets, kept }: Legend): string[] {
  const lines = [0.1, 1, 10, 100].map((ratio) =>
    `<path class="grid" d="M${LEFT} ${yOf(ratio)}H${WIDTH - RIGHT}"/>` +
    `<text x="${LEFT - 8}" y="${yOf(ratio) + 4}" text-anchor="end">${ratio}</text>`
  );
  const [from, to] = kept, width = (WIDTH - LEFT - RIGHT) / budgets.length;
  const band = `<rect class="band" x="${LEFT}" y="${yOf(to)}" width="${WIDTH - LEFT - RIGHT}" ` +
    `height="${rounded(yOf(from) - yOf(to))}"/><text x="${WIDTH - RIGHT + 8}" y="${yOf(1)}">kept:</text>` +
    `<text x="${WIDTH - RIGHT + 8}" y="${yOf(1) + 18}">${from} to ${to}</text>`;
  const names = budgets.map((budget, at) =>
    `<text x="${rounded(LEFT + (at + 0.5) * width)}" y="${HEIGHT - BOTTOM + 22}" text-anchor="middle">${
      escaped(budget)
    }</text>` +
    (at === 0 ? "" : `<path class="grid" d="M${rounded(LEFT + at * width)} ${TOP}V${HEIGHT - BOTTOM}"/>`)
  );
  return [
    band,
    ...lines,
    ...names,
    `<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}"/>`,
    `<text x="${LEFT - 8}" y="${yOf(0) + 4}" text-anchor="end">0</text>`,
    `<text x="${LEFT + (WIDTH - LEFT - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">` +
    `false alarms asked for in 100,000 readings</text>`,
    `<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">` +
    `false alarms, measured to asked for</text>`,
  ];
}

/** The picture as SVG. */
export function picture(dots: readonly Dot[], legend: Legend): string {
  const { ways, budgets } = legend, width = (WIDTH - LEFT - RIGHT) / budgets.length, lane = width / (ways.length + 0.6);
  const keys = ways.map((way, at) =>
    `${mark(at, LEFT + 12 + at * 150, 24, true, "")}<text x="${LEFT + 24 + at * 150}" y="28">${escaped(way)}</text>`
  );
  const places = new Map<string, number>();
  const marks = dots.map(({ way, budget, ratio, sure, title }) => {
    const key = `${way} ${budget}`, place = places.get(key) ?? 0;
    places.set(key, place + 1);
    const aside = (place * 0.618 % 1 - 0.5) * 0.7 * lane; // neighbours far apart, the same in every run
    const x = LEFT + budget * width + (way + 0.8) * lane + aside;
    return mark(way, rounded(x), yOf(ratio), sure, title);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>False alarms, measured to asked for, by budget and way</title>`,
    `<style>${STYLE}\n</style>`,
    ...frame(legend),
    ...keys,
    ...marks,
    `</svg>\n`,
  ].join("\n");
}
