import { z } from "zod";
import { assertEquals } from "../../std/assert.ts";
import { ask, Folder, startInstance } from "../process.ts";

const predictionSchema = z.object({ prediction: z.number(), score: z.number(), model_version: z.number() });
const ITEM = JSON.stringify({ temperature: 30, humidity: 70, sound_volume: 65 });

async function predict(url: string) {
  const answer = await fetch(`${url}/predict`, { method: "POST", body: ITEM });
  assertEquals(answer.status, 200);
  return predictionSchema.parse(await answer.json());
}

Deno.test("start() answers POST /predict from the first request of the very first start on, and the same afterwards", async () => {
  await using folder = new Folder();
  const args = ["--port", "0", "--data-dir", folder.at("data"), "--scenario", "none"];
  let first: Awaited<ReturnType<typeof predict>> | undefined;
  {
    const { program, url } = await startInstance(args);
    await using _ = program;
    first = await predict(url);
    assertEquals([first.prediction, first.model_version], [0, 1]);
    const { ready } = await ask(`${url}/v2/models/parts/ready`, z.object({ ready: z.boolean() }));
    assertEquals(ready, true);
  }
  const { program, url } = await startInstance([...args, "--seed", "7"]); // another seed trains no other model
  await using _ = program;
  assertEquals(await predict(url), first);
});
