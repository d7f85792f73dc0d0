"""`reelkeep proxy`: make smaller versions of clips, frame for frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.clips import (
    as_given,
    clip_command,
    ending_words,
    engine_here,
    named_files,
    run_to_end,
    show_each,
    show_ended,
    show_plan,
)
from app.cli.output import Output
from app.cli.typed import Number, Place
from app.engine import Engine
from app.errors import BadInput
from app.jobs.snapshot import JobSnapshot
from app.media.frames.memory import Forgotten
from app.media.proxy.recipes import BurnIn, ProxySize
from app.media.proxy.room import Tidied
from app.media.proxy.spec import ClipResult, ClipState, PlannedClip, ProxySpec, with_looks
from app.units import bytes_text, count_text, duration_text

_CACHE = "(cache)"
_BURN_INS = ("timecode", "clip")


@clip_command("proxy")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="SIZE",
    help="thumbnail, preview or editorial; repeat for several, which share one decode."
    " Default: preview.",
)
@click.option(
    "--to",
    metavar="DIR",
    type=Place(),
    help="Folder; it gets one for each size. Default: (cache), that of the profile.",
)
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    metavar="NAME",
    help="thumbnail, preview, editorial, or one of your own: NAME.toml in the folder recipes of"
    " the profile.",
)
@click.option(
    "--height",
    "heights",
    multiple=True,
    type=Number(16, 8192),
    help="Of previews; repeat for a ladder. Default: 360 and 720, up to the clip's own;"
    " of a clip that stands upright it is the width.",
)
@click.option(
    "--burn-in",
    "burn_in",
    multiple=True,
    metavar="WHAT",
    help="Draw it into the picture: timecode, clip, or text=…; repeat for several.",
)
@click.option("--lut", type=Place(), metavar="FILE", help="A .cube LUT to look through.")
@click.option(
    "--tidy",
    is_flag=True,
    help="Bring the cache, and what is remembered of clips, down to their limits, and stop.",
)
def proxy_command(context: click.Context, /, **given: Any) -> None:
    """Make proxies of clips: same frames, same timecode, same rate, checked after writing.

    FILE is a clip, or a folder: all clips below it. A finished proxy is not made again.
    """
    output = Output(as_json=given["as_json"])
    with engine_here() as engine:
        if given["tidy"]:
            _tidy(engine, given, output)
            return
        spec = _spec(engine, given)
        if given["dry_run"]:
            show_plan(engine.proxies.plan(spec), output, _show_planned)
            return
        ended = run_to_end(engine, spec, output)
        context.exit(show_proxies(engine, ended, output))


def _spec(engine: Engine, given: dict[str, Any]) -> ProxySpec:
    files = named_files(given, "proxy")
    sizes = [one for text in given["sizes"] for one in text.split(",") if one]
    for size in sizes:
        if size not in list(ProxySize):
            raise BadInput(f'"{size}" is no size.', hint=f"There are: {', '.join(ProxySize)}.")
    names = [*sizes, *given["recipes"]] or [ProxySize.PREVIEW]
    recipes = tuple(engine.proxies.recipe(name) for name in dict.fromkeys(names))
    lut = as_given(given["lut"]) if given["lut"] else None
    to = given["to"]
    return ProxySpec(
        files=files,
        recipes=with_looks(recipes, _burn_in(given["burn_in"]), lut),
        heights=tuple(given["heights"]),
        to=None if to in {None, Path(_CACHE)} else as_given(to),
        anew=given["anew"],
    )


def _burn_in(wishes: tuple[str, ...]) -> BurnIn | None:
    words = [wish for wish in wishes if not wish.startswith("text=")]
    asked = [one for word in words for one in word.split(",") if one]
    for one in asked:
        if one not in _BURN_INS:
            raise BadInput(f'"{one}" cannot be burnt in.', hint="There are: timecode, clip, text=…")
    text = " ".join(wish.removeprefix("text=") for wish in wishes if wish.startswith("text="))
    made = BurnIn(timecode="timecode" in asked, clip="clip" in asked, text=text)
    return made if made else None


# Saying


def _show_planned(clip: PlannedClip, output: Output) -> None:
    if clip.trouble:
        output.warn(f"{clip.source}: {clip.trouble}")
    else:
        about = "" if clip.counted else "about "
        output.say(f"{clip.source}, {about}{count_text(clip.frames, 'frame')}")
    for proxy in clip.proxies:
        known = ", there already" if proxy.known else ""
        size = f"{proxy.width}×{proxy.height}"
        output.say(f"  {proxy.name:<14}{size:<12}{proxy.path}{known}")
    for note in clip.notes:
        output.warn(note)


def show_proxies(engine: Engine, ended: JobSnapshot, output: Output) -> int:
    """Say what became of each clip; answers the exit code."""
    results = engine.proxies.results(ended.id)
    show_each(results, output, _show_clip)
    words = ending_words(ended, "Finished proxies stay.")
    failed = sum(1 for result in results if result.state is ClipState.FAILED)
    return show_ended(
        ended,
        output,
        words,
        clips=len(results),
        failed=failed,
        frames=sum(result.frames for result in results if result.state is ClipState.MADE),
    )


def _show_clip(result: ClipResult, output: Output) -> None:
    if result.state is ClipState.FAILED:
        output.warn(result.trouble)
        return
    if result.state is ClipState.LEFT_OUT:
        output.say(f"{result.source}: left out, it has no picture")
    elif result.state is ClipState.KNOWN:
        output.say(f"{result.source}: there already")
    else:
        fps = f", {result.frames / result.seconds:.0f} fps" if result.seconds else ""
        spent = duration_text(result.seconds)
        output.say(f"{result.source}: {count_text(result.frames, 'frame')}, {spent}{fps}")
    for proxy in result.proxies:
        size = f"{proxy.width}×{proxy.height}"
        facts = f"{size:<12}{bytes_text(proxy.bytes):>9}  {proxy.way}"
        output.say(f"  {proxy.name:<14}{facts}  {proxy.path}")
    for note in result.notes:
        output.warn(note)


def _tidy(engine: Engine, given: dict[str, Any], output: Output) -> None:
    if given["files"]:
        raise BadInput("--tidy looks at the whole cache; name no clips.")
    dry_run = given["dry_run"]
    tidied: Tidied = engine.proxies.tidy(dry_run=dry_run)
    for proxy, clip in zip(tidied.gone, tidied.clips, strict=True):
        word = "would go" if dry_run else "gone"
        output.say(f"{word:<10}{bytes_text(proxy.bytes):>9}  {proxy.name} of {clip}")
        output.event("gone", path=str(proxy.path), bytes=proxy.bytes, clip=str(clip))
    for left in tidied.remains:
        word = "would go" if dry_run else "gone"
        output.say(f"{word:<10}{bytes_text(left.bytes):>9}  {left.path}, of no clip or half made")
        output.event("gone", path=str(left.path), bytes=left.bytes, clip="")
    output.say(_cache_words(tidied, dry_run=dry_run))
    forgotten = engine.forget_clips(dry_run=dry_run)
    output.say(_memory_words(forgotten, dry_run=dry_run))
    output.result(
        ok=True,
        exit_code=0,
        dry_run=dry_run,
        before=tidied.before,
        after=tidied.after,
        limit=tidied.limit,
        pinned=tidied.pinned,
        gone=len(tidied.gone) + len(tidied.remains),
        remembered=forgotten.after,
        forgotten=forgotten.files,
    )


def _cache_words(tidied: Tidied, *, dry_run: bool) -> str:
    before, after, limit = map(bytes_text, (tidied.before, tidied.after, tidied.limit))
    words = f"The cache holds {after}"
    if tidied.gone or tidied.remains:
        words = f"The cache {'holds' if dry_run else 'held'} {before}"
        words += f", {after} would be left" if dry_run else f", {after} are left"
    if tidied.pinned:
        words += f", {bytes_text(tidied.pinned)} of them of clips that are offline"
    return f"{words}; its limit is {limit}."


def _memory_words(forgotten: Forgotten, *, dry_run: bool) -> str:
    after, limit = map(bytes_text, (forgotten.after, forgotten.limit))
    words = f"{after} are remembered of clips"
    if forgotten.files:
        gone = f"{count_text(forgotten.files, 'file')}, {bytes_text(forgotten.bytes)}"
        words = f"{gone}, {'would go' if dry_run else 'gone'} of what is remembered of clips"
        words += f", {after} {'would be' if dry_run else 'are'} left"
    kept = ", but what was used in the last hour stays" if forgotten.after > forgotten.limit else ""
    return f"{words}; the limit is {limit}{kept}."
