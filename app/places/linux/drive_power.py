"""Switching a drive off on Linux, once nothing on it is mounted. Never tried on real hardware."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from app.places.linux.blocks import Block


def power_off_drive(disks: tuple[Block, ...]) -> bool:
    """Whether the drive was switched off; False where nothing here can, which is no error.

    What is unmounted may be unplugged either way.
    """
    if len(disks) != 1:
        return False
    disk = disks[0]
    tool = shutil.which("udisksctl")
    if tool:
        command = [tool, "power-off", "--no-user-interaction", "-b", f"/dev/{disk.name}"]
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            return True
    # The kernel writes out the drive's own cache and stops it before it lets go.
    delete = disk.folder / "device/delete"
    return os.geteuid() == 0 and _written(delete)


def _written(switch: Path) -> bool:
    try:
        switch.write_text("1")
    except OSError:
        return False
    return True
