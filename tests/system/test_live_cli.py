# SPDX-License-Identifier: GPL-3.0-or-later
"""gridcall listen and gridcall talk, as an officer types them."""
import json
import signal
import subprocess
import time
import wave

import pytest
from place import BUILD, bring_up, wait_until
from sound import FRAME, Radio, pitch, tone


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_channel("CH2")
    site.add_units("CH1", 1)
    return bring_up(site, running, (
        f"feed all ipc://{site.folder}/feed.sock gc1. voice",))


@pytest.fixture
def radio(site, gateway, running):
    radio = Radio(site.channels[0])
    running.append(radio)
    return radio


def start(gateway, *arguments):
    return subprocess.Popen(
        [BUILD / "gridcall", "--commands", gateway.commands, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)


def listen(gateway, *arguments):
    """Started, and what is heard from now on reaches it."""
    process = start(gateway, "listen", *arguments)
    wait_until(lambda: "leases" in gateway.vty("show voice")
               and "0 leases" not in gateway.vty("show voice"), "a lease")
    return process


def write_tone(path, hz, seconds):
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(tone(hz, 0, 16000 * seconds, 16000))
    return path


def decode(path):
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", path, "-f",
         "s16le", "-ac", "1", "-ar", "8000", "-"],
        capture_output=True, check=True, timeout=60).stdout


def hear_one(gateway, radio, process):
    """Speak until it has heard an over: its feed may connect late."""
    def spoken():
        radio.speak(700, 50, lost=(20,))
        try:
            return process.wait(1) is not None
        except subprocess.TimeoutExpired:
            return False
    wait_until(spoken, "an over at gridcall listen")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    return out


def test_listen_shows_each_over_and_writes_its_sound(gateway, radio):
    path = gateway.folder / "heard.opus"
    process = listen(gateway, "CH1", "--out", path, "--count", "1")
    line = hear_one(gateway, radio, process).splitlines()[-1]
    assert "CH1" in line and "1.0 s" in line and "lost 20 ms" in line
    level = float(line.split("level")[1].split()[0])
    assert -16 < level < -9, line  # 9000 of 32768, beside a full sine
    pcm = decode(path)
    assert abs(pitch(pcm[8000:15000]) - 700) < 10
    wait_until(lambda: "0 leases" in gateway.vty("show voice"),
               "the lease given back", 5)


def test_listen_prints_messages_for_other_programs(gateway, radio):
    process = listen(gateway, "CH1", "--json", "--count", "1")
    lines = [json.loads(line) for line in
             hear_one(gateway, radio, process).splitlines()]
    assert lines[-1]["ended"] and lines[-1]["channel"] == "CH1"
    assert sum(len(line.get("packets", [])) for line in lines) >= 50


def test_listen_says_what_it_may_not_hear(gateway):
    status, _, err = gateway.gridcall("listen", "NO")
    assert status == 3 and "no channel 'NO'" in err
    status, _, err = gateway.gridcall("listen", "CH1", "CH2", "--out", "x")
    assert status == 2 and "--out" in err


def test_talk_sends_a_file_and_shows_each_channel(gateway, radio):
    path = write_tone(gateway.folder / "tone.wav", 700, 2)
    began = time.monotonic()
    status, out, err = gateway.gridcall("talk", "--channel", "CH1,CH2", path)
    assert status == 0, err
    assert time.monotonic() - began >= 2  # its own pace
    for code in "CH1", "CH2":
        told = [line.split(None, 1)[1] for line in out.splitlines()
                if line.startswith(code)]
        assert told[-2:] == ["on the air", "ended: all was sent"], out
    radio.take()
    assert radio.keyings() == 1
    assert 98 <= len(radio.tone_frames(700)) <= 102


def test_talk_by_selector(gateway, radio):
    path = write_tone(gateway.folder / "tone.wav", 700, 1)
    status, out, err = gateway.gridcall("talk", "--select", "number=01", path)
    assert status == 0, err
    assert "CH1" in out and "CH2" not in out


def test_an_interrupt_lets_go_of_the_key(gateway, radio):
    path = write_tone(gateway.folder / "tone.wav", 700, 20)
    process = start(gateway, "talk", "--channel", "CH1", path)
    wait_until(lambda: radio.take(0.05) or len(radio.heard) > 50, "a talk")
    process.send_signal(signal.SIGINT)
    at = time.time()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "ended: all was sent" in out
    radio.take(0.3)
    print(f"unkeyed {radio.heard[-1][0] - at:.3f} s after Ctrl-C")
    assert radio.keyings() == 1
    assert len(radio.heard) * FRAME < 8000 * 10


def test_talk_says_what_is_wrong(gateway):
    path = write_tone(gateway.folder / "tone.wav", 700, 1)
    status, _, err = gateway.gridcall("talk", path)
    assert status == 2 and "--channel" in err
    status, _, err = gateway.gridcall("talk", "--channel", "NO", path)
    assert status == 3 and "no channel 'NO'" in err
    status, _, err = gateway.gridcall("talk", "--channel", "CH1",
                                      gateway.config)
    assert status == 2 and "gridcalld.cfg" in err
    status, _, err = gateway.gridcall("talk", "--channel", ",", path)
    assert status in (2, 3) and err


def test_a_channel_that_is_down_is_told(gateway, radio, site):
    channels = (site.folder / "channels.csv").read_text()
    bad = channels.replace("codec=pcma", "codec=none", 1)
    path = write_tone(gateway.folder / "tone.wav", 700, 1)
    (site.folder / "bad.csv").write_text(bad)
    assert gateway.gridcall("import", "--channels",
                            site.folder / "bad.csv")[0] == 0
    status, out, _ = gateway.gridcall("talk", "--channel", "CH1,CH2", path)
    assert status == 1
    assert "CH1        ended: the radio is down" in out
    assert "CH2        ended: all was sent" in out
