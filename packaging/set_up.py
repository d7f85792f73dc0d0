"""Sets a checkout up: system libraries, a virtual environment, pinned packages.

    python3 packaging/set_up.py [run|check|test]    install what that purpose still lacks
    python3 packaging/set_up.py lock                pin the newest allowed versions anew

Only the standard library is used, and a second call for the same purpose returns at once.
On Debian and its relatives missing system packages come through apt-get; elsewhere they are named.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# Debian package → the library or program that shows it is there.
WINDOW_PACKAGES = {
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libfreetype6": "libfreetype.so.6",
    "libx11-xcb1": "libX11-xcb.so.1",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-glx0": "libxcb-glx.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-sync1": "libxcb-sync.so.1",
    "libxcb-xfixes0": "libxcb-xfixes.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libwayland-client0": "libwayland-client.so.0",
    "libwayland-cursor0": "libwayland-cursor.so.0",
    "libwayland-egl1": "libwayland-egl.so.1",
    "libgssapi-krb5-2": "libgssapi_krb5.so.2",
    "libpulse0": "libpulse.so.0",
}
RUN_PACKAGES = {**WINDOW_PACKAGES, "ffmpeg": "ffmpeg"}
TEST_PACKAGES = {
    "bindfs": "bindfs",
    "btrfs-progs": "mkfs.btrfs",
    "dosfstools": "mkfs.vfat",
    "exfat-fuse": "mount.exfat-fuse",
    "exfatprogs": "mkfs.exfat",
    "fuse3": "fusermount3",
    "fusefat": "fusefat",
    "libfuse2": "libfuse.so.2",
    "libnbd-bin": "nbdfuse",
    "nbdkit": "nbdkit",
    "ntfs-3g": "ntfs-3g",
    "poppler-utils": "pdftotext",
    "procps": "ps",
    "tcc": "tcc",
    "util-linux": "losetup",
    "xfsprogs": "mkfs.xfs",
    "xvfb": "Xvfb",
    "xxhash": "xxhsum",
}
PURPOSES: dict[str, tuple[Mapping[str, str], str]] = {
    "run": (RUN_PACKAGES, "requirements.txt"),
    "check": ({}, "requirements-check.txt"),
    "test": ({**RUN_PACKAGES, **TEST_PACKAGES}, "requirements-check.txt"),
}
ALSO_DONE = {"run": (), "check": (), "test": ("run", "check")}


def main(arguments: list[str]) -> int:
    """Set up for one purpose; 0 when it can be used, 1 with a sentence when not."""
    purpose = arguments[0] if arguments else "run"
    if purpose == "lock":
        return lock()
    if purpose not in PURPOSES:
        return fail(f'"{purpose}" is none of: {", ".join(PURPOSES)}, lock.')
    packages, requirements = PURPOSES[purpose]
    if is_done(purpose):
        return 0
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one must hear it from us
        return fail(f"Python 3.11 or newer is needed, and this is {sys.version.split()[0]}.")
    with only_one_at_a_time():
        complete = provide_system_packages(packages)
        if not install(requirements):
            return 1
        if complete:  # otherwise look again next time, and say so again
            for done in (purpose, *ALSO_DONE[purpose]):
                stamp(done).write_text(fingerprint(PURPOSES[done][1]), encoding="utf-8")
    return 0


def stamp(purpose: str) -> Path:
    """The file that says for which state of the checkout a set-up is done."""
    return VENV / f"set-up-{purpose}"


def is_done(purpose: str) -> bool:
    """Whether nothing has changed since this set-up was done here."""
    try:
        kept = stamp(purpose).read_text(encoding="utf-8")
    except OSError:
        return False
    return kept == fingerprint(PURPOSES[purpose][1])


def fingerprint(requirements: str) -> str:
    """What a finished set-up depends on: these files, and where the checkout lies."""
    digest = hashlib.sha256(str(CHECKOUT).encode("utf-8", "surrogateescape"))
    for name in ("packaging/set_up.py", f"packaging/{requirements}", "pyproject.toml"):
        digest.update((CHECKOUT / name).read_bytes())
    return digest.hexdigest()


class only_one_at_a_time:  # noqa: N801 - reads as a phrase
    """Two terminals may call `./run` in the same second: the second one waits."""

    def __enter__(self) -> None:
        self._file = (CHECKOUT / "packaging/set_up.py").open("rb")
        try:
            import fcntl
        except ImportError:  # Windows: two at once are the person's own doing
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


# System packages


def provide_system_packages(packages: Mapping[str, str]) -> bool:
    """Install what is missing where that is possible; False when something stays missing."""
    missing = still_missing(packages)
    if not missing:
        return True
    if not sys.platform.startswith("linux"):
        say(f"Not tried on this platform: please install {sentence_list(missing)} yourself.")
        return True
    if shutil.which("apt-get") is None:
        say(
            "This is no Debian, so nothing was installed through its package manager. "
            f"Debian's names of what is missing: {' '.join(missing)}."
        )
        return False
    become_root = root_prefix()
    if become_root is None:
        say(
            "System packages are missing, and neither root nor sudo is at hand. "
            f"Please have somebody run: apt-get install {' '.join(missing)}"
        )
        return False
    say(f"Installing system packages: {' '.join(missing)}")
    if not apt_install(become_root, missing):
        say(f"apt-get could not install all of: {' '.join(missing)}")
        return False
    return True


def still_missing(packages: Mapping[str, str]) -> list[str]:
    """Names of the packages whose library or program is not there."""
    if not sys.platform.startswith("linux"):
        programs = {p: shows for p, shows in packages.items() if ".so" not in shows}
        wanted = {"ffmpeg"} & programs.keys()  # the file systems of the tests are Linux's
        return sorted(p for p in wanted if shutil.which(programs[p]) is None)
    known = libraries()
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return [
        package
        for package, shows in packages.items()
        if not (shows in known if ".so" in shows else shutil.which(shows, path=path))
    ]


def libraries() -> set[str]:
    """Names of all shared libraries that the loader knows."""
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin:/usr/bin") or "ldconfig"
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    return {line.split()[0] for line in listing.splitlines() if "=>" in line}


def root_prefix() -> list[str] | None:
    """What to write before a command that needs root; None when nothing helps."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    # Without a terminal sudo could only wait for a password that nobody types.
    return ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]


