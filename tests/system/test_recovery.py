# SPDX-License-Identifier: GPL-3.0-or-later
"""What lasts: restarts, restores, subscribers that were away."""
import shutil

import gridcall_pb2 as pb
import pytest
from place import City, Gateway, wait_until


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 5)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    gateway.start()
    gateway.bring_in()
    return gateway


def replay(gateway, after=0, epoch="", prefixes=()):
    """Everything after a seq, as many replies as it takes."""
    events = []
    while True:
        reply = gateway.do(replay=pb.ReplayRequest(
            epoch=epoch, after_seq=after, prefixes=prefixes, limit=50))
        events += reply.events
        after = reply.through_seq
        if not reply.more:
            return events, reply


def test_a_killed_gateway_finishes_the_roll_call_and_loses_no_answer(
        gateway, running):
    subscriber = gateway.subscribe().await_status()
    running.append(City(gateway.site))
    call = gateway.call()
    subscriber.await_event(
        lambda e: e.WhichOneof("body") == "reply"
        and e.reply.unit == "CH1-02", "the second unit's reply")
    gateway.kill()
    subscriber.take(0.1)
    published = {event.seq: payload for event, payload in subscriber.events}
    gateway.start()
    report = gateway.await_end(call)
    assert report.summary.agrees == 5, report
    events, reply = replay(gateway)
    held = {}
    for payload in events:
        event = pb.Event()
        event.ParseFromString(payload)
        held[event.seq] = payload
    assert sorted(held) == list(range(1, reply.through_seq + 1))
    for seq, payload in published.items():
        assert held[seq] == payload, f"event {seq} was told and changed"


def test_a_subscriber_that_was_away_gets_exactly_what_it_missed(
        gateway, running):
    subscriber = gateway.subscribe("gc1.").await_status()
    running.append(City(gateway.site))
    call = gateway.call()
    subscriber.await_event(lambda e: e.WhichOneof("body") == "reply",
                           "a first reply")
    subscriber.take(0.1)
    subscriber.socket.close()
    last = subscriber.events[-1][0]
    report = gateway.await_end(call)
    missed, reply = replay(gateway, last.seq, last.epoch, ["gc1."])
    seqs = []
    for payload in missed:
        event = pb.Event()
        event.ParseFromString(payload)
        seqs.append(event.seq)
    assert seqs == list(range(last.seq + 1, reply.through_seq + 1))
    assert reply.through_seq >= report.through_seq
    tails = {tail.topic: tail.topic_seq for tail in reply.topics}
    assert tails[last.topic] >= last.topic_seq


def test_a_restored_ledger_is_told_apart_by_its_epoch(gateway, running):
    before = gateway.do(status={})
    gateway.stop()
    shutil.copy(gateway.folder / "ledger.db", gateway.folder / "backup.db")
    gateway.start()
    assert gateway.do(status={}).epoch == before.epoch
    running.append(City(gateway.site))
    gateway.await_end(gateway.call())
    gateway.stop()
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (gateway.folder / name).unlink(missing_ok=True)
    shutil.copy(gateway.folder / "backup.db", gateway.folder / "ledger.db")
    gateway.start()
    after = gateway.do(status={})
    assert after.epoch != before.epoch
    reply = gateway.ask(pb.Request(replay=pb.ReplayRequest(
        epoch=before.epoch, after_seq=1)))
    assert reply.error.code == pb.ERROR_NEED_SNAPSHOT


def test_a_second_daemon_on_the_same_ledger_is_refused(gateway, site):
    second = Gateway(site)
    second.commands = f"ipc://{site.folder}/other.sock"
    second.feed = f"ipc://{site.folder}/otherfeed.sock"
    second.write_config()
    second.launch()
    assert second.process.wait(30) != 0
    assert f"in use by process {gateway.process.pid}" in second.read_log()
    assert gateway.do(status={}).ledger == "ok"


def test_a_full_disk_pauses_the_call_and_loses_nothing(gateway, running):
    import resource
    subscriber = gateway.subscribe().await_status()
    running.append(City(gateway.site))
    call = gateway.call()
    subscriber.await_event(lambda e: e.WhichOneof("body") == "reply",
                           "a first reply")
    size = (gateway.folder / "ledger.db-wal").stat().st_size
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                     (size, resource.RLIM_INFINITY))
    wait_until(lambda: gateway.do(status={}).ledger != "ok",
               "the ledger's trouble in the status")
    wait_until(lambda: gateway.do(channels={}).channels[0].state
               != pb.CHANNEL_TRANSMITTING, "an unkeyed channel")
    reply = gateway.ask(pb.Request(start=pb.StartRequest(
        spec=pb.PlanRequest(options=pb.CallOptions(
            kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN)))))
    assert reply.error.code == pb.ERROR_UNAVAILABLE
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: gateway.do(status={}).ledger == "ok",
               "the ledger writing again")
    report = gateway.await_end(call)
    assert report.summary.agrees == 5
    _, reply = replay(gateway)
    subscriber.await_seq(reply.through_seq)
    seqs = [event.seq for event, _ in subscriber.events]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_a_clean_stop_in_mid_call_goes_on_at_the_next_start(
        gateway, running):
    subscriber = gateway.subscribe().await_status()
    running.append(City(gateway.site))
    call = gateway.call()
    subscriber.await_event(
        lambda e: e.WhichOneof("body") == "reply"
        and e.reply.unit == "CH1-02", "the second unit's reply")
    gateway.stop()
    gateway.start()
    report = gateway.await_end(call)
    assert report.summary.agrees == 5, report
    events = [pb.Event.FromString(payload) for payload in replay(gateway)[0]]
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert not [e for e in events
                if e.call.turn.state == pb.UNIT_UNREACHABLE]


def test_an_over_cut_by_the_stop_is_recorded(gateway, running):
    subscriber = gateway.subscribe().await_status()
    running.append(City(gateway.site, "CH1-01 = stuck\n"))
    call = gateway.call()
    subscriber.await_turn("CH1-01")
    wait_until(lambda: gateway.do(channels={}).channels[0].state
               == pb.CHANNEL_RECEIVING, "the over that never ends")
    gateway.stop()
    running[-1].close()
    running.append(City(gateway.site))
    gateway.start()
    events = [pb.Event.FromString(payload) for payload in replay(gateway)[0]]
    overs = [e.over for e in events if e.WhichOneof("body") == "over"]
    assert [over.ended for over in overs][:1] == ["closed"], overs
    assert gateway.await_end(call).summary.agrees == 5


def test_an_alarm_reaches_the_feed_though_the_disk_is_full(gateway, running):
    import resource
    subscriber = gateway.subscribe("gc1.").await_status()
    running.append(City(gateway.site, "CH1-05 = alarm=110 alarm_at=3\n"))
    gateway.call()
    wait_until(lambda: gateway.do(channels={}).channels[0].state
               == pb.CHANNEL_TRANSMITTING, "the announcement on the air")
    size = (gateway.folder / "ledger.db-wal").stat().st_size
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                     (size, resource.RLIM_INFINITY))
    told = subscriber.await_event(
        lambda e: e.WhichOneof("body") == "alarm", "the alarm, at once")
    assert told.seq == 0 and told.topic_seq == 0
    assert told.alarm.kind == "police"
    assert gateway.do(status={}).ledger != "ok"
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    recorded = subscriber.await_event(
        lambda e: e.WhichOneof("body") == "alarm" and e.seq,
        "the alarm, recorded")
    assert recorded.alarm == told.alarm and recorded.topic == told.topic
