"""Figures as inline SVG: glyphs, words, markers, clips, styles and images shared by several figures are stored once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

from verify.report.small_picture import small_picture

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
LEFT_OUT = (f"{SVG}metadata", f"{SVG}defs", f"{SVG}style")
MERGED = 16  # in a grid of so many cells or more, those of one colour become one path
DIGITS = 1  # after the point, of a point of 1/72 inch; letters and words are drawn larger and scaled down
SCALE = 1.8  # a figure's letters have 6 to 8 points; on a page they are nearly as large as its own
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e[-+]?\d+)?")
_NAMED = re.compile(r"url\(#([^)]+)\)")
_MOVED = re.compile(r"translate\([^)]*\)")
_PLACED = re.compile(r"translate\(([^ ,)]+)[ ,]*([^)]*)\) ?")
_CELL = re.compile(r"M (\S+) (\S+) L (\S+) \2 L \3 (\S+) L \1 \4 (?:L \1 \2|z)")


class InlineFigures:
    """Collects the figures of one page and stores their shared parts once.

    Coordinates are rounded to a tenth of a point; metadata, comments and unused names are dropped.
    """

    def __init__(self) -> None:
        self._shared: dict[str, str] = {}
        self._looks: dict[str, str] = {}

    def add(self, svg: bytes) -> str:
        """The drawing as an ``svg`` element, ``SCALE`` times its size where there is room."""
        from xml.etree import ElementTree

        root = ElementTree.fromstring(svg)
        for group in root.findall(f"{SVG}g"):  # the white sheet beneath all, which the page has of its own
            for sheet in group.findall(f"{SVG}g[@id='patch_1']"):
                group.remove(sheet)
        names = {child.attrib.pop("id"): self._share(self._written(child, {})) for child in _definitions(root)}
        body = "".join(self._written(child, names) for child in root if child.tag not in LEFT_OUT)
        width, height = map(float, root.attrib["viewBox"].split()[2:])
        size = f'viewBox="0 0 {width:g} {height:g}" style="width:{SCALE * width:.0f}px"'
        return f'<svg {size} aria-hidden="true">{body}</svg>'

    @property
    def shared(self) -> str:
        """The shared parts in an invisible element; empty if there is no figure."""
        if not self._shared and not self._looks:
            return ""
        parts = "".join(re.sub(r"^<(\w+)", rf'<\1 id="{name}"', text) for text, name in self._shared.items())
        looks = "".join(f".{name}{{{look}}}" for look, name in self._looks.items())
        return f'<svg class="shared" aria-hidden="true"><style>{looks}</style><defs>{parts}</defs></svg>'

    def _share(self, text: str) -> str:
        return self._shared.setdefault(text, f"g{len(self._shared)}")

    def _written(self, element: Any, names: Mapping[str, str], digits: int = DIGITS) -> str:
        """The element with its content; a group without attributes is replaced by its content."""
        tag = element.tag.removeprefix(SVG)
        if element.attrib.get("transform") == "scale(0.015625)":
            digits = 0  # a letter
        if tag == "image":
            kept = {name: element.attrib.pop(name) for name in (LINK, "width", "height")}
            kept[LINK] = small_picture(kept[LINK])
            picture = "".join(self._attribute(name, value, names, digits) for name, value in kept.items())
            return self._used(f"<image{picture}/>", self._attributes(element, names, digits))
        children = _merged([child for child in element if child.tag not in LEFT_OUT])
        word = bool(children) and all(c.tag == f"{SVG}use" and "x" not in c.attrib for c in children)
        inner = escape((element.text or "").strip())
        inner += "".join(self._written(child, names, 0 if word else digits) for child in children)
        place, turned = _place(element.attrib.get("transform", ""), digits)
        if word or (tag == "use" and not turned):
            element.attrib.pop("transform", None)
            attributes = place + self._attributes(element, names, digits)
            return self._used(f"<g{turned}>{inner}</g>", attributes) if word else f"<use{attributes}/>"
        attributes = self._attributes(element, names, digits)
        if tag == "g" and not attributes:
            return inner
        return f"<{tag}{attributes}>{inner}</{tag}>" if inner else f"<{tag}{attributes}/>"

    def _used(self, text: str, attributes: str) -> str:
        return f'<use href="#{self._share(text)}"{attributes}/>'

    def _attributes(self, element: Any, names: Mapping[str, str], digits: int) -> str:
        return "".join(self._attribute(name, value, names, digits) for name, value in element.attrib.items())

    def _attribute(self, name: str, value: str, names: Mapping[str, str], digits: int) -> str:
        """Written short; an ``id`` is left out, since whatever is referred to has a name of the page's, and a style is
        a class of it."""
        value = " ".join(value.split())
        if name == "id":
            return ""
        if name == LINK:
            target = value if value.startswith("data:image/") else f"#{names[value.removeprefix('#')]}"
            return f' href="{escape(target)}"'
        if name == "d":
            value = re.sub(r" ?([A-Za-z]) ?", r"\1", _rounded(_CELL.sub(_sides, value), digits)).replace(" -", "-")
        elif name in ("style", "clip-path"):
            value = _NAMED.sub(lambda found: f"url(#{names[found[1]]})", value).replace(": ", ":").replace("; ", ";")
            if name == "style":
                return f' class="{self._looks.setdefault(value, f"l{len(self._looks)}")}"' if value else ""
        elif name == "transform":
            value = _MOVED.sub(lambda found: _rounded(found[0], digits), value)
        elif _NUMBER.fullmatch(value):
            value = _rounded(value, digits)
        return f' {name}="{escape(value)}"'


def _definitions(root: Any) -> Iterator[Any]:
    for group in root.iter(f"{SVG}defs"):
        yield from (child for child in group if "id" in child.attrib)


def _merged(children: list[Any]) -> list[Any]:
    """Merges grid cells of one look into one path, neighbours into one cell, without overlaps."""
    cells = [_CELL.fullmatch(" ".join(child.attrib.get("d", "").split())) for child in children]
    if len(children) < MERGED or not all(cells):
        return children
    corners = [tuple(float(text) for text in cell.groups()) for cell in cells if cell is not None]
    looks = [(child.attrib.get("style", ""), child.attrib.get("clip-path", "")) for child in children]
    merged = []
    for _, same in groupby(
        sorted(range(len(children)), key=lambda i: (looks[i], corners[i][1])), key=looks.__getitem__
    ):
        places = list(same)
        children[places[0]].set("d", " ".join(_rows(sorted((corners[i] for i in places), key=lambda c: (c[1], c[0])))))
        merged.append(children[places[0]])
    return merged


def _rows(cells: list[tuple[float, ...]]) -> Iterator[str]:
    """(left, top, right, bottom) from left to right, row by row."""
    start = cells[0]
    for now, after in zip(cells, [*cells[1:], None], strict=True):
        if after is None or after[1] != now[1] or after[0] != now[2]:
            x, y, right, below = start[0], start[1], now[2], now[3]
            yield f"M {x} {y} L {right} {y} L {right} {below} L {x} {below} z"
            start = after or start


def _place(transform: str, digits: int) -> tuple[str, str]:
    """What moves an element as the x and y of a ``use``, which move before all else; and the rest, which turns and
    scales."""
    moved = _PLACED.match(transform)
    if moved is None:
        return "", f' transform="{transform}"' if transform else ""
    place = [(name, _rounded(part or "0", digits)) for name, part in zip("xy", moved.groups(), strict=True)]
    left = transform[moved.end() :]
    return "".join(
        f' {name}="{value}"' for name, value in place if value != "0"
    ), f' transform="{left}"' if left else ""


def _sides(found: re.Match[str]) -> str:
    x, y, right, below = (round(float(text), DIGITS) for text in found.groups())
    return f"M {x} {y} h {right - x} v {below - y} h {x - right} z"


def _rounded(text: str, digits: int) -> str:
    return _NUMBER.sub(lambda found: _short(f"{float(found[0]):.{digits}f}"), text)


def _short(number: str) -> str:
    """Without zeros at the ends."""
    bare = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if bare in ("-0", "") else re.sub(r"^(-?)0\.", r"\1.", bare)
