# SPDX-License-Identifier: GPL-3.0-or-later
"""What attackers get, and that the others notice nothing.

Each attack is bounded in count and time and stays on this machine.  Beside it
honest people work; see siege.py for what they must not notice.
"""
import itertools
import random
import time

import gridcall_pb2 as pb
import pytest
import zmq
from place import wait_until
from siege import (GREETING, SLACK_MB, Siege, command_frame, connect_raw,
                   for_seconds, message_frame, open_files, ready, rss_mb, shake_hands)

EVERYTHING = b"\x01"  # a subscription, as an XSUB sends it


@pytest.fixture
def siege(site, running):
    siege = Siege(site)
    running.append(siege)
    return siege


def take_replies(dealer, count, limit_s=30):
    """That many replies, in whatever order they come."""
    replies = []
    while len(replies) < count:
        assert dealer.poll(limit_s * 1000), f"{len(replies)} of {count}"
        replies.append(pb.Reply.FromString(dealer.recv()))
    return replies


def send_until_hung_up(end, data, times):
    try:
        for _ in range(times):
            end.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


# ------------------------------------------------------------------ feed ----

def test_what_a_subscriber_sends_upstream_is_thrown_away(siege):
    def attack():
        with siege.attacker(zmq.XSUB, siege.gateway.feed) as end:
            end.send(EVERYTHING)
            for number in range(5000):
                end.send(b"\x02" + b"x" * (number % 2000))
                end.send_multipart([b"gc1.440106.440106530000.07.alarm",
                                    b"forged"])
            wait_until(lambda: end.poll(100), "an event for it as well")
        for kind, name in itertools.product(
                (b"XSUB", b"SUB"),
                (b"SUBSCRIBE", b"CANCEL", b"PING", b"ERROR", b"READY", b"")):
            with shake_hands(siege.gateway.feed, kind) as end:
                send_until_hung_up(end, message_frame(b"\x01gc1.")
                                   + command_frame(name, b"\xff" * 40), 100)
        for kind in (b"PUB", b"DEALER", b"", b"?" * 200):
            with connect_raw(siege.gateway.feed) as end:
                send_until_hung_up(end, GREETING + ready(kind)
                                   + message_frame(b"\x01gc1."), 100)
    siege.endure(attack)


def test_ten_thousand_subscriptions_and_a_disconnect_at_once(siege):
    def attack():
        for _ in range(5):
            with siege.attacker(zmq.XSUB, siege.gateway.feed) as end:
                for number in range(10000):
                    end.send(b"\x01gc1.440106.%d." % number)
        for _ in range(300):
            with shake_hands(siege.gateway.feed, b"SUB") as end:
                end.sendall(message_frame(EVERYTHING) * 10)
    siege.endure(attack)


def test_a_subscriber_that_never_reads_costs_a_bounded_backlog(siege):
    deaf = [shake_hands(siege.gateway.feed, b"SUB") for _ in range(20)]
    for end in deaf:
        end.sendall(message_frame(EVERYTHING))

    def attack():
        grown = []
        for _ in range(4):
            for _ in range(4):
                siege.bring_in(count=5000)
            grown.append(rss_mb(siege.gateway))
        return grown
    grown = attack()
    assert grown[-1] - grown[0] < SLACK_MB, grown
    # A burst of this size is more than anybody's backlog.
    siege.await_subscriber()
    siege.recovered = siege.subscriber.recovered()
    siege.endure(lambda: [None for _ in for_seconds(1)])
    for end in deaf:
        end.close()


# -------------------------------------------------------------- commands ----

def test_who_asks_and_never_reads_the_replies_costs_bounded_memory(siege):
    before = rss_mb(siege.gateway)
    request = pb.Request(id="deaf", units=pb.UnitsRequest()).SerializeToString()

    def attack():
        most = before
        ends = [shake_hands(siege.gateway.commands, b"DEALER")
                for _ in range(10)]
        for end in ends:
            end.settimeout(0.1)
            try:
                end.sendall(message_frame(request) * 3000)
            except TimeoutError:
                pass  # it takes no more from who takes nothing
        for _ in for_seconds():
            most = max(most, rss_mb(siege.gateway))
            time.sleep(0.05)
        for end in ends:
            end.close()
        return most
    most = siege.endure(attack)
    assert most - before < 10 * 16 + SLACK_MB, (before, most)


