"""The hands of one pass: threads of this process, or helper processes where there is much to do.

Small files cost system calls, and one Python process makes them one at a time; helpers make them
side by side: one is started, and forks the others. Descriptions, digests and errors are all that
crosses. Whoever waits here is never held by a drive that does not answer: the wait ends with
`NoAnswer`, which names it.
"""

from __future__ import annotations

import itertools
import logging
import math
import mmap
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import Connection
from socket import AF_UNIX, socketpair
from typing import BinaryIO, NamedTuple, cast

from app.offload.copying.hand import Answer, Equipment, Hand, Item, ToCopy, ToProve
from app.offload.copying.touch import Abandoned, Look, Touch
from app.own_process import own_process
from app.places.root import PinnedFolder

log = logging.getLogger(__name__)

MANY = 500
"""Small files from which on helper processes pay for their start."""
_HANDS = 8
"""Processes of one hand each: a read from the medium is mostly waiting."""
_ALONE = 4
"""Hands where there are no helpers: threads of this process."""
_CHUNK = 50
_HURRIED = 5.0
"""Seconds without a sign of life that a hand gets once nobody wants its answer any more."""
_LOOK = 1.0
"""Seconds between two looks for a drive that does not answer."""


class NoAnswer(Exception):
    """A drive has not answered for too long; the hand that asked it is given up."""

    def __init__(self, drive: int, seconds: float) -> None:
        super().__init__(f"drive {drive} has not answered for {seconds:.0f} s")
        self.drive = drive
        self.seconds = seconds


class HelperLost(Exception):
    """A helper process has ended before its work was done."""


Reply = list[Answer] | Exception


class _Order(NamedTuple):
    """A chunk of work; what is smaller is done first."""

    turn: float
    serial: int
    items: Sequence[Item]
    answers: queue.SimpleQueue[Reply] | None
    """None: there will be no more."""


_Inbox = queue.PriorityQueue[_Order]


class _Member(threading.Thread):
    """Passes orders to one hand, here or in a helper, and its answers back."""

    def __init__(self, inbox: _Inbox, slot: int) -> None:
        super().__init__(name=f"small files {slot}", daemon=True)
        self.slot = slot
        self._items: Sequence[Item] = ()
        self._inbox = inbox
        self.ask: Callable[[Sequence[Item]], list[Answer]]

    def run(self) -> None:
        while (answers := (order := self._inbox.get()).answers) is not None:
            self._items = order.items
            try:
                answers.put(self.ask(self._items))
            except Abandoned:
                answers.put(HelperLost("its drive was given up"))
            except Exception as error:
                answers.put(error)

    def path_of(self, n: int) -> str:
        """Where the file *n* that its hand was given lies on the card, "" if it has none such."""
        for item in self._items:
            if item.n == n and isinstance(item, ToCopy):
                return item.entry.path
            if item.n == n and isinstance(item, ToProve) and item.again is not None:
                return item.again.path
        return ""


