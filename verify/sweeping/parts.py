"""A table that grows: a file for each finished chunk beside it, put together at the end.

Parquet's footer, without which a file cannot be read, is written when the file is closed. So a finished chunk is a
whole file of one row group, staged and renamed, in the folder ``TABLE.parts``; a kill at any moment loses only
unfinished chunks. At the end the row groups are copied, in order, into the table, which is staged and renamed as well,
and the folder is removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ufm.support.whole_file import whole_file
from verify.sweeping.columns import require_same_study
from verify.sweeping.study import Study

GO_ON = "; once it can, the same sweep goes on where it was"
WRITTEN = {"compression": "zstd", "write_page_checksum": True}


def parts_of(table: Path) -> Path:
    """The folder of the finished chunks."""
    return table.with_name(f"{table.name}.parts")


def part(folder: Path, number: int) -> Path:
    """The file of a chunk."""
    return folder / f"chunk-{number:07}.parquet"


def write_part(folder: Path, number: int, rows: Any, metadata: Mapping[str, str]) -> None:
    """Writes a finished chunk, whole or not at all; raises OSError, naming it, if it cannot be written."""
    import pyarrow.parquet as pq

    with whole_file(part(folder, number), advice=GO_ON) as partial:
        pq.write_table(rows.replace_schema_metadata(metadata), partial, row_group_size=max(1, len(rows)), **WRITTEN)


def finished(folder: Path, study: Study) -> set[int]:
    """The finished chunks; raises ValueError, naming the file, for a damaged one or one of another study."""
    there = set()
    for number, indices in enumerate(study.chunks):
        path = part(folder, number)
        if path.exists():
            _check(path, study, indices)
            there.add(number)
    known = {part(folder, number) for number in there}
    for path in sorted(set(folder.glob("chunk-*.parquet")) - known):  # of a study with more chunks
        require_same_study(read_metadata(path), study, repr(str(path)))
    return there


def _check(path: Path, study: Study, indices: range) -> None:
    import pyarrow.parquet as pq

    require_same_study(read_metadata(path), study, repr(str(path)))
    found = pq.read_metadata(path)
    first = found.row_group(0).column(0).statistics
    if found.num_rows != len(indices) or first.min != indices.start:
        raise ValueError(f"{str(path)!r} does not hold problems {indices.start} … {indices.stop - 1}; remove it")


def read_metadata(path: Path) -> dict[bytes, bytes]:
    """The metadata of a Parquet file's schema; raises ValueError, naming the file, if it is not one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return dict(pq.read_schema(path).metadata or {})
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{str(path)!r} is not a whole Parquet file ({reason}); remove it, or name another") from None


def count_rows(path: Path) -> int:
    """The number of rows of a Parquet file, from its footer."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def put_together(table: Path, study: Study, metadata: Mapping[str, str]) -> None:
    """Writes the table of all chunks, one row group each; then removes the folder of the parts."""
    import pyarrow.parquet as pq

    folder = parts_of(table)
    with whole_file(table, advice=GO_ON, what="table") as partial:
        schema = pq.read_schema(part(folder, 0)).with_metadata(metadata)
        with pq.ParquetWriter(partial, schema, **WRITTEN) as writer:
            for number in range(len(study.chunks)):
                rows = _read_part(part(folder, number))
                writer.write_table(rows, row_group_size=max(1, len(rows)))
    remove_parts(table)


def _read_part(path: Path) -> Any:
    """The rows of a part; raises ValueError, naming it, if they are not as written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True).read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{str(path)!r} is damaged ({reason}); remove it, and the same sweep makes it again") from None


def remove_parts(table: Path) -> None:
    """Removes the folder, except for files that cannot be removed."""
    shutil.rmtree(parts_of(table), ignore_errors=True)
