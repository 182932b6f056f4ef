# SPDX-License-Identifier: GPL-3.0-or-later
"""What a careless or hostile peer, file or disk gets."""
import os
import socket
import struct

import gridcall_pb2 as pb
import pytest
import zmq
from place import City, Gateway, bring_up, wait_until


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 3)
    return bring_up(site, running)


def send_rtp(gateway, packets, source="127.0.0.1"):
    channel = gateway.site.channels[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", channel["local"]))


def counter(gateway, name):
    for line in gateway.vty("show channel CH1").splitlines():
        words = line.split()
        if words and words[0] == name:
            return int(words[1])
    raise AssertionError(f"no counter {name}")


def test_garbage_on_the_command_socket_is_answered_or_dropped(gateway):
    with gateway.context.socket(zmq.DEALER) as dealer:
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.connect(gateway.commands)
        for garbage in (b"", b"\xff" * 300, os.urandom(1000), b"GET / HTTP"):
            dealer.send(garbage)
            assert dealer.poll(10000), "no answer to garbage"
            reply = pb.Reply()
            reply.ParseFromString(dealer.recv())
            assert reply.error.code == pb.ERROR_BAD_REQUEST
            assert reply.error.sentence
        dealer.send_multipart([b"a", b"b", b"c", b"d"])
    assert gateway.do(status={}).gateway == "GC1"


def test_malformed_rtp_is_counted_and_begins_no_over(gateway):
    send_rtp(gateway, [b"", b"\x80", b"\x00" * 172, b"\xff" * 20,
                       b"\x80\x08" + b"\x00" * 8,
                       struct.pack(">BBHII", 0xbf, 8, 1, 1, 1)])
    wait_until(lambda: counter(gateway, "malformed") >= 5,
               "malformed packets counted")
    assert counter(gateway, "overs") == 0


def test_a_flood_from_a_strangers_address_changes_nothing(gateway, running):
    packet = struct.pack(">BBHII", 0x80, 8, 1, 1, 1) + b"\xd5" * 160
    send_rtp(gateway, [packet] * 20000, source="127.0.0.9")
    wait_until(lambda: counter(gateway, "strangers") > 0, "strangers counted")
    running.append(City(gateway.site))
    report = gateway.await_end(gateway.call())
    assert report.summary.agrees == 3


def test_an_over_that_never_ends_jams_the_channel_and_nobody_keys(
        site, running):
    site.add_channel("CH1", over_limit_s=2)
    site.add_units("CH1", 2)
    gateway = bring_up(site, running, **{"busy-time": 2})
    running.append(City(site, "CH1-01 = stuck\n"))
    subscriber = gateway.subscribe().await_status()
    call = gateway.call(silence_ms=1500)
    over = subscriber.await_event(
        lambda e: e.WhichOneof("body") == "over" and e.over.ended == "limit",
        "an over ended by its limit")
    assert over.over.length_ms >= 1900
    report = gateway.await_end(call)
    by_code = {u.unit.unit: u for u in report.units}
    assert by_code["CH1-02"].state == pb.UNIT_UNREACHABLE


def test_an_unknown_unit_number_is_kept_as_heard_and_filed_for_nobody(
        gateway, running):
    running.append(City(gateway.site, "CH1-02 = unknown_number\n"))
    subscriber = gateway.subscribe().await_status()
    report = gateway.await_end(gateway.call(silence_ms=2000))
    subscriber.await_seq(report.through_seq)
    events = [event for event, _ in subscriber.events]
    strange = [e.over for e in events if e.over.digits == "*99*12#"]
    assert len(strange) == 1 and strange[0].recording
    assert strange[0].unit == ""
    # Asked to say again, it answers right; the strange one stays unfiled.
    assert {(e.reply.unit, e.reply.raw) for e in events
            if e.WhichOneof("body") == "reply"} == {
        ("CH1-01", "11#"), ("CH1-02", "*02*12#"), ("CH1-03", "13#")}
    assert report.summary.agrees == 3


def test_a_unit_answering_in_anothers_turn_is_filed_for_itself(
        gateway, running):
    running.append(City(gateway.site,
                        "CH1-01 = silent\nCH1-03 = others_turn=CH1-01\n"))
    report = gateway.await_end(gateway.call(silence_ms=2000))
    by_code = {u.unit.unit: u for u in report.units}
    assert by_code["CH1-03"].state == pb.UNIT_ANSWERED
    assert by_code["CH1-03"].reply.named
    assert by_code["CH1-01"].state == pb.UNIT_SILENT


BAD_FILES = {
    "a duplicate code": (lambda t: t + t.splitlines()[1] + "\r\n", "code"),
    "an unknown column": (lambda t: t.replace("phone", "fone", 1), "fone"),
    "a number with a letter": (lambda t: t.replace(",01,", ",0x,", 1),
                               "number"),
    "a district that is none": (lambda t: t.replace("440106,", "44,", 1),
                                "district"),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_file_with_a_bad_row_is_refused_whole(gateway, what):
    spoil, column = BAD_FILES[what]
    text = (gateway.folder / "units.csv").read_text()
    done = gateway.do(**{"import": pb.ImportRequest(
        units_csv=spoil(text).encode())})
    assert not done.done and done.faults_total >= 1
    assert any(column in (f.column + f.sentence) for f in done.faults), done
    assert gateway.do(units={}).total == 3


def test_a_hundred_thousand_rows_are_read_while_others_are_answered(gateway):
    header = (gateway.folder / "units.csv").read_text().splitlines()[0]
    columns = header.split(",")
    rows = [header]
    for n in range(100000):
        row = dict.fromkeys(columns, "")
        row.update(code=f"U{n}", name=f"单元{n}", category="GZ:A",
                   district="440106", station="440106530000", grid="07",
                   channel="CH1", number=f"{n % 100:02d}", answers_by="keypad",
                   strength="5")
        rows.append(",".join(row.values()))
    done = gateway.do(120, **{"import": pb.ImportRequest(
        units_csv="\n".join(rows).encode())})
    assert not done.done
    assert done.faults_total == 100000 - 100
    assert "number" in done.faults[0].column


def test_a_cut_configuration_is_refused_with_a_sentence(site, running):
    gateway = Gateway(site)
    running.append(gateway)
    whole = gateway.config.read_text()
    for part, sentence in ((whole[:len(whole) // 2], ""),
                           ("\n".join(whole.splitlines()[:-1]) + "\n",
                            "cut short")):
        gateway.config.write_text(part)
        gateway.launch()
        assert gateway.process.wait(30) != 0
        assert sentence in gateway.read_log()
        assert "gridcalld: " in gateway.read_log()
        gateway.process = None
