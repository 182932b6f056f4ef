# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands, their keys and rights; starting, stopping and being watched."""
import resource
import shutil
import socket

import gridcall_pb2 as pb
import pytest
import zmq
from place import AREA, BUILD, CHANNEL_COLUMNS, UNIT_COLUMNS, Gateway, \
    bring_up, wait_until

RECORDING = "20260101/CH1/20260101T000000.000000Z.wav"


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 3)
    return bring_up(site, running)


def table(columns, rows):
    """A file for an import, without the folder that a Site makes."""
    lines = [",".join(columns)]
    for row in rows:
        lines.append(",".join(str(row.get(key, "")) for key in columns))
    return "\n".join(lines).encode()


def channel(code, grid):
    home = ".".join((*AREA[:2], grid))
    return {"code": code, "name": code, "home": home, "grids": home,
            "driver": "none", "address": "x=1", "kind": "simplex",
            "lead_ms": 60, "hang_ms": 0, "tail_ms": 20, "tx_limit_s": 30,
            "over_limit_s": 20, "signalling": "dtmf"}


def unit(code, on, grid, number):
    return {"code": code, "name": code, "category": "GZ:A",
            "district": AREA[0], "station": AREA[1], "grid": grid,
            "channel": on, "number": f"{number:02d}", "answers_by": "keypad",
            "strength": 5}


def add_recording(gateway, name=RECORDING, data=b"RIFF audio"):
    path = gateway.folder / "recordings" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def hear(name, key=""):
    return pb.Request(idempotency_key=key,
                      recording=pb.RecordingRequest(recording=name))


# ---- commands ----

def test_every_recording_heard_is_an_event(gateway):
    add_recording(gateway)
    subscriber = gateway.subscribe("gc1.").await_status()
    assert gateway.ask(hear(RECORDING)).recording.file == b"RIFF audio"
    event = subscriber.await_event(
        lambda e: e.audit.command == "recording", "the hearing's event")
    assert event.audit.subject == RECORDING
    assert event.audit.principal == "local"
    assert event.topic.endswith(".07.over")


@pytest.mark.parametrize("name", [
    "./" + RECORDING, RECORDING.replace("/", "//", 1), "/" + RECORDING,
    RECORDING.replace("/CH1/", "/./CH1/"), "20260101/../ledger.db",
    "20260101/CH1", "x/" + RECORDING, RECORDING + "/", "", "a" * 500])
def test_a_recording_has_one_name_and_no_other(gateway, name):
    add_recording(gateway)
    reply = gateway.ask(hear(name))
    assert reply.error.code == pb.ERROR_BAD_ARGUMENT, reply


def test_a_recording_that_is_gone_says_what_to_do(gateway):
    reply = gateway.ask(hear(RECORDING))
    assert reply.error.code == pb.ERROR_NOT_FOUND
    assert "ask again" in reply.error.sentence


def test_a_recording_heard_again_under_its_key_is_the_same(gateway):
    other = RECORDING.replace("000000Z", "000001Z")
    add_recording(gateway)
    add_recording(gateway, other)
    for _ in range(2):
        assert gateway.ask(hear(RECORDING, "k")).recording.file
    reply = gateway.ask(hear(other, "k"))
    assert reply.error.code == pb.ERROR_CONFLICT


def test_a_replay_without_prefixes_tells_every_topic(gateway):
    every = gateway.do(replay=pb.ReplayRequest())
    named = gateway.do(replay=pb.ReplayRequest(prefixes=["gc1."]))
    assert every.topics and every.topics == named.topics


def test_a_replay_that_selects_little_gets_all_of_it(gateway):
    grids = [f"{n:04d}" for n in range(1100)]
    done = gateway.do(120, **{"import": pb.ImportRequest(
        channels_csv=table(CHANNEL_COLUMNS, [
            channel(f"C{g}", g) for g in grids] + [channel("CH1", "07")]),
        units_csv=table(UNIT_COLUMNS, [
            unit(f"U{g}-{n}", f"C{g}", g, n)
            for g in grids for n in range(1, 96)]))})
    assert done.done, done.faults[:3]
    prefixes = [f"gc1.{AREA[0]}.{AREA[1]}.1099."]
    events, after, more = 0, 0, True
    while more:
        page = gateway.do(replay=pb.ReplayRequest(
            prefixes=prefixes, after_seq=after))
        assert page.through_seq > after
        events += len(page.events)
        after, more = page.through_seq, page.more
    # Its units and its channel.
    assert events == 96 and page.topics