def apt_install(become_root: list[str], packages: Iterable[str]) -> bool:
    """Install Debian packages, refreshing the lists when they are absent or old."""
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    install_them = [*apt, "install", "-y", "--no-install-recommends", *packages]
    if any(Path("/var/lib/apt/lists").glob("*Packages*")) and call(install_them, quiet=True):
        return True
    return call([*apt, "update"], terse=True) and call(install_them, terse=True)


# The virtual environment


def install(requirements: str) -> bool:
    """Make .venv and bring it to the pinned versions, with this checkout in it."""
    if not works(PYTHON) and not make_venv():
        return False
    say("Installing the pinned Python packages")
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "-q", "--no-input"]
    pinned = str(CHECKOUT / "packaging" / requirements)
    if not (
        call([*pip, "install", "--no-deps", "-r", pinned])
        and call([*pip, "install", "--no-deps", "--no-build-isolation", "-e", str(CHECKOUT)])
    ):
        fail("The Python packages could not be installed; the lines above say why.")
        return False
    return True


def works(python: Path) -> bool:
    """Whether this environment's interpreter starts and has pip."""
    return python.is_file() and call([str(python), "-c", "import pip"], quiet=True)


def make_venv() -> bool:
    """Make .venv with the interpreter that runs us."""
    base = getattr(sys, "_base_executable", sys.executable) or sys.executable
    # Debian's python3 comes without ensurepip until its venv package is there.
    if not call([base, "-c", "import ensurepip, venv"], quiet=True):
        become_root = root_prefix() if shutil.which("apt-get") else None
        if become_root is None or not apt_install(become_root, ["python3-venv"]):
            fail("This Python cannot make virtual environments. Please install: python3-venv")
            return False
    say(f"Making a virtual environment in {VENV}")
    return call([base, "-m", "venv", "--clear", str(VENV)])


# Pinning


def lock() -> int:
    """Write both lists of pinned versions, for every platform, with uv."""
    uv = shutil.which("uv", path=f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        return fail("uv is needed to pin versions. Install it, then try again.")
    flags = ["--universal", "--python-version", "3.11", "--upgrade", "--quiet", "--no-header"]
    flags += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    check = CHECKOUT / "packaging/requirements-check.txt"
    run = CHECKOUT / "packaging/requirements.txt"
    plans = [(check, ["--extra", "check"]), (run, ["--constraint", str(check)])]
    for target, more in plans:  # what builds us is pinned with the rest
        command = [uv, "pip", "compile", "pyproject.toml", "-", *flags, *more, "-o", str(target)]
        done = subprocess.run(
            command, input="setuptools>=77\n", text=True, check=False, cwd=CHECKOUT
        )
        if done.returncode:
            return fail("The versions could not be pinned; the lines above say why.")
    return 0


# Words


def call(command: list[str], *, quiet: bool = False, terse: bool = False) -> bool:
    """Run a program to its end; False when it failed or is not there.

    A terse one is heard only when it fails, a quiet one never.
    """
    heard = subprocess.STDOUT if quiet or terse else sys.stderr.fileno()
    where = subprocess.PIPE if quiet or terse else sys.stderr.fileno()
    try:
        done = subprocess.run(command, check=False, stdout=where, stderr=heard)
    except OSError:
        return False
    if done.returncode and terse:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
    return done.returncode == 0


def sentence_list(names: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def say(sentence: str) -> None:
    """Tell what happens, beside the output that scripts read."""
    print(sentence, file=sys.stderr, flush=True)


def fail(sentence: str) -> int:
    """Say why it does not go on."""
    say(sentence)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
