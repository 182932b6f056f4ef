#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events through kills, stalls and restarts of gateway, subscribers and link.

usage: torture.py [--events 1000000] [--faults 100] [--seed N] [--out FILE]

Each changed unit of an import is an event, and so is each turn, reply and over
of roll-calls that go on meanwhile; every one has an id of its own.  At the end
what each subscriber was given is compared with the ledger, and the ledger with
what was acknowledged.  Ctrl-C ends it with what was seen so far.
"""
import argparse
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("GRIDCALL_ROOT", str(HERE.parent.parent))
os.environ.setdefault("GRIDCALL_BUILD",
                      os.environ["GRIDCALL_ROOT"] + "/build/debug")
sys.path.insert(0, os.environ["GRIDCALL_ROOT"] + "/build/python")

import gridcall_pb2 as pb  # noqa: E402
import zmq  # noqa: E402
from curve import Holder, Tcp  # noqa: E402
from relay import Link  # noqa: E402
from place import (PORTS, UNIT_COLUMNS, City, Gateway, Site,  # noqa: E402
                   wait_until)
from subscribers import (CommandSubscriber, KeySubscriber,  # noqa: E402
                         PythonSubscriber, ScriptSubscriber)
from verdict import Verdict, show  # noqa: E402

DISTRICTS = (440103, 440104, 440105, 440106, 440111, 440112, 440113, 440114,
             440115, 440117, 440118)
GRIDS = 1700
UNITS_A_GRID = 3
LIWAN = f"gc1.{DISTRICTS[0]}."
ROLL_CALLS = ("CH1", "CH2")
BACKLOG = 1000  # messages a subscriber may be behind; an import has more
WHOLE_S = 120   # until everybody has everything again


def grid_of(number):
    district = DISTRICTS[number % len(DISTRICTS)]
    return district, f"{district}530000", f"{number:04d}"


class Directory:
    """Units whose names tell in which import they were changed."""

    def __init__(self, site):
        rows = [dict(unit) for unit in site.units]
        for number in range(GRIDS * UNITS_A_GRID):
            district, station, grid = grid_of(number // UNITS_A_GRID)
            rows.append({"code": f"T{number}", "category": "GZ:A",
                         "district": district, "station": station,
                         "grid": grid, "channel": "CITY",
                         "answers_by": "phone", "strength": 5,
                         "name": "第0次"})
        self.names = [row["name"] for row in rows]
        self.rest = []
        self.spare = len(site.units)  # these keep their names
        for row in rows:
            line = [str(row.get(column, "")) for column in UNIT_COLUMNS]
            at = UNIT_COLUMNS.index("name")
            self.rest.append((",".join(line[:at]), ",".join(line[at + 1:])))

    def csv(self):
        lines = [",".join(UNIT_COLUMNS)]
        lines += [f"{front},{name},{rest}" for name, (front, rest)
                  in zip(self.names, self.rest)]
        return "\n".join(lines).encode()

    def change(self, number):
        """Import number: one unit of each grid; returns how many change."""
        places = range(self.spare + number % UNITS_A_GRID, len(self.names),
                       UNITS_A_GRID)
        for place in places:
            self.names[place] = f"第{number}次"
        return len(places)


class TortureGateway(Gateway):
    def write_config(self):
        super().write_config()
        text = self.config.read_text()
        self.config.write_text(text.replace(
            "plugin zeromq\n",
            f"plugin zeromq\n option subscriber_backlog {BACKLOG}\n"))

    def start(self, *arguments, **settings):
        return super().start(*arguments, start_new_session=True, **settings)

    def signal(self, number):
        self.process.send_signal(number)


# --------------------------------------------------------------- senders ----

class Sender(threading.Thread):
    """Asks the gateway, as often as it takes, with one key for one deed."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.enough = threading.Event()
        self.ended = threading.Event()
        self.trouble = None
        self.repeats = 0

    def run(self):
        try:
            self.work()
        except Exception as trouble:  # told by check() in the main thread
            self.trouble = trouble

    def check(self):
        if self.trouble:
            raise self.trouble

    def once(self, request, limit_s):
        with self.gateway.context.socket(zmq.DEALER) as dealer:
            dealer.setsockopt(zmq.LINGER, 0)
            dealer.connect(self.gateway.commands)
            dealer.send(request.SerializeToString())
            if not dealer.poll(int(limit_s * 1000)):
                return None
            return pb.Reply.FromString(dealer.recv())

    def insist(self, key="", **body):
        """Its reply; None when it was ended first."""
        request = pb.Request(idempotency_key=key, **body)
        while not self.ended.is_set():
            request.id = f"s{time.monotonic_ns()}"
            reply = self.once(request, 2)
            if reply and not reply.HasField("error"):
                return getattr(reply, reply.WhichOneof("body"))
            if reply and "cancel" in body and \
                    reply.error.code == pb.ERROR_CONFLICT:
                return None  # it has ended by itself
            if reply:
                assert reply.error.code in (pb.ERROR_BUSY,
                                            pb.ERROR_UNAVAILABLE), reply
                self.ended.wait(0.05)
            self.repeats += 1
        return None