def test_half_open_handshakes_are_hung_up_on(siege):
    files = open_files(siege.gateway)

    def attack():
        ends = []
        for number in range(1000):
            address = (siege.gateway.commands, siege.gateway.feed)[number % 2]
            end = connect_raw(address)
            end.sendall((GREETING * 2)[:number % 70])
            ends.append(end)
        wait_until(lambda: open_files(siege.gateway) < files + 30,
                   "the gateway hanging up")
        for end in ends:
            end.close()
    siege.endure(attack)


def test_ten_clients_replaying_everything_in_a_loop(siege):
    for _ in range(10):
        siege.bring_in(count=2000)
    siege.await_subscriber()
    siege.recovered = siege.subscriber.recovered()
    request = pb.Request(id="all", replay=pb.ReplayRequest())

    def attack():
        ends = [siege.attacker(zmq.DEALER) for _ in range(10)]
        got = 0
        for _ in for_seconds():
            for end in ends:
                end.send(request.SerializeToString())
            for end in ends:
                reply, = take_replies(end, 1)
                assert not reply.HasField("error") or \
                    reply.error.code == pb.ERROR_BUSY, reply.error
                got += len(reply.replay.events)
        for end in ends:
            end.close()
        return got
    assert siege.endure(attack) > 0


@pytest.mark.parametrize("prefix", [
    "gc1", "gc1.44010", "gc1.440106", "gc1.440106.44010653000", "gc2.", ".",
    "gc1..", "gc1.440106.440106530000.07.rep", "*", "x" * 60000])
def test_a_prefix_without_its_closing_dot_is_refused(siege, prefix):
    reply = siege.gateway.ask(pb.Request(
        replay=pb.ReplayRequest(prefixes=[prefix])))
    assert reply.error.code == pb.ERROR_BAD_ARGUMENT
    assert len(reply.error.sentence) < 500


def test_the_same_key_with_another_body_is_refused(siege):
    first = pb.Request(idempotency_key="once", **{"import": pb.ImportRequest(
        units_csv=(siege.folder / "units.csv").read_bytes())})
    other = pb.Request(idempotency_key="once", **{"import": pb.ImportRequest(
        channels_csv=b"code\nCH9\n")})
    answer = siege.gateway.ask(first)
    assert not answer.HasField("error"), answer

    def attack():
        for _ in range(100):
            assert siege.gateway.ask(other).error.code == pb.ERROR_CONFLICT
    siege.endure(attack)
    again = siege.gateway.ask(first)
    assert getattr(again, "import") == getattr(answer, "import")


def test_oversized_requests_are_refused_or_cut_off(siege):
    def attack():
        with siege.attacker(zmq.DEALER) as end:
            large = pb.Request(id="large", **{"import": pb.ImportRequest(
                units_csv=b"x" * ((16 << 20) + 1))})
            for _ in range(3):
                end.send(large.SerializeToString())
            for reply in take_replies(end, 3):
                assert reply.error.code == pb.ERROR_BAD_REQUEST
                assert "16 MiB" in reply.error.sentence
        with siege.attacker(zmq.DEALER) as end:
            end.send(bytes(64 << 20))
            assert not end.poll(1000)
        for size in (1 << 30, 1 << 62, (1 << 64) - 1):
            with shake_hands(siege.gateway.commands, b"DEALER") as end:
                end.sendall(b"\x02" + size.to_bytes(8, "big") + bytes(100))
    before = rss_mb(siege.gateway)
    siege.endure(attack)
    assert rss_mb(siege.gateway) - before < 64 + SLACK_MB


REQUESTS = (
    pb.Request(id="1", whoami={}), pb.Request(id="2", status={}),
    pb.Request(id="3", units=pb.UnitsRequest(selector="grid=07", limit=5)),
    pb.Request(id="4", idempotency_key="k", deadline_ms=3000,
               start=pb.StartRequest(spec=pb.PlanRequest(
                   selector="category=GZ:A", options=pb.CallOptions(
                       kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN,
                       exercise=True)))),
    pb.Request(id="5", **{"import": pb.ImportRequest(
        units_csv=b"code,name\nA,B\n", dry_run=True)}),
    pb.Request(id="6", replay=pb.ReplayRequest(prefixes=["gc1.440106."])),
    pb.Request(id="7", confirm=pb.ConfirmRequest(
        call="x", unit="CH1-01", headcount=3)),
    pb.Request(id="8", snapshot=pb.SnapshotRequest(prefixes=["gc1."])),
    pb.Request(id="9", key=pb.KeyRequest(add=pb.KeyAdd(key=pb.Key(
        name="me", public_key="x" * 40, roles=["engineer"],
        jurisdiction=["gc1."])))),
    pb.Request(id="10", excuse=pb.ExcuseRequest(units=["A"], until_us=1)),
    pb.Request(id="11", listen=pb.ListenRequest(channels=["CH1"])),
    pb.Request(id="12", talk=pb.TalkRequest(
        channels=["CH1"], packets=[b"\xf8\xff\xfe"] * 3)),
    pb.Request(id="13", recording=pb.RecordingRequest(recording="../x")),
    pb.Request(id="14", withdraw=pb.WithdrawRequest(id="7")))


