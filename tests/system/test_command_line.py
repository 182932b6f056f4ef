# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line against the real daemon, as an officer types it."""
import csv
import io
import json
import os
import re
import signal
import subprocess

import pytest
from place import BUILD, City, Gateway, bring_up, wait_until


def make(site, running, channels, units, **settings):
    for code in channels:
        site.add_channel(code)
        site.add_units(code, units)
    site.write()
    gateway = Gateway(site, **settings)
    running.append(gateway)
    return gateway.start()


@pytest.fixture
def gateway(site, running):
    gateway = make(site, running, ["CH1"], 3)
    gateway.bring_in()
    return gateway


def test_import_shows_what_changes_and_refuses_a_bad_file_whole(
        site, running):
    gateway = make(site, running, ["CH1"], 2)
    units, channels = site.folder / "units.csv", site.folder / "channels.csv"
    status, out, _ = gateway.gridcall("import", "--units", units,
                                      "--channels", channels, "--dry-run")
    assert status == 0 and "CH1-01" in out
    assert gateway.do(units={}).total == 0
    status, out, _ = gateway.gridcall("import", "--units", units,
                                      "--channels", channels)
    assert status == 0 and gateway.do(units={}).total == 2
    good = units.read_text()
    units.write_text(good.replace(",CH1,02,", ",CH1,01,").replace(
        "GZ:A", "A"))
    status, out, err = gateway.gridcall("import", "--units", units)
    assert status == 3
    said = out + err
    assert "units.csv" in said and "number" in said and "category" in said
    assert gateway.do(units={}).total == 2
    units.write_text(good.replace("CH1-02最小应急单元", "新名"))
    status, out, _ = gateway.gridcall("import", "--units", units)
    assert status == 0 and "新名" in out and "CH1-02最小应急单元" in out


def test_units_and_channels_are_listed(gateway):
    status, out, _ = gateway.gridcall("units", "number=02")
    assert status == 0 and "CH1-02" in out and "CH1-01" not in out
    status, out, _ = gateway.gridcall("--json", "units")
    assert [json.loads(line)["code"] for line in out.splitlines()] == \
        ["CH1-01", "CH1-02", "CH1-03"]
    status, out, _ = gateway.gridcall("channels")
    assert status == 0 and "CH1" in out
    status, _, err = gateway.gridcall("units", "nummer=02")
    assert status == 3 and "number" in err


def test_an_excused_unit_is_left_out_until_it_is_called_again(gateway):
    status, out, _ = gateway.gridcall(
        "excuse", "CH1-02", "--reason", "电台送修", "--until", "7d")
    assert status == 0 and "left out of calls until 20" in out
    status, out, _ = gateway.gridcall("units", "number=02")
    assert "电台送修" in out
    gateway.kill()
    gateway.start()
    status, out, _ = gateway.gridcall("plan", "--exercise")
    assert status == 0 and "asked 2" in out
    assert re.search(r"excused .*CH1-02 .*电台送修", out)
    status, out, _ = gateway.gridcall("excuse", "CH1-02", "--end")
    assert status == 0 and "called again" in out
    status, out, _ = gateway.gridcall("plan", "--exercise")
    assert "asked 3" in out and "电台送修" not in out
    status, _, err = gateway.gridcall("excuse", "CH1-02", "--until", "soon",
                                      "--reason", "x")
    assert status == 2 and "7d" in err
    status, _, err = gateway.gridcall("excuse", "CH1-99", "--until", "7d",
                                      "--reason", "x")
    assert status == 3 and "CH1-99" in err


def test_a_plan_is_shown_without_sending_anything(gateway):
    status, out, _ = gateway.gridcall("plan", "--exercise")
    assert status == 0
    assert re.search(r"asked 3", out) and "CH1" in out
    assert not gateway.do(calls={}).calls


def test_a_call_waited_for_tells_each_answer_and_who_is_missing(
        gateway, running):
    running.append(City(gateway.site, "CH1-02 = silent\n"))
    status, out, err = gateway.gridcall(
        "call", "--exercise", "--wait", "--yes", "--silence", "2")
    assert status == 1, err
    assert "EXERCISE" in out
    assert re.search(r"CH1-01.*11 people", out), out
    assert re.search(r"silent +CH1 +02 +CH1-02", out), out
    call = gateway.do(calls={}).calls[0].call
    status, out, _ = gateway.gridcall("report", call, "--csv")
    assert status == 1
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 3
    assert sorted(row["state"] for row in rows) == \
        ["answered", "answered", "silent"]
    status, out, _ = gateway.gridcall("--json", "report", call)
    for line in out.splitlines():
        json.loads(line)


