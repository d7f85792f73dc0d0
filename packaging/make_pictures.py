"""Draws the pictures of the README and the manual: the real window, on the demo's material.

    .venv/bin/python packaging/make_pictures.py [FOLDER]      docs/pictures without FOLDER

No display is needed. Run by root on Linux it works in a mount namespace of its own, where no
other card is mounted, and the demo's two drives are images with file systems of their own. Run by
others it works in a temporary folder, and whatever cards are mounted show up in the pictures too.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ALONE = "REELKEEP_PICTURES_ALONE"
SECONDS = 120.0
"""Nothing that is waited for here takes longer."""
TAKES = 90
"""Clips of the large card: so many that there is time to draw the window while it is copied."""
DRIVES = {
    "SHUTTLE-01": (2 * 10**12, "mkfs.ext4", "-q", "-F", "-m0", "-Tlargefile4", "-LSHUTTLE-01"),
    "RAID": (12 * 10**12, "mkfs.xfs", "-q", "-LRAID"),
}
"""Name, bytes, and what formats an image of it."""


def main(arguments: list[str]) -> int:
    target = Path(arguments[0] if arguments else CHECKOUT / "docs/pictures").resolve()
    can_be_alone = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("unshare")
    if can_be_alone and ALONE not in os.environ:
        unshare = ["unshare", "--mount", "--propagation", "private"]
        command = [*unshare, sys.executable, __file__, str(target)]
        return subprocess.run(command, env=os.environ | {ALONE: "1"}, check=False).returncode
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reelkeep-pictures-") as scratch:
        place = be_alone(Path(scratch)) if ALONE in os.environ else Path(scratch)
        draw(*material(place), target)
        if ALONE in os.environ:
            mounted = [*(place / drive for drive in DRIVES), place]
            subprocess.run(["umount", "-l", *mounted], check=True)
    return 0


def be_alone(scratch: Path) -> Path:
    """Hide other people's mounts from this process only, mount two drives; where to work."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        source = line.partition(" - ")[2].split()
        if source[1].startswith("/dev/loop") or source[0].startswith("fuse"):
            subprocess.run(["umount", "-l", point], check=False, stderr=subprocess.DEVNULL)
    place = Path("/media")
    subprocess.run(["mount", "--bind", scratch, place], check=True)
    for drive, (size, *make) in DRIVES.items():
        image = place / f".{drive}.img"
        image.touch()
        os.truncate(image, size)
        subprocess.run([*make, image], check=True, stdout=subprocess.DEVNULL)
        (place / drive).mkdir()
        subprocess.run(["mount", "-o", "loop", image, place / drive], check=True)
    return place


def material(place: Path) -> tuple[Path, tuple[Path, ...]]:
    """The demo's cards and profile, and one card more that takes a while; and the drives."""
    from app.demo import make_material
    from app.paths import Profile
    from app.settings import Settings

    folder = place / "night-train"
    make_material(folder, "ffmpeg")
    known, roll, reel = folder / "cards/A003/A003R2EC", "B004", "B004R3KX"
    large = folder / "cards" / roll / reel
    large.mkdir(parents=True)
    takes = sorted(known.glob("*.mov"))
    for number in range(TAKES):
        take = takes[number % len(takes)]
        shutil.copy2(take, large / f"{roll}C{number + 1:03d}_261120_R3KX.mov")
    log = (known / "A003R2EC_AVID.ale").read_text("ascii")
    log = log.replace("A003R2EC", reel).replace("A003", roll).replace("R2EC", "R3KX")
    (large / f"{reel}_AVID.ale").write_text(log, "ascii")
    own = place if ALONE in os.environ else folder / "drives"
    drives = tuple(own / drive for drive in DRIVES)
    settings = Settings.load(Profile.at(folder / "profile").settings_file)
    settings.set("offload.last_destinations", [str(drive) for drive in drives])
    return folder, drives


def draw(folder: Path, drives: tuple[Path, ...], target: Path) -> None:
    """Offload a card as the demo does, then go through the window and draw what is there."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from ui.application import logged, make_application
    from ui.qt_messages import qt_messages_logged

    with qt_messages_logged():
        app = make_application()
        from qasync import QEventLoop

        from app.engine import Engine
        from ui.application import Session

        with Engine(folder / "profile") as engine, logged(engine):
            engine.run(demo_job(folder, drives))
            with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
                runner.run(live(Session(engine, "offload"), folder, target))


def demo_job(folder: Path, drives: tuple[Path, ...]):
    """The job of `./run demo`."""
    from app.offload.spec import DestinationSpec, OffloadSpec

    return OffloadSpec(
        source=folder / "cards/A003",
        destinations=tuple(DestinationSpec(path=drive) for drive in drives),
        wanted_copies=1,
        report=folder / "reports",
    )


async def live(session, folder: Path, target: Path) -> None:
    """One life of the window, from its start to an orderly end."""
    session.window.resize(1280, 800)
    living = asyncio.create_task(session.live())
    try:
        await walk(session, folder, target)
    finally:
        session.close()
        await living


async def walk(session, folder: Path, target: Path) -> None:
    """Plan a card, copy a larger one, look at evidence and clips; keep a picture of each."""
    await settled(session)
    window, pane = session.window, session.window.pane
    pane.desk.add_cards([folder / "cards/SOUND_12"])
    await settled(session)
    pane.desk.add_cards([folder / "cards/B004"])
    await settled(session)
    pane.desk.choose(str(folder / "cards/B004"))
    await settled(session)
    pane.start()
    await until(lambda: any(0.45 < job.fraction < 0.9 for job in session.bridge.snapshots))
    session.open_window("status")
    await asyncio.sleep(0.3)
    keep(window, target / "window.png")
    keep(session._windows["status"], target / "status.png")
    await until(lambda: all(job.state.ended for job in session.bridge.snapshots))
    await settled(session)

    pane.show_evidence(str(folder / "cards/A003"))
    await settled(session)
    evidence_of(window).resize(1160, 680)  # as on a screen of 1280 × 800
    await settled(session)
    keep(evidence_of(window), target / "evidence.png")
    evidence_of(window).close()

    window.enter("library")
    library = window.pane
    library.show_folder(folder / "cards/A003")
    await until(lambda: library.table.model().rowCount() > 0)
    library.table.selectRow(1)
    await asyncio.sleep(3)  # thumbnails, the first frame and the strip come from children
    await settled(session)
    keep(window, target / "library.png")


def evidence_of(window):
    from ui.dialogs.evidence import EvidenceDialog

    return next(dialog for dialog in window.findChildren(EvidenceDialog) if dialog.isVisible())


async def settled(session) -> None:
    """Until nothing has been asked of the engine for a while."""
    quiet = 0
    deadline = time.monotonic() + SECONDS
    while quiet < 8 and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        desk = getattr(session.window.pane, "desk", None)
        busy = session.bridge.waiting or (desk is not None and desk.planner.working)
        quiet = 0 if busy else quiet + 1


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("What was waited for did not come.")
        await asyncio.sleep(0.02)


def keep(widget, path: Path) -> None:
    widget.grab().save(str(path))
    print(path)


if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT))
    sys.exit(main(sys.argv[1:]))
