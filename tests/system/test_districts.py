# SPDX-License-Identifier: GPL-3.0-or-later
"""Two districts on one gateway: what one of them learns about the other.

Tianhe and Haizhu share a channel, whose home is in Tianhe.  Whatever Haizhu's
people ask, they are told of Haizhu, and what Tianhe has is answered as what
nobody has.
"""
import time

import gridcall_pb2 as pb
import pytest
import zmq
from curve import Holder, Tcp
from place import AREA, Gateway, wait_until

TIANHE, HAIZHU = "gc1.440106.", "gc1.440105."
THERE = ("440105", "440105000000", "01")
HOUR_US = 3600 * 10**6


class City:
    """A gateway, and a holder of a key for each that is asked for."""

    def __init__(self, site, running):
        self.running = running
        both = ";".join(".".join(area) for area in (AREA, THERE))
        site.add_channel("TH")
        site.add_channel("HZ", area=THERE)
        site.add_channel("BOTH", grids=both)
        site.add_units("TH", 1)
        site.add_units("HZ", 1, area=THERE)
        site.add_units("BOTH", 2)
        for column, value in zip(("district", "station", "grid"), THERE):
            site.units[-1][column] = value
        site.write()
        self.gateway = Gateway(site)
        running.append(self.gateway)
        self.tcp = Tcp(self.gateway, haizhu=HAIZHU)
        self.gateway.start()
        self.gateway.bring_in()

    def holder(self, role, area=HAIZHU, name=None):
        holder = Holder(self.tcp, name or f"{role}-{area[7:10]}", [role],
                        [area]).register()
        self.running.append(holder)
        return holder

    def call(self, *units):
        return self.gateway.call("code=" + ",".join(units),
                                 silence_ms=120000)


@pytest.fixture
def city(site, running):
    return City(site, running)


def test_a_shared_channel_tells_of_no_call_of_the_other_district(city):
    viewer = city.holder("viewer")
    call = city.call("BOTH-01")
    [told] = [channel for channel in city.gateway.do(channels={}).channels
              if channel.code == "BOTH"]
    assert told.call == call
    assert "BOTH" in {channel.code
                      for channel in viewer.do(channels={}).channels}
    for said in (viewer.do(channels={}), viewer.do(snapshot={}),
                 viewer.do(calls={}), viewer.do(status={}),
                 viewer.do(replay={})):
        assert call not in str(said)
    city.gateway.do(cancel=pb.HoldRequest(call=call))
    # One with a unit of theirs is told.
    call = city.call("BOTH-01", "BOTH-02")
    for said in (viewer.do(channels={}), viewer.do(snapshot={})):
        [told] = [channel for channel in said.channels
                  if channel.code == "BOTH"]
        assert told.call == call


def test_a_call_tells_nobody_how_others_were_selected(city):
    """Nor the units that are named so; who sees all of it is told."""
    viewer, theirs = city.holder("viewer"), city.holder("viewer", TIANHE)
    with viewer.connect(zmq.SUB, city.tcp.feeds["haizhu"]) as feed:
        feed.subscribe(b"")
        assert feed.poll(30000)
        call = city.call("TH-01", "BOTH-01", "BOTH-02")
        heard = b""
        while call.encode() not in heard:
            assert feed.poll(30000)
            heard = feed.recv_multipart()[1]
    assert b"BOTH-02" in heard and b"TH-01" not in heard
    report = pb.ReportRequest(call=call)
    for holder in viewer, theirs:
        for said in (holder.do(report=report), holder.do(calls={}),
                     holder.do(snapshot={}), holder.do(replay={})):
            assert call in str(said) and "code=" not in str(said)
    selector = "code=TH-01,BOTH-01,BOTH-02"

    def tells_all():
        [summary] = city.gateway.do(calls={}).calls
        [whole] = city.gateway.do(snapshot={}).calls
        report_of_it = city.gateway.report(call).summary
        assert [summary.selector, whole.summary.selector,
                report_of_it.selector] == [selector] * 3
    tells_all()
    # It is not forgotten over a restart, when the call is taken up again.
    city.gateway.kill()
    city.gateway.start()
    wait_until(lambda: city.gateway.do(status={}).calls_open, "the call")
    city.gateway.do(pause=pb.HoldRequest(call=call))
    tells_all()


# ---- what there is and is not theirs, and what there is not ----

def refusals(holder, used, **body):
    """How it is refused, alone and under circumstances that come first."""
    for more in ({}, {"idempotency_key": used}):
        reply = holder.ask(pb.Request(**body, **more))
        yield reply.error.code, reply.error.sentence


