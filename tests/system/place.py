# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole site in a private folder: a gateway, its directory, its handhelds.

Everything is real: the daemon, its sockets, its ledger, the handhelds' RTP.
Nothing here sleeps; whatever is awaited has a deadline and says what was
missing.
"""
import csv
import json
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import time

import gridcall_pb2 as pb
import zmq

ROOT = pathlib.Path(os.environ["GRIDCALL_ROOT"])
BUILD = pathlib.Path(os.environ["GRIDCALL_BUILD"])
PROMPTS = ROOT / "build/prompts"

AREA = ("440106", "440106530000", "07")
WAIT_S = 30

UNIT_COLUMNS = ("code name spoken aliases category district station grid zone "
                "channel number radio_ids answers_by strength duty phone lon "
                "lat crs cameras tags").split()
CHANNEL_COLUMNS = ("code name home grids driver address kind lead_ms hang_ms "
                   "tail_ms tx_limit_s over_limit_s signalling").split()


def wait_until(true, what, limit_s=WAIT_S):
    """Ask again and again, without a fixed sleep between signs of life."""
    end = time.monotonic() + limit_s
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s} s: {what}")
        select.select([], [], [], 0.01)


class Ports:
    """UDP and TCP ports that nobody uses.

    Below those that the kernel hands out, and from a place of this process's
    own, since several runs go on at once and a port is bound only later.
    """
    LOW, HIGH = 10000, 32000

    def __init__(self):
        self.next = random.SystemRandom().randrange(self.LOW, self.HIGH)

    def take(self):
        while True:
            self.next += 1
            if self.next >= self.HIGH:
                self.next = self.LOW
            try:
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("127.0.0.1", self.next))
                return self.next
            except OSError:
                continue


PORTS = Ports()


class Notify:
    """The socket on which a daemon tells systemd how it is."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.told = []

    def take(self, limit_s):
        self.socket.settimeout(limit_s)
        try:
            self.told.append(self.socket.recv(4096).decode())
        except socket.timeout:
            return False
        return True


