import json
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.jobs.notify import News, NewsDesk, NewsKind, announce
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId

NEWS = News(kind=NewsKind.QUEUE_DONE, title="Queue done", text='Offload A\udcff03 "x": SAFE\nB002')


class Answers:
    """Settings of two keys."""

    def __init__(self, command="", webhook=""):
        self.values = {"notify.command": command, "notify.webhook": webhook}

    def get(self, key):
        return self.values[key]


def _job(number, state, **facts):
    return JobSnapshot(
        id=JobId(f"{number:06X}"), kind="offload", title=f"Offload {number}", state=state, **facts
    )


@pytest.fixture
def web():
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            size = int(self.headers["Content-Length"])
            got.append(json.loads(self.rfile.read(size)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_run_when_nothing_is_configured():
    assert announce(Answers(), NEWS) is None


def test_the_command_gets_the_news_in_its_environment(tmp_path):
    out = tmp_path / "a folder" / "out"
    out.parent.mkdir()
    code = f"import os; open({str(out)!r}, 'wb').write(os.environb[b'REELKEEP_TEXT'])"

    announce(Answers(f'{sys.executable} -c "{code}"'), NEWS).join(30)

    assert out.read_bytes() == b'Offload A\xff03 "x": SAFE\nB002'


def test_the_webhook_receives_json(web):
    address, got = web

    announce(Answers(webhook=address), NEWS).join(30)

    assert got[0]["event"] == "queue-done"
    assert got[0]["text"].startswith("Queue done\nOffload A")


@pytest.mark.parametrize(
    "settings",
    [
        Answers("/nonexistent/program"),
        Answers("false"),
        Answers('unbalanced "quote'),
        Answers(webhook="file:///etc/passwd"),
        Answers(webhook="http://127.0.0.1:1/"),
    ],
)
def test_a_failure_is_logged_and_never_raised(settings, caplog):
    announce(settings, NEWS).join(30)

    assert "notification" in caplog.text
    assert caplog.records[-1].levelname == "WARNING"


def test_the_first_look_only_learns():
    assert NewsDesk().take([_job(1, JobState.DONE), _job(2, JobState.FAILED)]) == ()


def test_the_end_of_the_queue_is_told_once():
    desk = NewsDesk()
    desk.take([_job(1, JobState.RUNNING), _job(2, JobState.QUEUED)])
    half = desk.take([_job(1, JobState.DONE, verdict="SAFE TO FORMAT"), _job(2, JobState.RUNNING)])
    ended = [_job(1, JobState.DONE, verdict="SAFE TO FORMAT"), _job(2, JobState.DONE)]
    told = desk.take(ended)

    assert half == ()
    assert [news.kind for news in told] == [NewsKind.QUEUE_DONE]
    assert told[0].text == "Offload 1: SAFE TO FORMAT\nOffload 2: done"
    assert desk.take(ended) == ()


def test_a_failure_at_the_end_needs_hands():
    desk = NewsDesk()
    desk.take([_job(1, JobState.RUNNING)])

    told = desk.take([_job(1, JobState.FAILED, error="Destination full.")])

    assert [news.kind for news in told] == [NewsKind.NEEDS_HANDS]
    assert told[0].title == "Queue ended, 1 job failed"


def test_a_failure_while_others_run_is_told_at_once():
    desk = NewsDesk()
    desk.take([_job(1, JobState.RUNNING), _job(2, JobState.RUNNING)])

    told = desk.take([_job(1, JobState.FAILED, error="Card removed."), _job(2, JobState.RUNNING)])

    assert [(news.title, news.text) for news in told] == [("Offload 1 failed", "Card removed.")]


def test_a_request_is_told_once_and_again_when_it_comes_back():
    desk = NewsDesk()
    calm = _job(1, JobState.RUNNING)
    asks = replace(calm, wants="Connect SHUTTLE-07 again.")
    desk.take([calm])

    assert len(desk.take([asks])) == 1
    assert desk.take([asks]) == ()
    assert desk.take([calm]) == ()
    assert len(desk.take([asks])) == 1


def test_cancelling_and_quitting_call_nobody():
    desk = NewsDesk()
    desk.take([_job(1, JobState.RUNNING), _job(2, JobState.RUNNING)])

    assert desk.take([_job(1, JobState.CANCELLED), _job(2, JobState.INTERRUPTED)]) == ()
