"""Labels in Parquet files: names and order of categories are kept; an index is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ufm.support.bounded_json import parse_json
from ufm.support.memory import require_memory
from verify.cli.chosen_columns import chosen_columns
from verify.cli.label_arrays import Column, column_of, spelled
from verify.cli.label_cells import one_spelling
from verify.reading.label_reading import shown

NULL = ""  # the cell of no value


@dataclass(frozen=True)
class _Field:
    position: int
    name: str
    key: str
    type: Any


def read_parquet(path: Path, name: str, chosen: Sequence[str]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Reads columns of integers, whole decimals, Booleans, text or categories, with warnings.

    Memory is checked against the file's metadata before any column is read. Raises ValueError for other columns and for
    a file that is not Parquet; ModuleNotFoundError without pyarrow (extra ``sweep``).
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "reading .parquet files needs pyarrow: pip install 'ufm-toolkit[sweep]'", name=error.name
        ) from error
    try:
        # by the system's own reads: a mapped file that shrinks meanwhile would end the process
        with parquet.ParquetFile(path) as file:
            kept, warnings = _chosen(path, name, file, chosen)
            _require_memory(file, kept)
            columns = tuple(_column(name, field, file) for field in kept)
            lost = [c.name for c, field in zip(columns, kept, strict=True) if _categories(field.type) and not c.ordered]
            by_name = tuple(
                f"{path.name}: {shown(title)} has categories without their order; by name" for title in lost
            )
            return columns, (*warnings, *by_name)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} is not a whole Parquet file ({error})") from error


def _chosen(path: Path, name: str, file: Any, chosen: Sequence[str]) -> tuple[list[_Field], tuple[str, ...]]:
    schema = file.schema_arrow
    every = [_Field(i, one_spelling(field.name), field.name, field.type) for i, field in enumerate(schema, 1)]
    if not (file.metadata.num_rows and file.num_row_groups and every):
        raise ValueError(f"{name} has {len(every)} columns and {file.metadata.num_rows} rows")
    kept = list(chosen_columns(path.name, every, chosen))
    index = set() if chosen else _index(schema.metadata)
    left = [field.name for field in kept if field.key in index]
    kept = [field for field in kept if field.key not in index] if len(left) < len(kept) else kept
    for field in kept:
        if sum(field.key == other.key for other in every) > 1:
            raise ValueError(f"{name} has several columns named {shown(field.name)}; give each a name of its own")
        if not _is_label(field.type):
            raise ValueError(
                f"{name}, column {field.position} ({shown(field.name)}) holds {shown(str(field.type), 60)}; labels are "
                "integers, Booleans, text or categories: leave it out with --columns"
            )
    return kept, tuple(f"{path.name}: index {shown(title)} is left out; --columns takes it" for title in left)


def _index(metadata: Any) -> set[str]:
    """The columns that hold pandas' index."""
    try:
        found = parse_json((metadata or {})[b"pandas"].decode())["index_columns"]
    except (KeyError, ValueError, TypeError):
        return set()
    return {key for key in found if isinstance(key, str)} if isinstance(found, list) else set()


def _categories(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_dictionary(kind))


def _is_label(kind: Any) -> bool:
    from pyarrow import types

    if _categories(kind):
        kind = kind.value_type
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_string, types.is_large_string)
    return any(test(kind) for test in (*tests, types.is_null))


def _require_memory(file: Any, kept: Sequence[_Field]) -> None:
    """Of the largest part of the file, unpacked, and of a code a row."""
    metadata = file.metadata
    largest = max(metadata.row_group(g).total_byte_size for g in range(metadata.num_row_groups))
    rows = metadata.num_rows
    what = f"labels of shape {(rows, len(kept))}"
    require_memory(3 * largest + 24 * rows * len(kept), "cpu", what, "choose fewer columns or rows")


def _column(name: str, field: _Field, file: Any) -> Column:
    import pyarrow

    parts: list[Any] = []
    for g in range(file.num_row_groups):  # one after the other, so that text is in memory for one of them only
        read = file.read_row_group(g, columns=[field.key]).column(field.key)
        if pyarrow.types.is_null(read.type):
            return column_of(field.position, [NULL], np.zeros(file.metadata.num_rows, dtype=np.int64), field.name)
        parts += (read if _categories(read.type) else read.dictionary_encode()).chunks
    encoded = pyarrow.chunked_array(parts).unify_dictionaries()
    codes = np.concatenate([part.indices.cast(pyarrow.int64()).fill_null(-1).to_numpy() for part in encoded.chunks])
    values = encoded.chunk(0).dictionary
    if codes.max() >= len(values) or codes.min() < -1 or len(codes) != file.metadata.num_rows:
        raise ValueError(f"{name} is damaged: column {shown(field.name)} has other rows or codes than it says")
    if pyarrow.types.is_floating(values.type):
        distinct = spelled(f"{name}, column {field.position}", values.to_numpy(zero_copy_only=False))
    else:
        distinct = [NULL if value is None else one_spelling(str(value)) for value in values.to_pylist()]
    if codes.min() < 0:
        codes[codes < 0] = len(distinct)
        distinct.append(NULL)
    ordered = _categories(field.type) and _dictionary_everywhere(field, file)
    return column_of(field.position, distinct, codes, field.name, ordered)


def _dictionary_everywhere(field: _Field, file: Any) -> bool:
    """Whether categories stand in their order: without a dictionary they come in that in which they first occur.

    Of a column that has been read: what the file says of it has proved sound, and pyarrow ends the process else.
    """
    (place,) = (i for i, path in enumerate(_paths(file)) if path == field.key)
    groups = (file.metadata.row_group(g) for g in range(file.num_row_groups))
    return all(group.column(place).has_dictionary_page for group in groups)


def _paths(file: Any) -> list[str]:
    return [file.schema.column(i).path for i in range(len(file.schema))]
