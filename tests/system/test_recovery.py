# SPDX-License-Identifier: GPL-3.0-or-later
"""What lasts: restarts, restores, subscribers that were away."""
import shutil
import sqlite3
import threading

import gridcall_pb2 as pb
import pytest
import zmq
from place import City, Gateway, bring_up, wait_until


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 5)
    return bring_up(site, running)


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


def refused(gateway, **replay):
    reply = gateway.ask(pb.Request(replay=pb.ReplayRequest(**replay)))
    assert reply.HasField("error"), reply
    return reply.error


def test_every_refusal_of_a_replay_says_why(gateway):
    status = gateway.do(status={})
    error = refused(gateway, epoch="0123456789abcdef")
    assert error.code == pb.ERROR_NEED_SNAPSHOT
    assert status.epoch in error.sentence
    error = refused(gateway, after_seq=status.seq + 1)
    assert error.code == pb.ERROR_NEED_SNAPSHOT
    assert f"seq {status.seq} only" in error.sentence
    for prefix in ("gc1", "gc1.440106", "gc1.44.", "x.", "gc1.440106.1.2.x"):
        error = refused(gateway, prefixes=["gc1.440106.", prefix])
        assert error.code == pb.ERROR_BAD_ARGUMENT
        assert f"'{prefix}'" in error.sentence
    error = refused(gateway, prefixes=["gc1."] * 8193)
    assert error.code == pb.ERROR_BAD_ARGUMENT
    assert "8192" in error.sentence


def test_a_replay_of_1700_grids_has_every_one_and_no_other(gateway):
    units = [pb.Unit(code=f"U{n}", district="440103", station="1",
                     grid=f"{n}") for n in range(2000)]
    gateway.stop()
    with sqlite3.connect(gateway.folder / "ledger.db") as ledger:
        ledger.executemany(
            "REPLACE INTO unit VALUES(?,?)",
            [(unit.code, unit.SerializeToString()) for unit in units])
    ledger.close()
    gateway.start()
    # Each of them is taken away: an event on its grid.
    done = gateway.do(**{"import": pb.ImportRequest(
        units_csv=(gateway.folder / "units.csv").read_bytes(),
        channels_csv=(gateway.folder / "channels.csv").read_bytes())})
    assert done.removed == 2000
    grids = [f"gc1.440103.1.{n}." for n in range(1700)]
    events, reply = replay(gateway, prefixes=grids)
    codes = {pb.Event.FromString(e).unit.unit.code for e in events}
    assert codes == {f"U{n}" for n in range(1700)}
    assert len(events) == 1700
    assert {t.topic for t in reply.topics} == {g + "unit" for g in grids}


def age(gateway, days, upto):
    with sqlite3.connect(gateway.folder / "ledger.db") as ledger:
        ledger.execute(
            "UPDATE event SET time_us = time_us - ? * 86400000000"
            " WHERE (id & 1099511627775) <= ?", (days, upto))
    ledger.close()


def test_who_was_away_for_too_long_is_told_to_take_a_snapshot(
        gateway, running):
    running.append(City(gateway.site))
    report = gateway.await_end(gateway.call())
    status = gateway.do(status={})
    upto = status.seq
    gateway.stop()
    age(gateway, 40, upto)
    gateway.settings["ledger-keep"] = 30
    gateway.write_config()
    gateway.start()
    error = wait_until(
        lambda: gateway.ask(pb.Request(replay={})).error.sentence,
        "old events taken away")
    assert f"before seq {upto} are no longer kept" in error
    assert refused(gateway, after_seq=upto - 2).code \
        == pb.ERROR_NEED_SNAPSHOT
    page = gateway.do(replay=pb.ReplayRequest(after_seq=upto - 1))
    assert page.first_seq == upto and len(page.events) == 1
    snapshot = gateway.do(snapshot={})
    assert snapshot.through_seq == upto and len(snapshot.units) == 5
    tails = {t.topic: t.topic_seq for t in snapshot.topics}
    assert len(tails) >= 3, "the tails of what is gone stay"
    # The command line's subscriber goes on with what comes.
    call = gateway.call()
    status, out, err = gateway.gridcall(
        "subscribe", "--after", "1", "--epoch", snapshot.epoch, "--count",
        "3")
    assert status == 0 and "gone" in err, (status, out, err)
    second = gateway.await_end(call)
    assert second.summary.agrees == report.summary.agrees == 5
    events, _ = replay(gateway, after=upto)
    seqs = [pb.Event.FromString(payload).seq for payload in events]
    assert seqs == list(range(upto + 1, upto + 1 + len(seqs)))


