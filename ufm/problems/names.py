"""The names of a problem's tasks and classes, which are not part of the model."""

from __future__ import annotations

import copy
from typing import Any, Self

Names = tuple[tuple[str, ...], ...]
CLASSES_SHOWN, TASKS_SHOWN, WIDTH = 8, 8, 24


class Named:
    """Public fields ``class_names``, T tuples of K_t, and ``task_names`` (T,); None if there are no names."""

    classes: tuple[int, ...]
    class_names: Names | None = None
    task_names: tuple[str, ...] | None = None

    def with_names(self, class_names: Any, task_names: Any) -> Self:
        """The same problem with names: T tuples of K_t, and (T,), or None. Raises ValueError if they do not fit."""
        named = copy.copy(self)
        named._name(class_names, task_names)
        return named

    def _name(self, class_names: Any, task_names: Any) -> None:
        """Sets the fields; raises ValueError if they do not fit."""
        for what, names in (("task_names", [task_names]), ("class_names", class_names)):
            for part in names or ():
                if part is not None and not all(isinstance(name, str) for name in part):
                    raise ValueError(f"{what} must be text, got {part!r}")
        if class_names is not None and tuple(map(len, class_names)) != self.classes:
            raise ValueError(f"class_names must be {self.classes} names, got {tuple(map(len, class_names))}")
        if task_names is not None and len(task_names) != len(self.classes):
            raise ValueError(f"task_names must be {len(self.classes)} names, got {len(task_names)}")
        self.class_names = None if class_names is None else tuple(map(tuple, class_names))
        self.task_names = None if task_names is None else tuple(task_names)

    def _named_rows(self) -> list[tuple[str, str]]:
        """One row per task for ``str``: its name and those of its classes, shortened if there are many."""
        classes, tasks = self.class_names, self.task_names
        number = len(classes or tasks or ())
        rows = []
        for t in range(min(number, TASKS_SHOWN)):
            names = [] if classes is None else [_short(name) for name in classes[t]]
            if len(names) > CLASSES_SHOWN:
                names = [*names[: CLASSES_SHOWN - 1], "…", names[-1]]
            rows.append((f"task {t + 1}" if tasks is None else f"task {t + 1}, {_short(tasks[t])}", ", ".join(names)))
        return rows if number <= TASKS_SHOWN else [*rows, ("…", f"{number - TASKS_SHOWN:,} more tasks")]


def _short(name: str) -> str:
    """The text in one line, with unprintable characters escaped, cut to WIDTH."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name[: WIDTH + 1])
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
