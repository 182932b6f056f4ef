# SPDX-License-Identifier: MIT
"""gridcall.py - a client of a gridcall gateway that misses nothing

    import gridcall
    client = gridcall.open("dispatch110.key")  # or the commands' ipc:// address
    feed = client.subscribe(["gc1.440106."], position=load())
    for event in feed:
        save(event, feed.position)             # both in one transaction

Every event of the prefixes comes exactly once, in order within its topic,
whatever the network drops and whichever side is started anew, as long as the
position is kept together with what was made of the event.  A position is text,
belongs to its prefixes, and is the same in every language.

Needs pyzmq, protobuf, and gridcall_pb2 made of gridcall.proto by
protoc --python_out.  A client and its feeds belong to one thread.
"""
import logging
import os
import pathlib
import re
import time

import gridcall_pb2 as pb
import zmq
from google.protobuf.message import DecodeError

RETRY_S = 0.5
PATIENCE_MS = 5000     # for what a feed asks by itself
SILENCE_MS = 5000      # a heartbeat comes once a second
CHAIN_US = 25_000_000  # and tells which topics changed in the last 30 s
WAITING_HELPS = (pb.ERROR_BUSY, pb.ERROR_UNAVAILABLE, pb.ERROR_TOO_LATE,
                 pb.ERROR_INTERNAL)
MISSING = object()


