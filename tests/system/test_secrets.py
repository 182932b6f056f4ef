# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing secret is told: a whole day of keys, and then every place is read.

A secret key is looked for as its Z85 text, as hexadecimal and as its 32 bytes,
whole and in halves.  That the search finds one is shown on the key files, the
only places where one may be.
"""
import contextlib
import os
import re
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess

import gridcall_pb2 as pb
import pytest
import zmq
from curve import Holder, Tcp
from place import BUILD, ROOT, Gateway, wait_until
from zmq.utils import z85

PASSWORD = "unsaid"
TIANHE, HAIZHU = "gc1.440106.", "gc1.440105."
NEAR = ("440105", "440105000000", "01")


def secret_of(path):
    return re.search(r'secret-key = "(.*)"', path.read_text())[1].encode()


class Secrets:
    """Every way in which the secret keys could be written down."""

    def __init__(self, keys):
        self.forms = []
        for key in keys:
            raw = z85.decode(key)
            for text in (key, raw, raw.hex().encode(),
                         raw.hex().upper().encode(), raw[::-1]):
                half = len(text) // 2
                self.forms += [text[:half], text[half:]]
        assert len(set(self.forms)) == 10 * len(keys)

    def are_in(self, data):
        if isinstance(data, str):
            data = data.encode(errors="surrogateescape")
        return any(form in data for form in self.forms)


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.add_channel("CH2", area=NEAR)
    site.add_units("CH2", 1, area=NEAR)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    config = gateway.config
    config.write_text(f"enable password {PASSWORD}\n" + config.read_text()
                      .replace("set-all info", "set-all debug"))
    return gateway


@pytest.fixture
def tcp(gateway):
    return Tcp(gateway, tianhe=TIANHE, haizhu=HAIZHU, city="gc1.")


class Day:
    """What happens, and everything that anybody is told of it."""

    def __init__(self, gateway, tcp):
        self.gateway, self.tcp = gateway, tcp
        self.told = []

    def command(self, *words, key=None, status=0):
        """The command line; with a key over TCP, else local."""
        way = ["--key", key] if key else ["--commands", self.gateway.commands]
        done = subprocess.run([BUILD / "gridcall", *words, *way],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, cwd=self.gateway.folder)
        assert done.returncode == status, (words, done)
        self.told += [done.stdout, done.stderr]
        return done.stdout.decode()

    def new_key(self, name, role, area, *arguments):
        path = self.gateway.folder / f"{name}.key"
        self.command("key", "new", name, "--role", role, "--jurisdiction",
                     area, "--out", path, *arguments)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        return path

    def ask(self, **body):
        reply = self.gateway.ask(pb.Request(**body))
        self.told.append(reply.SerializeToString())
        return reply

    def be_refused(self, officer, viewer):
        call = ("call", "grid=07", "--exercise")
        self.command(*call, key=viewer, status=3)
        self.command("key", "list", key=officer, status=3)
        self.command("plan", f"code={self.gateway.site.units[2]['code']}",
                     key=officer, status=3)

    def come_with_wrong_keys(self, viewer, running):
        """No pair that the gateway knows, or another gateway's key."""
        stranger = Holder(self.tcp, "stranger")
        misled = Holder(self.tcp, "misled")
        running += [stranger, misled]
        for holder, server in ((stranger, self.tcp.server_key),
                               (misled, zmq.curve_keypair()[0])):
            with holder.connect(zmq.DEALER, self.tcp.commands,
                                server_key=server) as dealer:
                dealer.send(pb.Request(whoami={}).SerializeToString())
                assert not dealer.poll(500)
        # Two halves that are not of one pair.
        text = viewer.read_text()
        mixed = viewer.with_name("mixed.key")
        mixed.touch(0o600)
        mixed.write_text(text.replace(secret_of(viewer).decode(),
                                      stranger.secret.decode()))
        self.command("whoami", key=mixed, status=2)
        return [stranger.secret, misled.secret]

    def call_the_roll(self, officer):
        self.command("call", "grid=07", "--exercise", "--silence", "1", "--yes",
                     "--rounds", "1", "--json", key=officer)