class Site:
    """Channels, units and prompts as files; see Gateway for the daemon."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.channels = []
        self.units = []

    def add_channel(self, code, area=AREA, **columns):
        local, remote = PORTS.take(), PORTS.take()
        row = dict.fromkeys(CHANNEL_COLUMNS, "")
        row.update(code=code, name=f"网格{code}", home=".".join(area),
                   grids=".".join(area), driver="rtp",
                   address=f"local=127.0.0.1:{local} "
                           f"remote=127.0.0.1:{remote} codec=pcma",
                   kind="simplex", lead_ms=60, hang_ms=0, tail_ms=20,
                   tx_limit_s=30, over_limit_s=20, signalling="dtmf",
                   local=local, remote=remote)
        row.update(columns)
        self.channels.append(row)
        return row

    def add_units(self, channel, count, area=AREA, **columns):
        cues = sorted((PROMPTS / "zh/units").glob("*.wav"))
        for number in range(1, count + 1):
            code = f"{channel}-{number:02d}"
            row = dict.fromkeys(UNIT_COLUMNS, "")
            row.update(code=code, name=f"{code}最小应急单元", spoken=code,
                       category="GZ:A", district=area[0], station=area[1],
                       grid=area[2], channel=channel, number=f"{number:02d}",
                       answers_by="keypad", strength=10 + number)
            row.update(columns)
            self.units.append(row)
            cue = self.folder / "prompts/zh/units" / f"{code}.wav"
            cue.parent.mkdir(parents=True, exist_ok=True)
            cue.symlink_to(cues[(len(self.units) - 1) % len(cues)])

    def write(self):
        zh = self.folder / "prompts/zh"
        zh.mkdir(parents=True, exist_ok=True)
        for name in PROMPTS.glob("zh/*"):
            if name.name not in ("units", "announce.wav"):
                (zh / name.name).symlink_to(name)
        # A short announcement: tests wait for it.
        (zh / "announce.wav").symlink_to(PROMPTS / "zh/alarm.wav")
        for name, columns, rows in (
                ("units.csv", UNIT_COLUMNS, self.units),
                ("channels.csv", CHANNEL_COLUMNS, self.channels)):
            with open(self.folder / name, "w", newline="") as out:
                writer = csv.DictWriter(out, columns,
                                        extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)


class Gateway:
    """gridcalld with its own folder, sockets and VTY port."""

    def __init__(self, site, **settings):
        self.site = site
        self.folder = site.folder
        self.commands = f"ipc://{self.folder}/commands.sock"
        self.feed = f"ipc://{self.folder}/feed.sock"
        self.vty_port = PORTS.take()
        self.settings = {"id": "GC1", "silence-time": 4000, "rounds": 2,
                         "workers": 1, "recordings-reserve": 0,
                         "ledger-reserve": 1}
        self.settings.update(settings)
        self.process = None
        self.context = zmq.Context()
        self.write_config()

    def write_config(self):
        lines = ["log stderr", " logging filter all 1",
                 " logging level set-all info", "line vty", " no login",
                 f" bind 127.0.0.1 {self.vty_port}", "gateway",
                 f" ledger {self.folder}/ledger.db",
                 f" recordings {self.folder}/recordings",
                 f" plugin-folder {BUILD}/plugins",
                 f" prompts {self.folder}/prompts",
                 f" announcements {self.folder}/announcements"]
        lines += [f" {key} {value}" for key, value in self.settings.items()]
        lines += ["plugin rtp", "plugin zeromq",
                  f" option commands {self.commands}",
                  f" option feed all {self.feed} gc1.", "end-of-configuration"]
        self.config = self.folder / "gridcalld.cfg"
        self.config.write_text("\n".join(lines) + "\n")

    def add_options(self, *options):
        """Before its start: further ones of its zeromq service."""
        lines = "".join(f" option {option}\n" for option in options)
        self.config.write_text(self.config.read_text().replace(
            "end-of-configuration", lines + "end-of-configuration"))

    def launch(self, *arguments, env=None, program=None, **settings):
        """Start it and do not wait."""
        path = self.folder / f"notify.{time.monotonic_ns()}"
        self.notify = Notify(path)
        self.log = open(self.folder / "gridcalld.log", "ab")
        self.process = subprocess.Popen(
            [*(program or [BUILD / "gridcalld"]), "--config", self.config,
             *arguments], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, **settings,
            env=dict(os.environ, NOTIFY_SOCKET=str(path), **(env or {})))

    def start(self, *arguments, **settings):
        self.launch(*arguments, **settings)

        def ready():
            self.notify.take(0.1)
            assert self.process.poll() is None, self.read_log()
            return any("READY=1" in told for told in self.notify.told)
        wait_until(ready, "READY=1 from gridcalld", 60)
        return self

    def read_log(self):
        return (self.folder / "gridcalld.log").read_text(errors="replace")

    def stop(self):
        """As systemd does; its exit must be clean."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.read_log()
        self.process = None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.process = None

    def close(self):
        """At the end of a test, whatever its state."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.context.destroy(linger=0)

    # ---- commands ----

    def ask(self, request, limit_s=WAIT_S):
        """One request, one reply, as any client in any language does."""
        if not request.id:
            request.id = f"r{time.monotonic_ns()}"
        with self.context.socket(zmq.DEALER) as dealer:
            dealer.setsockopt(zmq.LINGER, 0)
            dealer.connect(self.commands)
            dealer.send(request.SerializeToString())
            assert dealer.poll(limit_s * 1000), f"no reply to {request}"
            reply = pb.Reply()
            reply.ParseFromString(dealer.recv())
        assert reply.id == request.id
        return reply

    def do(self, limit_s=WAIT_S, idempotency_key="", **body):
        """The same, and a refusal fails the test."""
        request = pb.Request(idempotency_key=idempotency_key, **body)
        reply = self.ask(request, limit_s)
        assert not reply.HasField("error"), reply.error.sentence
        return getattr(reply, reply.WhichOneof("body"))

    def bring_in(self):
        """Import the site's directory."""
        done = self.do(**{"import": pb.ImportRequest(
            units_csv=(self.folder / "units.csv").read_bytes(),
            channels_csv=(self.folder / "channels.csv").read_bytes())})
        assert done.done and not done.faults, done
        wait_until(lambda: all(
            c.state == pb.CHANNEL_IDLE
            for c in self.do(channels={}).channels), "all channels idle")
        return done

    def call(self, selector="", **options):
        """Start a roll-call; returns its id."""
        options.setdefault("kind", pb.KIND_ROLL_CALL)
        options.setdefault("mode", pb.MODE_TURN)
        options.setdefault("exercise", True)
        spec = pb.PlanRequest(selector=selector,
                              options=pb.CallOptions(**options))
        return self.do(start=pb.StartRequest(spec=spec)).call

    def report(self, call):
        return self.do(report=pb.ReportRequest(call=call))

    def await_end(self, call, limit_s=120):
        """The report of the call when it has ended."""
        def ended():
            report = self.report(call)
            return report if report.summary.state in ("ended", "cancelled") \
                else None
        return wait_until(ended, f"the end of {call}\n{self.tail()}", limit_s)

    def tail(self):
        return "\n".join(self.read_log().splitlines()[-30:])

    def gridcall(self, *arguments, limit_s=120):
        """The command line; returns (exit status, output, errors)."""
        done = subprocess.run(
            [BUILD / "gridcall", "--commands", self.commands,
             "--feed", self.feed, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=limit_s)
        return done.returncode, done.stdout, done.stderr

    def subscribe(self, *prefixes):
        return Subscriber(self, prefixes or ("",))

    def vty(self, *lines):
        """What the VTY answers to these lines."""
        with socket.create_connection(("127.0.0.1", self.vty_port), 10) as vty:
            vty.settimeout(10)
            text = read_to_prompt(vty)
            for line in lines:
                vty.sendall(line.encode() + b"\n")
                text += read_to_prompt(vty)
        return text


def bring_up(site, running, options=(), **settings):
    """A gateway of that site that runs, its directory imported."""
    site.write()
    gateway = Gateway(site, **settings)
    gateway.add_options(*options)
    running.append(gateway)
    gateway.start()
    gateway.bring_in()
    return gateway


def read_to_prompt(vty):
    text = b""
    while not text.rstrip(b" ").endswith((b"> ", b"# ", b">", b"#",
                                          b"Password:")):
        more = vty.recv(65536)
        if not more:
            break
        text += more
    return text.decode(errors="replace")


class Subscriber:
    """A plain SUB socket: topics and bytes as they come."""

    def __init__(self, gateway, prefixes):
        self.socket = gateway.context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.SNDHWM, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        for prefix in (*prefixes, "gc1.gateway."):
            self.socket.setsockopt(zmq.SUBSCRIBE, prefix.encode())
        self.socket.connect(gateway.feed)
        self.events = []
        self.volatile = []
        self.turns = []  # (unit, channel states since its turn was told)

    def await_status(self):
        """Connected for certain: a heartbeat came through."""
        wait_until(lambda: self.take(0.1) or any(
            topic.endswith(".status") for topic, _ in self.volatile),
            "a status message")
        return self

    def take(self, limit_s=0.0):
        """Take in what is there; returns False, for use in wait_until."""
        while self.socket.poll(int(limit_s * 1000)):
            topic, payload = self.socket.recv_multipart()
            topic, limit_s = topic.decode(), 0
            if topic.rsplit(".", 1)[1] in ("status", "channel", "voice"):
                self.take_volatile(topic, payload)
                continue
            event = pb.Event()
            event.ParseFromString(payload)
            assert event.topic == topic
            self.events.append((event, payload))
            if event.call.turn.state == pb.UNIT_CALLED:
                self.turns.append((event.call.turn.unit, []))
        return False

    def take_volatile(self, topic, payload):
        self.volatile.append((topic, payload))
        if topic.endswith(".channel") and self.turns:
            status = pb.ChannelStatus()
            status.ParseFromString(payload)
            self.turns[-1][1].append(status.state)

    def await_turn(self, unit, limit_s=WAIT_S):
        """The unit was told, and its cue sent: it may key."""
        def cued():
            self.take(0.05)
            return any(unit == turn and states
                       and pb.CHANNEL_TRANSMITTING in states
                       and states[-1] == pb.CHANNEL_IDLE
                       for turn, states in self.turns)
        return wait_until(cued, f"the turn of {unit}", limit_s)

    def await_event(self, wanted, what, limit_s=WAIT_S):
        def found():
            self.take(0.05)
            return next((event for event, _ in self.events
                         if wanted(event)), None)
        return wait_until(found, what, limit_s)

    def await_seq(self, seq, limit_s=WAIT_S):
        return self.await_event(lambda event: event.seq >= seq,
                                f"event {seq}", limit_s)


class City:
    """Simulated handhelds of a site, in a process of their own."""

    def __init__(self, site, scenario="", seed=1, reaction="0.1-0.3",
                 arguments=(), **settings):
        self.path = site.folder / "city.jsonl"
        scenario_path = site.folder / "scenario"
        scenario_path.write_text("[units]\n" + scenario)
        self.out = open(self.path, "wb")
        self.process = subprocess.Popen(
            [BUILD / "gridcall-city", "--units", site.folder / "units.csv",
             "--channels", site.folder / "channels.csv",
             "--prompts", site.folder / "prompts", "--language", "zh",
             "--seed", str(seed), "--reaction", reaction, "--json",
             "--scenario", scenario_path, *arguments],
            stdin=subprocess.DEVNULL, stdout=self.out,
            stderr=subprocess.STDOUT, **settings)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def lines(self):
        for line in self.path.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue
