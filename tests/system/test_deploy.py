# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed: files, unit, manual pages, completion."""
import os
import pathlib
import re
import subprocess

from place import BUILD, ROOT


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
    pages = sorted((ROOT / "deploy/man").glob("*.[18]"))
    assert len(pages) == 2
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
