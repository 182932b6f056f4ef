# SPDX-License-Identifier: GPL-3.0-or-later
"""Transcripts: what an administrator types and what is answered.

A transcript in tests/vty/ has lines "PROMPT COMMAND" and, below each, the
answer.  In an answer "..." stands for any text within a line, or, alone on a
line, for any number of lines.
"""
import pathlib
import re

import pytest
from place import Gateway, read_to_prompt
import socket

TRANSCRIPTS = sorted((pathlib.Path(__file__).parent.parent / "vty")
                     .glob("*.vty"))
PROMPT = re.compile(r"^(gridcalld(?:\([a-z-]+\))?[>#]) ?(.*)$")


def steps(text):
    """(prompt, command, expected lines) of a transcript."""
    found = []
    for line in text.splitlines():
        if line.startswith("!"):
            continue
        match = PROMPT.match(line)
        if match:
            found.append((match[1], match[2], []))
        else:
            found[-1][2].append(line)
    return found


def matches(expected, lines):
    """Whether the lines are as expected, with ... for any."""
    if not expected:
        return not lines
    if expected[0] == "...":
        return any(matches(expected[1:], lines[n:])
                   for n in range(len(lines) + 1))
    if not lines:
        return False
    pattern = ".*".join(re.escape(part)
                        for part in expected[0].split("..."))
    return re.fullmatch(pattern, lines[0].rstrip()) is not None \
        and matches(expected[1:], lines[1:])


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda p: p.stem)
def test_transcript(site, running, path):
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    if path.stem == "configure":
        gateway.config.write_text("enable password secret\n"
                                  + gateway.config.read_text())
    gateway.start()
    gateway.bring_in()
    with socket.create_connection(("127.0.0.1", gateway.vty_port)) as vty:
        vty.settimeout(10)
        read_to_prompt(vty)
        for prompt, command, expected in steps(path.read_text()):
            vty.sendall(command.encode() + b"\n")
            answer = read_to_prompt(vty).replace("\r", "")
            lines = answer.split("\n")[1:-1]
            assert matches(expected, lines), \
                f"{prompt} {command}\nexpected:\n" + "\n".join(expected) \
                + "\ngot:\n" + "\n".join(lines)


def test_there_are_transcripts():
    assert len(TRANSCRIPTS) >= 3