def mutate(dice, data):
    data = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        where = dice.randrange(len(data) + 1)
        kind = dice.randrange(5)
        if kind == 0 and where < len(data):
            data[where] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data[where:where] = dice.randbytes(dice.randint(1, 8))
        elif kind == 2:
            del data[where:where + dice.randint(1, 8)]
        elif kind == 3:
            data = data[:where]
        else:
            data += data[where:]
    return bytes(data)


def test_random_truncated_and_mutated_requests_are_each_answered(siege):
    dice = random.Random(20261122)
    real = [request.SerializeToString() for request in REQUESTS]

    def attack():
        answered = 0
        with siege.attacker(zmq.DEALER) as end:
            for number in range(3000):
                one = dice.choice(real)
                end.send(dice.randbytes(dice.randrange(300))
                         if number % 10 == 0 else mutate(dice, one))
                # As many at once as a connection may have.
                if number % 10 == 9:
                    answered += len(take_replies(end, 10))
        return answered
    assert siege.endure(attack) == 3000


def test_no_text_that_is_not_utf8_comes_into_an_event(siege):
    """One would be the end of every subscriber that reads strictly."""
    wire = pb.Request(id="x", start=pb.StartRequest(spec=pb.PlanRequest(
        options=pb.CallOptions(kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN,
                               title="TITLE")))).SerializeToString()

    def attack():
        with siege.attacker(zmq.DEALER) as end:
            for text in (b"TIT\xe6\xad", b"\xff\xfe\xfd\xfc\xfb"):
                end.send(wire.replace(b"TITLE", text))
                reply, = take_replies(end, 1)
                assert reply.error.code == pb.ERROR_BAD_REQUEST
                assert "UTF-8" in reply.error.sentence
    siege.endure(attack)


def test_a_long_chinese_value_is_told_back_whole(siege):
    for size in range(15, 25):
        reply = siege.gateway.ask(pb.Request(replay=pb.ReplayRequest(
            epoch="x" * size + "点名" * 100)))
        assert reply.error.code == pb.ERROR_NEED_SNAPSHOT


def test_a_wrong_number_of_frames_is_dropped(siege):
    status = pb.Request(id="s", status={}).SerializeToString()

    def attack():
        with siege.attacker(zmq.DEALER) as end:
            for count in (3, 4, 5, 100, 2000):
                end.send_multipart([b"x"] * count)
            end.send_multipart([b"", b"", status])
            end.send_multipart([b"x", status])
            assert not end.poll(300)
            end.send_multipart([b"", status])
            assert end.poll(10000) and len(end.recv_multipart()) == 2
            end.send(status)
            assert take_replies(end, 1)[0].id == "s"
    siege.endure(attack)


def test_who_takes_anothers_routing_id_does_not_get_its_replies(siege):
    with siege.gateway.context.socket(zmq.DEALER) as officer:
        officer.setsockopt(zmq.ROUTING_ID, b"officer")
        officer.setsockopt(zmq.LINGER, 0)
        officer.connect(siege.gateway.commands)
        officer.send(pb.Request(id="a", status={}).SerializeToString())
        take_replies(officer, 1)
        thief = siege.context.socket(zmq.DEALER)
        thief.setsockopt(zmq.ROUTING_ID, b"officer")
        thief.setsockopt(zmq.LINGER, 0)
        thief.connect(siege.gateway.commands)

        def attack():
            for number in range(200):
                thief.send(pb.Request(id="t", status={}).SerializeToString())
                officer.send(pb.Request(id=f"o{number}",
                                        status={}).SerializeToString())
                assert take_replies(officer, 1)[0].id == f"o{number}"
            assert not thief.poll(0)
        siege.endure(attack)
        thief.close()


def test_a_flood_of_connections_leaves_nothing_behind(siege):
    files = open_files(siege.gateway)

    def attack():
        count = 0
        for _ in for_seconds():
            for _ in range(20):
                with shake_hands(siege.gateway.commands, b"DEALER") as end:
                    end.sendall(message_frame(
                        pb.Request(id="f", status={}).SerializeToString()))
                count += 1
        return count
    assert siege.endure(attack) > 100
    wait_until(lambda: open_files(siege.gateway) < files + 30,
               "the gateway letting go of who left")