class Crew:
    """Takes descriptions, hands them out in chunks, and gives the answers as they come."""

    def __init__(
        self,
        equipment: Equipment,
        card: PinnedFolder,
        drives: dict[int, PinnedFolder],
        *,
        helpers: bool,
        patience: float,
        done: Callable[[int], int] = lambda _: 0,
        card_waits: Callable[[float, str], None] = lambda *_: None,
    ) -> None:
        """Made by a thread that outlives it: helpers end when the thread that started them does.

        *patience*: seconds that a drive may be silent about one small file; *done* tells how much
        I/O the device of a drive has finished; *card_waits* is told for how many seconds the card
        has been silent, and at which file. OSError when no helper can be started.
        """
        self._inbox: _Inbox = queue.PriorityQueue()
        self._serials = itertools.count()
        self._patience, self._card_waits = patience, card_waits
        self.broken = False
        """A hand hangs or is lost: take another crew."""
        self._touched: list[Touch] = []
        self._helper: subprocess.Popen[bytes] | None = None
        self._connections: list[Connection] = []
        slots = _HANDS if helpers else _ALONE
        self._shared = _shared_page()
        self._cells = memoryview(mmap.mmap(self._shared.fileno(), mmap.PAGESIZE)).cast("Q")
        self._members = [_Member(self._inbox, slot) for slot in range(slots)]
        self._looks = [Look(self._cells, slot, done) for slot in range(slots)]
        if helpers:
            try:
                self._start_helper(equipment, card, drives)
            except OSError:
                self._members.clear()
                self.close()
                raise
        else:
            for member in self._members:
                touched = Touch(self._cells, member.slot)
                self._touched.append(touched)
                hand = Hand(equipment, card, drives, touched)
                member.ask = _asking(hand, touched)
        for member in self._members:
            member.start()

    def _start_helper(
        self, equipment: Equipment, card: PinnedFolder, drives: dict[int, PinnedFolder]
    ) -> None:
        folders = {index: (folder.fd, str(folder.path)) for index, folder in drives.items()}
        pairs = [socketpair(AF_UNIX) for _ in self._members]
        theirs = [end.fileno() for _, end in pairs]
        shared = self._shared.fileno()
        command, environment = own_process(
            "app.offload.copying.crew_process", os.getpid(), shared, *theirs
        )
        self._helper = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # what fails is answered; a pipe would be held open
            env=environment,
            pass_fds=[shared, *theirs, card.fd, *(fd for fd, _ in folders.values())],
            start_new_session=True,  # Ctrl-C is for us; we end them
        )
        for member, (ours, end) in zip(self._members, pairs, strict=True):
            end.close()
            connection = Connection(ours.detach())
            connection.send((member.slot, equipment, (card.fd, str(card.path)), folders))
            self._connections.append(connection)
            member.ask = _asking_across(connection)

    def each(
        self, items: Sequence[Item], checkpoint: Callable[[], None], turn: int = 0
    ) -> Generator[list[Answer], None, None]:
        """Have every item worked on; answers come in chunks, in no order.

        What has a smaller *turn* is worked on first.
        *checkpoint* is called between chunks, and may wait or raise. However this ends, nothing
        that was handed out is still under way, unless the crew is `broken`: then a drive does not
        answer, or a helper is lost. To be closed by whoever does not take all answers.
        Raises NoAnswer, HelperLost.
        """
        answers: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        starts = iter(range(0, len(items), _CHUNK))
        under_way = 0
        try:
            while True:
                while under_way <= len(self._members):
                    start = next(starts, None)
                    if start is None:
                        break
                    checkpoint()
                    self._order(turn, items[start : start + _CHUNK], answers)
                    under_way += 1
                if not under_way:
                    return
                try:
                    reply = answers.get(timeout=_LOOK)
                except queue.Empty:
                    self._look()
                    checkpoint()  # whoever cancels does not wait for a drive that hangs
                    continue
                under_way -= 1
                self._card_waits(0.0, "")
                if isinstance(reply, Exception):
                    raise reply
                yield reply
        except (NoAnswer, HelperLost):
            self._abandon()
            raise
        finally:
            if not self.broken:
                self._drain(answers, under_way)

    def _order(
        self, turn: float, items: Sequence[Item], answers: queue.SimpleQueue[Reply] | None
    ) -> None:
        self._inbox.put(_Order(turn, next(self._serials), items, answers))

    def _drain(self, answers: queue.SimpleQueue[Reply], under_way: int) -> None:
        """Let what was handed out come to its end, as long as the hands go on."""
        quiet = 0.0
        while under_way:
            try:
                answers.get(timeout=_LOOK)
                under_way -= 1
            except queue.Empty:
                going_on = [look.goes_on() for look in self._looks]
                quiet = 0.0 if all(going_on) else quiet + _LOOK
                if quiet >= _HURRIED:
                    self._abandon()
                    return

    def _abandon(self) -> None:
        """Nobody trusts these hands any more; those that hang must do nothing more."""
        self.broken = True
        for touched in self._touched:
            touched.over = True
        if self._helper is not None:
            self._helper.kill()  # and its hands end with it
            _wait_for_ends(self._connections, 1.0)

    def _look(self) -> None:
        """Raise NoAnswer when a hand has been at one and the same drive for too long.

        A card is waited for, as long as the person does not cancel.
        """
        longest, at = 0.0, ""
        for member, look in zip(self._members, self._looks, strict=True):
            drive = look.take()
            if drive is not None and look.waited > self._patience:
                raise NoAnswer(drive, look.waited)
            if look.card_waited > longest:
                longest, at = look.card_waited, member.path_of(look.file)
        self._card_waits(longest, at)

    def close(self) -> None:
        """Let the hands go; one that still waits for a drive is left to itself."""
        for _ in self._members:
            self._order(math.inf, (), None)
        for connection in self._connections:
            connection.close()
        if self._helper is not None:
            _end(self._helper, 0.2 if self.broken else 10)
        self._shared.close()


def _shared_page() -> BinaryIO:
    """A page that helpers share. It lies in memory, or on the disk before anybody writes to it:
    where a full disk has no room for it at its first use, the system ends the whole process.
    """
    if hasattr(os, "memfd_create"):
        page: BinaryIO = os.fdopen(os.memfd_create("hands"), "r+b")
    else:
        page = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  (closed by close)
    page.write(bytes(mmap.PAGESIZE))
    page.flush()
    return page


def can_help() -> bool:
    """Whether helper processes can be had here: they take over open folders."""
    return os.name == "posix" and not getattr(sys, "frozen", False)


def _asking(hand: Hand, touched: Touch) -> Callable[[Sequence[Item]], list[Answer]]:
    def ask(items: Sequence[Item]) -> list[Answer]:
        try:
            return hand.work(items)
        finally:
            touched.idle()

    return ask


def _asking_across(connection: Connection) -> Callable[[Sequence[Item]], list[Answer]]:
    def ask(items: Sequence[Item]) -> list[Answer]:
        try:
            connection.send(items)
            reply = connection.recv()
        except (EOFError, OSError) as error:
            raise HelperLost(str(error) or "it has ended") from error
        if isinstance(reply, Exception):
            raise reply
        return list(reply)

    return ask


def _wait_for_ends(connections: Sequence[Connection], seconds: float) -> None:
    """Wait until nobody is at the other ends, who could make something where we clean up."""
    poll, deadline = select.poll(), time.monotonic() + seconds
    waited_for = {connection.fileno() for connection in connections}
    for fd in waited_for:
        poll.register(fd, 0)  # only its end
    while waited_for and (left := deadline - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            poll.unregister(fd)
            waited_for.discard(fd)


def _end(helper: subprocess.Popen[bytes], seconds: float) -> None:
    """A helper ends by itself once nobody is at the other end, unless a drive holds it."""
    try:
        helper.wait(seconds)
    except subprocess.TimeoutExpired:
        helper.kill()
        threading.Thread(target=helper.wait, name="last words", daemon=True).start()
        log.warning("A helper for small files had to be ended: a drive does not answer it")
