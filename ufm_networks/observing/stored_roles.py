"""The roles of a file's arrays, by names and shapes: features, labels, and weight and bias of every head."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ufm.support.nearest_name import nearest
from ufm_networks.observing.stored_arrays import REALS, Stored, StoredArrays

FEATURES, LABELS = ("features", "H"), ("labels",)
NEEDED = (
    "features (N, d), labels (N, T) or (N,), and of every head a weight (K, d), with a bias (K,) if it has one, such "
    "as digit.weight, digit.bias; or W.0, b.0, W.1, …"
)
_NAMED = re.compile(r"(.+)[./](weight|bias|kernel)")
_NUMBERED = re.compile(r"([Wb])[._]?(\d{1,4})?")


@dataclass(frozen=True)
class StoredHead:
    """weight (K, d), or ``by_columns`` (d, K); bias (K,), or None."""

    task: str
    weight: Stored
    bias: Stored | None
    by_columns: bool

    @property
    def classes(self) -> int:
        """K."""
        return self.weight.shape[1] if self.by_columns else self.weight.shape[0]


@dataclass(frozen=True)
class Roles:
    """Heads in the order of the labels' columns; ``left`` are arrays without a role, if heads were named."""

    features: Stored
    labels: Stored
    heads: tuple[StoredHead, ...]
    left: tuple[str, ...]


def roles_of(stored: StoredArrays, heads: Sequence[str] = ()) -> Roles:
    """By name, then by shape.

    heads   those to read, in the order of the labels' columns; all unless given
    Raises ValueError naming an array that is missing, unknown or of another shape, perhaps transposed, or if the heads
    of the labels' columns are ambiguous.
    """
    arrays, name = stored.arrays, stored.path.name
    features, labels = (_one(stored, names) for names in (FEATURES, LABELS))
    parts, unknown = _parts(arrays, (features.name, labels.name))
    if unknown and not heads:
        near = nearest(unknown[0], [*FEATURES, *LABELS])
        meant = f" (did you mean {near!r}?)" if near else ""
        raise ValueError(
            f"{name}: array {unknown[0]!r} is not known{meant}; a file holds {NEEDED}. Leave others out, or name the "
            "heads with --heads"
        )
    tasks = _chosen(stored, parts, heads)
    found = tuple(_head(name, task, parts[task]) for task in tasks)
    _require_shapes(name, features, labels, found)
    used = {array.name for head in found for array in (head.weight, head.bias) if array is not None}
    left = tuple(key for key in arrays if key not in used | {features.name, labels.name})
    return Roles(features, labels, found, left)


def _one(stored: StoredArrays, names: Sequence[str]) -> Stored:
    there = [stored.arrays[name] for name in names if name in stored.arrays]
    if len(there) != 1:
        holds = ", ".join(array.told for array in list(stored.arrays.values())[:20])
        more = ", …" if len(stored.arrays) > 20 else ""
        why = f"has no array {' or '.join(names)}" if not there else f"has both {' and '.join(names)}"
        raise ValueError(f"{stored.path.name} {why}; it holds {holds}{more}, and needed are {NEEDED}")
    return there[0]


def _parts(arrays: dict[str, Stored], taken: Sequence[str]) -> tuple[dict[str, dict[str, Stored]], list[str]]:
    """Of each task its arrays by what they are; and the names that say nothing."""
    named: dict[str, dict[str, Stored]] = {}
    numbered: dict[int, dict[str, Stored]] = {}
    unknown = []
    for key, array in arrays.items():
        if key in taken:
            continue
        if match := _NUMBERED.fullmatch(key):
            number = int(match[2] or 0)
            numbered.setdefault(number, {})["weight" if match[1] == "W" else "bias"] = array
        elif match := _NAMED.fullmatch(key):
            named.setdefault(match[1], {})[match[2]] = array
        elif key in ("weight", "bias", "kernel"):
            named.setdefault("task 1", {})[key] = array
        else:
            unknown.append(key)
    first = min(numbered, default=0)
    return named | {f"task {i - first + 1}": numbered[i] for i in sorted(numbered)}, unknown


