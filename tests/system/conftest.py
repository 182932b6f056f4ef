# SPDX-License-Identifier: GPL-3.0-or-later
"""What every system test gets: a private folder and a site in it."""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("GRIDCALL_ROOT", str(HERE.parent.parent))
os.environ.setdefault("GRIDCALL_BUILD",
                      os.environ["GRIDCALL_ROOT"] + "/build/debug")
sys.path.insert(0, os.environ["GRIDCALL_ROOT"] + "/build/python")
sys.path.insert(0, str(HERE))


@pytest.fixture
def folder():
    """Short: an ipc socket's path has 107 bytes at most."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="gc-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def site(folder):
    from place import Site
    return Site(folder)


@pytest.fixture
def running():
    """Whatever is put here is closed at the end of the test."""
    things = []
    yield things
    for thing in reversed(things):
        thing.close()
