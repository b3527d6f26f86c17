"""Tables of labels written in any dialect are read back as they were."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

from verify.cli.label_files import read_tasks

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "blanks": " "}
WORDS = st.text(st.sampled_from("abcÄ色xyzQ'_-.$%&()"), min_size=1, max_size=6).map(lambda word: "w" + word)
CLASSES = {
    "from 0": st.integers(2, 12).map(lambda k: [str(i) for i in range(k)]),
    "from 1": st.integers(2, 12).map(lambda k: [str(i + 1) for i in range(k)]),
    "decimals": st.integers(2, 12).map(lambda k: [f"{i}.0" for i in range(k)]),
    "savetxt": st.integers(2, 4).map(lambda k: [f"{i:.18e}" for i in range(k)]),
    "Booleans": st.sampled_from([["False", "True"], ["false", "true"], ["FALSE", "TRUE"]]),
    "numbered": st.integers(2, 12).map(lambda k: [f"class{i}" for i in range(k)]),
    "names": st.lists(WORDS, min_size=2, max_size=6, unique=True).map(sorted),
    "awkward": st.sampled_from([["a, b", 'a "b"', "c;d", "e|f"], ["x\ty", "z z"]]),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], list[list[int]]]:
    """Names of tasks, classes of each in order, and (N, T) labels in which each class occurs twice or more."""
    kinds = draw(st.lists(st.sampled_from(sorted(CLASSES)), min_size=1, max_size=4))
    classes = [draw(CLASSES[kind]) for kind in kinds]
    names = [f"Task {chr(65 + t)}" if draw(st.booleans()) else f"größe{chr(65 + t)}" for t in range(len(kinds))]
    rows = 2 * max(map(len, classes)) + draw(st.integers(0, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = [rng.permutation(np.resize(np.arange(len(c)), rows)) for c in classes]
    return names, classes, np.stack(columns, axis=1).tolist()


def written(cells: list[list[str]], delimiter: str, newline: str, quote_all: bool) -> str:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=quoting).writerows(cells)
    return text.getvalue()


@settings(max_examples=examples(150))
@given(
    tables(),
    st.sampled_from(sorted(DELIMITERS)),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_read_back(table, delimiter, header, newline, encoding, quote_all):
    names, classes, labels = table
    cells = [[classes[t][k] for t, k in enumerate(row)] for row in labels]
    # unquoted commas in one column, or between blanks, are as likely a table with uneven lines
    quote_all = quote_all or len(classes) == 1 or delimiter == "blanks"
    text = written([names, *cells] if header else cells, DELIMITERS[delimiter], newline, quote_all)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labels.csv")
        path.write_bytes(text.encode(encoding))
        (again,), reading = read_tasks([path], delimiter=delimiter, header=header)
        try:
            (found,), reading = read_tasks([path])
        except ValueError as error:  # a mark inside every name, as often as the delimiter: refused, and the flag named
            if "separate every line into equally many columns; give --delimiter" not in str(error):
                raise
            found = again
    assert len(found) == len(labels)
    if header:
        assert [task.name for task in reading.tasks] == names
    assert reading.files[0].header == header
    if len(classes) > 1:
        assert reading.files[0].delimiter == delimiter
    np.testing.assert_array_equal(found, again)
    for t, task in enumerate(reading.tasks):
        # the partition and the counts, whatever a class is called
        read = {}
        for row, k in zip(labels, found[:, t].tolist(), strict=True):
            assert read.setdefault(row[t], k) == k
        assert sorted(read.values()) == list(range(len(classes[t])))
        assert sum(task.counts) == len(labels)
        spelled = [task.classes[read[k]] for k in range(len(classes[t]))]
        if classes[t][0].casefold() == "false":
            assert spelled == ["False", "True"]
        elif classes[t][0][0].isdigit():
            assert [float(name) for name in task.classes] == sorted(map(float, classes[t]))
            assert spelled == [str(int(float(name))) for name in classes[t]]
        else:
            assert spelled == classes[t]
        if classes[t][0] == "class0":
            assert list(task.classes) == classes[t]  # class2 before class10
