# SPDX-License-Identifier: GPL-3.0-or-later
"""libgridcall as others find it: installed, by pkg-config, in C and C++."""
import contextlib
import os
import re
import subprocess

import pytest
from place import BUILD, ROOT, bring_up, wait_until
from sound import Radio

PROGRAMS = ROOT / "tests/library"
# What a program built with a sanitizer may name and need beside.
SANITIZED = any(word in str(BUILD) for word in ("asan", "tsan"))


def run(*command, **settings):
    done = subprocess.run([str(word) for word in command], text=True,
                          capture_output=True, timeout=120, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def installed(folder):
    run("deploy/install", BUILD, folder, "/opt/gc", cwd=ROOT)
    return folder / "opt/gc"


@pytest.fixture
def gateway(site, running):
    site.add_channel("CH1")
    site.add_units("CH1", 5)
    return bring_up(site, running)


def flags(installed, *options):
    """As a program's own build asks for them."""
    return run("pkg-config", *options, "gridcall", env=dict(
        os.environ, PKG_CONFIG_PATH=str(installed / "lib/pkgconfig"),
        PKG_CONFIG_SYSROOT_DIR=str(installed.parent.parent))).split()


def build(installed, compiler, source, *more):
    program = installed / "program"
    sanitizer = ["-fsanitize=address,undefined"] if "asan" in str(BUILD) \
        else ["-fsanitize=thread"] if "tsan" in str(BUILD) else []
    run(*compiler, "-Wall", "-Wextra", "-Werror", *sanitizer, source,
        *flags(installed, "--cflags"), *flags(installed, "--libs"),
        f"-Wl,-rpath,{installed}/lib", *more, "-o", program)
    return program


def seqs(text):
    return [int(line.split()[0]) for line in text.splitlines()]


def test_a_c_program_gets_events_and_goes_on_where_it_ended(
        installed, gateway, folder):
    program = build(installed, ["cc", "-std=c99", "-D_POSIX_C_SOURCE=200809L"],
                    PROGRAMS / "first.c")
    words = (program, gateway.commands, folder / "position", "5",
             "gc1.440106.")
    first = seqs(run(*words))
    assert len(first) >= 5
    gateway.call("grid=07")
    second = seqs(run(*words[:3], "1", *words[4:]))
    assert second and not set(first) & set(second)


def test_a_c_plus_plus_program_asks_without_waiting(installed, gateway):
    program = build(installed, ["c++", "-std=c++17"], PROGRAMS / "first.cc")
    assert run(program, gateway.commands) == "local\n"


def test_the_static_library_does_the_same(installed, gateway, folder):
    program = build(installed, ["cc", "-std=gnu11"], PROGRAMS / "first.c",
                    "-Wl,-Bstatic", "-lgridcall", "-Wl,-Bdynamic",
                    *flags(installed, "--static", "--libs-only-l")[1:])
    assert seqs(run(program, gateway.commands, folder / "position", "5"))


def test_with_a_key_it_takes_a_snapshot_and_hears_a_channel(
        installed, site, running, folder):
    site.add_channel("CH1")
    site.add_units("CH1", 3)
    gateway = bring_up(site, running, (
        f"server_key {folder}/server.key",
        "commands tcp://127.0.0.1:*",
        "feed city tcp://*:* gc1.440106. voice"))
    key = folder / "desk.key"
    status, _, err = gateway.gridcall(
        "key", "new", "desk", "--role", "officer", "--jurisdiction",
        "gc1.440106.", "--out", str(key))
    assert status == 0, err
    program = build(installed, ["cc"], PROGRAMS / "look.c")
    look = subprocess.Popen([program, key, "CH1"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen = list(iter(look.stdout.readline, "listening\n"))
    assert sorted(seen) == sorted(
        [f"unit {unit['code']}\n" for unit in site.units]
        + ["channel CH1\n"])
    radio = Radio(site.channels[0])
    running.append(radio)

    def heard():
        # The lease may begin within an over, or after it.
        radio.speak(700, 50)
        with contextlib.suppress(subprocess.TimeoutExpired):
            look.wait(2)
        return look.poll() is not None
    wait_until(heard, "an over that was heard")
    out, err = look.communicate(timeout=30)
    assert not err
    packets = re.fullmatch(r"heard (\d+) packets, 0 lost\n", out)
    assert 0 < int(packets[1]) <= 50


def test_it_speaks_on_a_channel(installed, gateway, site, running):
    radio = Radio(site.channels[0])
    running.append(radio)
    program = build(installed, ["cc"], PROGRAMS / "say.c")
    out = run(program, gateway.commands, "CH1")
    assert out == "ended 0 \nsent 50, keyed 1\n"
    wait_until(lambda: radio.take(0.1) or len(radio.heard) >= 45,
               "the second that was spoken")
    out = run(program, gateway.commands, "NONE")
    assert "NONE" in out and "keyed 0" in out


def test_both_headers_that_the_project_installs_or_gives_go_together(
        installed, folder):
    source = folder / "both.c"
    source.write_text('#include "plugins/plugin.h"\n'
                      "#include <gridcall/gridcall.h>\n"
                      "int main(void) { return 0; }\n")
    build(installed, ["cc", f"-I{ROOT}"], source)


def test_the_shared_library_exports_its_own_names_alone():
    names = run("nm", "-D", "--defined-only", BUILD / "libgridcall.so.1")
    words = [line.split()[-1] for line in names.splitlines()]
    assert len([w for w in words if w.startswith("gridcall_open@")]) == 1
    for word in words:
        assert word == "GRIDCALL_1" or re.fullmatch(
            r"gridcall_\w+@@GRIDCALL_1", word), word


def test_the_static_library_shows_its_own_names_alone():
    names = run("nm", "-g", "--defined-only", BUILD / "libgridcall.a")
    words = [line.split()[-1] for line in names.splitlines()
             if len(line.split()) == 3]
    assert "gridcall_open" in words
    for word in words:
        # A sanitizer marks each global with a name of its own.
        assert word.startswith("gridcall_") or SANITIZED, word


def test_the_shared_library_needs_two_others_alone():
    text = run("readelf", "-d", BUILD / "libgridcall.so.1")
    needed = re.findall(r"NEEDED.*\[(.*?)\.so", text)
    assert {"libzmq", "libprotobuf-c"} <= set(needed)
    assert set(needed) <= {"libzmq", "libprotobuf-c", "libc", "libm",
                           "libgcc_s"} or SANITIZED, needed
    assert "[libgridcall.so.1]" in text
    for word in ("osmo", "talloc", "sqlite", "systemd", "opus", "sodium"):
        assert not any(word in name for name in needed)


def test_every_public_function_has_a_manual_page(installed):
    header = (ROOT / "proto/gridcall.h").read_text()
    public = {name for declaration in header.split("GRIDCALL_API")[2:]
              for name in re.findall(r"\b(gridcall_\w+)\(",
                                     declaration.split(";")[0])}
    assert len(public) > 20
    for name in public:
        page = installed / f"share/man/man3/{name}.3"
        assert re.search(rf"^\.F[no] {name}\b", page.read_text(), re.M)


def test_the_example_of_the_manual_is_the_program_that_was_tried():
    page = (ROOT / "deploy/man/gridcall.3").read_text()
    for line in (PROGRAMS / "first.c").read_text().splitlines():
        if "gridcall_process(" in line or "gridcall_subscribe(" in line:
            assert line.strip() in page