def test_a_status_names_every_topic_that_changed(gateway):
    subscriber = gateway.subscribe().await_status()
    grids = [f"{n:04d}" for n in range(5000)]
    channels = [f"C{n:02d}" for n in range(60)]
    done = gateway.do(60, **{"import": pb.ImportRequest(
        channels_csv=table(CHANNEL_COLUMNS, [
            channel(c, "07") for c in channels]),
        units_csv=table(UNIT_COLUMNS, [
            unit(f"U{g}", channels[n % 60], g, n // 60 + 1)
            for n, g in enumerate(grids)]))})
    assert done.done, done.faults[:3]

    def told():
        subscriber.take(0.1)
        status = pb.Status()
        status.ParseFromString([payload for topic, payload
                                in subscriber.volatile
                                if topic.endswith(".status")][-1])
        return len({tail.topic for tail in status.topics}) >= 5000
    wait_until(told, "5000 topics in one status", 20)


def test_what_is_typed_is_not_in_force_before_the_next_start(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 1)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    gateway.config.write_text("enable password secret\n"
                              + gateway.config.read_text())
    gateway.start()
    gateway.bring_in()
    add_recording(gateway)
    text = gateway.vty("enable", "secret", "configure terminal", "gateway",
                       "id GC2", "ledger /nowhere", "recordings /nowhere",
                       "prompts /nowhere", "announcements /nowhere",
                       "language en", "no recordings", "end",
                       "show settings", "show ledger")
    assert text.count("after the next start") == 7
    assert " id GC2" in text and f"{gateway.folder}/ledger.db" in text
    assert gateway.do(status={}).gateway == "GC1"
    assert gateway.ask(hear(RECORDING)).recording.file
    # Looks at the folders again, on another thread.
    gateway.do(plan=pb.PlanRequest(options=pb.CallOptions(
        kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN)))


def test_the_running_configuration_is_read_back_as_it_was(site, running):
    gateway = Gateway(site, **{"late-answers": 86400, "busy-time": 600,
                               "yield every": "1000 for 60000",
                               "always-cue": "", "language": "en"})
    running.append(gateway)
    gateway.config.write_text("enable password secret\n"
                              + gateway.config.read_text())
    gateway.start()

    def settings():
        text = gateway.vty("enable", "secret", "show running-config")
        lines = text.replace("\r", "").split("\n")
        first = next(i for i, line in enumerate(lines)
                     if line.startswith("Current configuration")) + 1
        last = lines.index("end-of-configuration")
        return lines[first:last + 1]
    before = settings()
    gateway.stop()
    gateway.config.write_text("\n".join(before) + "\n")
    gateway.start()
    assert settings() == before
    for line in (" late-answers 86400", " busy-time 600", " always-cue",
                 " yield every 1000 for 60000"):
        assert line in before


def test_a_plugin_and_its_option_can_be_taken_away(site, running):
    gateway = Gateway(site)
    running.append(gateway)
    gateway.config.write_text("enable password secret\n"
                              + gateway.config.read_text())
    gateway.start()
    text = gateway.vty("enable", "secret", "configure terminal",
                       "plugin zeromq", "no option feed", "no option feed",
                       "exit", "no plugin rtp", "no plugin rtp", "end",
                       "show settings")
    assert "has no option 'feed'" in text
    assert "no plugin 'rtp' is configured" in text
    shown = text[text.rindex("show settings"):]
    assert "option commands" in shown and "option feed" not in shown
    assert "plugin rtp" not in shown


def test_an_option_is_told_from_another_by_its_first_word(site, running):
    gateway = Gateway(site)
    running.append(gateway)
    gateway.config.write_text("enable password secret\n"
                              + gateway.config.read_text())
    gateway.start()
    text = gateway.vty("enable", "secret", "configure terminal",
                       "plugin zeromq", "option feed a ipc:///a gc1.",
                       "option feed b ipc:///b gc1.", "no option feed b",
                       "option feed a ipc:///c gc1.440106.",
                       "no option feed b", "end", "show running-config")
    assert "has no option 'feed b'" in text
    shown = text[text.rindex("show running-config"):]
    assert f" option feed all {gateway.feed} gc1." in shown
    assert " option feed a ipc:///c gc1.440106." in shown
    assert "ipc:///a" not in shown and "ipc:///b" not in shown


# ---- start ----

def refused(gateway):
    """What a gateway says that does not start."""
    gateway.launch()
    assert gateway.process.wait(30) == 1
    gateway.process = None
    return gateway.read_log()


def test_a_vty_that_others_could_reach_is_refused(site, running):
    gateway = Gateway(site)
    running.append(gateway)
    text = gateway.config.read_text()
    gateway.config.write_text(text.replace("bind 127.0.0.1", "bind 0.0.0.0"))
    assert 'write "bind 127.0.0.1"' in refused(gateway)
    assert not (gateway.folder / "ledger.db").exists()


def test_a_taken_vty_port_is_told_before_anything_is_sent(site, running):
    gateway = Gateway(site)
    running.append(gateway)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", gateway.vty_port))
        taken.listen()
        log = refused(gateway)
    assert f"port {gateway.vty_port}: another program has it" in log
    assert not (gateway.folder / "commands.sock").exists()


def test_a_second_start_names_the_process_that_runs(gateway):
    second = Gateway(gateway.site)
    second.config.write_text(second.config.read_text().replace(
        str(second.vty_port), str(gateway.vty_port)))
    assert f"in use by process {gateway.process.pid}" in refused(second)
    assert gateway.do(status={}).ledger == "ok"


def test_a_plugin_in_a_file_of_another_name_is_refused(site, running):
    folder = site.folder / "plugins"
    folder.mkdir()
    shutil.copy(BUILD / "plugins/zeromq.so", folder / "other.so")
    gateway = Gateway(site)
    running.append(gateway)
    text = gateway.config.read_text()
    text = text.replace(f"{BUILD}/plugins", str(folder))
    text = text.replace("plugin rtp\nplugin zeromq", "plugin other")
    gateway.config.write_text(text)
    assert 'write "plugin zeromq"' in refused(gateway)


def test_a_test_touches_nothing(site, running):
    gateway = Gateway(site)
    before = sorted(path.name for path in site.folder.iterdir())
    gateway.launch("--test")
    running.append(gateway)
    assert gateway.process.wait(30) == 0
    after = sorted(path.name for path in site.folder.iterdir()
                   if not path.name.startswith(("notify.", "gridcalld.log")))
    assert after == before
    assert "in order" in gateway.read_log()


# ---- being watched ----

def test_a_short_watchdog_is_fed_and_no_thread_is_suspected(site, running):
    gateway = Gateway(site)
    running.append(gateway)
    gateway.launch(env={"WATCHDOG_USEC": "60000"})
    fed = "WATCHDOG=1"
    wait_until(lambda: gateway.notify.take(0.1) and
               gateway.notify.told.count(fed) >= 100, "100 signs of life")
    assert "no progress" not in gateway.read_log()
    text = gateway.vty("show gateway")
    assert "no progress" not in text


def test_a_long_watchdog_is_fed_each_second(site, running):
    gateway = Gateway(site)
    running.append(gateway)
    gateway.launch(env={"WATCHDOG_USEC": "10000000"})
    wait_until(lambda: gateway.notify.take(0.1) and
               gateway.notify.told.count("WATCHDOG=1") >= 3,
               "3 signs of life")


# ---- stop ----

def test_an_import_on_its_way_at_the_stop_is_in_force_after_it(gateway):
    size = (gateway.folder / "ledger.db-wal").stat().st_size
    limit = (size, resource.RLIM_INFINITY)
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, limit)
    with gateway.context.socket(zmq.DEALER) as dealer:
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.connect(gateway.commands)
        request = pb.Request(id="i", idempotency_key="k", **{
            "import": pb.ImportRequest(
                channels_csv=table(CHANNEL_COLUMNS, [channel("CH2", "07")]),
                units_csv=table(UNIT_COLUMNS, [unit("U", "CH2", "07", 1)]))})
        dealer.send(request.SerializeToString())
        wait_until(lambda: gateway.do(status={}).ledger != "ok",
                   "the ledger's trouble")
        limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, limit)
        gateway.stop()
        assert dealer.poll(10000), "no reply to the import"
        reply = pb.Reply()
        reply.ParseFromString(dealer.recv())
        assert getattr(reply, "import").done
    gateway.start()
    assert [u.code for u in gateway.do(units={}).units] == ["U"]


@pytest.mark.parametrize("after", range(6))
def test_requests_that_meet_the_stop_do_not_break_it(gateway, after):
    add_recording(gateway)
    spec = pb.PlanRequest(options=pb.CallOptions(
        kind=pb.KIND_ROLL_CALL, mode=pb.MODE_TURN, exercise=True))
    bodies = [{"start": pb.StartRequest(spec=spec)}, {"units": {}},
              {"replay": pb.ReplayRequest()},
              {"recording": pb.RecordingRequest(recording=RECORDING)},
              {"import": pb.ImportRequest(channels_csv=table(
                  CHANNEL_COLUMNS, [channel("CH1", "07")]))}]
    with gateway.context.socket(zmq.DEALER) as dealer:
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.connect(gateway.commands)
        for n in range(40):
            dealer.send(pb.Request(
                id=str(n), idempotency_key=f"k{n}",
                **bodies[n % len(bodies)]).SerializeToString())
        for _ in range(2 * after):
            assert dealer.poll(10000)
            dealer.recv()
        gateway.stop()
    assert "is lost" not in gateway.read_log()