def show_commands(gateway):
    """Every show command of the VTY that needs no more words, and write."""
    listed = gateway.vty("terminal length 0", "enable", PASSWORD, "list")
    shows = {line.strip() for line in listed.splitlines()
             if re.fullmatch(r" *show [a-z0-9 -]+\r?", line)}
    assert {"show feeds", "show keys all", "show running-config"} <= shows
    return sorted(shows) + ["write terminal"]


def cells(path):
    """Table, and each value of its rows, of the ledger as it is now."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro",
                                            uri=True)) as ledger:
        tables = [name for name, in ledger.execute(
            "SELECT name FROM sqlite_master WHERE type='table'")]
        for table in tables:
            for row in ledger.execute(f"SELECT * FROM {table}"):
                for value in row:
                    yield table, value if isinstance(value, bytes) else \
                        str(value).encode()


def read_proc(pid):
    return b"".join(open(f"/proc/{pid}/{name}", "rb").read()
                    for name in ("environ", "cmdline", "comm", "maps"))


def print_memory(gateway):
    """The tree of names that a signal prints into the log."""
    before = len(gateway.read_log())
    gateway.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: "full talloc report" in gateway.read_log()[before:],
               "the memory tree")


def test_no_secret_is_told_anywhere(gateway, tcp, running):
    gateway.start()
    gateway.bring_in()
    everything = gateway.subscribe().await_status()
    day = Day(gateway, tcp)
    officer = day.new_key("officer", "officer", TIANHE, "--expires", "90d")
    viewer = day.new_key("viewer", "viewer", TIANHE)
    engineer = day.new_key("engineer", "engineer", TIANHE, "--json")
    gone = day.new_key("gone", "supervisor", "gc1.")
    secrets = [secret_of(path) for path in (officer, viewer, engineer, gone,
                                            tcp.key_file)]
    listener = subprocess.Popen(
        [BUILD / "gridcall", "subscribe", "--key", officer, "--after", "0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    day.command("whoami", "--json", key=officer)
    day.be_refused(officer, viewer)
    secrets += day.come_with_wrong_keys(viewer, running)
    day.call_the_roll(officer)
    # A newer key beside the older, an end, and one taken away.
    os.rename(viewer, viewer.with_name("older.key"))
    secrets.append(secret_of(day.new_key("viewer", "viewer", TIANHE,
                                         "--overlap", "1d")))
    day.command("key", "expire", "officer", "--expires", "30d")
    day.command("key", "revoke", "gone", "--json")
    wait_until(lambda: "no longer in force" in gateway.read_log(), "its end")
    day.command("whoami", "--timeout", "1", key=gone, status=3)
    for shown in ("status", "channels", "units", "calls", "whoami"):
        day.command(shown, "--json", key=officer)
    day.command("key", "list", "--all", key=engineer)
    day.command("key", "list", "--all", "--json")
    day.ask(key=pb.KeyRequest(list=pb.KeyList(all=True)))
    day.ask(snapshot={})
    day.ask(replay={})
    day.told.append(gateway.vty("terminal length 0", "enable", PASSWORD,
                                *show_commands(gateway)))
    print_memory(gateway)
    day.told += [read_proc(gateway.process.pid), read_proc(listener.pid)]
    listener.send_signal(signal.SIGINT)
    day.told.append(listener.communicate(timeout=30)[0])
    everything.await_seq(gateway.do(status={}).seq)

    secrets = Secrets(secrets)
    for told in day.told:
        assert not secrets.are_in(told), told
    for topic, payload in everything.volatile:
        assert not secrets.are_in(payload), topic
    for event, payload in everything.events:
        assert not secrets.are_in(payload), event
    kept = set()
    for table, value in cells(gateway.folder / "ledger.db"):
        kept.add(table)
        assert not secrets.are_in(value), table
    assert {"idempotency", "event"} <= kept
    assert (gateway.folder / "ledger.db-wal").stat().st_size
    look_through(gateway.folder, secrets)
    assert PASSWORD not in gateway.read_log()
    gateway.stop()
    look_through(gateway.folder, secrets)


def look_through(folder, secrets):
    """Key files have one, and no other file does."""
    holders = 0
    for path in folder.rglob("*"):
        if not path.is_file() or path.is_symlink():
            continue
        is_key = path.suffix in (".key", ".pair")
        assert secrets.are_in(path.read_bytes()) == is_key, path
        holders += is_key
    assert holders == 7


# ---- key files that others may read ----

def run_client(language, path, **settings):
    """Ask who one is; (exit status, what was printed)."""
    words = {"command line": [BUILD / "gridcall", "whoami", "--json", "--key",
                              path],
             "python": ["/usr/bin/python3", ROOT / "tests/system/client.py",
                        path, "ask", '{"whoami": {}}'],
             "node": ["node", ROOT / "tests/system/client.mjs", path, "ask",
                      '{"whoami": {}}']}[language]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, timeout=60,
                          capture_output=True, text=True,
                          env=dict(os.environ, **settings))
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("language", ["command line", "python", "node"])
def test_a_key_file_that_others_may_read_is_refused(gateway, tcp, language):
    gateway.start()
    path = Day(gateway, tcp).new_key("desk", "viewer", TIANHE)
    assert run_client(language, path)[0] == 0
    for mode in (0o640, 0o604, 0o620, 0o660):
        path.chmod(mode)
        status, told = run_client(language, path)
        assert status and "may be read by others; chmod 600" in told
        assert not Secrets([secret_of(path)]).are_in(told)
    # systemd lends a credential by an access list, which looks like a group.
    lent = path.parent / "lent"
    lent.mkdir()
    shutil.copy(path, lent / "desk.key")
    for mode, good in ((0o440, True), (0o444, False)):
        (lent / "desk.key").chmod(mode)
        status, told = run_client(language, lent / "desk.key",
                                  CREDENTIALS_DIRECTORY=str(lent))
        assert (status == 0) == good, told
    # The environment of a service does not open files elsewhere.
    assert run_client(language, path, CREDENTIALS_DIRECTORY=str(lent))[0]


# ---- the gateway's own key ----

def test_the_servers_key_comes_as_a_credential(gateway, tcp):
    public, secret = zmq.curve_keypair()
    lent = gateway.folder / "lent"
    lent.mkdir()
    file = lent / "gridcall.key"
    file.write_text(f'curve\n    public-key = "{public.decode()}"\n'
                    f'    secret-key = "{secret.decode()}"\n')
    file.chmod(0o440)
    gateway.start(env={"CREDENTIALS_DIRECTORY": str(lent)})
    told = gateway.do(key=pb.KeyRequest(list=pb.KeyList()))
    assert told.server_key == public.decode()
    assert not tcp.key_file.exists()
    assert not Secrets([secret]).are_in(gateway.read_log())


def test_the_unit_and_the_manual_say_how_to_lend_it():
    line = "LoadCredential=gridcall.key:/etc/credstore/gridcall.key"
    unit = (ROOT / "deploy/systemd/gridcalld.service").read_text()
    manual = (ROOT / "deploy/man/gridcalld.8").read_text()
    assert f"\n#{line}\n" in unit
    assert line in manual


# ---- its memory ----

def end_by_abort(process):
    """Whether the kernel made a core dump of it."""
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -signal.SIGABRT
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


def allow_cores():
    resource.setrlimit(resource.RLIMIT_CORE, (16 << 20, 16 << 20))


@pytest.mark.parametrize("arguments,dumps", [((), False),
                                             (("--core-dumps",), True)])
def test_the_kernel_makes_no_core_dump_unless_asked_for(gateway, tcp,
                                                        arguments, dumps):
    """By what it tells of the process's end, wherever it puts dumps."""
    plain = subprocess.Popen(["sleep", "100"], cwd=gateway.folder,
                             preexec_fn=allow_cores)
    assert end_by_abort(plain), "nobody's core is dumped here: ulimit -Hc"
    for core in gateway.folder.glob("core*"):
        core.unlink()
    gateway.start(*arguments, cwd=gateway.folder, preexec_fn=allow_cores,
                  env={"ASAN_OPTIONS": "disable_coredump=0"})
    # Who could raise its limit from outside would still get none.
    with contextlib.suppress(PermissionError):
        resource.prlimit(gateway.process.pid, resource.RLIMIT_CORE,
                         (16 << 20, 16 << 20))
    assert end_by_abort(gateway.process) == dumps
    assert dumps or not list(gateway.folder.glob("core*"))
    gateway.process = None


def test_what_the_gateway_writes_is_not_for_everybody(gateway):
    gateway.start()
    gateway.bring_in()
    files = [path for path in gateway.folder.glob("ledger.db*")]
    assert len(files) >= 3
    for path in files:
        assert not path.stat().st_mode & 0o007, path
