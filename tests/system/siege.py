# SPDX-License-Identifier: GPL-3.0-or-later
"""What honest people do while somebody else attacks, and how they fare.

A subscriber writes down all it gets, an officer asks and an engineer imports,
each as fast as the one before was answered.  Afterwards: every command was
answered, within seconds; the subscriber has every event, and none by replay.
"""
import os
import socket
import threading
import time

import gridcall_pb2 as pb
import zmq
from curve import Holder, Tcp
from place import AREA, BUILD, UNIT_COLUMNS, Gateway, wait_until
from subscribers import KeySubscriber, PythonSubscriber

ANSWER_S = 5  # the longest that an honest command may take
EVENT_S = 5   # and the honest subscriber behind the gateway
ATTACK_S = 3  # how long an attack in a loop goes on
UNITS = 200
# The address sanitizer keeps what is freed for a while.
SLACK_MB = 420 if "asan" in BUILD.name else 48

GREETING = (b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0")
            + bytes(32))


def for_seconds(limit_s=ATTACK_S):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        yield


def command_frame(name, body=b""):
    body = bytes((len(name),)) + name + body
    return b"\x04" + bytes((len(body),)) + body


def ready(kind):
    """ZMTP's READY of a socket of that kind."""
    return command_frame(b"READY", b"\x0bSocket-Type"
                         + len(kind).to_bytes(4, "big") + kind)


def message_frame(data, more=False):
    if len(data) < 256:
        return bytes((more, len(data))) + data
    return bytes((2 | more,)) + len(data).to_bytes(8, "big") + data


def connect_raw(address):
    """A bare connection, no ZeroMQ on this side."""
    if address.startswith("ipc://"):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        place = address[len("ipc://"):]
    else:
        end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        host, port = address[len("tcp://"):].rsplit(":", 1)
        place = (host, int(port))
    end.settimeout(10)

    def connected():
        try:
            end.connect(place)
        except BlockingIOError:
            return False  # too many wait to be let in: once more
        return True
    wait_until(connected, f"a connection to {address}")
    return end


def read_exactly(end, count):
    data = b""
    while len(data) < count:
        more = end.recv(count - len(data))
        if not more:
            raise ConnectionResetError("hung up")
        data += more
    return data


def shake_hands(address, kind):
    """A bare connection that ZeroMQ takes for a socket of that kind."""
    end = connect_raw(address)
    end.sendall(GREETING + ready(kind))
    read_exactly(end, len(GREETING))
    _, size = read_exactly(end, 2)
    read_exactly(end, size)  # its READY: nothing may be sent before
    return end