class Importer(Sender):
    """Directories one after the other, as many as are allowed so far."""

    def __init__(self, gateway, directory):
        super().__init__(gateway)
        self.directory = directory
        self.allowed = threading.Semaphore(0)
        self.sizes = {}  # of imports that were acknowledged

    def allow(self, count):
        self.allowed.release(count)

    def forbid(self):
        while self.allowed.acquire(blocking=False):
            pass

    def work(self):
        number = 0
        while not self.ended.is_set():
            if not self.allowed.acquire(timeout=0.1):
                if self.enough.is_set():
                    return
                continue
            number += 1
            size = self.directory.change(number)
            done = self.insist(f"import-{number}", **{
                "import": pb.ImportRequest(units_csv=self.directory.csv())})
            if not done:
                return
            assert done.done and done.changed == size, done
            self.sizes[number] = size


class Caller(Sender):
    """Roll-calls of one channel, one after the other."""

    def __init__(self, gateway, channel, selector):
        super().__init__(gateway)
        self.channel = channel
        self.selector = selector
        self.calls = []

    def work(self):
        number = 0
        while not self.enough.is_set():
            number += 1
            spec = pb.PlanRequest(
                selector=self.selector, options=pb.CallOptions(
                    kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN, exercise=True,
                    silence_ms=1500))
            started = self.insist(f"call-{self.channel}-{number}",
                                  start=pb.StartRequest(spec=spec))
            if not started:
                return
            self.calls.append(started.call)
            self.await_end(started.call)

    def await_end(self, call):
        while not self.ended.wait(0.2):
            if self.enough.is_set():
                self.insist(f"cancel-{call}",
                            cancel=pb.HoldRequest(call=call))
            report = self.insist(report=pb.ReportRequest(call=call))
            if report and report.summary.state in ("ended", "cancelled"):
                return


# ----------------------------------------------------------------- place ----

