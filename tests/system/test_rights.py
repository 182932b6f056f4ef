# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: every role, in every jurisdiction, with every command.

Twenty principals with keys of their own ask a real gateway over CURVE.  Each
command of gridcall.proto has a row here, or the first test fails.
"""
import collections
import time

import gridcall_pb2 as pb
import pytest
import zmq
from place import PORTS, Gateway
from zmq.utils.monitor import recv_monitor_message

ROLES = ("viewer", "officer", "supervisor", "engineer")
LOOK = set(ROLES)
HEAR = {"officer", "supervisor", "engineer"}
CALL = {"officer", "supervisor"}
ENGINEER = {"engineer"}

JURISDICTIONS = {
    "whole": "gc1.",
    "district": "gc1.440106.",
    "station": "gc1.440106.440106530000.",
    "grid": "gc1.440106.440106530000.07.",
    "other": "gc1.440103.",
}

# What is asked about: one channel with one unit and one call in each.
Target = collections.namedtuple("Target", "channel unit prefix")
AREAS = {
    "CHG": ("440106", "440106530000", "07"),
    "CHS": ("440106", "440106530000", "08"),
    "CHD": ("440106", "440106540000", "01"),
    "CHO": ("440103", "440103000000", "01"),
}
TARGETS = [Target(channel, f"{channel}-01", f"gc1.{'.'.join(area)}.")
           for channel, area in AREAS.items()]

HOUR_US = 3600 * 10**6


class Principal:
    """A key, and who comes with it."""

    def __init__(self, role, place):
        self.role, self.place = role, place
        self.name = f"{role}-{place}"
        self.jurisdiction = JURISDICTIONS[place]
        self.public, self.secret = zmq.curve_keypair()

    def covers(self, target):
        return target.prefix.startswith(self.jurisdiction)

    def theirs(self):
        return [target for target in TARGETS if self.covers(target)]

    def key(self):
        return pb.Key(name=self.name, public_key=self.public.decode(),
                      roles=[self.role], jurisdiction=[self.jurisdiction])

    def secure(self, sock, server):
        sock.setsockopt(zmq.LINGER, 0)
        sock.curve_publickey = self.public
        sock.curve_secretkey = self.secret
        sock.curve_serverkey = server.encode()


class Town:
    """A gateway with CURVE sockets and everybody's key in it."""

    def __init__(self, site, running, feeds=()):
        for channel, area in AREAS.items():
            site.add_channel(channel, area=area)
            site.add_units(channel, 1, area=area)
        site.write()
        self.gateway = Gateway(site)
        running.append(self.gateway)
        self.address = f"tcp://127.0.0.1:{PORTS.take()}"
        self.feeds = {name: (f"tcp://127.0.0.1:{PORTS.take()}", options)
                      for name, options in feeds}
        options = [f"commands {self.address}",
                   f"server_key {site.folder}/server.key"]
        options += [f"feed {name} {address} {words}"
                    for name, (address, words) in self.feeds.items()]
        self.gateway.add_options(*options)
        self.gateway.start()
        self.gateway.bring_in()
        self.people = [Principal(role, place) for role in ROLES
                       for place in JURISDICTIONS]
        for principal in self.people:
            self.server = self.add_key(principal.key()).server_key
        self.sockets = {}
        self.calls = {}
        self.done = collections.Counter()

    def add_key(self, key):
        return self.gateway.do(key=pb.KeyRequest(add=pb.KeyAdd(key=key)))

    def ask(self, principal, **body):
        """One request of a principal over its own connection."""
        sock = self.sockets.get(principal.name)
        if not sock:
            sock = self.gateway.context.socket(zmq.DEALER)
            principal.secure(sock, self.server)
            sock.connect(self.address)
            self.sockets[principal.name] = sock
        request = pb.Request(id=f"r{time.monotonic_ns()}", **body)
        sock.send(request.SerializeToString())
        assert sock.poll(30000), f"no reply to {principal.name}: {request}"
        reply = pb.Reply.FromString(sock.recv())
        assert reply.id == request.id
        return reply

    def call_of(self, target):
        """A call that is open on a target."""
        if target not in self.calls:
            self.calls[target] = self.gateway.call(f"code={target.unit}",
                                                   silence_ms=120000)
        return self.calls[target]


