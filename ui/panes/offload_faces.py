"""From facts to faces: what the tiles of the offload pane say about cards and destinations.

Pure functions, so that every word on a tile can be tested without a window.
"""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase

from app.jobs.snapshot import JobSnapshot, JobState, PlaceState
from app.offload.plan import Weight
from app.places.cards import Card, FindingKind
from app.units import bytes_text, count_text
from ui.models.cards import CardEntry, is_busy
from ui.models.choices import Choices
from ui.models.day import CardOnDesk, Standing
from ui.models.plan import PlanReading
from ui.panes.offload_drives import TONES
from ui.theme import Tone
from ui.widgets.card_tile import CardFace
from ui.widgets.plan_view import EMPTY, PlanFace
from ui.words import KEEP, SAFE, Sign, earlier_text, is_whole, listed, place_name, printable

_SHOWN_GAPS = 2
_RETRY = {
    JobState.FAILED: "Retry failed",
    JobState.CANCELLED: "Resume",
    JobState.INTERRUPTED: "Resume",
}
_JUDGED = {JobState.DONE, JobState.FAILED}
"""A job that failed on one drive may still have made copies enough."""
_MATCHED = 200
_EMPTY_WRONG = ("No plan", "As soon as what is said below is put right, the plan stands here.")
_EMPTY_SOON = ("Planning …", "Card and drives are being looked at. Nothing is written.")
CONFIRM = "Nothing to copy. Confirm lists the card again and writes manifests and a report."


# Cards


def card_face(
    entry: CardEntry,
    job: JobSnapshot | None,
    *,
    chosen: bool,
    wanted: int,
    ejectable: bool = False,
    waiting: bool = False,
    where: str = "",
) -> CardFace:
    """What the tile of a card says.

    *waiting*: started, and its job's turn is to come. *where*: told where others are called alike.
    """
    card = entry.card
    sign, detail = _verdict(entry, job, wanted)
    if waiting and card and (job is None or job.state.ended):
        sign, detail = KEEP, "waiting in the queue"
    started = is_busy(job) or (job is not None and not job.state.ended)
    moving = started and job is not None and job.state is not JobState.QUEUED and not job.foreign
    size = job.size if job and job.size else 1
    return CardFace(
        key=entry.root,
        roll=printable(entry.name),
        camera=_short(card.camera, 20) if card else "",
        size=bytes_text(card.size) if card else "",
        facts=" · ".join(filter(None, (printable(where), _facts(entry, job)))),
        where=printable(entry.root),
        findings=_attention(entry, job),
        copied=job.copied / size if job and moving else None,
        verified=job.verified / size if job and moving else 0.0,
        sign=sign,
        detail=detail,
        trouble=entry.trouble or (_job_trouble(job) if job else ""),
        has_evidence=job is not None and job.state is not JobState.QUEUED,
        can_eject=ejectable and (not started or (job is not None and _card_free(job))),
        retry=_RETRY.get(job.state, "") if job else "",
        report=job.report if job else "",
        can_verify=job is not None and job.state.ended and any(p.verified for p in job.places),
        chosen=chosen,
    )


def on_desk(face: CardFace, entry: CardEntry, job: JobSnapshot | None) -> CardOnDesk | None:
    """What the day's line counts of a tile; None while nobody knows what the card is."""
    if face.sign is None or entry.card is None:
        return None
    at_work = job is not None and job.state in {JobState.RUNNING, JobState.PAUSED}
    calm = Standing.SAFE if face.sign is SAFE else Standing.TO_DO
    spoken_of = frozenset(str(one.id) for one in (job, entry.earlier) if one is not None)
    return CardOnDesk(standing=Standing.RUNNING if at_work else calm, jobs=spoken_of)


def _facts(entry: CardEntry, job: JobSnapshot | None) -> str:
    card = entry.card
    if card is None:
        return "" if entry.trouble else "Looking at its structure …"
    if job and job.state in _JUDGED and job.safe and not entry.thinned:
        done = _verified_on(job)
        return f"{_count(card)} · {done}" if done else _count(card)
    parts = [_count(card)]
    if card.first_recorded:
        parts.append(_time_range(card.first_recorded, card.last_recorded))
    if len(card.clips) > 1:
        parts.append(_clip_range(card.clips[0].name, card.clips[-1].name))
    elif card.clips:
        parts.append(printable(card.clips[0].name))
    return " · ".join(parts)


def _count(card: Card) -> str:
    return count_text(len(card.clips), "clip") if card.clips else count_text(card.files, "file")


def _verified_on(job: JobSnapshot) -> str:
    names = [place_name(p, job.places) for p in job.places if p.state is PlaceState.DONE]
    moment = f"{job.finished.astimezone():%H:%M} " if job.finished else ""
    return f"verified {moment}on {', '.join(names)}" if names else ""


def _clip_range(first: str, last: str) -> str:
    """The first and last clip without what all of them end in: `A003C001 to A003C058`."""
    short, ending, rest = first.partition("_")
    if ending and last.endswith(ending + rest):
        first, last = short, last.removesuffix(ending + rest)
    return f"{printable(first)} to {printable(last)}"


def _time_range(first: datetime, last: datetime | None) -> str:
    if last is None or last == first:
        return f"{first:%H:%M}"
    if first.date() != last.date():
        return f"{first:%d %b %H:%M} to {last:%d %b %H:%M}"
    return f"{first:%H:%M} to {last:%H:%M}"