def rss_mb(gateway):
    for line in open(f"/proc/{gateway.process.pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def directory(name, count=UNITS):
    """A units.csv of which every row has that name."""
    lines = [",".join(UNIT_COLUMNS)]
    for number in range(count):
        row = dict.fromkeys(UNIT_COLUMNS, "")
        row.update(code=f"T{number}", name=name, category="GZ:A",
                   district=AREA[0], station=AREA[1],
                   grid=f"{number % 50:02d}", channel="CH1",
                   answers_by="phone", strength="5")
        lines.append(",".join(row.values()))
    return "\n".join(lines).encode()


class Siege:
    """A gateway, and people who have work to do with it."""

    def __init__(self, site, backlog=10000):
        site.add_channel("CH1")
        site.write()
        self.folder = site.folder
        self.gateway = self.make_gateway(site)
        self.gateway.add_options(f"backlog {10 * backlog}",
                                 f"subscriber_backlog {backlog}")
        self.gateway.start()
        self.trouble = open(self.folder / "trouble", "wb")
        self.context = zmq.Context()  # of the attackers
        self.number = 0
        self.longest_s = 0
        self.asked = 0
        self.faults = []
        self.bring_in(channels_csv=(self.folder / "channels.csv").read_bytes())
        self.subscriber = self.make_subscriber()
        self.subscriber.start()
        self.await_subscriber()
        # Whatever it takes until it stands came by replay.
        self.recovered = self.subscriber.recovered()

    def make_gateway(self, site):
        return Gateway(site)

    def make_subscriber(self):
        return PythonSubscriber(self, "honest", ["gc1."])

    def deeds(self):
        """What honest people do, over and over."""
        return (lambda: self.gateway.do(status={}),
                lambda: self.gateway.do(units=pb.UnitsRequest(
                    selector="grid=07")), self.bring_in)

    def read_trouble(self):
        return (self.folder / "trouble").read_text(errors="replace")[-4000:]

    def bring_in(self, count=UNITS, **more):
        self.number += 1
        request = pb.Request(**{"import": pb.ImportRequest(
            units_csv=directory(f"第{self.number}次", count), **more)})

        def carried_out():
            request.ClearField("id")
            reply = self.gateway.ask(request)
            # An attacker may have sent one that is looked at just now.
            return reply.error.code != pb.ERROR_BUSY and reply
        reply = wait_until(carried_out, "an import", ANSWER_S)
        assert getattr(reply, "import").done, reply

    def await_subscriber(self):
        seq = self.gateway.do(status={}).seq
        began = time.monotonic()
        wait_until(lambda: self.subscriber.check() or
                   self.subscriber.through() >= seq, "the honest subscriber")
        return time.monotonic() - began

    def work(self, attack_is_over):
        while not attack_is_over.is_set():
            for deed in self.deeds():
                began = time.monotonic()
                try:
                    deed()
                except AssertionError as fault:
                    self.faults.append(fault)
                    return
                self.longest_s = max(self.longest_s,
                                     time.monotonic() - began)
                self.asked += 1

    def endure(self, attack):
        """What the attack returned, when nobody else noticed it."""
        over = threading.Event()
        worker = threading.Thread(target=self.work, args=(over,))
        worker.start()
        try:
            result = attack()
        finally:
            over.set()
            worker.join(60)
        self.bring_in()
        behind_s = self.await_subscriber()
        assert not self.faults, self.faults
        assert self.asked >= 3
        assert self.longest_s < ANSWER_S, "an honest command waited"
        assert behind_s < EVENT_S, "the honest subscriber waited"
        self.check_events()
        return result

    def check_events(self):
        """All there, and each topic in order."""
        tails = {}
        seqs = set()
        for seq, topic_seq, topic, _ in self.subscriber.events():
            assert topic_seq == tails.get(topic, 0) + 1
            tails[topic] = topic_seq
            seqs.add(seq)
        assert seqs == set(range(1, len(seqs) + 1))
        assert self.subscriber.recovered() == self.recovered, \
            f"the honest subscriber had a gap:\n{self.read_trouble()}"

    def attacker(self, kind, address=None):
        end = self.context.socket(kind)
        for option in (zmq.LINGER, zmq.SNDHWM, zmq.RCVHWM):
            end.setsockopt(option, 0)
        end.connect(address or self.gateway.commands)
        return end

    def close(self):
        self.subscriber.kill()
        self.context.destroy(linger=0)
        self.gateway.close()
        self.trouble.close()
        assert "Sanitizer" not in self.gateway.read_log(), \
            self.gateway.read_log()[-8000:]


class KeySiege(Siege):
    """The same over TCP: subscriber and officer are let in by their keys."""

    def make_gateway(self, site):
        gateway = Gateway(site)
        self.tcp = Tcp(gateway, city="gc1.", tianhe="gc1.440106.",
                       yuexiu="gc1.440104.")
        return gateway

    def make_subscriber(self):
        self.officer = Holder(self.tcp, "officer",
                              roles=["viewer", "officer"]).register()
        honest = Holder(self.tcp, "honest").register()
        return KeySubscriber(self, honest, ["gc1."], (self.tcp.feeds["city"],
                                                      self.tcp.commands))

    def deeds(self):
        return (*super().deeds(), lambda: self.officer.do(status={}),
                lambda: self.officer.do(whoami={}))

    def holder(self, name, **options):
        return Holder(self.tcp, name, **options)

    def close(self):
        self.officer.close()
        super().close()


def open_files(gateway):
    return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
