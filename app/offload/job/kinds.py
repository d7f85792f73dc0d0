"""How the queue does offloads, verifications and repairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.integrity.verify.spec import VerifySpec, aim_of
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.kind import JobKind, Task
from app.jobs.spec import JobId, Spec
from app.offload.card.surroundings import Surroundings
from app.offload.evidence.account import LastVerdict
from app.offload.evidence.reverify import run_verify
from app.offload.job.clear_up import clear_up
from app.offload.job.repair import RepairRun, RepairSpec, plan_repair
from app.offload.job.run import OffloadRun
from app.offload.job.totals import confirmed
from app.offload.planning.make_plan import make_plan
from app.offload.planning.task import accepted, offload_task
from app.offload.spec import OffloadSpec


def offload_kinds(
    journal: Journal, around: Callable[[], Surroundings], last_verdict: LastVerdict
) -> dict[str, JobKind]:
    """Each kind by the name that its specs bear; *around* tells how the machine is by now."""
    does = _Does(journal, around, last_verdict)
    return {
        OffloadSpec.kind: JobKind(
            prepare=does.prepare_offload,
            run=does.offload,
            confirmed=does.confirmed,
            clear_up=does.clear_up,
        ),
        VerifySpec.kind: JobKind(prepare=does.prepare_verify, run=does.verify),
        RepairSpec.kind: JobKind(prepare=does.prepare_repair, run=does.repair),
    }


@dataclass(frozen=True, slots=True)
class _Does:
    """What it takes to do them."""

    journal: Journal
    around: Callable[[], Surroundings]
    last_verdict: LastVerdict

    def prepare_offload(self, spec: Spec) -> Task:
        """PlanRefused when something stands against it."""
        assert isinstance(spec, OffloadSpec)
        around = self.around()
        return offload_task(accepted(make_plan(spec, self.journal, around.declared)), around)

    def offload(self, job: JobId, spec: Spec, control: JobControl) -> bool:
        """True when everything that was asked is done."""
        assert isinstance(spec, OffloadSpec)
        run = OffloadRun(job, spec, control, self.journal, self.around(), self.last_verdict)
        return run.run()

    def confirmed(self, job: JobId, spec: Spec) -> Mapping[str, Any]:
        """How far an offload is that was cut off."""
        assert isinstance(spec, OffloadSpec)
        return confirmed(self.journal, job, spec, self.around())

    def clear_up(self, job: JobId, spec: Spec) -> tuple[str, ...]:
        """Remove what an offload has left half written; in words, what could not be reached."""
        assert isinstance(spec, OffloadSpec)
        return clear_up(job, spec, self.journal, self.around())

    def prepare_verify(self, spec: Spec) -> Task:
        """NotFound, BadInput."""
        assert isinstance(spec, VerifySpec)
        aim = aim_of(spec, self.around().declared)
        shown = {"checked": str(aim.path)}
        return Task(title=aim.title, lanes=aim.lanes, facts={}, shown=shown)

    def verify(self, job: JobId, spec: Spec, control: JobControl) -> bool:
        """True when nothing differs."""
        assert isinstance(spec, VerifySpec)
        return run_verify(job, spec, control, self.journal, self.around())

    def prepare_repair(self, spec: Spec) -> Task:
        """NotFound, BadInput."""
        assert isinstance(spec, RepairSpec)
        return plan_repair(spec, self.journal)

    def repair(self, job: JobId, spec: Spec, control: JobControl) -> bool:
        """True when everything that was damaged or missing is whole again."""
        assert isinstance(spec, RepairSpec)
        return RepairRun(job, spec, control, self.journal, self.around()).run()
