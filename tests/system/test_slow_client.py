# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is slow to take its events is never ended by its library.

libzmq aborts a process when a heartbeat of its own is due on a connection that
was hung up while the queue of what came was full.
"""
import select
import subprocess

import gridcall_pb2 as pb
import pytest
from place import BUILD, ROOT, wait_until
from siege import Siege, directory

# Takes one event and no more.
PYTHON = """
import sys, time
sys.path[:0] = [sys.argv[1] + "/proto", sys.argv[1] + "/build/python"]
import gridcall
for event in gridcall.open(sys.argv[2]).subscribe(["gc1."]):
    print(event.seq, flush=True)
    time.sleep(1000)
"""
NODE = """
const gridcall = await import(`${process.argv[1]}/build/node/gridcall.mjs`);
for await (const event of gridcall.open(process.argv[2]).subscribe(["gc1."])) {
  console.log(event.seq);
  await new Promise(done => setTimeout(done, 1000000));
}
"""
QUEUE = 100_000  # of a client


def command(name, address):
    if name == "python":
        return ["/usr/bin/python3", "-c", PYTHON, ROOT, address]
    if name == "node":
        return ["node", "--input-type=module", "-e", NODE, ROOT, address]
    return [BUILD / "gridcall", "--commands", address, "subscribe"]


@pytest.mark.parametrize("name", ["gridcall", "python", "node"])
def test_a_client_with_a_full_queue_outlives_its_gateway(site, running, name):
    siege = Siege(site, backlog=3 * QUEUE)
    running.append(siege)
    gateway = siege.gateway
    client = subprocess.Popen(command(name, gateway.commands),
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE)
    try:
        def heard():
            siege.bring_in()
            return select.select([client.stdout], [], [], 0.3)[0]
        wait_until(heard, "a first event")
        # More than its queue and all buffers hold.
        for number in range(QUEUE // 5000 + 4):
            gateway.do(**{"import": pb.ImportRequest(
                units_csv=directory(f"第{number}次", 5000))})
        gateway.kill()
        with pytest.raises(subprocess.TimeoutExpired):
            client.wait(3)  # three heartbeats
        gateway.start()
    finally:
        client.kill()
        client.wait(10)
        client.stdout.close()
