"""Volumes coming and going are noticed, from any thread, and a waiter can be woken."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from mount_bench import Bench, run

from app.places.volumes import VolumeWatch


@pytest.mark.root
def test_a_mount_and_an_unmount_are_each_seen(bench: Bench) -> None:
    with VolumeWatch() as watch, ThreadPoolExecutor(1) as pool:
        for change in ("mount", "unmount", "lazy"):
            seen = pool.submit(watch.wait, 20)
            if change == "mount":
                point = bench.mount("tmpfs", "fast", "-t", "tmpfs")
            elif change == "unmount":
                run("umount", point)
            else:
                run("mount", "-t", "tmpfs", "tmpfs", point)
                assert seen.result()
                while watch.wait(0):
                    pass
                seen = pool.submit(watch.wait, 20)
                run("umount", "-l", point)
            assert seen.result()
            while watch.wait(0):
                pass


@pytest.mark.root
def test_where_the_system_tells_nothing_one_look_a_second_sees_it(bench: Bench) -> None:
    with VolumeWatch(None) as watch, ThreadPoolExecutor(1) as pool:
        seen = pool.submit(watch.wait, 20)
        point = bench.mount("tmpfs", "fast", "-t", "tmpfs")
        assert seen.result()
        run("umount", point)
        assert watch.wait(20)
        waiter = pool.submit(watch.wait, 60)
        watch.close()
        waiter.result(10)  # fails when nobody wakes it
        assert watch.wait(60) is False


@pytest.mark.root
def test_a_change_between_two_waits_is_not_lost(bench: Bench) -> None:
    with VolumeWatch() as watch:
        bench.mount("tmpfs", "fast", "-t", "tmpfs")
        assert watch.wait(20)


@pytest.mark.root
def test_a_pulled_card_is_seen_while_a_file_on_it_is_open(bench: Bench) -> None:
    point = bench.ext4("card")
    with VolumeWatch() as watch, (point / "clip").open("wb"):
        run("umount", "-l", point)
        assert watch.wait(20)


def test_closing_wakes_a_waiter_in_another_thread() -> None:
    watch = VolumeWatch()
    answers: list[bool] = []
    waiter = threading.Thread(target=lambda: answers.append(watch.wait(60)))
    waiter.start()
    watch.close()
    waiter.join(10)
    assert not waiter.is_alive()
    assert answers in ([False], [True])  # another test's mount may have come first
    watch.close()
    assert watch.wait(60) is False
