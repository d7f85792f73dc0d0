"""Which proxies a clip gets, and in which size each; pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from app.errors import MediaFault
from app.media.facts.values import VideoTrack
from app.media.products.pixels import even
from app.media.proxy.recipes import Container, PictureCodec, ProxyRecipe, ProxySize

_LEAST_DNXHR = (256, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One proxy of a clip."""

    recipe: ProxyRecipe
    name: str
    """Of its folder or file: `preview-360`, `editorial`."""
    width: int
    """Pixels as encoded, before it is turned into place."""
    height: int
    turn: int = 0
    """Degrees clockwise by which its picture is turned before it is encoded."""
    marked: int = 0
    """Degrees clockwise by which a player is told to turn it."""

    @property
    def suffix(self) -> str:
        """Of its file."""
        return f".{self.recipe.container}"

    @property
    def stored(self) -> tuple[int, int]:
        """Pixels of the finished file."""
        return (self.height, self.width) if self.turn % 180 else (self.width, self.height)

    @property
    def whole(self) -> bool:
        """Whether it keeps the pixels of the clip as they are stored."""
        return not self.recipe.picture.heights

    @property
    def keeps_reel(self) -> bool:
        """Whether its container has a place for the reel's name."""
        return self.recipe.container is Container.MOV


def rungs_of(
    track: VideoTrack, recipes: Iterable[ProxyRecipe], heights: tuple[int, ...] = ()
) -> tuple[Rung, ...]:
    """The proxies of a clip, largest first; *heights* take the place of the previews' own.

    The height of a picture that is higher than wide is its shorter side: what is called 720 lines
    of any other is 720 pixels wide here.

    Raises MediaFault where a picture is too small for its codec.
    """
    found: dict[str, Rung] = {}
    for recipe in recipes:
        for rung in _rungs(track, recipe, heights):
            found.setdefault(rung.name, rung)
    return tuple(sorted(found.values(), key=lambda rung: -rung.width * rung.height))


def _rungs(track: VideoTrack, recipe: ProxyRecipe, heights: tuple[int, ...]) -> Iterable[Rung]:
    wanted = recipe.picture.heights
    if not wanted:
        yield _halved(track, recipe)
        return
    if recipe.size is ProxySize.PREVIEW and heights:
        wanted = heights
    shown = _shown(track)
    upright = (
        shown[0] < shown[1] and recipe.size is not ProxySize.THUMBNAIL
    )  # a strip has one height
    own = max(1, round(shown[0])) if upright else shown[1]
    rungs = [number for number in sorted(set(wanted)) if number <= own] or [own]
    numbered = recipe.size is ProxySize.PREVIEW or len(wanted) > 1
    turn = _turn(track)
    for number in map(even, rungs):
        if upright:
            width, height = number, even(Fraction(shown[1] * number) / shown[0])
        else:
            width, height = even(Fraction(shown[0] * number) / shown[1]), number
        if turn % 180:
            width, height = height, width
        name = f"{recipe.name}-{number}" if numbered else recipe.name
        yield Rung(recipe=recipe, name=name, width=width, height=height, turn=turn)


def _shown(track: VideoTrack) -> tuple[Fraction, int]:
    """Width and height as a player shows them, in square pixels."""
    width, height = track.width * (track.pixel_aspect or 1), track.height
    if _turn(track) % 180:
        return Fraction(height), max(1, round(width))
    return Fraction(width), height


def _turn(track: VideoTrack) -> int:
    """Quarters only: a picture that is turned by less is left to the player."""
    return track.rotation if track.rotation % 90 == 0 else 0


def _halved(track: VideoTrack, recipe: ProxyRecipe) -> Rung:
    width, height, widest = track.width, track.height, recipe.picture.widest or track.width
    while width > widest:
        width, height = width // 2, height // 2
    width, height = even(width), even(height)
    least = _LEAST_DNXHR if recipe.picture.codec is PictureCodec.DNXHR else (16, 16)
    if width < least[0] or height < least[1]:
        raise MediaFault(
            f"{width}×{height} is too small a picture for the recipe {recipe.name}.",
            hint=f"It begins at {least[0]}×{least[1]}.",
        )
    marked = track.rotation
    return Rung(recipe=recipe, name=recipe.name, width=width, height=height, marked=marked)
