"""Who verifies or repairs, as manifests tell it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from app.integrity.mhl import Author, Creator
from app.units import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who verifies, for the manifests."""

    job: str
    tool_version: str = ""
    operator: str = ""

    def creator(self, comment: str) -> Creator:
        """What a manifest says of its making."""
        return Creator(
            tool="Reelkeep",
            version=self.tool_version or None,
            hostname=socket.gethostname(),
            created=now(),
            authors=(Author(name=self.operator),) if self.operator else (),
            comment=f"Reelkeep job {self.job}; {comment}",
        )