def assert_done(reply):
    assert not reply.HasField("error"), reply.error.sentence


def assert_refused(reply, code):
    assert reply.error.code == code, reply
    # What, and how to mend.
    assert len(reply.error.sentence.split()) > 4


class Case:
    """A principal whose role has the right, and what it asks about."""

    def __init__(self, town, principal, target=None):
        self.town, self.principal, self.target = town, principal, target
        self.covered = target is not None and principal.covers(target)

    def ask(self, **body):
        return self.town.ask(self.principal, **body)

    def local(self, **body):
        return self.town.gateway.do(**body)

    def changed(self, command):
        """It was carried out: the audit will tell so."""
        self.town.done[self.principal.name, command] += 1

    def judge(self, reply, command=None, code=pb.ERROR_NOT_FOUND):
        """Done where it is theirs, else refused; whether it was done."""
        if not self.covered:
            assert_refused(reply, code)
            return False
        assert_done(reply)
        if command:
            self.changed(command)
        return True


# ---- a row for each command: whom it is for, and how it goes there ----

def whoami(case):
    reply = case.ask(whoami={})
    assert_done(reply)
    assert reply.whoami.principal == case.principal.name
    assert list(reply.whoami.roles) == [case.principal.role]
    assert list(reply.whoami.jurisdiction) == [case.principal.jurisdiction]
    assert reply.whoami.public_key == case.principal.public.decode()


def status(case):
    reply = case.ask(status={})
    assert_done(reply)
    count = len(case.principal.theirs())
    assert reply.status.units == count
    assert reply.status.channels == count
    assert reply.status.calls_open == count


def units(case):
    reply = case.ask(units={})
    assert_done(reply)
    assert {unit.code for unit in reply.units.units} == \
        {target.unit for target in case.principal.theirs()}
    assert reply.units.total == len(case.principal.theirs())


def channels(case):
    reply = case.ask(channels={})
    assert_done(reply)
    assert {channel.code: channel.call
            for channel in reply.channels.channels} == \
        {target.channel: case.town.call_of(target)
         for target in case.principal.theirs()}


def calls(case):
    reply = case.ask(calls=pb.CallsRequest(open_only=True))
    assert_done(reply)
    assert {call.call for call in reply.calls.calls} == \
        {case.town.call_of(target) for target in case.principal.theirs()}


def report(case):
    call = case.town.call_of(case.target)
    reply = case.ask(report=pb.ReportRequest(call=call))
    if case.judge(reply):
        assert [unit.unit.unit for unit in reply.report.units] == \
            [case.target.unit]


def replay(case):
    reply = case.ask(replay=pb.ReplayRequest(
        prefixes=[case.target.prefix], limit=1000))
    if case.judge(reply, code=pb.ERROR_NOT_ALLOWED):
        for event in map(pb.Event.FromString, reply.replay.events):
            assert event.topic.startswith(case.target.prefix)


def snapshot(case):
    reply = case.ask(snapshot=pb.SnapshotRequest(
        prefixes=[case.target.prefix]))
    if case.judge(reply, code=pb.ERROR_NOT_ALLOWED):
        assert [unit.code for unit in reply.snapshot.units] == \
            [case.target.unit]


def withdraw(case):
    reply = case.ask(withdraw=pb.WithdrawRequest(id="nothing"))
    assert_done(reply)
    assert not reply.withdraw.found


def recording(case):
    name = f"20261121/{case.target.channel}/over.wav"
    reply = case.ask(recording=pb.RecordingRequest(recording=name))
    if case.judge(reply, "recording"):
        assert reply.recording.file == b"sound"


