"""Plans in the background: a little after each change, and only the newest answer counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.errors import ReelkeepError
from app.offload.plan import OffloadPlan
from app.offload.spec import OffloadSpec
from ui.bridge import INTERNAL, Bridge

if TYPE_CHECKING:
    from app.engine import Engine

WAIT_MS = 200
Specs = Sequence[OffloadSpec]


class Planner(QObject):
    """Asks the engine for plans; says when the newest ones are there."""

    planned = Signal()
    """New plans, a new error, or planning has begun."""

    def __init__(self, bridge: Bridge, specs: Callable[[], Specs], parent: QObject) -> None:
        super().__init__(parent)
        self._bridge, self._specs = bridge, specs
        self._asked = 0
        self._ticket: int | None = None
        self.plans: tuple[OffloadPlan, ...] = ()
        self.error = ""
        self.working = False
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._ask)

    def changed(self) -> None:
        """Something that the plan depends on has changed."""
        self._asked += 1
        self.working = True
        self._wait.start()
        self.planned.emit()

    def plan_of(self, root: str) -> OffloadPlan | None:
        """The newest plan of the card at *root*."""
        return next((p for p in self.plans if str(p.spec.source) == root), None)

    def _ask(self) -> None:
        specs = tuple(self._specs())
        if self._ticket is not None:
            self._bridge.forget(self._ticket)
        asked = self._asked
        if not specs:
            self._done(asked, ())
            return
        engine = self._bridge.engine
        self._ticket = self._bridge.ask(
            lambda: _plan_all(engine, specs),
            lambda plans: self._done(asked, plans),
            lambda error: self._failed(asked, error),
        )

    def _done(self, asked: int, plans: tuple[OffloadPlan, ...]) -> None:
        if asked != self._asked:
            return
        self.plans, self.error, self.working = plans, "", False
        self.planned.emit()

    def _failed(self, asked: int, error: Exception) -> None:
        if asked != self._asked:
            return
        said = str(error) if isinstance(error, ReelkeepError) else INTERNAL
        self.plans, self.error, self.working = (), said, False
        self.planned.emit()


def _plan_all(engine: Engine, specs: Specs) -> tuple[OffloadPlan, ...]:
    return tuple(engine.plan(spec) for spec in specs)
