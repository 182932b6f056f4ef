# SPDX-License-Identifier: GPL-3.0-or-later
"""proto/README.md is what gridcall.proto says, and no release is broken."""
import importlib.machinery
import importlib.util
import re
import shutil
import subprocess

import pytest
from place import ROOT

SCRIPT = ROOT / "tests/contract"
RELEASED = ROOT / "proto/released/gridcall-1.proto"


def run(*arguments):
    done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def contract(folder):
    """The check, of a copy of the folder that it checks."""
    loader = importlib.machinery.SourceFileLoader("contract", str(SCRIPT))
    spec = importlib.util.spec_from_loader("contract", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    for name in ("PROTO", "README", "RELEASED"):
        copy = folder / getattr(module, name).name
        shutil.copy(getattr(module, name), copy)
        setattr(module, name, copy)
    return module


def edit(path, before, after, count=1):
    text, done = re.subn(before, after, path.read_text(), count=count)
    assert done, before
    path.write_text(text)


def faults_of(contract):
    return contract.check(contract.compile_proto(contract.PROTO))


def test_the_contract_is_kept():
    assert run() == (0, "")


BREAKS = {
    "a removed field": (
        r"  string via = 8; .*\n", "",
        "ReplyEvent.via is removed"),
    "a renumbered field": (
        r"string topic = 1;", "string topic = 3;",
        "TopicTail.topic is renumbered from 1 to 3"),
    "a changed type": (
        r"uint32 after_ms = 15;", "string after_ms = 15;",
        "ReplyEvent.after_ms changes from uint32 to string"),
    "a changed message type": (
        r"HoldReply release = 32;", "HoldRequest release = 32;",
        "Reply.release changes from HoldReply to HoldRequest"),
    "a changed label": (
        r"  string code = 7;", "  repeated string code = 7;",
        "ReplyEvent.code changes from string to repeated string"),
    "a changed name": (
        r"string via = 8;", "string door = 8;",
        "field 8 is renamed from via to door"),
    "a field that leaves its oneof": (
        r"(?s)oneof headcount_stated \{.*?\n    (uint32 headcount = 5;)\n  \}",
        r"\1", "ReplyEvent.headcount moves from headcount_stated to no oneof"),
    "a field that enters a oneof": (
        r"uint32 after_ms = 15;", "oneof x { uint32 after_ms = 15; }",
        "ReplyEvent.after_ms moves from no oneof to x"),
    "a removed enum value": (
        r"  GRADE_DOUBTFUL = 3;.*\n", "",
        "Grade.GRADE_DOUBTFUL = 3 is removed or renumbered"),
    "a renamed enum value": (
        r"GRADE_DOUBTFUL", "GRADE_UNSURE",
        "renamed from GRADE_DOUBTFUL to GRADE_UNSURE"),
    "a renumbered enum value": (
        r"GRADE_DOUBTFUL = 3", "GRADE_DOUBTFUL = 4",
        "Grade.GRADE_DOUBTFUL = 3 is removed or renumbered"),
    "a removed message": (
        r"\bWhoamiRequest\b", "WhoRequest",
        "the message WhoamiRequest is removed or renamed"),
    "a removed enum": (
        r"\bTalkState\b", "TalkStates",
        "the enum TalkState is removed or renamed"),
    "a reserved number that is taken": (
        r"(?s)reserved 21;(.*?)\n", r"\1\n  string other = 21;\n",
        "Event.other takes the number 21, which is kept free"),
    "a reserved number that is let go": (
        r"reserved 21; .*\n", "",
        "Event no longer keeps the number 21 free"),
    "a reserved name on another number": (
        r'(?s)(message Event \{.*?)  reserved "notice";',
        r"\1  string notice = 64;",
        "Event.notice is a name that is kept"),
    "another package": (
        r"package gridcall.v1;", "package gridcall.v2;",
        "the package changes from gridcall.v1"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_breaking_change_is_refused_with_a_sentence(folder, what):
    before, after, sentence = BREAKS[what]
    changed = folder / "gridcall.proto"
    shutil.copy(RELEASED, changed)
    edit(changed, before, after, count=0)
    status, said = run("--compare", RELEASED, changed)
    assert status == 1
    assert sentence in said, said
    # And what to do instead.
    assert re.search(r"; \S.*|keep it", said), said


ADDITIONS = {
    "a field": (r"(message TopicTail \{)", r"\1 string more = 3;"),
    "a field in a range that is reserved": (
        r"reserved 38 to 63;", "reserved 39 to 63; string more = 38;"),
    "a reserved field at last": (
        r"(?s)    AuditEvent audit = 22;\n  \}\n  reserved 21;(.*?)\n"
        r'  reserved "notice";',
        "    AuditEvent audit = 22;\n    AuditEvent notice = 21;\n  }\n"),
    "an enum value": (r"GRADE_DOUBTFUL = 3;", r"\g<0> GRADE_MORE = 4;"),
    "a message": (r"message WhoamiRequest", r"message More {}\n\g<0>"),
    "a command": (r"ExcuseRequest excuse = 37;\n  \}\n  reserved 38 to 63;",
                  "ExcuseRequest excuse = 37;\n ExcuseRequest draw = 38;\n  }"
                  "\n  reserved 39 to 63;"),
}


@pytest.mark.parametrize("what", ADDITIONS)
def test_an_addition_passes(folder, what):
    changed = folder / "gridcall.proto"
    shutil.copy(RELEASED, changed)
    edit(changed, *ADDITIONS[what])
    if what == "a command":
        edit(changed, r'reserved "incident", "draw", ', 'reserved "incident", ')
    assert run("--compare", RELEASED, changed) == (0, "")


def test_a_number_of_others_is_not_taken(contract):
    edit(contract.PROTO, r"(message TopicTail \{)",
         r"\1 string more = 64; // more")
    assert any("TopicTail.more = 64: this file has the numbers 1 to 63"
               in fault for fault in faults_of(contract))


def test_a_field_that_the_readme_lacks_is_told(contract):
    assert faults_of(contract) == []
    edit(contract.PROTO, r"(message TopicTail \{)",
         r"\1 string more = 3; // more")
    [fault] = faults_of(contract)
    assert "run tests/contract --write" in fault


def test_a_field_that_only_the_readme_has_is_told(contract):
    edit(contract.README, r"(?m)^\| 1 \| `topic` \|.*\n",
         r"\g<0>| 9 | `ghost` | string | |\n")
    [fault] = faults_of(contract)
    assert "run tests/contract --write" in fault


def test_a_field_without_a_comment_is_told(contract):
    edit(contract.PROTO, r"uint32 after_ms = 15; .*\n",
         "uint32 after_ms = 15;\n")
    assert any(fault.startswith("ReplyEvent.after_ms has no comment")
               for fault in faults_of(contract))


def test_a_wrong_byte_of_an_example_is_told(contract):
    edit(contract.README, r"\n10 0b ( +seq)", r"\n10 0c \1")
    [fault] = faults_of(contract)
    assert "not what gridcall.proto and the bytes say" in fault


def test_bytes_that_are_no_message_are_told(contract):
    edit(contract.README, r"\n10 0b ( +seq)", r"\n1f 0b \1")
    assert any(fault.startswith("the example of Event is no Event")
               for fault in faults_of(contract))


def test_a_word_that_means_nothing_is_told(contract):
    edit(contract.README, r"`AlarmEvent.alarm`", "`AlarmEvent.alert`")
    [fault] = faults_of(contract)
    assert fault == "proto/README.md names `AlarmEvent.alert`, which there " \
        "is not"


def test_a_command_under_another_right_is_told(contract):
    edit(contract.README, r"\| `import` \| engineer", "| `import` | any")
    assert any("differ about import" in fault for fault in faults_of(contract))


def test_an_error_without_advice_is_told(contract):
    edit(contract.README, r"\| `ERROR_BUSY` \|", "| `ERROR_INTERNAL` |")
    [fault] = faults_of(contract)
    assert "what to do on ERROR_BUSY" in fault


def test_writing_mends_tables_and_examples(contract):
    whole = contract.README.read_text()
    edit(contract.README, r"\| 1 \| `epoch` \|", "| 2 | `epoch` |")
    edit(contract.README, r"seq: 11", "seq: 12")
    assert contract.main(["--write"]) == 0
    assert contract.README.read_text() == whole


def test_a_wrong_argument_is_told():
    for arguments in (["--compare"], ["--compare", "one"], ["--wriet"]):
        done = subprocess.run([ROOT / "tests/contract", *arguments],
                              capture_output=True, text=True)
        assert done.returncode == 1
        assert done.stderr.startswith("contract: ")
