# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is now, page by page, and how it goes on from there."""
import csv
import io
import sqlite3

import gridcall_pb2 as pb
import pytest
from place import UNIT_COLUMNS, City, bring_up, wait_until

PAGE_MAX = 1 << 20


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 5)
    return bring_up(site, running)


def pages(gateway, prefixes=(), between=lambda: None):
    """Every page of a snapshot; between() is called after each."""
    after, taken = "", []
    while True:
        request = pb.Request(snapshot=pb.SnapshotRequest(
            prefixes=prefixes, after=after))
        reply = gateway.ask(request)
        assert not reply.HasField("error"), reply.error.sentence
        taken.append(reply.snapshot)
        after = reply.snapshot.next
        if not after:
            return taken
        assert len(taken) < 1000, "a snapshot without end"
        between()


def replay(gateway, after, prefixes=()):
    events = []
    while True:
        reply = gateway.do(replay=pb.ReplayRequest(
            after_seq=after, prefixes=prefixes))
        events += [pb.Event.FromString(payload) for payload in reply.events]
        after = reply.through_seq
        if not reply.more:
            return events, reply


def merged_calls(taken):
    """A call larger than a page goes on in the next, under the same id."""
    calls = {}
    for page in taken:
        for part in page.calls:
            if part.summary.call in calls:
                calls[part.summary.call].units.extend(part.units)
            else:
                calls[part.summary.call] = part
    return calls


def fill(gateway, rows):
    """Rows of a site too large to import in a test, while it is stopped."""
    with sqlite3.connect(gateway.folder / "ledger.db") as ledger:
        for table, messages in rows.items():
            ledger.executemany(
                f"REPLACE INTO {table} VALUES(?,?)",
                [(m.code, m.SerializeToString()) for m in messages])
    ledger.close()


def many_units(count):
    for n in range(count):
        yield pb.Unit(
            code=f"U{n:06d}", name=f"第{n}最小应急单元", spoken=f"第{n}",
            category="GZ:A", district=("440106", "440103")[n % 2],
            station="440106530000", grid=f"{n % 1700:04d}",
            channel=f"K{n % 100:03d}", number=f"{n // 100:02d}",
            answers_by=["keypad"], strength=n % 40, tags=["school"],
            cameras=[f"{n}-{place}" for place in range(30)])


def many_channels(count):
    for n in range(count):
        yield pb.Channel(code=f"K{n:03d}", name=f"频道{n}", driver="none",
                         home=f"440106.440106530000.{n:04d}",
                         grids=[f"440103.440106530000.{n:04d}"])


def test_a_snapshot_is_what_the_lists_and_the_report_say(gateway, running):
    subscriber = gateway.subscribe("gc1.").await_status()
    running.append(City(gateway.site, "CH1-02 = silent\n"))
    call = gateway.call(silence_ms=1500)
    subscriber.await_event(
        lambda e: e.WhichOneof("body") == "reply"
        and e.reply.unit == "CH1-03", "the third unit's reply")
    gateway.do(pause=pb.HoldRequest(call=call, reason="看一看"))
    wait_until(lambda: gateway.do(channels={}).channels[0].state
               == pb.CHANNEL_IDLE, "an idle channel")
    taken = pages(gateway)
    assert len(taken) == 1
    page = taken[0]
    status = gateway.do(status={})
    assert (page.epoch, page.through_seq) == (status.epoch, status.seq)
    assert list(page.units) == list(gateway.do(units={}).units)
    channels = gateway.do(channels={}).channels
    for channel in channels:
        channel.ClearField("units")  # a snapshot has the units themselves
    assert list(page.channels) == list(channels)
    assert list(page.calls) == [gateway.report(call)]
    assert page.calls[0].summary.state == "paused"
    _, reply = replay(gateway, 0)
    assert list(page.topics) == list(reply.topics)
    gateway.do(cancel=pb.HoldRequest(call=call))
    assert not pages(gateway)[0].calls


