# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed: files, unit, manual pages, completion."""
import ctypes
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest
from place import BUILD, PORTS, ROOT, City, Gateway, Site


def run(*command, **settings):
    return subprocess.run([str(word) for word in command], text=True,
                          capture_output=True, **settings)


def install(folder, prefix):
    done = run("deploy/install", BUILD, folder, prefix, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return pathlib.Path(str(folder) + prefix)


def test_install_puts_everything_below_destdir_and_prefix(folder):
    root = install(folder, "/opt/gc")
    for name in ("bin/gridcalld", "bin/gridcall", "lib/gridcall/rtp.so",
                 "lib/gridcall/zeromq.so", "share/man/man1/gridcall.1",
                 "share/man/man8/gridcalld.8",
                 "share/gridcall/proto/gridcall.proto",
                 "share/gridcall/proto/README.md",
                 "share/gridcall/proto/gridcall.py",
                 "share/gridcall/proto/gridcall.mjs",
                 "share/bash-completion/completions/gridcall",
                 "lib/systemd/system/gridcalld.service",
                 "etc/gridcall/gridcalld.cfg"):
        assert (root / name).is_file(), name
    assert [p.name for p in folder.iterdir()] == ["opt"]


def test_the_unit_is_verified_and_scores_at_most_1_5(folder):
    root = install(folder, "/usr")
    unit = root / "lib/systemd/system/gridcalld.service"
    text = unit.read_text().replace("/usr/bin/", f"{root}/bin/")
    unit.write_text(text.replace("/usr/share/doc", f"{root}/share/doc"))
    verify = run("systemd-analyze", "verify", unit)
    assert (verify.stdout + verify.stderr).strip() == ""
    score = run("systemd-analyze", "security", "--offline=true",
                "--threshold=15", unit)
    assert score.returncode == 0, score.stdout
    level = re.search(r"exposure level.*?: ([0-9.]+)", score.stdout)
    assert float(level[1]) <= 1.5


def expand(name):
    """The system calls of a set of systemd's, with the sets inside it."""
    if not name.startswith("@"):
        return {name}
    listed = run("systemd-analyze", "syscall-filter", name).stdout
    found = set()
    for line in listed.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            found |= expand(word)
    return found


def allowed_calls(unit):
    """What a unit's SystemCallFilter lines leave, in their order."""
    allowed = expand("@default")
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        names = set().union(*map(expand, line.lstrip("~").split()))
        allowed = allowed - names if line[0] == "~" else allowed | names
    return allowed


# Filters itself as systemd would, then becomes the command.
FILTER = """
import ctypes, os, sys
lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
ctx = ctypes.c_void_p(lib.seccomp_init(0x00050001))  # else EPERM
for name in sys.argv[1].split(","):
    number = lib.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        assert lib.seccomp_rule_add(ctx, 0x7fff0000, number, 0) == 0, name
assert lib.seccomp_load(ctx) == 0
# The leak sanitizer looks by ptrace, which the unit rightly forbids.
os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_the_daemon_lives_within_its_units_filter(site, running):
    unit = (ROOT / "deploy/systemd/gridcalld.service").read_text()
    allowed = allowed_calls(unit)
    assert "execve" in allowed and "mount" not in allowed
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    program = ["/usr/bin/python3", "-c", FILTER, ",".join(sorted(allowed)),
               str(BUILD / "gridcalld")]
    gateway.start(program=program)
    gateway.bring_in()
    running.append(City(site))
    assert gateway.await_end(gateway.call()).summary.agrees == 2
    # Set by others, seen by us: as outside of the filter.
    outside = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    assert gateway.do(status={}).clock_synchronised == (outside != 5)
    gateway.stop()
    assert "EPERM" not in gateway.read_log()
    assert "not permitted" not in gateway.read_log()


def test_the_unit_has_descriptors_for_every_channel():
    unit = (ROOT / "deploy/systemd/gridcalld.service").read_text()
    limit = int(re.search(r"^LimitNOFILE=(\d+)$", unit, re.M)[1])
    assert limit >= 3 * 4096


def test_what_is_installed_starts_with_only_its_paths_changed(
        folder, running):
    prefix = "/opt/gc"
    root = install(folder, prefix)
    unit = (root / "lib/systemd/system/gridcalld.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", unit, re.M)[1].split()
    assert command[0] == f"{prefix}/bin/gridcalld"
    assert command[1:] == ["--config", f"{prefix}/etc/gridcall/gridcalld.cfg"]
    assert f"{prefix}/share/doc/gridcall/README.md" in unit
    config = root / "etc/gridcall/gridcalld.cfg"
    state, sockets = folder / "state", folder / "run"
    state.mkdir(0o750)
    sockets.mkdir(0o750)
    text = config.read_text()
    for old, new in (("/var/lib/gridcall", str(state)),
                     ("/run/gridcall", str(sockets)),
                     (prefix, str(root)),
                     ("bind 127.0.0.1 4250",
                      f"bind 127.0.0.1 {PORTS.take()}")):
        assert old in text, old
        text = text.replace(old, new)
    config.write_text(text)
    gateway = Gateway(Site(folder))
    running.append(gateway)
    gateway.config = config
    gateway.commands = f"ipc://{sockets}/commands.sock"
    gateway.start(program=[str(root / "bin/gridcalld")], umask=0o077)
    assert gateway.do(status={}).gateway == "GC1"
    for name in ("commands.sock", "feed.sock"):
        mode = (sockets / name).stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660, name
    assert stat.S_IMODE((state / "ledger.db").stat().st_mode) & 0o077 == 0
    gateway.stop()


def test_the_user_is_made_by_sysusers(folder):
    (folder / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={folder}",
               ROOT / "deploy/sysusers/gridcall.conf")
    assert done.returncode == 0, done.stderr
    assert "gridcall:" in (folder / "etc/passwd").read_text()


def test_the_example_configuration_is_in_order():
    done = run(BUILD / "gridcalld", "--test", "--config",
               ROOT / "deploy/gridcalld.cfg")
    assert done.returncode == 0, done.stderr


def test_the_manual_pages_have_no_fault():
    pages = sorted((ROOT / "deploy/man").glob("*.[1378]"))
    assert len(pages) == 8
    done = run("mandoc", "-T", "lint", "-W", "warning", *pages)
    assert done.stdout == "" and done.returncode == 0


def test_every_command_has_help_and_stands_in_manual_and_completion():
    top = run(BUILD / "gridcall", "--help").stdout
    commands = re.findall(r"^  ([a-z]+)\s{2,}\S", top, re.M)
    assert {"units", "channels", "plan", "call", "calls", "report",
            "cancel", "subscribe", "status"} <= set(commands)
    page = (ROOT / "deploy/man/gridcall.1").read_text()
    completed = run(
        "bash", "-c", 'source "$1"; COMP_WORDS=(gridcall ""); COMP_CWORD=1;'
        ' _gridcall; echo "${COMPREPLY[@]}"', "bash",
        ROOT / "deploy/completion/gridcall",
        env=dict(os.environ, PATH=f"{BUILD}:{os.environ['PATH']}"))
    for command in commands:
        help_text = run(BUILD / "gridcall", command, "--help")
        assert help_text.returncode == 0, command
        assert f"gridcall {command}" in help_text.stdout, command
        assert re.search(rf"\b{command}\b", page), command
        assert command in completed.stdout.split(), completed


def test_setup_does_nothing_when_nothing_is_missing():
    done = run(ROOT / "deploy/setup")
    assert done.returncode == 0
    assert done.stdout + done.stderr == ""


@pytest.fixture
def tree(folder):
    """What setup needs of the tree, with npm's part not done yet."""
    for path in ("deploy/setup", "proto/package.json",
                 "proto/package-lock.json", "proto/.npmrc"):
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    (folder / "bin").mkdir()

    def npm(script):
        (folder / "bin/npm").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin/npm").chmod(0o755)
        return run(folder / "deploy/setup", env=dict(
            os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}"))
    return npm


def test_setup_fetches_the_npm_packages_once_and_runs_no_script(tree, folder):
    done = tree(f'echo "$*" >>{folder}/asked')
    assert done.returncode == 0, done.stderr
    assert "16 MB to fetch" in done.stdout and "zeromq" in done.stdout
    asked = (folder / "asked").read_text()
    assert asked.startswith("ci ") and "--ignore-scripts" in asked
    done = tree("exit 1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_setup_says_when_npm_can_not_fetch(tree):
    done = tree("echo the network is away; exit 1")
    assert done.returncode == 1
    assert "the network is away" in done.stderr
    assert "npm could not fetch them (above)" in done.stderr
    # And tries again the next time.
    assert tree("exit 0").returncode == 0


def test_setup_says_in_one_sentence_that_it_may_not_install(folder):
    # A machine on which one package is missing and nobody is root.
    query = folder / "dpkg-query"
    query.write_text("#!/bin/sh\ncase \"$*\" in\n*clang*) exit 1;;\n"
                     "*) echo installed;;\nesac\n")
    identity = folder / "id"
    identity.write_text("#!/bin/sh\necho 1000\n")
    sudo = folder / "sudo"
    sudo.write_text("#!/bin/sh\nexit 1\n")
    for tool in (query, identity, sudo):
        tool.chmod(0o755)
    done = run(ROOT / "deploy/setup",
               env=dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"))
    assert done.returncode == 1
    assert "may not install" in done.stderr
    assert "clang" in done.stdout
