"""The public ascmhl tool and its schemas as the judge of what we write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from public_mhl import ascmhl

XSD = Path(__file__).parent / "xsd"


@dataclass(frozen=True)
class Judge:
    """The public tool, and its schemas."""

    def verify(self, root: Path, *options: str) -> int:
        """What `ascmhl-debug verify` exits with."""
        code, said = ascmhl("verify", *options, root)
        print(said)
        return code

    def diff(self, root: Path) -> int:
        """What `ascmhl diff` exits with."""
        return ascmhl("diff", root)[0]

    def create(self, root: Path, *options: str) -> int:
        """What `ascmhl create` exits with."""
        code, said = ascmhl("create", *options, root)
        print(said)
        return code

    def accepts(self, root: Path) -> None:
        """Every way in which the tool can check a history, and the schema for each of its files."""
        assert self.verify(root) == 0
        assert self.diff(root) == 0
        assert self.verify(root, "-dh") == 0
        assert ascmhl("info", "-v", root)[0] == 0
        for manifest in root.rglob("ascmhl/*.mhl"):
            assert_valid(manifest, "ASCMHL.xsd")
        for chain in root.rglob("ascmhl/ascmhl_chain.xml"):
            assert_valid(chain, "ASCMHLDirectory.xsd")


def assert_valid(path: Path, schema: str) -> None:
    """Fail unless the file at *path* follows the published schema."""
    text = (XSD / schema).read_bytes()
    here = (XSD / "ASCMHL.xsd").as_uri().encode()
    remote = b"https://raw.githubusercontent.com/ascmitc/mhl/master/xsd/ASCMHL.xsd"
    xsd = etree.XMLSchema(etree.fromstring(text.replace(remote, here)))
    xsd.assertValid(etree.parse(path))
