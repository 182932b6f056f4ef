# SPDX-License-Identifier: GPL-3.0-or-later
"""What everybody was given, beside the ledger, beside what was acknowledged."""
import gridcall_pb2 as pb
from journal import digest
from subscribers import PythonSubscriber

WHOLE_GOAL_S = 10  # from the end of a fault until everybody has everything


class Ledger:
    """What the gateway holds in the end, by its own word."""

    def __init__(self, gateway):
        self.events = []  # (topic, topic_seq, of payload, of name)
        self.imported = {}  # number: codes
        self.started = set()
        self.kinds = {}
        self.faults = []
        self.tails = {}
        after, more = 0, True
        while more:
            page = gateway.do(replay=pb.ReplayRequest(after_seq=after))
            for payload in page.events:
                self.add(pb.Event.FromString(payload), payload)
            after, more = page.through_seq, page.more

    def add(self, event, payload):
        topic = event.topic.encode()
        tail = self.tails.get(event.topic, 0)
        if event.seq != len(self.events) + 1 or event.topic_seq != tail + 1:
            self.faults.append((event.seq, event.topic, event.topic_seq))
        self.tails[event.topic] = event.topic_seq
        kind = event.WhichOneof("body")
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        name = event.unit.unit.name
        self.events.append((event.topic, event.topic_seq, digest(topic),
                            digest(topic, payload),
                            digest(topic, name.encode())))
        if event.unit.change == pb.CHANGE_CHANGED:
            self.imported.setdefault(int(name[1:-1]), []).append(
                event.unit.unit.code)
        if event.call.HasField("started"):
            self.started.add(event.call.call)

    def misdeeds(self, place):
        """Sentences about what was acknowledged and how it is kept."""
        for fault in self.faults:
            yield f"the ledger's numbers break at {fault}"
        for number, size in place.importer.sizes.items():
            codes = self.imported.get(number, [])
            if len(codes) != size or len(set(codes)) != size:
                yield (f"import {number} was acknowledged with {size} "
                       f"changes, the ledger has {len(codes)}")
        for number in set(self.imported) - set(place.importer.sizes):
            yield f"import {number} is kept and was never acknowledged"
        calls = {call for caller in place.callers for call in caller.calls}
        if calls != self.started:
            yield f"calls {calls ^ self.started} were not started just once"


def judge(subscriber, ledger, compare):
    """What it lost, got twice, out of order or changed."""
    wanted = {seq for seq, event in enumerate(ledger.events, 1)
              if event[0].startswith(subscriber.prefixes)}
    got, tails = set(), {}
    found = dict(events=len(wanted), lost=0, twice=0, out_of_order=0,
                 changed=0)
    for seq, topic_seq, topic, content in subscriber.events():
        if seq in got:
            found["twice"] += 1
            continue
        got.add(seq)
        if topic_seq != tails.get(topic, 0) + 1:
            found["out_of_order"] += 1
        tails[topic] = topic_seq
        if seq not in wanted or content not in (
                None, ledger.events[seq - 1][compare]):
            found["changed"] += 1
    found["lost"] = len(wanted - got)
    return found


class Verdict:
    def __init__(self, torture):
        place = torture.place
        self.torture = torture
        self.ledger = Ledger(place.gateway)
        torture.await_whole(len(self.ledger.events), "the end")
        self.misdeeds = list(self.ledger.misdeeds(place))
        self.found = {
            s.name: judge(s, self.ledger,
                          3 if isinstance(s, PythonSubscriber) else 4)
            for s in place.subscribers}
        self.rows = list(self.make_rows())

    def sum(self, what):
        return sum(found[what] for found in self.found.values())

    def make_rows(self):
        torture = self.torture
        settings = torture.settings
        events = len(self.ledger.events)
        yield row("events", events, "events", "", settings.events,
                  events >= settings.events)
        yield row("faults", len(torture.done), "faults", "", settings.faults,
                  len(torture.done) >= settings.faults)
        for kind in sorted(set(torture.done)):
            yield row(f"faults_{kind}", torture.done.count(kind), "faults")
        for kind, count in sorted(self.ledger.kinds.items()):
            yield row(f"events_{kind}", count, "events")
        yield row("received", self.sum("events"), "events",
                  f"{len(self.found)} subscribers")
        yield row("recovered", sum(s.recovered() for s in
                                   torture.place.subscribers), "events",
                  "by replay, in Python")
        for what in ("lost", "twice", "out_of_order", "changed"):
            count = self.sum(what)
            yield row(what, count, "events", "", 0, count == 0)
        yield row("acknowledged_wrong", len(self.misdeeds), "commands", "", 0,
                  not self.misdeeds)
        yield row("repeated", sum(sender.repeats for sender in
                                  torture.place.senders), "commands")
        for kind, took_s in sorted(torture.whole_s.items()):
            yield row(f"whole_after_{kind}", round(took_s, 2), "s",
                      "longest", WHOLE_GOAL_S, took_s <= WHOLE_GOAL_S)


def row(name, value, unit, against="", goal=None, met=None):
    return dict(name=name, value=value, unit=unit, against=against,
                ratio=None, goal=goal, met=met)


def show(rows):
    for each in rows:
        goal = "" if each["goal"] is None else \
            f"goal {each['goal']:,}: {'met' if each['met'] else 'NOT MET'}"
        print(f"{each['name']:36} {each['value']:>14,} {each['unit']:10} "
              f"{each['against']:20} {goal}")
