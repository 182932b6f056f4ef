# SPDX-License-Identifier: GPL-3.0-or-later
"""Roll-calls on a repeater: units hear each other and answer in a chain."""
import gridcall_pb2 as pb
import pytest
from place import City, bring_up

CERTAIN = (pb.GRADE_AGREES, pb.GRADE_ATTENTION)

CHAIN = "[channel CH1]\nchain = yes\n"
# Answers dialled while the repeater still holds our own carrier.
IN_OUR_HANG = CHAIN + "hang_after_gateway = yes\nbreaks_hang = yes\n"


@pytest.fixture
def repeater(site, running):
    """One repeater of eight units, each of another strength, imported."""
    site.add_channel("CH1", kind="repeater", hang_ms=800, tail_ms=60)
    site.add_units("CH1", 8)
    return bring_up(site, running)


def counts(report):
    """Of each unit that answered for certain; nobody has another's."""
    certain = {}
    for unit in report.units:
        if unit.state == pb.UNIT_ANSWERED and unit.grade in CERTAIN:
            assert unit.reply.headcount == unit.unit.expected, unit
            certain[unit.unit.unit] = unit.reply.headcount
    return certain


@pytest.mark.parametrize("air", [CHAIN, IN_OUR_HANG],
                         ids=["chain", "in_our_hang"])
def test_nobody_is_given_a_neighbours_count(repeater, running, air):
    running.append(City(repeater.site, "CH1-01 = front_cut\n"
                        "CH1-04 = silent\nCH1-06 = wrong_digits\n" + air,
                        reaction="0.2-0.6"))
    report = repeater.await_end(repeater.call(silence_ms=2500), 180)
    certain = counts(report)
    states = {u.unit.unit: u.state for u in report.units}
    assert states.pop("CH1-04") == pb.UNIT_SILENT
    assert set(states.values()) == {pb.UNIT_ANSWERED}, report
    # Asked again once for its wrong digits: a doubt then stays one.
    assert set(states) - set(certain) <= {"CH1-06"}, report


def test_a_doubtful_answer_confirmed_leaves_the_chain_whole(
        repeater, running):
    running.append(City(repeater.site, "CH1-01 = front_cut\n" + CHAIN,
                        reaction="0.2-0.6"))
    report = repeater.await_end(repeater.call(silence_ms=2500))
    assert len(counts(report)) == 8, report
    first = report.units[0]
    assert first.reply.replaces and not first.reply.doubts
    assert "front" in first.others[0].doubts
