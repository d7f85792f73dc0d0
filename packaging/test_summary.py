"""Adds up JUnit files: which tests were skipped and why, and the plain counts as the last line.

    python packaging/test_summary.py [--expected-skips FILE] JUNIT...

With a list of expected skips (one shell pattern a line, `#` begins a comment) the exit code is 1
when a test was skipped that no line names, or when fewer tests than one were run.
"""

import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree


def main(arguments: list[str]) -> int:
    """Print the summary; see the top of the file for the exit code."""
    expected: list[str] | None = None
    if arguments[:1] == ["--expected-skips"]:
        expected = patterns(Path(arguments[1]))
        arguments = arguments[2:]
    counts: Counter[str] = Counter()
    skips: dict[str, str] = {}
    for name in arguments:
        read(Path(name), counts, skips)
    for test, reason in sorted(skips.items()):
        print(f"skipped: {test}: {reason}")
    surprises = [test for test in skips if expected is not None and not named(test, expected)]
    for test in sorted(surprises):
        print(f"not listed as an expected skip: {test}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {len(skips)} skipped", flush=True)
    return 1 if surprises or not counts["passed"] else 0


def patterns(listing: Path) -> list[str]:
    """The patterns of an expected-skips file."""
    lines = (line.split("#", 1)[0].strip() for line in listing.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def named(test: str, expected: list[str]) -> bool:
    """Whether a line of the list names this test."""
    return any(fnmatchcase(test, pattern) for pattern in expected)


def read(junit: Path, counts: Counter[str], skips: dict[str, str]) -> None:
    """Count the tests of one JUnit file; a missing file counts as one failure."""
    if not junit.is_file():
        print(f"{junit} is missing: that run did not come to its end")
        counts["failed"] += 1
        return
    for case in ElementTree.parse(junit).iter("testcase"):
        test = f"{case.get('classname', '')}::{case.get('name', '')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            counts["failed"] += 1
        elif skipped is not None and skipped.get("type") != "pytest.xfail":
            skips[test] = skipped.get("message", "").splitlines()[0]
        else:
            counts["passed"] += 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