def _chosen(stored: StoredArrays, parts: dict[str, dict[str, Stored]], heads: Sequence[str]) -> Sequence[str]:
    name = stored.path.name
    for head in heads:
        if head not in parts or heads.count(head) > 1:
            near = nearest(head, parts)
            why = "is given twice" if head in parts else f"has no weight in {name}"
            raise ValueError(
                f"--heads {head} {why}{f'; did you mean {near!r}?' if near else ''}: there are {_list(parts)}"
            )
    if not parts:
        raise ValueError(f"{name} has no head; it holds {_list(stored.arrays)}, and needed are {NEEDED}")
    told = all(re.fullmatch(r"task \d+", task) for task in parts)
    if not heads and len(parts) > 1 and not (stored.ordered or told):
        raise ValueError(
            f"{name}: safetensors keeps no order, so nothing says which column of labels is for which head; say it, as "
            f"--heads {' '.join(parts)}"
        )
    return heads or list(parts)


def _head(name: str, task: str, parts: dict[str, Stored]) -> StoredHead:
    weights = [parts[key] for key in ("weight", "kernel") if key in parts]
    if len(weights) != 1:
        why = "both weight and kernel" if weights else f"a bias, {parts['bias'].name}, and no weight"
        raise ValueError(f"{name}: head {task!r} has {why}")
    head = StoredHead(task, weights[0], parts.get("bias"), by_columns="kernel" in parts)
    if len(head.weight.shape) != 2:
        raise ValueError(f"{name}: {head.weight.told} must be (K, d), of a linear head; name the heads with --heads")
    if head.bias is not None and head.bias.shape != (head.classes,):
        kind, other = ("column", 0) if head.by_columns else ("row", 1)
        hint = "; is the weight transposed?" if head.bias.shape == (head.weight.shape[other],) else ""
        raise ValueError(
            f"{name}: {head.bias.told} must be ({head.classes},), one entry a {kind} of {head.weight.told}{hint}"
        )
    return head


def _require_shapes(name: str, features: Stored, labels: Stored, heads: Sequence[StoredHead]) -> None:
    real = (features, *(head.weight for head in heads), *(head.bias for head in heads if head.bias is not None))
    for array in real:
        if array.dtype not in REALS:
            raise ValueError(f"{name}: {array.told} must be of {', '.join(REALS)}, got {array.dtype}")
    if not labels.dtype.startswith(("int", "uint")):
        raise ValueError(f"{name}: labels must be integers, the rows of the heads' weights; got {labels.dtype}")
    if len(features.shape) != 2 or 0 in features.shape:
        raise ValueError(
            f"{name}: {features.told} must be (N, d), one row a sample; pool or flatten what enters the heads"
        )
    T, (N, d) = len(heads), features.shape
    due = (N, T) if T > 1 else (N,)
    if labels.shape not in ((N, T), due):
        hint = f"; it must be {due}, a row a sample and a column a head"
        if labels.shape == (T, N):
            hint = "; it is transposed: save labels.T"
        elif (
            len(labels.shape) in (1, 2) and labels.shape[0] == d and labels.shape[1:] in ((T,), () if T == 1 else (T,))
        ):
            hint = f"; are {features.told} transposed? Save them as (N, d), one row a sample"
        raise ValueError(f"{name}: {labels.told} does not fit {features.told} and {T} head{'s' * (T > 1)}{hint}")
    for head in heads:
        rows, columns = head.weight.shape
        read = rows if head.by_columns else columns
        if read != d:
            kind = "(d, K)" if head.by_columns else "(K, d)"
            hint = ""
            if (columns if head.by_columns else rows) == d:
                other = f"{head.task}.{'weight' if head.by_columns else 'kernel'}"
                hint = f"; it is transposed: save its transpose, or name it {other}"
            elif read == N:
                hint = f"; are {features.told} transposed? Save them as (N, d), one row a sample"
            raise ValueError(f"{name}: {head.weight.told} must be {kind} with the features' d = {d}{hint}")


def _list(names: Collection[str]) -> str:
    few = list(names)[:20]
    return ", ".join(few) + (", …" if len(names) > 20 else "")
