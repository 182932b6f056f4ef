# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscribers of several kinds, each a process that may be killed anywhere.

Each goes on where it was when it is started again, and tells through which seq
it has everything and which events it was given, in order, repeats included.
"""
import json
import os
import pathlib
import subprocess
import sys

from journal import digest, read_journal
from place import BUILD

HERE = pathlib.Path(__file__).resolve().parent
LAST_RECORDS = 4096
NOBODY_THERE = (3, 4)  # exit statuses: refused, or not reached


class Subscriber:
    """A process that subscribes, and the file in which it writes."""

    def __init__(self, place, name, prefixes, addresses=None):
        self.place = place
        self.name = name
        self.prefixes = tuple(prefixes)
        self.addresses = addresses or (place.gateway.feed,
                                       place.gateway.commands)
        self.path = place.folder / f"{name}.journal"
        self.process = None
        self.whole = 0  # through this seq it has everything

    def launch(self, command, out):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=out, stderr=self.place.trouble, start_new_session=True,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))

    def check(self):
        assert self.process.poll() is None, \
            f"{self.name} ended:\n{self.place.read_trouble()}"

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def signal(self, number):
        self.process.send_signal(number)


class PythonSubscriber(Subscriber):
    """See journal.py."""
    keys = ()  # the file of its keys, for TCP

    def start(self):
        wanted = self.path.with_suffix(".prefixes")
        wanted.write_text("\n".join(self.prefixes))
        self.launch([sys.executable, HERE / "journal.py", *self.addresses,
                     self.path, wanted, *self.keys], subprocess.DEVNULL)

    def through(self):
        """The last mark; as a rule it is among the last records."""
        for seq, topic_seq, _, _ in read_journal(self.path, LAST_RECORDS):
            if not topic_seq:
                self.whole = seq
        return self.whole

    def events(self):
        for seq, topic_seq, topic, whole in read_journal(self.path):
            if topic_seq:
                yield seq, topic_seq, topic, whole

    def recovered(self):
        return sum(int.from_bytes(count, "little")
                   for _, topic_seq, _, count in read_journal(self.path)
                   if not topic_seq)


class CommandSubscriber(Subscriber):
    """gridcall subscribe --position: lines of JSON that end up in a file.

    The position is written after the lines; those that come again after a
    kill between the two are passed over, once.
    """

    def __init__(self, place, name, prefixes, addresses=None, key=None):
        super().__init__(place, name, prefixes, addresses)
        self.key = key        # file, for TCP
        self.seen = set()     # beyond whole
        self.session = set()  # given since it was started
        self.read_to = 0
        self.records = []

    def start(self):
        self.read()
        if self.path.exists():
            os.truncate(self.path, self.read_to)  # a line that a kill has cut
        feed, commands = self.addresses
        self.session = set()
        where = ["--key", self.key] if self.key else ["--commands", commands]
        with open(self.path, "ab") as out:
            self.launch([BUILD / "gridcall", *where, "--feed", feed,
                         "subscribe", *self.prefixes, "--after", 0,
                         "--position", self.path.with_suffix(".position")],
                        out)

    def read(self):
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            file.seek(self.read_to)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.read_to += len(line)
                self.take(line)
        while self.whole + 1 in self.seen:
            self.whole += 1
            self.seen.discard(self.whole)

    def check(self):
        """Begun while no gateway was there: whoever minds it starts it anew.

        A link that cuts each handshake looks like a key that is refused.
        """
        if self.process.poll() in NOBODY_THERE:
            self.start()
        super().check()

    def take(self, line):
        event = json.loads(line)
        if "seq" in event:
            name = event.get("unit", {}).get("unit", {}).get("name", "")
            self.note(int(event["seq"]), int(event["topic_seq"]),
                      event["topic"], name)

    def note(self, seq, topic_seq, topic, content):
        if seq not in self.session and (seq <= self.whole
                                        or seq in self.seen):
            return
        self.session.add(seq)
        self.seen.add(seq)
        self.records.append((seq, topic_seq, topic, content))

    def through(self):
        self.read()
        return self.whole

    def events(self):
        self.read()
        for seq, topic_seq, topic, name in self.records:
            yield (seq, topic_seq, digest(topic.encode()),
                   digest(topic.encode(), name.encode()))

    def recovered(self):
        return 0  # it does not tell


class ScriptSubscriber(CommandSubscriber):
    """follow.py or follow.mjs: what a program in that language is given.

    Positions are in the same file as the events, so after a kill all beyond
    the last position is forgotten, and nothing else may come again.
    """

    def __init__(self, place, name, addresses, script, key):
        super().__init__(place, name, ["gc1."], addresses, key)
        self.script = script
        self.kept = (0, 0, "- 0")  # bytes, records, position

    def start(self):
        self.read()
        size, count, position = self.kept
        if self.path.exists():
            os.truncate(self.path, size)
        self.read_to = size
        del self.records[count:]
        self.seen = {seq for seq, _, _, _ in self.records}
        self.whole = 0
        feed, _ = self.addresses
        self.launch([*self.script, self.key, feed, self.path, position,
                     *self.prefixes], self.place.trouble)

    def take(self, line):
        words, _, position = line.decode().strip().partition("\t")
        seq, topic, topic_seq = words.split()
        self.records.append((int(seq), int(topic_seq), topic, None))
        if int(seq) > self.whole:
            self.seen.add(int(seq))
        if position:
            self.kept = (self.read_to, len(self.records), position)

    def events(self):
        self.read()
        for seq, topic_seq, topic, _ in self.records:
            yield seq, topic_seq, digest(topic.encode()), None


class KeySubscriber(PythonSubscriber):
    """The same over TCP, with a holder's key and feed."""

    def __init__(self, place, holder, prefixes, addresses):
        super().__init__(place, holder.name, prefixes, addresses)
        self.keys = [holder.file()]
