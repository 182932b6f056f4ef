# SPDX-License-Identifier: GPL-3.0-or-later
"""From the last keypad digit in a received packet to the published reply.

The real daemon on one channel; this script is its handheld.  In each unit's
turn it sends the unit's answer as A-law packets, 20 ms each by absolute
deadlines, and takes the time at which the packet with the end of the last
tone leaves; the reply's arrival on the feed ends the measurement.  The least
that is possible is what the jitter buffer holds back (40 ms, the channel's
setting) and one 20 ms tick.
"""
import array
import json
import math
import os
import pathlib
import shutil
import socket
import statistics
import struct
import sys
import tempfile
import time

ROOT = pathlib.Path(os.environ["GRIDCALL_ROOT"])
sys.path.insert(0, str(ROOT / "build/python"))
sys.path.insert(0, str(ROOT / "tests/system"))

from place import Gateway, Site, wait_until  # noqa: E402

UNITS = 40
JITTER_MS, TICK_MS = 40, 20
LOW = {"1": 697, "2": 697, "3": 697, "4": 770, "5": 770, "6": 770,
       "7": 852, "8": 852, "9": 852, "*": 941, "0": 941, "#": 941}
HIGH = {"1": 1209, "4": 1209, "7": 1209, "*": 1209, "2": 1336, "5": 1336,
        "8": 1336, "0": 1336, "3": 1477, "6": 1477, "9": 1477, "#": 1477}


def alaw(sample):
    """ITU-T G.711, by its definition."""
    sign = 0x80 if sample >= 0 else 0
    value = min(abs(sample) >> 3, 0xfff)
    if value < 32:
        code = value >> 1
    else:
        exponent = value.bit_length() - 5
        code = (exponent << 4) | ((value >> exponent) & 0x0f)
    return (code | sign) ^ 0x55


def frames_of(digits):
    """The packets' payloads, and the index of the last one with a tone."""
    pcm = array.array("h", [0] * 2400)
    for digit in digits:
        pcm.extend(int(5000 * (math.sin(2 * math.pi * LOW[digit] * n / 8000)
                               + math.sin(2 * math.pi * HIGH[digit] * n
                                          / 8000))) for n in range(640))
        pcm.extend([0] * 640)
    last = (len(pcm) - 640 - 1) // 160
    pcm.extend([0] * (160 - len(pcm) % 160 + 1600))
    codes = bytes(alaw(sample) for sample in pcm)
    return [codes[n:n + 160] for n in range(0, len(codes) - 159, 160)], last


def send_over(sender, address, frames, last, state, pump):
    """Send one over by its deadlines; returns when its last tone left.

    While it waits for the next deadline it takes in what is published.
    """
    begin = time.monotonic()
    left = 0.0
    for n, payload in enumerate(frames):
        pump(begin + n * 0.02)
        sender.sendto(struct.pack(">BBHII", 0x80, 8, state["seq"] & 0xffff,
                                  state["ts"] & 0xffffffff, 0x1234)
                      + payload, address)
        if n == last:
            left = time.monotonic()
        state["seq"] += 1
        state["ts"] += 160
    state["ts"] += 8000
    return left


def measure(gateway, subscriber, channel):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address = ("127.0.0.1", channel["local"])
    state = {"seq": 1, "ts": 1}
    delays = []
    gateway.call(silence_ms=20000)
    for number in range(1, UNITS + 1):
        unit = f"CH1-{number:02d}"
        subscriber.inner.await_turn(unit)
        frames, last = frames_of(f"{10 + number:02d}#")
        left = send_over(sender, address, frames, last, state,
                         subscriber.pump)
        wait_until(lambda: subscriber.pump(time.monotonic() + 0.02)
                   or unit in subscriber.arrived, f"the reply of {unit}")
        delays.append((subscriber.arrived[unit] - left) * 1000)
    return delays


class Clocked:
    """A subscriber that notes when each reply arrived."""

    def __init__(self, gateway):
        self.inner = gateway.subscribe().await_status()
        self.arrived = {}

    def pump(self, until):
        """Take in what comes until a deadline."""
        while True:
            wait_ms = max(0, (until - time.monotonic()) * 1000)
            if not self.inner.socket.poll(wait_ms):
                return False
            now = time.monotonic()
            before = len(self.inner.events)
            self.inner.take()
            for event, _ in self.inner.events[before:]:
                if event.WhichOneof("body") == "reply":
                    self.arrived.setdefault(event.reply.unit, now)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gc-"))
    site = Site(folder)
    channel = site.add_channel("CH1")
    site.add_units("CH1", UNITS)
    site.write()
    gateway = Gateway(site, **{"yield": "every 1000 for 0"})
    try:
        gateway.start()
        gateway.bring_in()
        subscriber = Clocked(gateway)
        delays = measure(gateway, subscriber, channel)
        gateway.stop()
    finally:
        gateway.close()
        shutil.rmtree(folder, ignore_errors=True)
    delays.sort()
    least = JITTER_MS + TICK_MS
    for name, value in (("p50", statistics.median(delays)),
                        ("p99", delays[int(len(delays) * 0.99) - 1])):
        print(json.dumps({
            "name": f"last digit to published reply, {name}",
            "value": value, "unit": "ms",
            "against": f"{least} ms of jitter buffer and tick",
            "ratio": value / least, "goal": "", "met": None,
            "min": delays[0], "max": delays[-1]}))



if __name__ == "__main__":
    main()
