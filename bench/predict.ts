/**
 * `POST /predict` under load: throughput, p50 and p99 with 32 keep-alive connections.
 *
 * The server is the product's app on a port, in a worker thread of its own, with the model that a first start trains; the
 * load comes from this thread over plain sockets, one request at a time on each connection, and counts every answer: one
 * that is not 200 ends the bench. Beside it the same connections against a handler that answers a constant: what Deno's
 * server and this load can do at all here.
 *
 * `--seconds 8`, `--connections 32`, `--url http://127.0.0.1:8000/predict` for a server that runs already.
 *
 * @module
 */
const BODY = JSON.stringify({ temperature: 30, humidity: 70, sound_volume: 65 });
const LEAST_SECONDS = 1;

/** One connection: asks, waits for the whole answer, asks again. */
async function connection(url: URL, until: number, latencies: number[]): Promise<void> {
  const tcp = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
  tcp.setNoDelay();
  const request = new TextEncoder().encode(
    `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\n` +
      `content-length: ${BODY.length}\r\n\r\n${BODY}`,
  );
  const buffer = new Uint8Array(64 * 1024), decoder = new TextDecoder();
  for (let begun = performance.now(); begun < until; begun = performance.now()) {
    await tcp.write(request);
    let text = "", length = Infinity;
    while (text.length < length) {
      const read = await tcp.read(buffer);
      if (read === null) throw new Error("the server closed the connection");
      text += decoder.decode(buffer.subarray(0, read), { stream: true });
      const head = text.indexOf("\r\n\r\n");
      if (head >= 0 && length === Infinity) {
        if (!text.startsWith("HTTP/1.1 200")) throw new Error(`answered with ${text.slice(0, 300)}`);
        length = head + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1]); // the answers are ASCII: letters are bytes
      }
    }
    latencies.push(performance.now() - begun);
  }
  tcp.close();
}

/** Loads a server and prints what came out. */
async function load(name: string, url: URL, connections: number, seconds: number): Promise<void> {
  const warm = performance.now() + LEAST_SECONDS * 1000;
  await Promise.all(Array.from({ length: connections }, () => connection(url, warm, [])));
  const latencies: number[] = [], begun = performance.now(), until = begun + seconds * 1000;
  await Promise.all(Array.from({ length: connections }, () => connection(url, until, latencies)));
  const rate = latencies.length / ((performance.now() - begun) / 1000);
  const sorted = Float64Array.from(latencies).sort(), at = (share: number) => sorted[Math.floor(share * sorted.length)];
  console.log(
    `${name.padEnd(20)} ${Math.round(rate).toLocaleString("en").padStart(7)} requests/s   p50 ${
      at(0.5).toFixed(2)
    } ms   ` +
      `p99 ${at(0.99).toFixed(2)} ms   greatest ${sorted[sorted.length - 1].toFixed(1)} ms`,
  );
}

/** The value behind a flag. */
function flag(name: string, fallback: string): string {
  const at = Deno.args.indexOf(name);
  return at < 0 ? fallback : Deno.args[at + 1] ?? fallback;
}

const seconds = Math.max(LEAST_SECONDS, Number(flag("--seconds", "8")));
const connections = Number(flag("--connections", "32")), url = flag("--url", "");
if (url !== "") {
  await load(url, new URL(url), connections, seconds);
} else {
  const worker = new Worker(new URL("./_predict_server.ts", import.meta.url), { type: "module" });
  const [app, constant] = await new Promise<number[]>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  await load("a constant", new URL(`http://127.0.0.1:${constant}/predict`), connections, seconds);
  await load("POST /predict", new URL(`http://127.0.0.1:${app}/predict`), connections, seconds);
}
Deno.exit(0);