def excuse(unit, **fields):
    return {"excuse": pb.ExcuseRequest(**{
        "units": [unit], "reason": "in repair",
        "until_us": time.time_ns() // 1000 + HOUR_US, **fields})}


def confirm(call, unit, **fields):
    return {"confirm": pb.ConfirmRequest(call=call, unit=unit, **fields)}


def of_unit(unit, call):
    yield excuse(unit)
    yield excuse(unit, reason="x" * 1000)
    yield excuse(unit, until_us=1)
    yield excuse(unit, units=[unit] * 20000)
    yield {"plan": pb.PlanRequest(selector=f"code={unit}")}
    yield {"units": pb.UnitsRequest(selector=f"code={unit}")}
    yield {"talk": pb.TalkRequest(selector=f"code={unit}")}
    yield confirm(call, unit, situation="0")
    yield confirm(call, unit, situation="0" * 100, headcount=1)


def of_call(call):
    for name in ("pause", "resume", "cancel"):
        yield {name: pb.HoldRequest(call=call)}
        yield {name: pb.HoldRequest(call=call, reason="x" * 1000)}
    yield confirm(call, "TH-01", situation="0" * 100)
    yield {"report": pb.ReportRequest(call=call)}


def of_channel(channel):
    yield {"release": pb.ReleaseRequest(channel=channel)}
    yield {"listen": pb.ListenRequest(channels=[channel])}
    yield {"listen": pb.ListenRequest(channels=[channel], stop=True)}
    yield {"listen": pb.ListenRequest(channels=[channel] * 100)}
    yield {"talk": pb.TalkRequest(channels=[channel])}
    yield {"plan": pb.PlanRequest(selector=f"channel={channel}")}
    for name in ("over.wav", "../over.wav", ""):
        yield {"recording": pb.RecordingRequest(
            recording=f"20261121/{channel}/{name}")}


@pytest.mark.parametrize("what", ["unit", "call", "channel"])
def test_what_is_anothers_is_refused_like_what_nobody_has(city, what):
    """Word by word, also where something else is wrong with the request."""
    officer = city.holder("officer")
    used = "used before"
    assert not officer.ask(pb.Request(
        idempotency_key=used, **excuse("HZ-01"))).HasField("error")
    theirs = city.call("TH-01")
    ours = city.call("HZ-01", "BOTH-01")
    asked = {"unit": lambda name: of_unit(name, ours), "call": of_call,
             "channel": of_channel}[what]
    real, unreal = {"unit": ("TH-01", "NO-01"), "call": (
        theirs, theirs[:-4] + ("0000" if theirs[-4:] != "0000" else "1111")),
                    "channel": ("TH", "NO")}[what]
    for one, other in zip(asked(real), asked(unreal)):
        for (code, said), (other_code, other_said) in zip(
                refusals(officer, used, **one),
                refusals(officer, used, **other)):
            assert code, one
            assert (code, said.replace(real, unreal)) == \
                (other_code, other_said), one


# ---- others' plans, talks, requests ----

def test_a_plan_is_its_makers_and_makes_no_room_in_the_memory(city):
    officer, other = city.holder("officer"), city.holder("officer", TIANHE)
    theirs = other.do(plan=pb.PlanRequest(selector="code=TH-01")).plan
    mine = [officer.do(plan=pb.PlanRequest(selector="code=HZ-01")).plan
            for _ in range(65)]

    def start(plan, holder=officer):
        return holder.ask(pb.Request(start=pb.StartRequest(plan=plan)))
    # One too many: the oldest is gone.  Another's is there, for him.
    said = {start(plan).error.sentence.replace(plan, "") for plan in
            (mine[0], theirs, "p" + "0" * 16)}
    assert len(said) == 1 and "there is no plan" in said.pop()
    assert not start(mine[1]).HasField("error")
    assert not start(theirs, other).HasField("error")


@pytest.mark.parametrize("control", ["\x1b[2J", "\x07", "\x7f", "\u009b2J"])
def test_no_text_has_power_over_the_terminal_of_its_reader(city, control):
    officer = city.holder("officer")
    for body in (excuse("HZ-01", reason=f"gone{control}"),
                 {"start": pb.StartRequest(spec=pb.PlanRequest(
                     selector="code=HZ-01", options=pb.CallOptions(
                         title=f"night{control}")))}):
        reply = officer.ask(pb.Request(**body))
        assert reply.error.code == pb.ERROR_BAD_REQUEST, reply
        assert "control characters" in reply.error.sentence
        assert control not in reply.error.sentence
