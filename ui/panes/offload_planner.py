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
MOST = 3
"""So many plans are made at a time: one may wait for a drive that hangs."""
Specs = Sequence[OffloadSpec]


class Planner(QObject):
    """Asks the engine for plans; says when the newest ones are there."""

    planned = Signal()
    """New plans, a new error, or planning has begun."""

    def __init__(self, bridge: Bridge, specs: Callable[[], Specs], parent: QObject) -> None:
        super().__init__(parent)
        self._bridge, self._specs = bridge, specs
        self._asked = 0
        self._under_way = 0
        self._late = False
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
        self._late = self._under_way >= MOST
        if self._late:
            return
        specs = tuple(self._specs())
        asked = self._asked
        if not specs:
            self._done(asked, ())
            return
        engine = self._bridge.engine
        self._under_way += 1
        self._bridge.ask(
            lambda: _plan_all(engine, specs),
            lambda plans: self._answered(asked, plans),
            lambda error: self._answered(asked, (), error),
        )

    def _answered(
        self, asked: int, plans: tuple[OffloadPlan, ...], error: Exception | None = None
    ) -> None:
        self._under_way -= 1
        if error is None:
            self._done(asked, plans)
        else:
            said = str(error) if isinstance(error, ReelkeepError) else INTERNAL
            self._done(asked, plans, said)
        if self._late:
            self._ask()

    def _done(self, asked: int, plans: tuple[OffloadPlan, ...], error: str = "") -> None:
        if asked != self._asked:
            return
        self.plans, self.error, self.working = plans, error, False
        self.planned.emit()


def _plan_all(engine: Engine, specs: Specs) -> tuple[OffloadPlan, ...]:
    return tuple(engine.plan(spec) for spec in specs)