def test_a_snapshot_of_a_prefix_has_its_area_and_no_more(site, running):
    other = ("440103", "440103000000", "01")
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.add_channel("CH2", other)
    site.add_units("CH2", 3, other)
    gateway = bring_up(site, running)
    call = gateway.call()
    gateway.do(pause=pb.HoldRequest(call=call))
    page, = pages(gateway, ["gc1.440103."])
    assert {unit.channel for unit in page.units} == {"CH2"}
    assert [channel.code for channel in page.channels] == ["CH2"]
    assert page.topics and all(
        tail.topic.startswith("gc1.440103.") for tail in page.topics)
    report, = page.calls
    assert {unit.unit.unit for unit in report.units} == {
        "CH2-01", "CH2-02", "CH2-03"}
    assert report.summary.units == 3
    assert list(report.summary.channels) == ["CH2"]
    page, = pages(gateway, ["gc1.440111."])
    assert not (page.units or page.channels or page.calls or page.topics)


@pytest.mark.parametrize("after, code", [
    ("nonsense", pb.ERROR_BAD_ARGUMENT),
    ("EPOCH x 0 CH1", pb.ERROR_BAD_ARGUMENT),
    ("EPOCH u 0", pb.ERROR_BAD_ARGUMENT),
    ("EPOCH u -1 CH1", 0),
    ("EPOCH c 99999 nobody", 0),
    ("0123456789abcdef u 0 CH1", pb.ERROR_NEED_SNAPSHOT),
])
def test_a_cursor_that_is_none_is_refused(gateway, after, code):
    after = after.replace("EPOCH", gateway.do(status={}).epoch)
    reply = gateway.ask(pb.Request(snapshot=pb.SnapshotRequest(after=after)))
    assert reply.error.code == code, reply
    assert bool(reply.error.sentence) == bool(code)


def test_a_hundred_thousand_units_come_in_pages_beside_commands(
        gateway, running):
    gateway.stop()
    fill(gateway, {"unit": many_units(100000), "channel": many_channels(100)})
    gateway.start()
    taken = pages(gateway, between=lambda: gateway.do(status={}))
    assert all(page.ByteSize() <= PAGE_MAX + 1024 for page in taken)
    codes = [unit.code for page in taken for unit in page.units]
    assert codes == sorted(codes)
    assert len(codes) == 100005 == len(set(codes))
    assert sum(len(page.channels) for page in taken) == 101
    taken = pages(gateway, ["gc1.440103.440106530000.0001."])
    grid = [unit for page in taken for unit in page.units]
    assert {unit.grid for unit in grid} == {"0001"}
    assert len(grid) == len([n for n in range(100000)
                             if n % 1700 == 1 and n % 2 == 1])


def row_of(unit):
    values = {name: getattr(unit, name) for name in UNIT_COLUMNS}
    return {name: value if isinstance(value, (str, int)) else ";".join(value)
            for name, value in values.items()}


def csv_text(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_pages_and_what_came_meanwhile_converge(gateway, running):
    """The client's rule: first page's seq, all pages, then the events."""
    gateway.stop()
    fill(gateway, {"unit": many_units(9000), "channel": many_channels(100)})
    gateway.start()
    running.append(City(gateway.site))
    call = gateway.call("channel=CH1")
    rows = [row_of(unit) for unit in gateway.do(units={}).units]
    changes = iter(range(100))

    def change():
        n = next(changes)
        del rows[n * 17 + 103]
        rows[n * 31 + 101]["name"] = f"改名{n}"
        rows[-1 - n * 29]["strength"] = 77 + n
        rows[n * 5 + 100]["grid"] = "9999"
        rows.append(dict(rows[150], code=f"N{n}", number=f"{90 + n}",
                         channel="K099"))
        done = gateway.do(**{"import": pb.ImportRequest(
            units_csv=csv_text(rows))})
        assert done.done, done.faults[:3]

    taken = pages(gateway, between=change)
    assert len(taken) > 2
    change()
    report = gateway.await_end(call)
    units = {unit.code: unit for page in taken for unit in page.units}
    calls = merged_calls(taken)
    assert list(calls) in ([], [call])
    events, _ = replay(gateway, taken[0].through_seq)
    for event in events:
        if event.WhichOneof("body") != "unit":
            continue
        if event.unit.change == pb.CHANGE_REMOVED:
            units.pop(event.unit.unit.code, None)
        else:
            units[event.unit.unit.code] = event.unit.unit
    assert units == {u.code: u for u in gateway.do(units={}).units}
    answered = {event.reply.unit for event in events
                if event.WhichOneof("body") == "reply"}
    for part in calls.values():
        answered |= {u.unit.unit for u in part.units if u.HasField("reply")}
    assert answered == {u.unit.unit for u in report.units}
    assert report.summary.agrees == 5
