"""Two drives and a profile to work with: the place where the trial cards are offloaded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from app.demo import Part
from app.offload.naming import shooting_day
from app.paths import Profile
from app.settings import Settings
from app.units import now

DRIVES = ("SHUTTLE-01", "RAID")
_ROLLOVER = 6
_WORDS = """Trial material of Reelkeep

cards/     a camera card and a sound card, as a loader brings them
drives/    two folders that stand for two drives; both lie on one disk
profile/   settings, journal and log of the trial: reelkeep --profile profile

Nothing here is precious. Remove the folder when you are done.
"""


def _make(directory: Path, _program: str) -> None:
    drives = [directory / "drives" / name for name in DRIVES]
    for drive in drives:
        drive.mkdir(parents=True, exist_ok=True)
    profile = Profile.at(directory / "profile").create()
    settings = Settings.load(profile.settings_file)
    for name, value in {
        "project.name": "Night Train",
        # The trial is always day 12, whenever it is.
        "project.first_day": shooting_day(now(), _ROLLOVER) - timedelta(days=11),
        "project.production": "Halfway House Films",
        "project.unit": "Main",
        "project.operator": "Trial",
        # Both drives are folders on one disk, which fails as one.
        "offload.wanted_copies": 1,
        "offload.last_destinations": [str(drive.absolute()) for drive in drives],
    }.items():
        settings.set(name, value)
    (directory / "README.txt").write_text(_WORDS, "utf-8")


WORKPLACE = Part(key="workplace", title="Two drives and a profile", make=_make)
"""Where the trial cards go."""
