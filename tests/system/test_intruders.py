# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes in over TCP with a wrong key, a lost one, or too often.

As in test_attackers.py; the honest people beside it come in by keys as well.
"""
import os
import random
import signal
import time

import gridcall_pb2 as pb
import pytest
import zmq
from place import wait_until
from siege import (GREETING, SLACK_MB, KeySiege, command_frame, connect_raw,
                   for_seconds, open_files, rss_mb)
from subscribers import KeySubscriber

TIANHE, YUEXIU = "gc1.440106.", "gc1.440104."


@pytest.fixture
def siege(site, running):
    siege = KeySiege(site)
    running.append(siege)
    return siege


@pytest.fixture
def holder(siege, running):
    def make(name, **options):
        made = siege.holder(name, **options)
        running.append(made)
        return made
    return make


def listen(holder, address, **options):
    end = holder.connect(zmq.SUB, address, **options)
    end.setsockopt(zmq.SUBSCRIBE, b"")
    return end


def hears(end, limit_s=10):
    return bool(end.poll(int(limit_s * 1000)))


def empty(end):
    """Take what is there; nothing of it counts."""
    while end.poll(0):
        end.recv_multipart()


def test_a_key_that_nobody_registered_gets_nothing(siege, holder):
    stranger = holder("stranger")

    def attack():
        feeds = [listen(stranger, address)
                 for address in siege.tcp.feeds.values()]
        assert stranger.ask(pb.Request(whoami={}), 2) is None
        assert not any(end.poll(0) for end in feeds)
        for _ in range(200):
            stranger.renew()
            end = stranger.connect(zmq.DEALER, siege.tcp.commands)
            end.send(pb.Request(whoami={}).SerializeToString())
            end.close()
    siege.endure(attack)


def test_a_right_key_for_another_server_gets_nothing(siege, holder):
    known = holder("known").register()

    def attack():
        other, _ = zmq.curve_keypair()
        end = listen(known, siege.tcp.feeds["city"], server_key=other)
        assert not hears(end, 1.5)
        assert hears(listen(known, siege.tcp.feeds["city"]))
    siege.endure(attack)


def test_a_key_of_one_district_hears_nothing_on_the_feeds_of_others(
        siege, holder):
    tianhe = holder("tianhe", jurisdiction=[TIANHE]).register()

    def attack():
        own = listen(tianhe, siege.tcp.feeds["tianhe"])
        others = [listen(tianhe, siege.tcp.feeds[name])
                  for name in ("city", "yuexiu")]
        assert hears(own)
        assert not hears(others[0], 1.5) and not others[1].poll(0)
        told = [feed.name for feed in tianhe.do(whoami={}).feeds]
        assert told == ["tianhe"]
    siege.endure(attack)


def test_a_revoked_key_is_out_within_a_second_and_others_lose_nothing(
        siege, holder):
    lost = holder("lost", roles=["officer"]).register()
    feed = listen(lost, siege.tcp.feeds["city"])
    commands = lost.connect(zmq.DEALER, siege.tcp.commands)
    commands.send(pb.Request(id="1", whoami={}).SerializeToString())
    assert hears(commands) and hears(feed)
    commands.recv()
    lost.revoke()
    time.sleep(1)
    empty(feed)
    for _ in range(3):
        siege.bring_in()
    assert not hears(feed, 1.5), "it still hears"
    commands.send(pb.Request(id="2", whoami={}).SerializeToString())
    if hears(commands, 2):
        reply = pb.Reply.FromString(commands.recv())
        assert reply.error.code == pb.ERROR_NOT_ALLOWED
    assert lost.ask(pb.Request(status={}), 2) is None
    # Its feed was closed and bound again: who may stay asks for the rest.
    siege.await_subscriber()
    siege.recovered = siege.subscriber.recovered()
    siege.endure(lambda: [None for _ in for_seconds(1)])


def test_nothing_outside_the_jurisdiction_is_answered(siege, holder):
    yuexiu = holder("yuexiu", roles=["officer", "engineer"],
                    jurisdiction=[YUEXIU]).register()

    def refused(**body):
        reply = yuexiu.ask(pb.Request(**body))
        assert reply.error.code in (pb.ERROR_NOT_ALLOWED,
                                    pb.ERROR_NOT_FOUND), reply

    def attack():
        for _ in range(10):
            assert not yuexiu.do(units=pb.UnitsRequest()).units
            assert not yuexiu.do(channels={}).channels
            page = yuexiu.do(replay=pb.ReplayRequest())
            assert not page.events and not page.topics
            for prefix in (TIANHE, "gc1.", "", "gc1.gateway.",
                           "gc1.440106.440106530000.07."):
                refused(replay=pb.ReplayRequest(prefixes=[prefix]))
            refused(**{"import": pb.ImportRequest(units_csv=b"code\nX\n")})
            refused(key=pb.KeyRequest(add=pb.KeyAdd(key=pb.Key(
                name="more", public_key=zmq.curve_keypair()[0].decode(),
                roles=["viewer"], jurisdiction=[TIANHE]))))
            refused(key=pb.KeyRequest(revoke=pb.KeyRevoke(name="officer")))
            refused(report=pb.ReportRequest(call="20260101-000000-0000"))
            # What is not theirs is answered as what is not there.
            one, other = (yuexiu.ask(pb.Request(
                release=pb.ReleaseRequest(channel=channel))).error
                for channel in ("CH1", "CH9"))
            assert one.code == other.code != pb.ERROR_OK
            assert one.sentence.replace("CH1", "CH9") == other.sentence
    siege.endure(attack)


def test_half_open_handshakes_over_tcp_are_hung_up_on(siege):
    files = open_files(siege.gateway)
    dice = random.Random(20261122)
    hello = command_frame(b"HELLO", b"\x01\x00" + bytes(72)
                          + dice.randbytes(32) + bytes(8)
                          + dice.randbytes(80))
    curve = GREETING.replace(b"NULL\0", b"CURVE")
    starts = (b"", GREETING[:20], GREETING, curve, curve + hello[:60],
              curve + hello, curve + hello * 3, b"GET / HTTP/1.1\r\n\r\n",
              GREETING.replace(b"NULL\0", b"PLAIN") + command_frame(
                  b"HELLO", b"\x05admin\x05admin"), dice.randbytes(300))

    def attack():
        ends = []
        addresses = (siege.tcp.commands, *siege.tcp.feeds.values())
        for number in range(1000):
            end = connect_raw(addresses[number % len(addresses)])
            try:
                end.sendall(starts[number % len(starts)])
            except OSError:
                pass  # hung up on already
            ends.append(end)
        wait_until(lambda: open_files(siege.gateway) < files + 30,
                   "the gateway hanging up")
        for end in ends:
            end.close()
    siege.endure(attack)


def test_a_flood_of_connections_with_one_key(siege, holder):
    many = holder("many").register()
    files = open_files(siege.gateway)

    def attack():
        status = pb.Request(id="1", status={}).SerializeToString()
        count = 0
        for _ in for_seconds():
            ends = [many.connect(zmq.DEALER, siege.tcp.commands)
                    for _ in range(30)]
            for end in ends:
                end.send(status)
                end.send(status)
            assert hears(ends[0])
            count += len(ends)
            for end in ends:
                end.close()
        return count
    assert siege.endure(attack) >= 30
    wait_until(lambda: open_files(siege.gateway) < files + 30,
               "the gateway letting go of who left")


def test_one_key_on_many_connections_takes_no_place_of_another(siege, holder):
    """They hang up with their queues full, which libzmq may not survive."""
    greedy = holder("greedy").register()
    request = pb.Request(id="1", units=pb.UnitsRequest()).SerializeToString()

    def attack():
        ends = [greedy.connect(zmq.DEALER, siege.tcp.commands)
                for _ in range(200)]
        for _ in for_seconds():
            for end in ends:
                for _ in range(20):
                    end.send(request)
                empty(end)
        for end in ends:
            end.close()
    siege.endure(attack)


def test_a_subscriber_that_stands_still_costs_a_bounded_backlog(
        siege, holder):
    still = []
    for number in range(5):
        one = holder(f"still{number}").register()
        still.append(KeySubscriber(
            siege, one, ["gc1."], (siege.tcp.feeds["city"],
                                   siege.tcp.commands)))
        still[-1].start()
    seq = siege.gateway.do(status={}).seq
    wait_until(lambda: all(s.through() >= seq for s in still), "all there")
    for one in still:
        os.kill(one.process.pid, signal.SIGSTOP)
    grown = []
    for _ in range(4):
        for _ in range(4):
            siege.bring_in(count=5000)
        grown.append(rss_mb(siege.gateway))
    assert grown[-1] - grown[0] < SLACK_MB, grown
    siege.await_subscriber()
    siege.recovered = siege.subscriber.recovered()
    siege.endure(lambda: [None for _ in for_seconds(1)])
    for one in still:
        os.kill(one.process.pid, signal.SIGCONT)
    seq = siege.gateway.do(status={}).seq
    wait_until(lambda: all(s.through() >= seq for s in still),
               "those that stood still have it all")
    for one in still:
        seqs = sorted(seq for seq, _, _, _ in one.events())
        assert seqs == list(range(1, len(seqs) + 1))
        one.kill()


def test_one_key_replaying_everything_in_a_loop_holds_up_nobody(
        siege, holder):
    for _ in range(10):
        siege.bring_in(count=2000)
    siege.await_subscriber()
    siege.recovered = siege.subscriber.recovered()
    reader = holder("reader").register()
    request = pb.Request(id="all", replay=pb.ReplayRequest())

    def attack():
        ends = [reader.connect(zmq.DEALER, siege.tcp.commands)
                for _ in range(10)]
        got = 0
        for _ in for_seconds():
            for end in ends:
                end.send(request.SerializeToString())
            for end in ends:
                if not end.poll(500):
                    continue  # it waits for its turn
                reply = pb.Reply.FromString(end.recv())
                assert reply.error.code in (pb.ERROR_OK, pb.ERROR_BUSY)
                got += len(reply.replay.events)
        for end in ends:
            end.close()
        return got
    assert siege.endure(attack) > 0
