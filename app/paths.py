"""Where Reelkeep keeps what it remembers: one folder per profile, and the site's file."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from app.errors import BadInput, WriteFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One folder with settings, journal, catalog, log and reports; nothing lies elsewhere.

    The paths are only names: `create` makes the folders.
    """

    directory: Path

    @classmethod
    def at(cls, directory: Path | None = None) -> Profile:
        """The profile in *directory*; None: the person's own, at the platform's usual place."""
        return cls(directory=absolute(directory) if directory else default_directory())

    @property
    def settings_file(self) -> Path:
        """The person's settings, TOML."""
        return self.directory / "settings.toml"

    @property
    def journal(self) -> Path:
        """The journal of all jobs (SQLite)."""
        return self.directory / "journal.sqlite"

    @property
    def catalog(self) -> Path:
        """The library's catalog (SQLite)."""
        return self.directory / "catalog.sqlite"

    @property
    def log_directory(self) -> Path:
        """Where the log lies unless the settings say otherwise."""
        return self.directory / "log"

    @property
    def reports(self) -> Path:
        """Where reports go unless the settings say otherwise."""
        return self.directory / "reports"

    @property
    def media(self) -> Path:
        """What is remembered of clips; all of it may be removed at any time."""
        return self.directory / "media"

    @property
    def looks(self) -> Path:
        """Facts and small pictures of clips that were looked at; may be removed at any time."""
        return self.media / "looks"

    @property
    def indexes(self) -> Path:
        """Where each frame of a clip is; may be removed at any time."""
        return self.media / "indexes"

    @property
    def marks(self) -> Path:
        """What people have marked in clips."""
        return self.directory / "marks"

    def create(self) -> Profile:
        """Make the profile's folder, for its owner only; WriteFailed when that cannot be."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileExistsError as error:
            raise BadInput(
                f"The profile {self.directory} is a file; a folder is needed.", path=self.directory
            ) from error
        except OSError as error:
            raise WriteFailed(
                f"The profile folder {self.directory} could not be made: {error.strerror}.",
                path=self.directory,
                hint="Choose another one with --profile.",
            ) from error
        return self


def default_directory() -> Path:
    """The profile's folder when nobody names one."""
    import platformdirs

    name = "reelkeep" if sys.platform.startswith("linux") else "Reelkeep"
    return Path(platformdirs.user_data_path(name, appauthor=False))


def site_file() -> Path:
    """The settings that a house gives all its people on this machine."""
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Reelkeep" / "config.toml"
    if sys.platform == "darwin":
        return Path("/Library/Application Support/Reelkeep/config.toml")
    return Path("/etc/reelkeep/config.toml")


def absolute(path: Path) -> Path:
    """*path* without `~` and seen from the root; links are kept as they are."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() follows links
