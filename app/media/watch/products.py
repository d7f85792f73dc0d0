"""Which jobs make what was ordered of one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from app.jobs.spec import Spec
from app.media.facts.values import ClipFacts
from app.media.montage.spec import MontageSpec, SheetForm
from app.media.proxy.recipes import ProxyRecipe
from app.media.proxy.spec import ProxySpec
from app.media.transcode.recipe import TranscodeRecipe
from app.media.transcode.spec import TranscodeSpec
from app.media.watch.order import WatchOrder

SEEN = {"montage", "proxies"}
"""Made of pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """What is made of every file of a watch folder, the quickest first."""

    order: WatchOrder
    archive: TranscodeRecipe | None
    preview: TranscodeRecipe | None
    proxies: tuple[ProxyRecipe, ...]

    @classmethod
    def of(
        cls,
        order: WatchOrder,
        transcode: Callable[[str], TranscodeRecipe],
        proxy: Callable[[str], ProxyRecipe],
    ) -> Products:
        """Those of *order*, whose recipes are looked up. Raises NotFound, BadInput."""
        make = order.make
        return cls(
            order=order,
            archive=transcode(make.archive) if make.archive else None,
            preview=transcode(make.preview) if make.preview else None,
            proxies=tuple(map(proxy, make.proxies)),
        )

    def names(self) -> Iterator[str]:
        """Of all products that are ordered."""
        if self.order.make.montage:
            yield "montage"
        if self.proxies:
            yield "proxies"
        if self.preview is not None:
            yield "preview"
        if self.archive is not None:
            yield "archive"

    def fits(self, product: str, facts: ClipFacts) -> bool:
        """Whether there is anything to be made of such a clip; not of sound alone, what is seen."""
        return facts.picture is not None or product not in SEEN

    def spec(self, product: str, file: str, *, apart: bool) -> Spec:
        """The job that makes one product of *file*; *apart*: another clip has its name."""
        order = self.order
        path = order.raw / file
        if product == "montage":
            return MontageSpec(
                files=(path,),
                to=order.place("montage") / PurePath(file).parent,
                form=SheetForm(order.make.montage_format),
                apart=apart,
            )
        if product == "proxies":
            return ProxySpec(files=(path,), recipes=self.proxies)
        recipe = self.archive if product == "archive" else self.preview
        assert recipe is not None
        return TranscodeSpec(
            files=(path,), recipe=recipe, to=order.place(product), under=order.raw,
            apart=apart, work=order.work,
        )  # fmt: skip
