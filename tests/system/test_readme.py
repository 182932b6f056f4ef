# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows works as it is written there."""
import re
import subprocess

from place import ROOT, City, Gateway, wait_until


def test_the_python_subscriber_prints_every_answer(site, running):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(),
                     re.S)[1]
    script = site.folder / "subscriber.py"
    script.write_text(code)
    site.add_channel("CH1")
    site.add_units("CH1", 2)
    site.write()
    gateway = Gateway(site)
    running.append(gateway)
    gateway.start()
    gateway.bring_in()
    out = open(site.folder / "out", "wb")
    subscriber = subprocess.Popen(["/usr/bin/python3", script, gateway.feed],
                                  cwd=ROOT, stdout=out, stderr=out)
    try:
        running.append(City(site))
        report = gateway.await_end(gateway.call())
        wanted = [f"{unit.reply_seq} {unit.reply.sentence}"
                  for unit in report.units]
        assert all(unit.reply.sentence for unit in report.units)

        def printed():
            assert subscriber.poll() is None, \
                (site.folder / "out").read_text()
            lines = (site.folder / "out").read_text().splitlines()
            return all(line in lines for line in wanted)
        wait_until(printed, "every answer printed")
    finally:
        subscriber.kill()
        subscriber.wait()


def test_every_make_target_of_the_help_exists():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\s+make ([a-z]+)\s", done.stdout, re.M)
    assert {"run", "test", "check", "lint", "bench", "install"} <= \
        set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_folder_named_in_the_readme_is_there():
    named = re.findall(r"^\| `([a-z/]+)`", (ROOT / "README.md").read_text(),
                       re.M)
    assert len(named) >= 10
    for folder in named:
        assert (ROOT / folder).is_dir(), folder


