// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests do with proto/gridcall.mjs; see client.py, its twin.
import {appendFileSync, existsSync, readFileSync} from "node:fs";

const gridcall = await import(
  `${process.env.GRIDCALL_ROOT}/build/node/gridcall.mjs`);
const [where, verb, ...rest] = process.argv.slice(2);
const client = gridcall.open(where);

async function ask(request) {
  const fields = JSON.parse(request);
  console.log(JSON.stringify(fields.snapshot ? await client.snapshot()
    : await client.ask(fields)));
}

async function follow(address, log, life, ...prefixes) {
  const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
  const position = lines.at(-2)?.split("\t")[1] ?? "- 0";
  const feed = client.subscribe(prefixes, {position, address});
  for await (const {seq, topic, topic_seq} of feed) {
    appendFileSync(log, `${seq} ${topic} ${topic_seq}\t${feed.position}\n`);
    if (--life === 0)
      process.kill(process.pid, "SIGKILL");
  }
}

try {
  await (verb === "ask" ? ask : follow)(...rest);
} catch (error) {
  if (!(error instanceof gridcall.GatewayError))
    throw error;
  console.log(error.code, error.message);
  process.exitCode = 3;
} finally {
  client.close();
}
