"""Every command of the README is run here, in its order, on the demo's material."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import run
from app.cli.group import COMMANDS
from app.engine import Engine
from app.jobs.spec import JobId
from app.offload.naming import shooting_day
from app.offload.spec import DestinationSpec, OffloadSpec
from app.paths import Profile
from app.settings import Settings
from app.settings.keys import KEYS
from app.units import now

CHECKOUT = Path(__file__).parent.parent.parent
README = (CHECKOUT / "README.md").read_text("utf-8")
EXAMPLE_DAY = "2026-11-20"
EXAMPLE_JOB = "AF1ADD"
"""Stands in the README where people type the id of a job of their own."""

EXEMPT = {
    "./run demo": "the material of all other commands is made by it, see `material`",
    "./run test": "it is what runs this test",
    "./run test -m soak": "it takes too long, by its nature",
    "./run check": "a part of ./run test",
    "./run": "opens a window on a display and stays",
    "./run COMMAND …": "no command but a pattern; tests/packaging/test_door.py tests it",
    "cd demo-material": "this test works in the folder that `./run demo` has made",
    'export PATH="$PWD/../.venv/bin:$PATH" REELKEEP_PROFILE="$PWD/profile"': "set by this test",
    "python packaging/set_up.py": "sets a whole checkout up; tests/packaging/test_door.py tests it",
    ".venv/bin/reelkeep": "opens a window on a display and stays",
    ".venv/bin/python tests/benchmarks/offload.py": "it takes too long, by its nature",
    "reelkeep eject SHUTTLE-01": "needs a real drive; tests/app/places/test_eject.py has images",
    "reelkeep COMMAND --help": "no command but a pattern; run for each command below",
}
"""Command of the README → why it is not run by this test."""

SAYS = {
    "reelkeep cards cards/A003": "ARRI ALEXA Mini",
    "reelkeep offload cards/SOUND_12 --to drives/SHUTTLE-01 --to drives/RAID": "SAFE TO FORMAT",
    "reelkeep jobs resume": "SAFE TO FORMAT",
    f"reelkeep jobs retry {EXAMPLE_JOB}": "SAFE TO FORMAT",
    "reelkeep verify drives/RAID/A003": "nothing differs",
    "reelkeep verify drives/RAID/A003 --repair-from drives/SHUTTLE-01/A003": "1 file repaired",
    "reelkeep report --day 2026-11-20": "day 12: 2 cards, 1 copy each, all safe",
    "reelkeep doctor": "ffmpeg",
    "reelkeep demo trial": "The trial material is in",
}
"""What the README promises of a command is what it says at its end."""


def commands() -> list[str]:
    """Every command line: those in blocks in their order, then those within the text."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        found += [line.partition("  #")[0].strip() for line in block.splitlines()]
    text = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    inline = (
        r"`((?:reelkeep|pfndispatchcopy|\./run|python3?|cd|export|\.venv/bin/[a-z]+)(?: [^`]+)?)`"
    )
    found += [" ".join(line.split()) for line in re.findall(inline, text)]
    names = {"reelkeep", "pfndispatchcopy"}  # mentioned, not typed
    return [line for line in dict.fromkeys(found) if line and line not in names]


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `./run demo` makes: the quick start itself, without a display."""
    folder = tmp_path_factory.mktemp("readme") / "demo-material"
    plain = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    plain = {k: v for k, v in plain.items() if not k.startswith(("QT_", "REELKEEP_"))}
    done = subprocess.run(
        [CHECKOUT / "run", "demo"],
        env=plain | {"REELKEEP_DEMO": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "SAFE TO FORMAT" in done.stdout
    assert f"the window was drawn into {folder / 'window.png'}" in done.stdout
    assert (folder / "window.png").read_bytes().startswith(b"\x89PNG")
    return folder


class Desk:
    """Types commands in the demo's folder, and prepares what some of them need."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.profile = folder / "profile"
        self.job = ""
        """The id that stands for the README's example."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ours = {"PATH": path, "HOME": str(home), "REELKEEP_PROFILE": str(self.profile)}
        self.environment = os.environ | ours
        self.day = (EXAMPLE_DAY, shooting_day(now(), 6).isoformat())

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run one line as a person would."""
        return subprocess.run(
            ["sh", "-c", line.replace(EXAMPLE_JOB, self.job or EXAMPLE_JOB).replace(*self.day)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def order(self, folder: str) -> OffloadSpec:
        """An offload of the sound card into a folder of its own."""
        drive = DestinationSpec(path=self.folder / "drives/RAID", template=folder)
        return OffloadSpec(
            source=self.folder / "cards/SOUND_12", destinations=(drive,), wanted_copies=1
        )


def a_preset_that_the_window_saved(desk: Desk) -> None:
    settings = Settings.load(Profile.at(desk.profile).settings_file)
    drives = [{"path": str(desk.folder / "drives" / name)} for name in ("SHUTTLE-01", "RAID")]
    preset = {"name": "Main unit", "choices": {"wanted_copies": 1}, "destinations": drives}
    settings.set("offload.presets", [preset])


def a_job_that_was_interrupted(desk: Desk) -> None:
    with Engine(desk.profile) as engine:
        engine.submit(desk.order("interrupted"))


def a_job_that_failed(desk: Desk) -> None:
    """A different file lay under a name of the card; then it was taken away."""
    other = desk.folder / "drives/RAID/failed/SDINFO.TXT"
    other.parent.mkdir()
    other.write_text("something else")
    with Engine(desk.profile) as engine:
        failed = engine.run(desk.order("failed"))
    assert str(failed.state) == "failed"
    other.unlink()
    desk.job = failed.id


def a_bit_that_rotted(desk: Desk) -> None:
    clip = next((desk.folder / "drives/RAID/A003/A003R2EC").glob("*.mov"))
    with clip.open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)[0]
        file.seek(1_000_000)
        file.write(bytes([byte ^ 1]))


def trial_material_that_lacks_its_last_part(desk: Desk) -> None:
    """Pictures and sound were made once already; that takes seconds."""
    trial = desk.folder / "trial"
    shutil.copytree(desk.folder / "cards", trial / "cards")
    marker = json.loads((desk.folder / ".reelkeep-demo.json").read_text())
    marker["parts"].remove("workplace")
    (trial / ".reelkeep-demo.json").write_text(json.dumps(marker))


BEFORE: dict[str, Callable[[Desk], None]] = {
    'reelkeep offload cards/A003 --preset "Main unit" --hash xxh64 --hash md5 --legacy-mhl'
    ' --name "{text}/{roll}" --text "Pick-ups"': a_preset_that_the_window_saved,
    "reelkeep jobs resume": a_job_that_was_interrupted,
    f"reelkeep jobs retry {EXAMPLE_JOB}": a_job_that_failed,
    "reelkeep verify drives/RAID/A003 --repair-from drives/SHUTTLE-01/A003": a_bit_that_rotted,
    "reelkeep demo trial": trial_material_that_lacks_its_last_part,
}
"""What must have happened before a command makes sense."""


@pytest.mark.first
@pytest.mark.timeout(900)  # there are fifty of them, and the machine may be busy
def test_every_command_of_the_readme_does_what_it_says(material: Path, tmp_path: Path):
    desk = Desk(material, tmp_path)
    for line in commands():
        if line in EXEMPT:
            continue
        if line in BEFORE:
            BEFORE[line](desk)

        done = desk.type(line)

        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, line
        assert SAYS.get(line, "") in done.stdout, f"{line}\n{done.stdout}"
    assert (material / "window.png").stat().st_size > 10_000
    assert list((material / "reports").glob("SOUND_12_*.pdf"))
    with Engine(desk.profile) as engine:
        assert {str(job.state) for job in engine.history()} == {"done"}
        assert engine.journal.job(JobId(desk.job))


def test_nothing_is_exempt_expected_or_prepared_that_the_readme_does_not_name():
    listed = set(commands())

    assert set(EXEMPT) | set(SAYS) | set(BEFORE) <= listed
    assert not set(EXEMPT) & (set(SAYS) | set(BEFORE))


def test_the_readme_names_every_command_and_no_other():
    table = re.findall(r"^\| `([a-z]+)` \| ", README, re.MULTILINE)

    assert [name for name in table if name not in {"full", "source", "transfer"}] == list(COMMANDS)


@pytest.mark.parametrize("command", [["pfndispatchcopy"], ["reelkeep"]], ids=" ".join)
def test_every_program_explains_itself(command: list[str]):
    program = Path(sys.executable).parent / command[0]

    done = subprocess.run(
        [program, "--help"], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {' '.join(command)}")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]):
    code = run([name, "--help"], lambda *_: 0)

    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: reelkeep {name}")


def test_every_page_and_picture_that_the_readme_points_to_is_there():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (CHECKOUT / target).is_file(), target


def test_the_modes_tokens_and_defaults_are_those_of_the_code():
    from app.offload.naming import TOKENS
    from app.offload.spec import OnCollision, VerifyMode

    for word in (*VerifyMode, *OnCollision, *(f"{{{token}}}" for token in TOKENS)):
        assert f"`{word}" in README or f" {word}`" in README, word
    for key in re.findall(r"`((?:offload|notify|devices)\.[a-z_]+)`", README):
        assert key in KEYS
