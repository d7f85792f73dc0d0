"""The grammar of folder templates: what tokens there are, and what makes no sense."""

from __future__ import annotations

import re

from app.errors import BadInput

TOKENS = {
    "date": "Shooting day, 2026-11-20",
    "day": "Shooting day, 20261120",
    "time": "Time of the offload, 1704",
    "project": "Project",
    "camera": "Camera",
    "roll": "Roll",
    "label": "Label of the card",
    "clip": "Clip (a folder for each)",
    "counter": "Counter; {counter:3} gives 001",
    "text": "Free text",
}
TOKEN = re.compile(r"\{([a-z]+)(?::(\d))?\}")
_BRACES = re.compile(r"\{[^{}]*\}")


def check_template(template: str) -> None:
    """BadInput, naming what is wrong, unless *template* can be used."""
    for name, _ in TOKEN.findall(template):
        if name not in TOKENS:
            known = ", ".join(f"{{{token}}}" for token in TOKENS)
            raise BadInput(f"The template {template!r} has no token {{{name}}}.", hint=known)
    rest = TOKEN.sub("x", template)
    if odd := _BRACES.search(rest):
        raise BadInput(
            f"The template {template!r} has {odd[0]}, which is no token.",
            hint="Only {counter:3} takes something behind a colon: how many digits.",
        )
    if "{" in rest or "}" in rest:
        raise BadInput(f"The template {template!r} has a brace that is not closed.")
    if any(part in {".", ".."} for part in rest.split("/")):
        raise BadInput(f"The template {template!r} may not climb out with a dot folder.")
