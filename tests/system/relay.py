#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link between two places that can be cut, go silent or become slow.

usage: relay.py LISTEN TARGET [LISTEN TARGET ...]

Each place is a path of a Unix socket or HOST:PORT.  Lines on standard input
say how the link is from now on, and each is answered with "ok" when it is so:

  pass       as if it were not there
  cut        every connection is reset, and each new one at once
  silent     connections stand, and nothing comes through
  slow N     N bytes a second each way
"""
import asyncio
import pathlib
import socket
import struct
import subprocess
import sys

CHUNK = 65536
SLICE_S = 0.02


def is_path(place):
    return place.startswith("/")


def endpoint(place):
    """A socket for that place and its address."""
    if is_path(place):
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), place
    host, port = place.rsplit(":", 1)
    return (socket.socket(socket.AF_INET, socket.SOCK_STREAM),
            (host, int(port)))


def reset(end):
    """Close without good-bye: RST instead of FIN where there is one."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                       struct.pack("ii", 1, 0))
    except OSError:
        pass
    end.close()


class Relay:
    """All connections of the link; runs in one event loop."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.flows = asyncio.Event()
        self.flows.set()
        self.is_cut = False
        self.rate = 0  # bytes a second each way; 0: as fast as it goes
        self.tasks = set()

    async def pump(self, source, sink):
        while True:
            await self.flows.wait()
            size = max(1, int(self.rate * SLICE_S)) if self.rate else CHUNK
            data = await self.loop.sock_recv(source, size)
            await self.flows.wait()
            if not data:
                return
            if self.rate:
                await asyncio.sleep(len(data) / self.rate)
            await self.loop.sock_sendall(sink, data)

    async def carry(self, near, target):
        far, address = endpoint(target)
        far.setblocking(False)
        pumps = []
        try:
            await self.flows.wait()
            await self.loop.sock_connect(far, address)
            pumps = [asyncio.ensure_future(self.pump(near, far)),
                     asyncio.ensure_future(self.pump(far, near))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # nobody there: the near end is told by the reset
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            reset(near)
            reset(far)

    async def listen(self, place, target):
        listener, address = endpoint(place)
        if is_path(place):
            pathlib.Path(place).unlink(missing_ok=True)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
        listener.setblocking(False)
        asyncio.ensure_future(self.accept(listener, target))

    async def accept(self, listener, target):
        while True:
            near, _ = await self.loop.sock_accept(listener)
            near.setblocking(False)
            if self.is_cut:
                reset(near)
                continue
            task = asyncio.ensure_future(self.carry(near, target))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def become(self, words):
        self.is_cut = words[0] == "cut"
        self.rate = int(words[1]) if words[0] == "slow" else 0
        if words[0] == "silent":
            self.flows.clear()
        else:
            self.flows.set()
        if self.is_cut:
            tasks = list(self.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def serve(places):
    relay = Relay()
    for place, target in zip(places[::2], places[1::2]):
        await relay.listen(place, target)
    print("ok", flush=True)
    lines = asyncio.StreamReader()
    await relay.loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while words := (await lines.readline()).decode().split():
        await relay.become(words)
        print("ok", flush=True)


class Link:
    """The same in a process of its own, for whoever does the tormenting."""

    def __init__(self, *places):
        self.process = subprocess.Popen(
            [sys.executable, __file__, *(str(p) for p in places)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)
        assert self.process.stdout.readline() == "ok\n"

    def become(self, how):
        self.process.stdin.write(how + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", "the link broke"

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1:]))
