# SPDX-License-Identifier: GPL-3.0-or-later
"""Two districts on one gateway: what one of them learns about the other.

Tianhe and Haizhu share a channel, whose home is in Tianhe.  Whatever Haizhu's
people ask, they are told of Haizhu, and what Tianhe has is answered as what
nobody has.
"""
import gridcall_pb2 as pb
import pytest
from curve import Holder, Tcp
from place import AREA, Gateway

TIANHE, HAIZHU = "gc1.440106.", "gc1.440105."
THERE = ("440105", "440105000000", "01")


class City:
    """A gateway, and a holder of a key for each that is asked for."""

    def __init__(self, site, running):
        self.running = running
        both = ";".join(".".join(area) for area in (AREA, THERE))
        site.add_channel("TH")
        site.add_channel("HZ", area=THERE)
        site.add_channel("BOTH", grids=both)
        site.add_units("TH", 1)
        site.add_units("HZ", 1, area=THERE)
        site.add_units("BOTH", 2)
        for column, value in zip(("district", "station", "grid"), THERE):
            site.units[-1][column] = value
        site.write()
        self.gateway = Gateway(site)
        running.append(self.gateway)
        self.tcp = Tcp(self.gateway, haizhu=HAIZHU)
        self.gateway.start()
        self.gateway.bring_in()

    def holder(self, role, area=HAIZHU, name=None):
        holder = Holder(self.tcp, name or f"{role}-{area[7:10]}", [role],
                        [area]).register()
        self.running.append(holder)
        return holder

    def call(self, *units):
        return self.gateway.call("code=" + ",".join(units),
                                 silence_ms=120000)


@pytest.fixture
def city(site, running):
    return City(site, running)


def test_a_shared_channel_tells_of_no_call_of_the_other_district(city):
    viewer = city.holder("viewer")
    call = city.call("BOTH-01")
    [told] = [channel for channel in city.gateway.do(channels={}).channels
              if channel.code == "BOTH"]
    assert told.call == call
    assert "BOTH" in {channel.code
                      for channel in viewer.do(channels={}).channels}
    for said in (viewer.do(channels={}), viewer.do(snapshot={}),
                 viewer.do(calls={}), viewer.do(status={}),
                 viewer.do(replay={})):
        assert call not in str(said)
    city.gateway.do(cancel=pb.HoldRequest(call=call))
    # One with a unit of theirs is told.
    call = city.call("BOTH-01", "BOTH-02")
    for said in (viewer.do(channels={}), viewer.do(snapshot={})):
        [told] = [channel for channel in said.channels
                  if channel.code == "BOTH"]
        assert told.call == call