def test_a_call_in_which_all_answer_ends_with_status_0_and_json(
        gateway, running):
    running.append(City(gateway.site))
    status, out, err = gateway.gridcall(
        "--json", "call", "--exercise", "--wait", "--yes")
    assert status == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    replies = {e["reply"]["unit"] for e in events if "reply" in e}
    assert replies == {"CH1-01", "CH1-02", "CH1-03"}


def test_real_or_exercise_must_be_said(gateway):
    status, _, err = gateway.gridcall("call", "--yes")
    assert status == 2 and "--exercise" in err and "--real" in err


def test_cancel_ends_a_call(gateway):
    call = gateway.call()
    status, _, err = gateway.gridcall("cancel", call, "enough")
    assert status == 0, err
    assert gateway.await_end(call).summary.state == "cancelled"
    status, _, err = gateway.gridcall("cancel", "no-such-call")
    assert status == 3 and "no-such-call" in err


def test_no_gateway_is_told_with_what_to_do(folder):
    done = subprocess.run(
        [BUILD / "gridcall", "--commands", f"ipc://{folder}/none.sock",
         "--timeout", "1", "status"], capture_output=True, text=True)
    assert done.returncode == 4
    assert "none.sock" in done.stderr and "gridcalld" in done.stderr


def test_a_subscription_goes_on_over_a_killed_gateway_without_loss(
        gateway, running):
    out = open(gateway.folder / "events", "wb")
    subscriber = subprocess.Popen(
        [BUILD / "gridcall", "--commands", gateway.commands, "--feed",
         gateway.feed, "subscribe", "--after", "0"], stdout=out,
        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def seqs():
        lines = (gateway.folder / "events").read_text().splitlines()
        return [json.loads(line)["seq"] for line in lines]
    try:
        wait_until(seqs, "the events so far")
        running.append(City(gateway.site))
        call = gateway.call()
        wait_until(lambda: '"reply"' in (gateway.folder / "events")
                   .read_text(), "a first reply")
        gateway.kill()
        gateway.start()
        report = gateway.await_end(call)
        wait_until(lambda: max(seqs()) >= report.through_seq,
                   "all events of the call")
    finally:
        subscriber.send_signal(signal.SIGTERM)
        assert subscriber.wait(20) == 0
    # Each exactly once, and in order within its topic.
    events = [json.loads(line) for line in
              (gateway.folder / "events").read_text().splitlines()]
    assert sorted(seqs()) == list(range(1, max(seqs()) + 1))
    for topic in {event["topic"] for event in events}:
        numbers = [event["topic_seq"] for event in events
                   if event["topic"] == topic]
        assert numbers == list(range(1, len(numbers) + 1))


def test_forty_units_on_three_channels_answer_by_what_they_hear(
        site, running):
    """The whole roll-call of the README, with quick guards."""
    for number, code in enumerate(("CH1", "CH2", "CH3")):
        site.add_channel(code, ("440106", "440106530000", f"0{number}"))
    for code, count in (("CH1", 14), ("CH2", 13), ("CH3", 13)):
        area = ("440106", "440106530000", f"0{int(code[2]) - 1}")
        site.add_units(code, count, area)
    gateway = bring_up(site, running, **{"yield": "every 1000 for 0"})
    running.append(City(
        site, "CH1-05 = silent\nCH2-03 = wrong_digits\n"
        "CH3-13 = always_wrong\nCH2-13 = count=07\n"))
    subscriber = gateway.subscribe("gc1.").await_status()
    status, out, err = gateway.gridcall(
        "call", "--exercise", "--wait", "--yes", "--silence", "2",
        "--rounds", "1", limit_s=280)
    assert status == 1, err
    report = gateway.report(gateway.do(calls={}).calls[0].call)
    summary = report.summary
    assert (summary.units, summary.silent, summary.heard,
            summary.attention, summary.agrees) == (40, 1, 1, 1, 37), summary
    subscriber.await_seq(report.through_seq)
    replies = [event.reply for event, _ in subscriber.events
               if event.WhichOneof("body") == "reply"]
    assert len({reply.unit for reply in replies}) == 38
    for unit in report.units:
        if unit.unit.unit in ("CH1-05", "CH3-13", "CH2-13"):
            continue
        assert unit.reply.headcount == unit.unit.expected, unit
    assert os.listdir(site.folder / "recordings")
