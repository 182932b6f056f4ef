// SPDX-License-Identifier: GPL-3.0-or-later
// Events by proto/gridcall.mjs into a file; see follow.py, its twin.
import {appendFileSync} from "node:fs";

const BATCH = 100, BATCH_MS = 200;
const gridcall = await import(
  `${process.env.GRIDCALL_ROOT}/build/node/gridcall.mjs`);
const [key, address, log, position, ...prefixes] = process.argv.slice(2);
const feed = gridcall.open(key).subscribe(prefixes, {position, address});
let written = 0, end = Date.now() + BATCH_MS;

for await (const {seq, topic, topic_seq} of feed) {
  let line = `${seq} ${topic} ${topic_seq}`;
  if (++written >= BATCH || Date.now() > end) {
    line += `\t${feed.position}`;
    written = 0;
    end = Date.now() + BATCH_MS;
  }
  appendFileSync(log, line + "\n");
}
