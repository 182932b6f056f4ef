#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subscriber that writes down what it is given, and goes on where it was.

usage: journal.py FEED COMMANDS JOURNAL PREFIXES-FILE [KEY-FILE]

The rules of recovery once more, written down from the contract alone and not
from libgridcall: subscribe, see holes by topic_seq and by the heartbeat, ask
for what is missing.  The journal is its only memory; it may be killed anywhere.
KEY-FILE holds its public and secret key and the gateway's key, for TCP.
"""
import hashlib
import pathlib
import struct
import sys
import time

import gridcall_pb2 as pb
import zmq

# An event: seq, topic_seq, topic and topic with payload as digests.  With
# topic_seq 0 a mark: everything of the prefixes up to seq is in the journal,
# so many events of it by a replay.
RECORD = struct.Struct("<QQ8s8s")
REPLY_S = 1
HEARTBEATS_APART_US = 5_000_000


def digest(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=8).digest()


def read_journal(path, last=None):
    """Its records, or the last ones; one that a kill has cut is no record."""
    if not path.exists():
        return iter(())
    count = path.stat().st_size // RECORD.size
    first = max(0, count - last) if last else 0
    with open(path, "rb") as file:
        file.seek(first * RECORD.size)
        data = file.read((count - first) * RECORD.size)
    return RECORD.iter_unpack(data)


class Journal:
    def __init__(self, path):
        self.through = 0
        self.tails = {}
        for seq, topic_seq, topic, _ in read_journal(path):
            if topic_seq:
                self.tails[topic] = topic_seq
            else:
                self.through = seq
        size = path.stat().st_size if path.exists() else 0
        self.file = open(path, "ab", buffering=1 << 16)
        self.file.truncate(size - size % RECORD.size)

    def add(self, event, payload):
        topic = digest(event.topic.encode())
        self.tails[topic] = event.topic_seq
        self.file.write(RECORD.pack(event.seq, event.topic_seq, topic,
                                    digest(event.topic.encode(), payload)))

    def tail(self, topic):
        return self.tails.get(digest(topic.encode()), 0)

    def mark(self, seq, recovered=0):
        if seq > self.through:
            self.through = seq
            self.file.write(RECORD.pack(seq, 0, bytes(8),
                                        recovered.to_bytes(8, "little")))
        self.file.flush()


class Client:
    def __init__(self, feed, commands, journal, prefixes, keys):
        self.context = zmq.Context()
        self.keys = keys
        self.commands = commands
        self.journal = journal
        self.prefixes = tuple(prefixes)
        self.feed = self.connect(zmq.SUB, feed)
        for prefix in (*self.prefixes, "gc1.gateway."):
            self.feed.setsockopt(zmq.SUBSCRIBE, prefix.encode())
        self.epoch = ""
        self.taken = 0
        self.heard = (0, 0)  # time and start of the gateway's last heartbeat

    def connect(self, kind, address):
        end = self.context.socket(kind)
        for option, value in ((zmq.LINGER, 0), (zmq.SNDHWM, 0),
                              (zmq.RCVHWM, 0), (zmq.HEARTBEAT_IVL, 1000),
                              (zmq.HEARTBEAT_TIMEOUT, 3000),
                              (zmq.RECONNECT_IVL, 50),
                              (zmq.RECONNECT_IVL_MAX, 500)):
            end.setsockopt(option, value)
        if self.keys:
            end.curve_publickey, end.curve_secretkey, end.curve_serverkey = \
                self.keys
        end.connect(address)
        return end

    def is_mine(self, topic):
        return topic.startswith(self.prefixes)

    def ask(self, request):
        """One reply, however often it takes: questions change nothing."""
        wait_s = REPLY_S
        while True:
            request.id = f"j{time.monotonic_ns()}"
            with self.connect(zmq.DEALER, self.commands) as dealer:
                dealer.send(request.SerializeToString())
                if not dealer.poll(wait_s * 1000):
                    wait_s *= 2  # perhaps the link is slow
                    continue
                reply = pb.Reply.FromString(dealer.recv())
            if reply.error.code in (pb.ERROR_BUSY, pb.ERROR_UNAVAILABLE):
                time.sleep(0.05)
                continue
            assert not reply.HasField("error"), reply.error.sentence
            return reply

    def take(self, event, payload):
        """True when it is the next of its topic, or was there before."""
        if not self.is_mine(event.topic):
            return True
        tail = self.journal.tail(event.topic)
        if event.topic_seq == tail + 1:
            self.journal.add(event, payload)
            self.taken += 1
        return event.topic_seq <= tail + 1

    def recover(self, why):
        """Everything after what the journal has, page by page."""
        print(f"after {self.journal.through}: {why}", file=sys.stderr,
              flush=True)
        while True:
            self.taken = 0
            page = self.ask(pb.Request(replay=pb.ReplayRequest(
                epoch=self.epoch, after_seq=self.journal.through,
                prefixes=self.prefixes))).replay
            self.epoch = page.epoch
            for payload in page.events:
                event = pb.Event.FromString(payload)
                assert self.take(event, payload), f"a replay left out {event}"
            self.journal.mark(page.through_seq, self.taken)
            if not page.more:
                break
        for tail in page.topics:
            assert not self.is_mine(tail.topic) or tail.topic_seq <= \
                self.journal.tail(tail.topic), f"a replay left out {tail}"

    def hear(self, status):
        apart = status.time_us - self.heard[0]
        whole = status.up_since_us == self.heard[1] and \
            0 <= apart <= HEARTBEATS_APART_US
        self.heard = (status.time_us, status.up_since_us)
        assert self.epoch in ("", status.epoch), "another epoch"
        late = [tail for tail in status.topics if self.is_mine(tail.topic)
                and self.journal.tail(tail.topic) < tail.topic_seq]
        if not whole:
            self.recover("heartbeats were missed")
        elif late:
            self.recover(f"{len(late)} topics ended later, {late[0]}")
        else:
            self.journal.mark(status.seq)

    def run(self):
        while True:
            topic, payload = self.feed.recv_multipart()
            kind = topic.rsplit(b".", 1)[1]
            if kind == b"status":
                self.hear(pb.Status.FromString(payload))
            elif kind not in (b"channel", b"voice"):
                event = pb.Event.FromString(payload)
                if event.seq and not self.take(event, payload):
                    self.recover(f"{event.topic} comes to {event.topic_seq}")


def main():
    feed, commands, journal, prefixes, *keys = sys.argv[1:]
    Client(feed, commands, Journal(pathlib.Path(journal)),
           pathlib.Path(prefixes).read_text().split(),
           pathlib.Path(keys[0]).read_bytes().split() if keys else None).run()


if __name__ == "__main__":
    main()
