"""A label file as columns of cells: text, parsed by pandas, or arrays, or Parquet."""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support.memory import require_memory
from verify.cli.chosen_columns import chosen_columns
from verify.cli.file_options import TEXT
from verify.cli.label_arrays import Column, column_of, read_archive, read_array
from verify.cli.label_cells import NoLabel, is_plain, one_spelling
from verify.cli.label_dialect import NAMES, Top, check_quotes, check_widths, has_header, named, sniffed, width
from verify.cli.label_parquet import read_parquet
from verify.cli.label_text import lines, read_text, require_file
from verify.reading.label_reading import FileRead, listed, shown

MOST_COLUMNS = 10_000  # of text; the parser spends 0.2 ms on each, however short
NO_LABEL = NoLabel()
logger = logging.getLogger(__name__)
ARRAYS = (".npy", ".npz", ".parquet")


@dataclass(frozen=True)
class Table:
    """The chosen columns of a file; ``name`` is its name in errors, ``text`` the parsed text, empty for an array."""

    path: Path
    name: str
    delimiter: str
    header: bool
    rows: int
    columns: tuple[Column, ...]
    text: bytes
    warnings: tuple[str, ...]

    @property
    def file(self) -> FileRead:
        """How the file was read."""
        delimiter = NAMES.get(self.delimiter, self.delimiter) if self.text else self.path.suffix[1:]
        return FileRead(self.path, delimiter, self.header, self.rows)

    def place(self, row: int) -> str:
        """ "line 7" of a text, "sample 7" of an array."""
        if not self.text:
            return f"sample {row + 1}"
        return f"line {next(islice(lines(self.text), row + self.header, None))[0]}"


def read_table(
    path: Path,
    *,
    flag: str = "--labels",
    delimiter: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] = (),
    missing: NoLabel = NO_LABEL,
) -> Table:
    """Reads a label file; detects delimiter and header unless given; columns are chosen by name, or position from 1.

    flag     that named the file, for errors
    missing  cells that mean no label; they do not affect a column's kind
    Raises ValueError or OSError naming the file, and the line where there is one.
    """
    require_file(path, flag)
    logger.info("reading %s", path)
    name = f"{flag}: {path.name}"
    if path.suffix in ARRAYS:
        if delimiter is not None or header is not None:
            raise ValueError(f"{name} is an array; --delimiter and --header are for text")
        warnings: tuple[str, ...] = ()
        if path.suffix == ".parquet":
            kept, warnings = read_parquet(path, name, columns)
        else:
            kept = (read_array if path.suffix == ".npy" else read_archive)(path, name, columns)
        return Table(path, name, "", False, len(kept[0].codes), kept, b"", warnings)
    if path.suffix not in TEXT:
        raise ValueError(f"{name} is neither .csv nor .npy (nor .tsv, .txt, .npz, .parquet)")
    delimiter = None if delimiter is None else named(delimiter)
    return _read_text(path, name, delimiter, header, columns, missing)


