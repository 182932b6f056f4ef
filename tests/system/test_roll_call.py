# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole roll-call: real daemon, real RTP, real subscriber."""
import gridcall_pb2 as pb
import pytest
from place import PROMPTS, City, bring_up, wait_until


@pytest.fixture
def small(site, running):
    """One simplex channel of four units, imported."""
    site.add_channel("CH1")
    site.add_units("CH1", 4)
    return bring_up(site, running)


def states(report):
    return {u.unit.unit: u for u in report.units}


def test_every_unit_answers_and_every_answer_is_published(small, running):
    subscriber = small.subscribe("gc1.440106.").await_status()
    running.append(City(small.site))
    call = small.call()
    report = small.await_end(call)
    for unit in report.units:
        assert unit.state == pb.UNIT_ANSWERED, unit
        assert unit.grade == pb.GRADE_AGREES, unit
        assert unit.reply.headcount == unit.unit.expected
        assert unit.reply.via == "keypad"
        assert unit.reply.raw == f"{unit.unit.expected:02d}#"
    subscriber.await_seq(report.through_seq)
    replies = {e.reply.unit: e for e, _ in subscriber.events
               if e.WhichOneof("body") == "reply"}
    assert sorted(replies) == sorted(states(report))
    for event in replies.values():
        assert event.topic == "gc1.440106.440106530000.07.reply"
        assert event.reply.exercise
    assert report.summary.agrees == 4
    assert 0 < report.least_ms <= report.took_ms


def test_events_are_numbered_without_a_gap_per_seq_and_topic(small, running):
    subscriber = small.subscribe().await_status()
    running.append(City(small.site))
    report = small.await_end(small.call())
    subscriber.await_seq(report.through_seq)
    seqs = [event.seq for event, _ in subscriber.events]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    topics = {}
    for event, _ in subscriber.events:
        topics.setdefault(event.topic, []).append(event.topic_seq)
    for topic, numbers in topics.items():
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_silent_unit_is_asked_again_and_shown_as_silent(small, running):
    running.append(City(small.site, "CH1-02 = silent\n"))
    small.settings["silence-time"] = 1500
    report = small.await_end(small.call(silence_ms=1500))
    silent = states(report)["CH1-02"]
    assert silent.state == pb.UNIT_SILENT
    assert silent.round == 2
    assert report.summary.silent == 1 and report.summary.agrees == 3


def test_wrong_digits_hear_say_again_and_the_right_answer_stands(
        small, running):
    city = City(small.site, "CH1-03 = wrong_digits\n")
    running.append(city)
    report = small.await_end(small.call())
    unit = states(report)["CH1-03"]
    assert unit.state == pb.UNIT_ANSWERED and unit.grade == pb.GRADE_AGREES
    assert unit.reply.headcount == unit.unit.expected


def test_speech_only_is_heard_with_its_clip_at_hand(small, running):
    running.append(City(small.site, f"CH1-01 = speech={PROMPTS}/zh/spoken_answer.wav\n"))
    report = small.await_end(small.call(silence_ms=2500))
    unit = states(report)["CH1-01"]
    assert unit.state == pb.UNIT_HEARD
    assert unit.recording
    clip = small.do(recording=pb.RecordingRequest(recording=unit.recording))
    assert clip.type == "audio/wav" and clip.file[:4] == b"RIFF"
    assert len(clip.file) > 8000
    heard = small.subscribe()
    running.append(heard.socket)
    small.do(confirm=pb.ConfirmRequest(call=report.summary.call,
                                       unit="CH1-01", headcount=11,
                                       situation="0"))

    def settled():
        now = states(small.report(report.summary.call))["CH1-01"]
        return now.state == pb.UNIT_ANSWERED and now.reply.principal == "local"
    wait_until(settled, "the officer's word stands in the report")


def test_a_start_repeated_under_its_key_starts_once(small, running):
    running.append(City(small.site))
    spec = pb.PlanRequest(options=pb.CallOptions(
        kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN, exercise=True))
    first = small.do(idempotency_key="k1", start=pb.StartRequest(spec=spec))
    again = small.do(idempotency_key="k1", start=pb.StartRequest(spec=spec))
    assert again.call == first.call
    other = pb.PlanRequest(selector="number=01", options=spec.options)
    reply = small.ask(pb.Request(idempotency_key="k1",
                                 start=pb.StartRequest(spec=other)))
    assert reply.error.code == pb.ERROR_CONFLICT
    assert len(small.do(calls={}).calls) == 1


def test_cancel_ends_the_call_and_leaves_the_channel_unkeyed(small, running):
    call = small.call()
    wait_until(lambda: small.do(channels={}).channels[0].state
               == pb.CHANNEL_TRANSMITTING, "the announcement on the air")
    small.do(cancel=pb.HoldRequest(call=call, reason="enough"))
    assert small.await_end(call).summary.state == "cancelled"
    wait_until(lambda: small.do(channels={}).channels[0].state
               == pb.CHANNEL_IDLE, "an idle channel")


def test_pause_and_resume_go_on_where_the_call_stopped(small, running):
    running.append(City(small.site))
    call = small.call()
    subscriber = small.subscribe().await_status()
    subscriber.await_event(lambda e: e.WhichOneof("body") == "reply",
                           "a first reply")
    small.do(pause=pb.HoldRequest(call=call, reason="listen"))
    wait_until(lambda: small.report(call).summary.state == "paused",
               "the call paused")
    small.do(resume=pb.HoldRequest(call=call))
    report = small.await_end(call)
    assert report.summary.agrees == 4


def test_a_plan_tells_reach_airtime_and_finish_before_anything_is_sent(small):
    plan = small.do(plan=pb.PlanRequest(options=pb.CallOptions(
        kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN, exercise=True)))
    assert plan.reach == 4 and plan.units == 4
    assert plan.channels[0].channel == "CH1"
    assert 4000 < plan.airtime_ms < 60000
    assert plan.finish_at_us > 0
    assert not small.do(calls={}).calls


def test_an_alarm_holds_the_channel_until_an_officer_releases_it(
        small, running):
    subscriber = small.subscribe("gc1.").await_status()
    running.append(City(small.site, "CH1-02 = alarm=110\n"))
    call = small.call()
    alarm = subscriber.await_event(
        lambda e: e.WhichOneof("body") == "alarm", "an alarm")
    assert alarm.alarm.kind == "police" and alarm.alarm.channel == "CH1"
    assert alarm.topic.endswith(".alarm")
    wait_until(lambda: small.report(call).summary.state == "held",
               "the call held")
    small.do(release=pb.ReleaseRequest(channel="CH1"))
    small.await_end(call)