class Looper(threading.Thread):
    """Replays the whole history in a loop, as fast as it is let."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.events = self.rounds = self.busy = 0
        self.others = []
        self.done = threading.Event()

    def run(self):
        after = 0
        with self.gateway.context.socket(zmq.DEALER) as dealer:
            dealer.setsockopt(zmq.LINGER, 0)
            dealer.connect(self.gateway.commands)
            while not self.done.is_set():
                dealer.send(pb.Request(id="loop", replay=pb.ReplayRequest(
                    after_seq=after)).SerializeToString())
                if not dealer.poll(20000):
                    self.others.append("no reply")
                    return
                reply = pb.Reply.FromString(dealer.recv())
                if reply.error.code == pb.ERROR_BUSY:
                    self.busy += 1
                    continue
                if reply.HasField("error"):
                    self.others.append(reply.error.sentence)
                    return
                self.events += len(reply.replay.events)
                after = reply.replay.through_seq
                if not reply.replay.more:
                    after, self.rounds = 0, self.rounds + 1


def grow(gateway, count):
    """A long history: numbers of one topic that nobody calls on."""
    status = gateway.do(status={})
    gateway.stop()
    topic = "gc1.440117.440117000000.99.unit"
    with sqlite3.connect(gateway.folder / "ledger.db") as ledger:
        (base,) = ledger.execute("SELECT max(id) FROM event").fetchone()
        (tail,) = ledger.execute("SELECT max(id) + 1 FROM tail").fetchone()
        ledger.execute("INSERT INTO tail VALUES(?,?,?)", (tail, topic, count))
        ledger.executemany(
            "INSERT INTO event VALUES(?,?,?,?,'',?)",
            ((base + n, tail, n, status.time_us, pb.Event(
                epoch=status.epoch, seq=status.seq + n, gateway="GC1",
                time_us=status.time_us, topic=topic, topic_seq=n,
                unit=pb.UnitEvent(unit=pb.Unit(code="U", name="X" * 100)))
              .SerializeToString()) for n in range(1, count + 1)))
    ledger.close()
    gateway.start()


def test_ten_clients_in_a_loop_keep_no_event_and_no_answer_up(
        gateway, running):
    grow(gateway, 100000)
    subscriber = gateway.subscribe("gc1.").await_status()
    loopers = [Looper(gateway) for _ in range(10)]
    for looper in loopers:
        looper.start()
    running.append(City(gateway.site))
    wal = gateway.folder / "ledger.db-wal"
    longest = 0

    def ended(call):
        nonlocal longest
        longest = max(longest, wal.stat().st_size)
        report = gateway.report(call)
        return report.summary.state == "ended" and report
    for _ in range(3):
        call = gateway.call()
        report = wait_until(lambda: ended(call), "the end of the call", 120)
        assert report.summary.agrees == 5, report
    wait_until(lambda: all(looper.rounds for looper in loopers)
               or any(looper.others for looper in loopers),
               "every client has had the whole history", 120)
    for looper in loopers:
        looper.done.set()
    for looper in loopers:
        looper.join(30)
        assert not looper.others
    assert longest < 64 << 20
    last = gateway.do(status={}).seq
    subscriber.await_seq(last)
    seqs = [event.seq for event, _ in subscriber.events]
    assert seqs == list(range(last - len(seqs) + 1, last + 1))