class Place:
    """Everything that runs, in one folder."""

    def __init__(self, folder, seed):
        self.folder = pathlib.Path(folder)
        self.trouble = open(self.folder / "trouble", "wb")
        site = Site(self.folder)
        site.add_channel("CITY")
        for number, channel in enumerate(ROLL_CALLS):
            area = tuple(str(part) for part in grid_of(number))
            site.add_channel(channel, area)
            site.add_units(channel, 4, area)
        site.write()
        self.gateway = TortureGateway(site)
        self.tcp = Tcp(self.gateway, city="gc1.", liwan=LIWAN)
        self.far = {name: f"127.0.0.1:{PORTS.take()}"
                    for name in ("city", "liwan", "commands")}
        near = {**self.tcp.feeds, "commands": self.tcp.commands}
        self.directory = Directory(site)
        self.link = Link(*itertools.chain.from_iterable(
            (place, near[name].removeprefix("tcp://"))
            for name, place in self.far.items()))
        self.gateway.start()
        self.bring_in()
        self.city = City(site, seed=seed, start_new_session=True)
        self.start_subscribers()
        self.importer = Importer(self.gateway, self.directory)
        self.callers = [Caller(self.gateway, channel, f"channel={channel}")
                        for channel in ROLL_CALLS]
        self.senders = [self.importer, *self.callers]
        for sender in self.senders:
            sender.start()

    def bring_in(self):
        done = self.gateway.do(**{"import": pb.ImportRequest(
            units_csv=self.directory.csv(),
            channels_csv=(self.folder / "channels.csv").read_bytes())})
        assert done.done, done

    def addresses(self, feed):
        """At the far end of the link."""
        return f"tcp://{self.far[feed]}", f"tcp://{self.far['commands']}"

    def start_subscribers(self):
        """Of several kinds, over ipc and with keys at the link's far end."""
        grids = [f"gc1.{'.'.join(str(part) for part in grid_of(number))}."
                 for number in range(GRIDS)]
        liwan = Holder(self.tcp, "liwan", jurisdiction=[LIWAN]).register()
        keys = {name: Holder(self.tcp, name).register().key_file(
            self.addresses("city")[1])
            for name in ("command-far", "python", "node")}
        scripts = {"python": [sys.executable, HERE / "follow.py"],
                   "node": ["node", HERE / "follow.mjs"]}
        city, everything = self.addresses("city"), ["gc1."]
        self.subscribers = [
            PythonSubscriber(self, "city", everything),
            PythonSubscriber(self, "grids", grids),
            CommandSubscriber(self, "command", everything),
            KeySubscriber(self, liwan, [LIWAN], self.addresses("liwan")),
            CommandSubscriber(self, "command-far", everything, city,
                              keys["command-far"])]
        self.subscribers += [
            ScriptSubscriber(self, name, city, script, keys[name])
            for name, script in scripts.items()]
        for subscriber in self.subscribers:
            subscriber.start()

    def read_trouble(self):
        return (self.folder / "trouble").read_text(errors="replace")[-4000:]

    def check(self):
        """Nobody gave up in silence."""
        for sender in self.senders:
            sender.check()
        for subscriber in self.subscribers:
            subscriber.check()
        assert self.gateway.process.poll() is None, self.gateway.tail()

    def close(self):
        for sender in self.senders:
            sender.ended.set()
        self.link.close()
        self.city.close()
        for thing in (*self.subscribers, self.gateway):
            if thing.process and thing.process.poll() is None:
                thing.signal(signal.SIGCONT)
        for subscriber in self.subscribers:
            subscriber.kill()
        for sender in self.senders:
            sender.join(10)
        self.gateway.close()
        self.trouble.close()


# ---------------------------------------------------------------- faults ----

class Faults:
    """What is done to them.  Each returns when it is over on its part."""

    def __init__(self, place, dice):
        self.place = place
        self.dice = dice

    def hold(self, low_s, high_s):
        """Time passes: it is what a stall is made of."""
        time.sleep(self.dice.uniform(low_s, high_s))

    def gateway_killed(self):
        self.place.gateway.kill()
        self.hold(0, 1)
        self.place.gateway.start()

    def gateway_stalled(self):
        self.place.gateway.signal(signal.SIGSTOP)
        self.hold(0.5, 4)
        self.place.gateway.signal(signal.SIGCONT)

    def gateway_restarted(self):
        self.place.gateway.stop()
        self.hold(0, 0.5)
        self.place.gateway.start()

    def subscriber_killed(self):
        victim = self.dice.choice(self.place.subscribers)
        victim.kill()
        self.hold(0, 2)
        victim.start()

    def subscriber_stalled(self):
        """Longer than its backlog: an import and more go by meanwhile."""
        victim = self.dice.choice(self.place.subscribers)
        victim.signal(signal.SIGSTOP)
        self.hold(1, 4)
        victim.signal(signal.SIGCONT)

    def link_cut(self):
        self.place.link.become("cut")
        self.hold(0.1, 2)
        self.place.link.become("pass")

    def link_silent(self):
        """Longer than the heartbeats of either side wait, or shorter."""
        self.place.link.become("silent")
        self.hold(1, 5)
        self.place.link.become("pass")

    def link_slow(self):
        self.place.link.become(f"slow {self.dice.randrange(20000, 200000)}")
        self.hold(1, 3)
        self.place.link.become("pass")

    def all_at_once(self):
        self.place.link.become("cut")
        self.place.gateway.kill()
        for subscriber in self.place.subscribers:
            subscriber.kill()
        for subscriber in self.place.subscribers:
            subscriber.start()
        self.place.link.become("pass")
        self.place.gateway.start()


KINDS = ("gateway_killed", "gateway_stalled", "gateway_restarted",
         "subscriber_killed", "subscriber_stalled", "link_cut",
         "link_silent", "link_slow", "all_at_once")