def _attention(entry: CardEntry, job: JobSnapshot | None) -> str:
    """What the job asks of a person or left open, else what the card seems to lack."""
    if job and job.wants and not job.state.ended:
        return printable(job.wants)
    if job and job.state.ended and entry.thinned:
        names = ", ".join(map(printable, entry.thinned))
        return f"No longer whole on {names}. Start copies what is missing."
    if job and job.state is JobState.FAILED and job.safe:
        failed = [place_name(p, job.places) for p in job.places if p.state is PlaceState.FAILED]
        if failed:
            return f"{', '.join(failed)} failed. The other copies are enough."
    return _findings(entry.card) if entry.card else ""


def _findings(card: Card) -> str:
    """The first gaps in full, the rest as a count."""
    if not card.findings:
        return ""
    texts = [printable(finding.text) for finding in card.findings]
    if card.findings[0].kind is not FindingKind.ROLL_SEEN and len(texts) > _SHOWN_GAPS:
        return f"{' '.join(texts[:_SHOWN_GAPS])} {len(texts) - _SHOWN_GAPS} more."
    return " ".join(texts[: _SHOWN_GAPS + 1])


def _verdict(entry: CardEntry, job: JobSnapshot | None, wanted: int) -> tuple[Sign | None, str]:
    """The big words, and what stands small beside them."""
    if entry.card is None:
        return (KEEP, "could not be read") if entry.trouble else (None, "")
    if job is None:
        return KEEP, earlier_text(entry.earlier) if entry.earlier else "not started"
    if entry.thinned and job.state.ended:
        return KEEP, "copies have gone"
    if job.safe and (job.state in _JUDGED or _card_free(job)):
        return SAFE, "" if job.state.ended else "card free, copying on"
    return KEEP, _keep_detail(job, wanted)


def _card_free(job: JobSnapshot) -> bool:
    """Whether a cascade is past its first stage: the card has its verdict and is not needed."""
    running = job.state in {JobState.RUNNING, JobState.PAUSED}
    return running and bool(job.verdict) and job.stage.startswith("Stage ")


def _keep_detail(job: JobSnapshot, wanted: int) -> str:
    if job.state in {JobState.DONE, JobState.FAILED} and job.verdict:
        return job.verdict.partition(", ")[2] or job.verdict
    words = {
        JobState.QUEUED: "waiting in the queue",
        JobState.CANCELLED: "cancelled",
        JobState.INTERRUPTED: "interrupted, can be resumed",
        JobState.FAILED: "failed",
    }
    if job.state in words:
        return words[job.state]
    if job.foreign:
        return "another Reelkeep at work"
    if _card_free(job):
        return f"{job.verdict.partition(', ')[2] or job.verdict}, card free, copying on"
    if job.clips_total and (job.clips_done or job.clips_total == job.files_total):
        done = job.clips_done or job.files_done
        progress = f"{done:,} of {count_text(job.clips_total, 'clip')}"
    else:
        progress = f"{job.files_done:,} of {count_text(job.files_total, 'file')}"
    whole = sum(1 for place in job.places if is_whole(place))
    paused = "paused, " if job.state is JobState.PAUSED else ""
    return f"{paused}{min(whole, wanted)} of {wanted} copies verified, {progress}"


def _job_trouble(job: JobSnapshot) -> str:
    if job.state is JobState.FAILED and not any(place.trouble for place in job.places):
        return printable(f"{job.error} {job.hint}".strip())
    return ""


# The plan


def plan_face(
    reading: PlanReading,
    choices: Choices,
    *,
    why_not: str,
    can_try: bool,
    wrong: bool,
    tried: str,
    absent: bool = False,
    soon: bool = False,
) -> PlanFace:
    """What the plan in the middle says; *absent*: a drive of it is out; *soon*: it is made."""
    refused = bool(reading.refusals)
    alone = [r for r in reading.remarks if r.destination is None or r.weight is not Weight.NOTE]
    safe = [(Tone.VERIFIED, _safe_already(reading))] if reading.safe_already else []
    calm = reading.nothing_to_copy and not reading.resumes and not why_not
    start = f"Start · {_short(choices.preset, 16)}" if choices.preset else "Start"
    start = "Resume" if reading.resumes else start
    return PlanFace(
        title=printable(reading.title),
        rows=reading.rows,
        remarks=(*safe, *((TONES[r.weight], printable(r.text)) for r in alone)),
        ignored=_ignored(choices.ignore, reading.ignored) if reading.rows else "",
        start="Confirm" if calm else start,
        calm=calm,
        can_start=not why_not,
        can_try=can_try,
        why_not=f"Start is not possible: {count_text(len(reading.refusals), 'refusal')} above."
        if refused
        else why_not or (CONFIRM if calm else ""),
        why_tone=Tone.FAILED if refused or wrong else Tone.DIM,
        empty=_EMPTY_WRONG if wrong or absent else _EMPTY_SOON if soon else EMPTY,
        tried=tried,
    )


def _safe_already(reading: PlanReading) -> str:
    """Which cards need no copying; with several planned, by name."""
    whole = "is verified on these destinations already."
    if len(reading.safe_already) == reading.cards:
        return f"Every file {'of every card ' if reading.cards > 1 else ''}{whole}"
    return f"Every file of {listed(reading.safe_already)} {whole}"


def _short(name: str, most: int) -> str:
    name = printable(name)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _ignored(patterns: tuple[str, ...], ignored: tuple[str, ...]) -> str:
    """The patterns that leave something out now, and how many entries; "" where none does."""
    if not ignored:
        return ""
    names = [path.rpartition("/")[2] for path in ignored[:_MATCHED]]
    hits = [p for p in patterns if any(fnmatchcase(name, p) for name in names)]
    listed = ", ".join((hits or list(patterns))[:2]) or "nothing"
    more = ", …" if len(hits or patterns) > 2 else ""
    return f"Ignored: {printable(listed)}{more} · {count_text(len(ignored), 'entry', 'entries')}"
