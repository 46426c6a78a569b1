/**
 * The files of docs/deploy, by the tools that they are made for, where those are at hand.
 *
 * @module
 */
import { assertEquals } from "../../std/assert.ts";
import { Folder } from "../process.ts";
import { needTool, testWith } from "../servers/needed.ts";
import { ServerMissing } from "../servers/server.ts";
import { textOf } from "./tree.ts";

const systemd = await needTool("systemd-analyze", async () => {
  try {
    const { success } = await new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null" }).output();
    if (success) return;
  } catch {
    // there is no such program
  }
  throw new ServerMissing("systemd is not installed");
});

testWith(systemd, "docs/deploy/sensorium.service passes systemd-analyze verify", async () => {
  await using folder = new Folder();
  const unit = textOf("docs/deploy/sensorium.service"), file = folder.at("sensorium.service");
  // Its program and folder are where an installation puts them; here this Deno and a folder of the test stand for them.
  const here = unit.replace("ExecStart=/usr/local/bin/deno ", `ExecStart=${Deno.execPath()} `)
    .replace("WorkingDirectory=/opt/sensorium", `WorkingDirectory=${folder.path}`);
  await Deno.writeTextFile(file, here);
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args: ["verify", file] }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals([code, said.split("\n").filter((line) => line.includes("sensorium"))], [0, []]);
});
