"""Devices by name, with suggestions for other words such as gpu."""

from __future__ import annotations

import re
from typing import Annotated

from ufm.support.nearest_name import nearest
from verify.cli.flags import Told

NAMES = ("cpu", "cuda")
Device = Annotated[str, Told(shown="cpu|cuda", choices=NAMES)]
AnyDevice = Annotated[str, Told(shown="auto|cpu|cuda", choices=("auto", *NAMES))]
_OTHER_WORDS = {"gpu": "cuda", "nvidia": "cuda", "processor": "cpu"}


def require_device(name: str, auto: bool = False) -> str:
    """Returns the name of a PyTorch device; raises ValueError with the likely one and those available."""
    if (auto and name == "auto") or (re.fullmatch(r"[a-z]+(:\d+)?", name) and name.partition(":")[0] in _known()):
        return name
    word = re.sub(r"[^a-z]", "", name.lower())
    meant = _OTHER_WORDS.get(word) or nearest(word, NAMES)
    advice = f"; did you mean {meant!r}?" if meant else ";"
    raise ValueError(f"--device {name!r} is not known{advice} Here: {', '.join(_here())}")


def _known() -> tuple[str, ...]:
    return (*NAMES, "mps", "xpu", "meta")


def _here() -> list[str]:
    import torch

    return ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