def draw_schedule(dice, count):
    """Every kind before any comes again."""
    schedule = []
    while len(schedule) < count:
        schedule += dice.sample(KINDS, len(KINDS))
    return schedule[:count]


# --------------------------------------------------------------- torture ----

class Torture:
    def __init__(self, folder, settings, say):
        self.settings = settings
        self.say = say
        self.dice = random.Random(settings.seed)
        self.schedule = draw_schedule(self.dice, settings.faults)
        self.place = Place(folder, settings.seed)
        self.faults = Faults(self.place, self.dice)
        self.whole_s = {}  # by kind, the longest
        self.done = []

    def last_seq(self):
        """As of now, told by the gateway itself."""
        return Sender(self.place.gateway).insist(status={}).seq

    def await_whole(self, seq, what):
        def whole():
            self.place.check()
            return all(subscriber.through() >= seq
                       for subscriber in self.place.subscribers)
        try:
            wait_until(whole, f"everybody whole after {what}", WHOLE_S)
        except AssertionError as late:
            has = {s.name: s.through() for s in self.place.subscribers}
            raise AssertionError(f"{late}: {has} of {seq}\n"
                                 f"{self.place.read_trouble()}") from None

    def torment(self, kind):
        time.sleep(self.dice.uniform(0, 0.15))
        getattr(self.faults, kind)()
        began = time.monotonic()
        self.await_whole(self.last_seq(), kind)
        took_s = time.monotonic() - began
        self.whole_s[kind] = max(took_s, self.whole_s.get(kind, 0))
        self.done.append(kind)

    def run(self):
        each = self.settings.events // GRIDS // len(self.schedule) + 1
        for kind in self.schedule:
            self.place.importer.allow(each)
            self.say(self, kind)
            self.torment(kind)
        self.say(self, "end")

    def mend(self):
        """Wherever it was interrupted, everything works again."""
        place = self.place
        place.importer.forbid()
        place.link.become("pass")
        for thing in (place.gateway, *place.subscribers):
            if thing.process and thing.process.poll() is None:
                thing.signal(signal.SIGCONT)
            else:
                thing.start()

    def settle(self):
        """No more faults, no more events, and everybody has them all."""
        place = self.place
        for sender in place.senders:
            sender.enough.set()
        wait_until(lambda: place.check() or not any(
            sender.is_alive() for sender in place.senders),
            "imports acknowledged and calls ended", WHOLE_S)
        place.city.close()
        wait_until(lambda: all(
            channel.state == pb.CHANNEL_IDLE
            for channel in place.gateway.do(channels={}).channels),
            "all channels idle", WHOLE_S)
        self.await_whole(self.last_seq(), "the end")


# ------------------------------------------------------------------ main ----

def parse(arguments=None):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--out", type=pathlib.Path)
    return parser.parse_args(arguments)


def say(torture, kind):
    """One line that a person can follow."""
    place = torture.place
    settings = torture.settings
    longest = max(torture.whole_s.values(), default=0)
    line = (f"  {len(torture.done):4} of {settings.faults} faults  "
            f"{sum(place.importer.sizes.values()):9,} of "
            f"{settings.events:,} events  whole again after "
            f"{longest:.1f} s at most  now: {kind.replace('_', ' ')}")
    if sys.stdout.isatty():
        print(f"\r{line:110}", end="", flush=True)
    elif len(torture.done) % 10 == 0:
        print(line, flush=True)


def torture_in(folder, settings, say=say):
    """The verdict; an interrupt leads to it early."""
    torture = Torture(folder, settings, say)
    try:
        try:
            torture.run()
        except KeyboardInterrupt:
            print("\ninterrupted; what was seen so far:", flush=True)
            torture.mend()
        torture.settle()
        return Verdict(torture)
    finally:
        torture.place.close()


def main():
    settings = parse()
    print(f"torture: {settings.events:,} events, {settings.faults} faults, "
          f"seed {settings.seed}; Ctrl-C ends it", flush=True)
    folder = tempfile.mkdtemp(prefix="gc-")
    verdict = torture_in(folder, settings)
    shutil.rmtree(folder)  # kept when something went wrong
    print()
    show(verdict.rows)
    for sentence in verdict.misdeeds[:20]:
        print(sentence)
    if settings.out:
        settings.out.write_text(json.dumps(verdict.rows, indent=1) + "\n")
    return 0 if all(each["met"] in (None, True)
                    for each in verdict.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
