"""Eject: write everything out, unmount, and power off, so that a card or drive may be unplugged."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.errors import PlaceBusy
from app.places.holders import Holder, holders_below
from app.places.volumes import Volume, volume_of

__all__ = ["EjectResult", "Holder", "eject", "holders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EjectResult:
    """What was ejected."""

    label: str
    device: str
    """The device's name."""
    unmounted: tuple[Path, ...]
    """Every mount point that was taken away, of all volumes of the drive."""
    powered_off: bool
    """Whether the drive was switched off as well; a card in its reader never is."""

    @property
    def text(self) -> str:
        """One sentence for people."""
        if self.powered_off:
            return f"{self.label} is ejected and switched off. It may be unplugged."
        return f"{self.label} is ejected. It may be unplugged."


class Ejector(Protocol):
    """How each operating system ejects."""

    def places(self, volume: Volume) -> tuple[Path, ...]:
        """Every mount point of the drive that *volume* is on; Refusal for the system's own."""
        ...

    def eject(self, volume: Volume, power_off: bool) -> EjectResult:
        """Unmount all of them, let go of the drive, power it off where that makes sense."""
        ...


def eject(place: Path | Volume, power_off: bool = True) -> EjectResult:
    """Eject the drive that *place* is on, with all its volumes.

    PlaceBusy names the programs and files that hold it, and then nothing was unmounted. Refusal
    for the system's own disk and for what only root may unmount.
    """
    volume = place if isinstance(place, Volume) else volume_of(place)
    ejector = _ejector()
    held = holders_below(ejector.places(volume))
    if held:
        raise busy(volume, held)
    return ejector.eject(volume, power_off)


def holders(volume: Volume) -> tuple[Holder, ...]:
    """The programs that hold *volume*, one row each with one of the files that it holds."""
    return holders_below((volume.mount_point,))


def busy(volume: Volume, held: Sequence[Holder]) -> PlaceBusy:
    """The error that names who holds *volume*; nobody where the system did not say."""
    if not held:
        return PlaceBusy(
            f"{volume.label} is in use, by a program that we may not see.",
            path=volume.mount_point,
            device=volume.device.name,
        )
    rows = "; ".join(_row(holder) for holder in held[:5])
    more = f"; and {len(held) - 5} more" if len(held) > 5 else ""
    return PlaceBusy(
        f"{volume.label} is in use: {rows}{more}.",
        path=Path(held[0].path),
        device=volume.device.name,
    )


def _row(holder: Holder) -> str:
    number = f" ({holder.pid})" if holder.pid else ""
    return f"{holder.program}{number} holds {holder.path}"


def _ejector() -> Ejector:
    if sys.platform == "darwin":
        from app.places.macos import MacEjector

        return MacEjector()
    if sys.platform == "win32":
        from app.places.windows import WindowsEjector

        return WindowsEjector()
    from app.places.linux.eject import LinuxEjector

    return LinuxEjector()