def _read_text(
    path: Path,
    name: str,
    delimiter: str | None,
    header: bool | None,
    chosen: Sequence[str],
    missing: NoLabel,
) -> Table:
    data = read_text(path, name)
    if data.startswith(b"# "):  # NumPy's savetxt writes its header so
        data, header = data[2:], header is None or header
    found_out = delimiter is None
    delimiter = sniffed(name, data) if delimiter is None else delimiter
    check_quotes(name, data, delimiter)
    parsed = _parsed(name, data, delimiter)
    every = [_column(t, parsed.pop(t)) for t in sorted(parsed)]
    rows = len(every[0].codes)
    warnings = []
    if found_out and delimiter == " " and not all(is_plain(cell) for column in every for cell in column.cells[1:]):
        warnings.append(f"{path.name}: blanks separate columns of names; --delimiter none makes a line one class")
    if header is None:
        header = rows > 1 and has_header(name, [_top(column, missing) for column in every], rows - 1)
        if header and len(every) == 1 and not _top(every[0]).over_plain:
            top = shown(every[0].cells[0])
            warnings.append(
                f"{path.name}: {top} is taken as a header, since it occurs in line 1 only; --no-header counts it"
            )
    if header and rows == 1:
        raise ValueError(f"{name} has a header and no rows")
    if header:
        every = [_without_top(column) for column in every]
        often = Counter(column.name for column in every)
        alike = [shown(title) for title, number in often.items() if number > 1]
        if alike:
            warnings.append(
                f"{path.name}: several columns are named {listed(alike)}; choose by position with --columns"
            )
    blank = data.rstrip().count(b"\n") + 1 - rows
    if blank:
        warnings.append(f"{path.name}: {blank:,} blank line{'s' * (blank > 1)} skipped")
    columns = chosen_columns(path.name, every, chosen)
    table = Table(path, name, delimiter, header, rows - header, columns, data, tuple(warnings))
    for column in columns if delimiter else ():
        _refuse_short_line(table, column)
    return table


def _parsed(name: str, data: bytes, delimiter: str) -> dict[int, Any]:
    """Columns of strings by their number, as many rows as the text has lines that are not blank."""
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "reading label files needs pandas: pip install 'ufm-toolkit[cli]'", name=error.name
        ) from error
    numbered = lines(data)
    columns, rows = width(next(numbered)[1], delimiter), 1 + sum(1 for _ in numbered)
    if columns > MOST_COLUMNS:
        raise ValueError(f"{name} has {columns:,} columns, more than {MOST_COLUMNS:,}; write it as .npy")
    require_memory(24 * columns * rows, "cpu", f"{rows:,} rows of {columns:,} columns", "choose fewer rows")
    try:
        frame = pandas.read_csv(
            io.BytesIO(data),
            sep=r"\s+" if delimiter == " " else delimiter or _absent(name, data),
            header=None,
            index_col=False,
            dtype=object,  # strings as they stand; an integer beyond int64 must not become a float
            na_filter=False,
            skipinitialspace=True,
        )
    except pandas.errors.ParserError as error:
        check_widths(name, data, delimiter)
        raise ValueError(f"{name}: {error}") from error
    if frame.shape != (rows, columns):
        check_widths(name, data, delimiter)
        raise ValueError(f"{name} has {rows:,} lines, of which {len(frame):,} rows were made; check quotes")
    return {t: frame[t].to_numpy() for t in range(columns)}


def _absent(name: str, data: bytes) -> str:
    """A character that does not occur in the text, as the delimiter of a single column."""
    for mark in map(chr, range(0x1F, 0x0D, -1)):
        if mark.encode() not in data:
            return mark
    raise ValueError(f"{name} holds every control character, as an image would; it is not text")


def _column(t: int, strings: NDArray[np.object_]) -> Column:
    import pandas

    codes, distinct = pandas.factorize(strings)
    cells = [one_spelling(str(cell)) for cell in distinct]
    return column_of(t + 1, cells, codes)


def _top(column: Column, missing: NoLabel = NO_LABEL) -> Top:
    """Cells are numbered as they occur, so that the first row holds number 0."""
    recurs = int(np.count_nonzero(column.codes == 0)) > 1
    below = column.cells if recurs else column.cells[1:]
    return Top(column.cells[0], recurs, [cell for cell in below if cell not in missing] if missing else below)


def _without_top(column: Column) -> Column:
    top = _top(column)
    name = top.cell or f"Unnamed: {column.position - 1}"
    return Column(column.position, name, tuple(top.below), column.codes[1:] - (not top.recurs))


def _refuse_short_line(table: Table, column: Column) -> None:
    """Raises ValueError for a line with too few cells, which the parser would fill with empty ones."""
    if "" in column.cells:
        check_widths(table.name, table.text, table.delimiter)