def listen(case):
    reply = case.ask(listen=pb.ListenRequest(channels=[case.target.channel]))
    if case.judge(reply, "listen"):
        assert list(reply.listen.topics) == [case.target.prefix + "voice"]
        assert_done(case.ask(listen=pb.ListenRequest(
            channels=[case.target.channel], stop=True)))


def talk(case):
    reply = case.ask(talk=pb.TalkRequest(channels=[case.target.channel]))
    if reply.error.code == pb.ERROR_UNAVAILABLE:
        return
    if case.judge(reply, "talk"):
        assert_done(case.ask(talk=pb.TalkRequest(talk=reply.talk.talk,
                                                 end=True)))


def spec(case):
    return pb.PlanRequest(selector=f"code={case.target.unit}",
                          options=pb.CallOptions(exercise=True))


def plan(case):
    reply = case.ask(plan=spec(case))
    if case.judge(reply, code=pb.ERROR_BAD_ARGUMENT):
        assert reply.plan.reach == 1


def start(case):
    reply = case.ask(start=pb.StartRequest(spec=spec(case)))
    if case.judge(reply, "start", pb.ERROR_BAD_ARGUMENT):
        case.local(cancel=pb.HoldRequest(call=reply.start.call))


def pause(case):
    call = pb.HoldRequest(call=case.town.call_of(case.target))
    if case.judge(case.ask(pause=call), "pause"):
        case.local(resume=call)


def resume(case):
    call = pb.HoldRequest(call=case.town.call_of(case.target))
    case.local(pause=call)
    if not case.judge(case.ask(resume=call), "resume"):
        case.local(resume=call)


def cancel(case):
    call = pb.HoldRequest(call=case.town.call_of(case.target))
    if case.judge(case.ask(cancel=call), "cancel"):
        del case.town.calls[case.target]
        case.town.call_of(case.target)


def confirm(case):
    case.judge(case.ask(confirm=pb.ConfirmRequest(
        call=case.town.call_of(case.target), unit=case.target.unit,
        headcount=11)), "confirm")


def release(case):
    """There is no alarm; nobody learns more than that."""
    assert_refused(case.ask(release=pb.ReleaseRequest(
        channel=case.target.channel)), pb.ERROR_CONFLICT)


