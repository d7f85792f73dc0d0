"""An offload in a process of its own, to be killed.

    python offload_process.py PROFILE            resume what was interrupted
    python offload_process.py PROFILE SPEC.json  begin

Prints `job ID` once the job is in the journal, `stopping` at SIGTERM, and `STATE VERDICT` at its
end.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from app.engine import Engine
from app.jobs.spec import spec_from_json
from app.settings import Settings


def main() -> None:
    """Run one job to its end."""
    profile = Path(sys.argv[1])
    declared = json.loads((profile / "declared.json").read_text())
    settings = Settings.load(
        profile / "settings.toml",
        site=profile / "no site file",
        overrides={"devices.declared": declared},
    )
    with Engine(profile, settings) as engine:

        def stop(*_: object) -> None:
            engine.stop()
            print("stopping", flush=True)

        signal.signal(signal.SIGTERM, stop)
        if len(sys.argv) > 2:
            job = engine.submit(spec_from_json(Path(sys.argv[2]).read_text()))
        else:
            (found,) = engine.interrupted()
            job = found.id
            engine.resume(job)
        print("job", job, flush=True)
        engine._runner.run((job,))
        done = engine.snapshot(job)
        print(done.state, done.verdict, done.error, flush=True)


if __name__ == "__main__":
    main()