class GatewayError(Exception):
    """A refusal.  Its text is one sentence: what, where, how to mend."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code  # pb.ERROR_...


class NeedSnapshot(GatewayError):
    """That history is gone: take client.snapshot() and its position."""


def open(where):
    """A client of the gateway at an address, or that a key file names."""
    if "://" in str(where):
        return Client(str(where))
    key = dict(re.findall(r'^\s+([a-z-]+)\s*=\s*"(.*)"',
                          read_private(pathlib.Path(where)), re.M))
    return Client(key["commands"], key)


def read_private(path):
    """The text of a file that nobody else may read."""
    # systemd lends a credential by a mask that looks like a group.
    lent = os.environ.get("CREDENTIALS_DIRECTORY")
    others = 0o007 if lent and str(path).startswith(lent) else 0o077
    with path.open(encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & others:
            raise GatewayError(
                pb.ERROR_BAD_ARGUMENT, f"The key file '{path}' may be read by "
                "others; chmod 600 it, and get a new key if somebody did")
        return file.read()


class Client:
    def __init__(self, address, key=None):
        self.address, self.key, self.asked = address, key, 0
        self.context = zmq.Context()
        self.commands = self.connect(zmq.DEALER, address,
                                     key and key["server-key"])

    def connect(self, kind, address, server_key):
        socket = self.context.socket(kind)
        socket.linger = 0
        socket.immediate = True  # queue nothing for a gateway that is away
        socket.handshake_ivl = 3000
        socket.reconnect_ivl, socket.reconnect_ivl_max = 50, 1000
        if kind == zmq.SUB:
            # No heartbeats of ZeroMQ's here: libzmq aborts the process when
            # one is due and the gateway hung up while this queue was full.
            socket.rcvhwm = 100_000
        else:
            socket.heartbeat_ivl, socket.heartbeat_timeout = 1000, 3000
        socket.sndhwm = 0        # else subscriptions past the 1,000th are lost
        if server_key:
            socket.curve_serverkey = server_key.encode()
            socket.curve_publickey = self.key["public-key"].encode()
            socket.curve_secretkey = self.key["secret-key"].encode()
        socket.connect(address)
        return socket

    def ask(self, deadline_ms=10_000, **fields):
        """Send a Request of these fields; gives the body of its Reply.

        client.ask(report={"call": call}).units
        """
        self.asked += 1
        request = pb.Request(id=str(self.asked), deadline_ms=deadline_ms,
                             **fields)
        end = time.monotonic() + deadline_ms / 1000
        if not self.commands.poll(deadline_ms, zmq.POLLOUT):
            raise GatewayError(
                pb.ERROR_UNAVAILABLE, "No gateway can be reached at "
                f"'{self.address}'; is gridcalld running, and does it know "
                "your key, or are you in its group?")
        self.commands.send(request.SerializeToString())
        while self.commands.poll(max(0, end - time.monotonic()) * 1000):
            reply = pb.Reply.FromString(self.commands.recv())
            if reply.id != request.id:
                continue         # of an earlier one that was given up
            if not reply.HasField("error"):
                return getattr(reply, reply.WhichOneof("body"))
            gone = reply.error.code == pb.ERROR_NEED_SNAPSHOT
            raise (NeedSnapshot if gone else GatewayError)(
                reply.error.code, reply.error.sentence)
        raise GatewayError(
            pb.ERROR_TOO_LATE, f"The gateway at '{self.address}' did not "
            f"answer within {deadline_ms} ms; the command may have been "
            "carried out: repeat it with the same idempotency_key")

    def snapshot(self, prefixes=()):
        """What there is now, a SnapshotReply, and the position after it."""
        whole = page = self.ask(snapshot={"prefixes": prefixes})
        while page.next:
            page = self.ask(snapshot={"prefixes": prefixes,
                                      "after": page.next})
            whole.channels.extend(page.channels)
            whole.units.extend(page.units)
            for call in page.calls:
                last = whole.calls[-1] if whole.calls else None
                if last and last.summary.call == call.summary.call:
                    last.units.extend(call.units)  # a long one goes on
                else:
                    whole.calls.append(call)
        return whole, f"{whole.epoch} {whole.through_seq}"

    def subscribe(self, prefixes, position=None, **options):
        """A Feed; without a position it begins with what comes next.

        prefixes are a list, of areas like "gc1.440106."; [] is all you may see.
        """
        return Feed(self, prefixes, position, **options)

    def close(self):
        self.context.destroy(linger=0)


class Feed:
    """Events of the prefixes: iterate over it, as often as you like."""

    def __init__(self, client, prefixes, position=None, voice=False,
                 address=None, on_volatile=lambda topic, payload: None,
                 on_trouble=logging.getLogger("gridcall").warning):
        if position and not re.fullmatch(r"\S+ \d+( [\w.]+:\d+)*", position):
            raise ValueError(f"'{position}' is not a position")
        self.client, self.prefixes = client, tuple(prefixes)
        self.voice = voice         # a feed with voice, for on_volatile
        self.address = address     # where the gateway's own can't be reached
        self.on_volatile, self.on_trouble = on_volatile, on_trouble
        self.begins_now = not position
        self.epoch, through, *ahead = (position or "- 0").split()
        self.through = int(through)  # all events up to this seq were given
        self.tails = {}              # topic: topic_seq that was given last
        self.ahead = {}              # topic: seq of those beyond through
        for topic, _, topic_seq in (word.partition(":") for word in ahead):
            self.tails[topic] = int(topic_seq)
            self.ahead[topic] = float("inf")

    @property
    def position(self):
        return f"{self.epoch} {self.through}" + "".join(
            f" {topic}:{self.tails[topic]}"
            for topic, seq in self.ahead.items() if seq > self.through)

    def __iter__(self):
        socket = self.begin()
        try:
            yield from self.replay()
            while True:
                if socket.poll(SILENCE_MS):
                    found = self.take(*socket.recv_multipart())
                else:
                    self.on_trouble("Nothing comes from the feed, not even a "
                                    "heartbeat")
                    socket.close()
                    socket, found = self.begin(), MISSING
                if found is MISSING:
                    yield from self.replay()
                elif found:
                    yield found
        finally:
            socket.close()

    def begin(self):
        """Learn what there is, then subscribe; replay() gives what was between.
        """
        me = self.need(whoami={})
        feeds = sorted(me.feeds, key=lambda feed: feed.voice != self.voice)
        for feed in feeds:
            if all(p.startswith(feed.jurisdiction) for p in self.prefixes):
                break
        else:
            raise GatewayError(
                pb.ERROR_NOT_ALLOWED, f"No feed open to {me.principal} "
                f"carries all of {' '.join(self.prefixes)}; there are: "
                f"{' '.join(feed.jurisdiction for feed in feeds)}")
        self.prefixes = self.prefixes or (feed.jurisdiction,)
        self.status = self.need(status={})
        if self.epoch == "-":
            self.epoch = self.status.epoch
        if self.begins_now:
            self.through, self.begins_now = self.status.seq, False
        host = self.client.address.rpartition(":")[0].partition("//")[2]
        socket = self.client.connect(
            zmq.SUB, self.address or feed.address.replace("*", host),
            feed.public_key)
        heartbeat = f"gc1.gateway.{self.status.gateway}.status"
        for prefix in (*self.prefixes, heartbeat):
            socket.subscribe(prefix)
        return socket

    def need(self, **fields):
        while True:
            try:
                return self.client.ask(PATIENCE_MS, **fields)
            except GatewayError as error:
                if error.code not in WAITING_HELPS:
                    raise
                self.on_trouble(str(error))
                time.sleep(RETRY_S)

    def replay(self):
        """All that is missing after through, page by page."""
        more = True
        while more:
            page = self.need(replay={
                "epoch": self.epoch, "after_seq": self.through,
                "prefixes": self.prefixes})
            for event in map(pb.Event.FromString, page.events):
                given = self.was_given(event)
                self.tails[event.topic] = max(event.topic_seq,
                                              self.tails.get(event.topic, 0))
                self.through = event.seq
                if not given:
                    yield event
            self.through = max(self.through, page.through_seq)
            more = page.more
        self.tails.update((tail.topic, tail.topic_seq) for tail in page.topics)
        self.ahead.clear()

    def was_given(self, event):
        return (event.seq <= self.through or
                event.topic_seq <= self.tails.get(event.topic, 0))

    def take(self, topic, payload):
        """What a message of the feed gives: an event, None, or MISSING."""
        topic = topic.decode()
        kind = topic.rpartition(".")[2]
        if kind in ("status", "channel", "voice"):
            self.on_volatile(topic, payload)
            return self.take_status(payload) if kind == "status" else None
        try:
            event = pb.Event.FromString(payload)
        except DecodeError:
            event = None
        if not event or event.topic != topic:
            return None            # of a volatile kind that is yet to come
        if not event.seq:          # an alarm that can't be recorded yet
            self.on_volatile(topic, payload)
            return None
        if event.gateway != self.status.gateway:
            return None
        if event.epoch == self.epoch and self.was_given(event):
            return None
        if (event.epoch != self.epoch or
                event.topic_seq != self.tails.get(topic, 0) + 1):
            return MISSING
        self.tails[topic] = event.topic_seq
        if event.seq == self.through + 1:
            self.through = event.seq
        else:
            self.ahead[topic] = event.seq
        return event

    def take_status(self, payload):
        """Nothing is missing if heartbeats come unbroken and tell no more."""
        status, last = pb.Status.FromString(payload), self.status
        if status.gateway != last.gateway:
            return None
        self.status = status
        if (status.epoch != self.epoch or
                status.up_since_us != last.up_since_us or
                not 0 <= status.time_us - last.time_us <= CHAIN_US or
                any(tail.topic_seq > self.tails.get(tail.topic, 0)
                    and tail.topic.startswith(self.prefixes)
                    for tail in status.topics)):
            return MISSING
        self.through = max(self.through, status.seq)
        self.ahead = {topic: seq for topic, seq in self.ahead.items()
                      if seq > self.through}
        return None