def excuse(case):
    def until(at_us):
        return case.ask(excuse=pb.ExcuseRequest(
            units=[case.target.unit], reason="in repair", until_us=at_us))
    if case.judge(until(time.time_ns() // 1000 + HOUR_US), "excuse"):
        assert_done(until(0))
        case.changed("excuse")


def import_(case):
    body = {"import": pb.ImportRequest(dry_run=True, units_csv=(
        case.town.gateway.folder / "units.csv").read_bytes())}
    reply = case.ask(**body)
    if case.principal.place != "whole":
        assert_refused(reply, pb.ERROR_NOT_ALLOWED)
        return
    assert_done(reply)
    # Units and channels.
    assert getattr(reply, "import").same == 2 * len(TARGETS)


def key(case):
    """Only what is within their own jurisdiction is granted or seen."""
    mine = case.principal.jurisdiction
    reply = case.ask(key=pb.KeyRequest(list=pb.KeyList()))
    assert_done(reply)
    for seen in reply.key.keys:
        assert all(area.startswith(mine) for area in seen.jurisdiction)
    new = pb.Key(name=f"new{time.monotonic_ns()}", roles=["viewer"],
                 jurisdiction=[case.target.prefix],
                 public_key=zmq.curve_keypair()[0].decode())
    reply = case.ask(key=pb.KeyRequest(add=pb.KeyAdd(key=new)))
    case.judge(reply, "key", pb.ERROR_NOT_ALLOWED)


# Who, what, and whether it is asked about each target.
ROWS = {
    "whoami": (LOOK, whoami, False),
    "status": (LOOK, status, False),
    "units": (LOOK, units, False),
    "channels": (LOOK, channels, False),
    "calls": (LOOK, calls, False),
    "report": (LOOK, report, True),
    "replay": (LOOK, replay, True),
    "snapshot": (LOOK, snapshot, True),
    "withdraw": (LOOK, withdraw, False),
    "recording": (HEAR, recording, True),
    "listen": (HEAR, listen, True),
    "talk": (CALL, talk, True),
    "plan": (CALL, plan, True),
    "start": (CALL, start, True),
    "pause": (CALL, pause, True),
    "resume": (CALL, resume, True),
    "cancel": (CALL, cancel, True),
    "confirm": (CALL, confirm, True),
    "release": (CALL, release, True),
    "excuse": (CALL, excuse, True),
    "import": (ENGINEER, import_, False),
    "key": (ENGINEER, key, True),
}


def test_every_command_has_a_row():
    body = pb.Request.DESCRIPTOR.oneofs_by_name["body"]
    assert {field.name for field in body.fields} == set(ROWS)


def refuse_role(town, principal, command):
    """Whatever it is about, and whoever it is of."""
    body = {command: getattr(pb.Request(), command)}
    reply = town.ask(principal, **body)
    assert_refused(reply, pb.ERROR_NOT_ALLOWED)
    assert f"'{principal.name}' may not use {command}" in reply.error.sentence


def audits(gateway):
    """What the audit tells, from the ledger."""
    after = 0
    while True:
        page = gateway.do(replay=pb.ReplayRequest(
            prefixes=["gc1.gateway.GC1.audit"], after_seq=after))
        for event in map(pb.Event.FromString, page.events):
            yield event.audit
        if not page.more:
            return
        after = page.through_seq


def record(gateway):
    for target in TARGETS:
        folder = gateway.folder / "recordings/20261121" / target.channel
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "over.wav").write_bytes(b"sound")


def test_the_matrix_of_roles_jurisdictions_and_commands(site, running):
    town = Town(site, running)
    began = time.monotonic()
    record(town.gateway)
    for target in TARGETS:
        town.call_of(target)
    for principal in town.people:
        for command, (roles, row, each) in ROWS.items():
            if principal.role not in roles:
                refuse_role(town, principal, command)
                continue
            for target in TARGETS if each else [None]:
                row(Case(town, principal, target))
    told = list(audits(town.gateway))
    names = {principal.name for principal in town.people}
    # Everything that was done is told, once, with who did it from where.
    assert town.done == collections.Counter(
        (audit.principal, audit.command) for audit in told
        if not audit.refused and audit.principal in names)
    assert all(audit.address == "127.0.0.1" and (audit.subject or
                                                 audit.refused)
               for audit in told if audit.principal in names)
    # So is what was refused, until there is too much of it.
    refused = collections.Counter(
        audit.principal for audit in told if audit.refused)
    minutes = (time.monotonic() - began) // 60 + 2
    assert max(refused.values()) <= 10 * minutes


FEEDS = (
    ("all", "gc1."),
    ("district", "gc1.440106."),
    ("station", "gc1.440106.440106530000."),
    ("grid", "gc1.440106.440106530000.07."),
    ("other", "gc1.440103."),
    ("live", "gc1.440106. voice"),
)


class Reader:
    """A subscriber that knows whether it was let in."""

    def __init__(self, town, principal, feed):
        self.name = f"{principal.name} on {feed}"
        self.sock = town.gateway.context.socket(zmq.SUB)
        principal.secure(self.sock, town.server)
        self.events = self.sock.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        self.sock.setsockopt(zmq.SUBSCRIBE, b"")
        self.sock.connect(town.feeds[feed][0])

    def is_let_in(self):
        assert self.events.poll(30000), f"no handshake of {self.name}"
        event = recv_monitor_message(self.events)["event"]
        return event == zmq.EVENT_HANDSHAKE_SUCCEEDED

    def read_until(self, topic):
        """Every topic up to one, and past a heartbeat."""
        topics = []
        self.status = None
        while topic not in topics or not self.status:
            assert self.sock.poll(30000), f"{self.name}: no {topic}"
            name, payload = self.sock.recv_multipart()
            topics.append(name.decode())
            if name.endswith(b".status"):
                self.status = pb.Status.FromString(payload)
        return topics


def is_open(principal, words):
    prefix, *voice = words.split()
    return prefix.startswith(principal.jurisdiction) and (
        not voice or principal.role in HEAR)


def test_each_key_gets_the_feeds_of_its_jurisdiction(site, running):
    town = Town(site, running, FEEDS)
    readers = []
    for principal in town.people:
        told = town.ask(principal, whoami={}).whoami.feeds
        assert {feed.name: (feed.address, feed.public_key)
                for feed in told} == \
            {name: (town.feeds[name][0], town.server)
             for name, words in FEEDS if is_open(principal, words)}
        for name, words in FEEDS:
            reader = Reader(town, principal, name)
            assert reader.is_let_in() == is_open(principal, words), \
                reader.name
            if is_open(principal, words):
                readers.append((reader, words))
    # Each hears of its own area, and of nothing else.
    for target in TARGETS:
        town.gateway.do(excuse=pb.ExcuseRequest(
            units=[target.unit], reason="in repair",
            until_us=time.time_ns() // 1000 + HOUR_US))
    for reader, words in readers:
        prefix = words.split()[0]
        within = [target for target in TARGETS
                  if target.prefix.startswith(prefix)]
        for topic in reader.read_until(within[-1].prefix + "unit"):
            assert topic.startswith(prefix) or \
                topic == "gc1.gateway.GC1.status", reader.name
        assert reader.status.units == len(within)
        assert reader.status.channels == len(within)


def test_a_part_of_a_call_is_all_that_is_seen_of_it(site, running):
    town = Town(site, running)
    selector = "code=" + ",".join(target.unit for target in TARGETS)
    call = town.gateway.call(selector, silence_ms=120000)
    for principal in town.people:
        if principal.role != "officer":
            continue
        mine = {target.unit for target in principal.theirs()}
        [summary] = town.ask(principal, calls={}).calls.calls
        assert summary.units == len(mine)
        told = town.ask(principal, report=pb.ReportRequest(call=call)).report
        assert {unit.unit.unit for unit in told.units} == mine
        for told_selector in (summary.selector, told.summary.selector):
            assert told_selector == \
                (selector if principal.place == "whole" else "")
        reply = town.ask(principal, pause=pb.HoldRequest(call=call))
        if principal.place == "whole":
            assert_done(reply)
        else:
            assert_refused(reply, pb.ERROR_NOT_ALLOWED)
        text = str(summary) + str(told) + reply.error.sentence
        for target in TARGETS:
            assert target.unit in mine or target.channel not in text


@pytest.mark.parametrize("lost", ["role", "jurisdiction", "key"])
def test_a_repeat_without_the_right_any_more_is_refused(site, running, lost):
    town = Town(site, running)
    officer = next(p for p in town.people if p.name == "officer-district")
    target = TARGETS[0]
    request = {"idempotency_key": "once", "start": pb.StartRequest(
        spec=pb.PlanRequest(selector=f"code={target.unit}"))}
    call = town.ask(officer, **request).start.call
    assert town.ask(officer, **request).start.call == call
    town.gateway.do(key=pb.KeyRequest(revoke=pb.KeyRevoke(
        name=officer.name)))
    after = Principal("viewer" if lost == "role" else "officer",
                      "other" if lost == "jurisdiction" else "district")
    after.name = officer.name
    if lost == "key":
        after.public, after.secret = officer.public, officer.secret
    else:
        town.add_key(after.key())
        town.sockets.pop(officer.name).close()
    reply = town.ask(after, **request)
    assert_refused(reply, pb.ERROR_CONFLICT if lost == "jurisdiction"
                   else pb.ERROR_NOT_ALLOWED)
    assert call not in str(reply)
