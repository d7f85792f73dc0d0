"""News worth calling people for: the queue is done, or a job needs hands.

The window shows them as desktop notification and sound; `announce` runs the configured command
and calls the configured webhook, from window and command line alike.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.units import count_text

log = logging.getLogger(__name__)

COMMAND_SECONDS = 30.0
WEBHOOK_SECONDS = 10.0
_ACTIVE = {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}


class NewsKind(StrEnum):
    """Why people are called."""

    QUEUE_DONE = "queue-done"
    NEEDS_HANDS = "needs-hands"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One call: a title of a few words and a sentence."""

    kind: NewsKind
    title: str
    text: str


class Settings(Protocol):
    """What is asked of the settings: `notify.command` and `notify.webhook`, "" for none."""

    def get(self, key: str) -> Any:
        """The value of *key*."""


class NewsDesk:
    """Compares each look at the queue with the one before; each fact is told once."""

    def __init__(self) -> None:
        self._states: dict[JobId, JobState] = {}
        self._wants: dict[JobId, str] = {}
        self._ended: dict[JobId, JobSnapshot] = {}
        self._first = True

    def take(self, jobs: Sequence[JobSnapshot]) -> tuple[News, ...]:
        """What is new in *jobs*; the first look only learns."""
        news = () if self._first else (*self._hands(jobs), *self._done(jobs))
        self._first = False
        self._states = {job.id: job.state for job in jobs}
        self._wants = {job.id: job.wants for job in jobs if not job.state.ended}
        return news

    def _hands(self, jobs: Sequence[JobSnapshot]) -> list[News]:
        busy = any(job.state in _ACTIVE for job in jobs)
        told = []
        for job in jobs:
            asks = job.wants if not job.state.ended else ""
            if asks and not self._wants.get(job.id):
                told.append(News(kind=NewsKind.NEEDS_HANDS, title=job.title, text=asks))
            failed = job.state is JobState.FAILED and self._was_active(job)
            if failed and busy:
                text = job.error or "Something failed, see the report."
                told.append(News(kind=NewsKind.NEEDS_HANDS, title=f"{job.title} failed", text=text))
        return told

    def _done(self, jobs: Sequence[JobSnapshot]) -> list[News]:
        for job in jobs:
            if job.state in {JobState.DONE, JobState.FAILED} and self._was_active(job):
                self._ended[job.id] = job
        if not self._ended or any(job.state in _ACTIVE for job in jobs):
            return []
        ended, self._ended = list(self._ended.values()), {}
        failed = [job for job in ended if job.state is JobState.FAILED]
        lines = [f"{job.title}: {job.verdict or job.error or 'done'}" for job in ended[:5]]
        if failed:
            title = f"Queue ended, {count_text(len(failed), 'job')} failed"
            return [News(kind=NewsKind.NEEDS_HANDS, title=title, text="\n".join(lines))]
        return [News(kind=NewsKind.QUEUE_DONE, title="Queue done", text="\n".join(lines))]

    def _was_active(self, job: JobSnapshot) -> bool:
        return self._states.get(job.id, JobState.QUEUED) in _ACTIVE


def announce(settings: Settings, news: News) -> threading.Thread | None:
    """Run the configured command and call the webhook in a thread of their own.

    Answers the thread, or None when nothing is configured. A failure is logged, never raised.
    """
    command, webhook = str(settings.get("notify.command")), str(settings.get("notify.webhook"))
    if not command and not webhook:
        return None
    thread = threading.Thread(
        target=_announce, args=(command, webhook, news), name="announce", daemon=True
    )
    thread.start()
    return thread


def _announce(command: str, webhook: str, news: News) -> None:
    if command:
        try:
            _run(command, news)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            log.warning("The notification command failed: %s", error)
    if webhook:
        try:
            _call(webhook, news)
        except (OSError, ValueError) as error:
            log.warning("The notification webhook failed: %s", error)


def _run(command: str, news: News) -> None:
    """Without a shell; the news comes in the environment."""
    facts = {
        "REELKEEP_EVENT": str(news.kind),
        "REELKEEP_TITLE": _plain(news.title),
        "REELKEEP_TEXT": _plain(news.text),
    }
    subprocess.run(
        shlex.split(command),
        env=os.environ | facts,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=COMMAND_SECONDS,
        check=True,
    )


def _call(webhook: str, news: News) -> None:
    if not webhook.startswith(("http://", "https://")):
        raise ValueError(f"not a web address: {webhook}")
    body = {"event": str(news.kind), "title": news.title, "text": f"{news.title}\n{news.text}"}
    request = urllib.request.Request(
        webhook,
        data=json.dumps(body).encode("ascii"),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=WEBHOOK_SECONDS):
        pass


def _plain(text: str) -> str:
    """No byte that an environment cannot hold."""
    return text.replace("\0", " ")
