"""Builds the sdist and the wheel, installs each into a clean environment, and starts them there.

    .venv/bin/python packaging/try_packages.py

The wheel is installed by pip, the sdist by uv, both outside of the checkout. Each then has to show
its version, offload a card of its own, and draw its window, with icons, font and style sheet.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PINNED = CHECKOUT / "packaging" / "requirements.txt"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def main() -> int:
    """0 when both packages install and work; a failing step is named by its exception."""
    with tempfile.TemporaryDirectory(prefix="reelkeep-packages-") as scratch:
        outside = Path(scratch)
        sdist, wheel = build(outside / "dist")
        look_into(sdist, wheel)
        for name, environment in (
            ("the wheel by pip", by_pip(wheel, outside / "by pip")),
            ("the sdist by uv", by_uv(sdist, outside / "by uv")),
        ):
            try_out(environment, outside)
            print(f"{name}: installs, starts, offloads, draws its window")
    return 0


def build(target: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is made out of it; from a copy, the checkout stays clean."""
    listing = run("git", "-C", CHECKOUT, "ls-files", "-z").split("\0")
    copy = target.parent / "source"
    for name in filter(None, listing):
        if (CHECKOUT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, copy / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, copy)
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return sdist, wheel


def look_into(sdist: Path, wheel: Path) -> None:
    """The sdist must be a whole checkout, and the wheel hold all that the program reads."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for part in ("run", "packaging/set_up.py", "docs/python.md", "tests/conftest.py", "LICENSE"):
        assert part in names, f"the sdist lacks {part}"
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    for folder in ("app", "ui", "resources"):
        for path in sorted((CHECKOUT / folder).rglob("*")):
            inside = path.relative_to(CHECKOUT).as_posix()
            is_ours = path.is_file() and "__pycache__" not in path.parts
            tracked = is_ours and run("git", "-C", CHECKOUT, "ls-files", inside).strip()
            assert not tracked or inside in held, f"the wheel lacks {inside}"
    assert not any(name.startswith("tests/") for name in held), "the wheel holds tests"


def by_pip(package: Path, environment: Path) -> Path:
    """A clean environment with *package*, made by venv and pip."""
    run(sys.executable, "-m", "venv", environment)
    pip = environment / SCRIPTS / "pip"
    run(pip, "-q", "--disable-pip-version-check", "install", "-c", PINNED, package)
    return environment


def by_uv(package: Path, environment: Path) -> Path:
    """A clean environment with *package*, made by uv alone."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    uv = shutil.which("uv", path=beside) or uv_of_our_own(environment.parent / "uv")
    run(uv, "-q", "venv", "--python", sys.executable, environment)
    python = environment / SCRIPTS / "python"
    run(uv, "-q", "pip", "install", "--python", python, "-c", PINNED, package)
    return environment


def uv_of_our_own(place: Path) -> Path:
    run(sys.executable, "-m", "venv", place)
    run(place / SCRIPTS / "pip", "-q", "--disable-pip-version-check", "install", "uv")
    return place / SCRIPTS / "uv"


def try_out(environment: Path, outside: Path) -> None:
    """Start both programs, copy a card, draw the window; nothing may come from the checkout."""
    reelkeep = environment / SCRIPTS / "reelkeep"
    place = outside / f"tried {environment.name}"
    clip = place / "A003" / "A003C001.mov"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(os.urandom(100_000))
    (place / "drive").mkdir()
    here = {"cwd": place, "REELKEEP_PROFILE": str(place / "profile")}
    said = run(reelkeep, "--version", **here)
    assert said.startswith("reelkeep "), said
    said = run(environment / SCRIPTS / "pfndispatchcopy", "--help", **here)
    assert said.startswith("Usage: pfndispatchcopy"), said
    said = run(reelkeep, "offload", "A003", "--to", "drive", "--wanted-copies", "1", **here)
    assert said.rstrip().endswith("SAFE TO FORMAT"), said
    assert (place / "drive" / "A003" / clip.name).read_bytes() == clip.read_bytes()
    run(reelkeep, "window", "--screenshot", "window.png", **here)
    assert (place / "window.png").stat().st_size > 10_000
    python = environment / SCRIPTS / "python"
    where = run(python, "-c", "import app, ui; print(app.__file__, ui.__file__)", **here)
    assert str(CHECKOUT) not in where, where


def run(*command: object, cwd: Path | None = None, **more: str) -> str:
    """What a program says; it must end well. It knows nothing of the checkout's Python."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "REELKEEP"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd or Path(tempfile.gettempdir()),
        env=plain | more,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command}\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
