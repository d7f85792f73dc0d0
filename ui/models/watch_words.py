"""How a watch folder stands, in words."""

from __future__ import annotations

from app.media.watch.order import WatchOrder
from app.media.watch.state import Failure, WatchState
from app.units import count_text
from ui.theme import Tone
from ui.words import Sign, printable

OFF = Sign(mark="idle", glyph="…", word="Not watched", tone=Tone.IDLE)
_ELSEWHERE = Sign(mark="idle", glyph="…", word="Watched elsewhere", tone=Tone.IDLE)
_STARTING = Sign(mark="idle", glyph="…", word="Starting", tone=Tone.IDLE)
_TROUBLE = Sign(mark="attention", glyph="!", word="Cannot be watched", tone=Tone.ATTENTION)
_FAILED = Sign(mark="failed", glyph="✕", word="Watching, something failed", tone=Tone.FAILED)
_WATCHING = Sign(mark="running", glyph="▶", word="Watching", tone=Tone.RUNNING)
_LACKS = {
    "montage": "No contact sheet of {}",
    "proxies": "No proxies of {}",
    "preview": "No preview of {}",
    "archive": "No archive of {}",
}


def watch_sign(state: WatchState | None) -> Sign:
    """How it stands; None: it is switched off."""
    if state is None:
        return OFF
    if state.elsewhere:
        return _ELSEWHERE
    if state.trouble:
        return _TROUBLE
    if not state.running:
        return _STARTING
    return _FAILED if state.failures else _WATCHING


def watch_line(state: WatchState | None, order: WatchOrder | None) -> str:
    """What it does, or would do, in one line."""
    if state is None:
        return f"Once it is watched, clips in {_raw(order)} are made into {made_text(order)}."
    if state.elsewhere:
        return "By another window, or by `reelkeep watch`. It goes on here once that has ended."
    if state.trouble:
        return f"{state.trouble} It is tried again."
    if not state.running:
        return "Looks at what is there."
    return _doing(state, order)


def _doing(state: WatchState, order: WatchOrder | None) -> str:
    files = len({one.file for one in state.in_hand})
    parts = [
        f"{count_text(files, 'clip')} in the queue" if files else "",
        f"{state.waiting:,} waiting" if state.waiting else "",
        f"{count_text(state.growing, 'file')} still coming in" if state.growing else "",
        f"{state.done:,} made so far" if state.done else "",
        f"{count_text(state.left_out, 'file')} left out, no clips" if state.left_out else "",
    ]
    said = " · ".join(filter(None, parts))
    busy = files or state.waiting or state.growing
    return said if busy else " · ".join(filter(None, [f"Waits for clips in {_raw(order)}", said]))


def failure_lines(state: WatchState | None, order: WatchOrder | None) -> list[str]:
    """Each thing that could not be made, and why, the newest first."""
    if state is None:
        return []
    raw = f"{order.raw}/" if order is not None else ""
    return [_lacks(one, one.words.replace(raw, "")) for one in reversed(state.failures)]


def _lacks(failure: Failure, why: str) -> str:
    lacks = _LACKS.get(failure.product)
    return printable(f"{lacks.format(failure.file)}: {why}" if lacks else why)


def made_text(order: WatchOrder | None) -> str:
    """What is ordered: `contact sheets, proxies (thumbnail), preview (keepsake)`."""
    if order is None:
        return "nothing"
    make = order.make
    parts = [
        "contact sheets" if make.montage else "",
        f"proxies ({', '.join(make.proxies)})" if make.proxies else "",
        f"preview ({make.preview})" if make.preview else "",
        f"archive ({make.archive})" if make.archive else "",
    ]
    return printable(", ".join(filter(None, parts))) or "nothing"


def _raw(order: WatchOrder | None) -> str:
    return printable(order.folders.raw) if order is not None else "its raw folder"


def watch_figure(state: WatchState) -> str:
    """Beside its name in the list of places: its glyph, and how many clips are in hand."""
    sign = watch_sign(state)
    files = len({one.file for one in state.in_hand}) + state.waiting
    return f"{sign.glyph} {files:,}" if files and state.running else sign.glyph
