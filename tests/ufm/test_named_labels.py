"""Labels that have names: tables, text and categories are numbered, and the names go where the problem goes."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from safetensors import safe_open

import theory
from ufm import SingleSource, load, solve
from verify import certify, compare, metrics

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
COLOURS = ["red", "blue", "green", "red", "blue", "green"]
SHAPES = ["class10", "class2", "class2", "class2", "class10", "class10"]
NUMBERS = np.array([[2, 1], [0, 0], [1, 0], [2, 0], [0, 1], [1, 1]])
FRAME = pd.DataFrame({"colour": COLOURS, "shape": SHAPES})


def built(labels, *args, **settings):
    return SingleSource.from_labels(labels, *args, **{**LAMBDAS, **settings})


def assert_same_labels(problem, numbers, classes=None, missing=None):
    expected = built(numbers, classes, missing=missing)
    np.testing.assert_array_equal(problem.labels, expected.labels)
    np.testing.assert_array_equal(problem.counts, expected.counts)
    assert problem.classes == expected.classes


@pytest.mark.parametrize(
    "labels",
    [
        FRAME,
        FRAME.astype(object),
        FRAME.astype("string"),
        FRAME.to_numpy(),
        FRAME.to_numpy(dtype="U"),
        FRAME.to_numpy().tolist(),
        FRAME.set_index(pd.Index(range(10, 16))),
    ],
)
def test_text_is_numbered_as_people_sort_it(labels):
    problem = built(labels)
    assert_same_labels(problem, NUMBERS)
    assert problem.class_names == (("blue", "green", "red"), ("class2", "class10"))
    assert problem.task_names == (("colour", "shape") if isinstance(labels, pd.DataFrame) else None)


def test_tables_of_polars_and_pyarrow_are_those_of_pandas():
    codes, kinds = [1, 0, None, 2, 0, 1], ["red", "green", "blue", "grey"]
    kind = pd.Categorical(COLOURS, categories=kinds)
    table = FRAME.assign(code=pd.array(codes, dtype="Int64"), kind=kind)
    frame = pl.DataFrame(FRAME.to_dict("list")).with_columns(
        pl.Series("code", codes), pl.Series("kind", COLOURS, dtype=pl.Enum(kinds))
    )
    numbers = np.column_stack([NUMBERS, [1, 0, -1, 2, 0, 1], kind.codes])
    for labels in (table, frame, pa.Table.from_pandas(table)):
        problem = built(labels, missing=-1)
        assert_same_labels(problem, numbers, (3, 2, 3, 4), -1)
        assert problem.class_names[2:] == (("0", "1", "2"), tuple(kinds))
        assert problem.task_names == ("colour", "shape", "code", "kind")


def test_tasks_of_one_name_are_refused():
    with pytest.raises(ValueError, match="labels has 2 columns named 'colour'"):
        built(FRAME.rename(columns={"shape": "colour"}))


def test_categories_keep_their_order_and_those_that_do_not_occur():
    sizes = pd.Categorical(["small", "large", "small"], categories=["small", "medium", "large"])
    for labels, tasks in ((sizes, None), (pd.Series(sizes, name="size"), ("size",)), (pd.Series(sizes), None)):
        problem = built(labels)
        assert_same_labels(problem, [0, 2, 0], (3,))
        assert problem.class_names == (("small", "medium", "large"),)
        assert problem.task_names == tasks


def test_integers_and_booleans_of_a_table():
    frame = pd.DataFrame({"digit": [0, 2, 1, 2], "left": [True, False, True, True]})
    problem = built(frame)
    assert_same_labels(problem, [[0, 1], [2, 0], [1, 1], [2, 1]])
    assert problem.class_names == (("0", "1", "2"), ("False", "True"))
    assert built(frame, (5, 2)).class_names[0] == ("0", "1", "2", "3", "4")
    with pytest.warns(UserWarning, match="no sample of class 0"):
        built(pd.DataFrame({"digit": [1, 2]}))
    assert built(frame.to_numpy(dtype=np.int64)).class_names is None


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", None, "b", "a"]),
        pd.Series(["a", "?", "b", "a"]),
        pd.Series(["a", np.nan, "b", "a"], dtype=object),
        pd.Series(["a", pd.NA, "b", "a"], dtype="string"),
        pd.Series(["a", None, "b", "a"], dtype="category"),
        pd.Series([0, np.nan, 1, 0]),
        pd.Series([0, pd.NA, 1, 0], dtype="Int64"),
        pd.Series([False, pd.NA, True, False], dtype="boolean"),
    ],
)
def test_empty_cells_are_no_label_where_it_is_said(column):
    frame = pd.DataFrame({"letter": column, "other": ["x", "y", "y", "x"]})
    expected = [[0, 0], [-1, 1], [1, 1], [0, 0]]
    assert_same_labels(built(frame, missing="?"), expected, missing=-1)
    if column.isna().any():
        assert_same_labels(built(frame, missing=-1), expected, missing=-1)
        with pytest.raises(ValueError, match=r"labels\['letter'\] is empty in row 1; missing=-1 marks"):
            built(frame)


def test_an_integer_of_a_table_may_stand_for_no_label():
    frame = pd.DataFrame({"digit": [0, -1, 1], "letter": ["a", "b", "a"]})
    assert_same_labels(built(frame, missing=-1), [[0, 0], [-1, 1], [1, 0]], missing=-1)
    with pytest.raises(ValueError, match=r"labels\['digit'\] has -1 in row 1"):
        built(frame)
    with pytest.raises(ValueError, match="missing=1 is one of task 0's classes"):
        built(pd.DataFrame({"digit": [0, 1, 2], "letter": list("aba")}), missing=1)


@pytest.mark.parametrize(
    ("labels", "settings", "error", "message"),
    [
        (pd.DataFrame({"a": ["x", 1, "y"]}), {}, TypeError, r"labels\['a'\] holds 1, a int"),
        (pd.DataFrame({"a": [0.5, 1.0]}), {}, ValueError, r"labels\['a'\] must hold integers"),
        (pd.DataFrame({"a": ["x", "x"]}), {}, ValueError, r"holds the one class \('x',\); a task has at least 2"),
        (pd.DataFrame({"a": [None, None]}), {"missing": -1}, ValueError, "has no label at all; leave the task out"),
        (pd.DataFrame({"a": ["x", "y"]}), {"classes": (3,)}, ValueError, r"classes\[0\]=3, but .* has 2 names"),
        (pd.DataFrame({"a": ["x", "y"]}), {"classes": (2, 2)}, ValueError, "classes names 2 tasks"),
        (pd.DataFrame({"a": ["x", "y"]}), {"missing": 0.5}, ValueError, "missing must be an integer"),
        (pd.DataFrame({"a": pd.to_datetime(["2020-01-01", "2020-01-02"])}), {}, TypeError, "a Timestamp"),
        (pd.DataFrame(), {}, ValueError, "labels must have shape"),
        (pd.Series(["x", "y"], dtype="category"), {"missing": "x"}, ValueError, "missing='x' is a category"),
        ([b"x", b"y"], {}, TypeError, "labels must hold integers"),
        (np.array(["x", b"y"], dtype=object), {}, TypeError, "holds b'y', a bytes"),
    ],
)
def test_what_has_no_classes_is_refused_by_its_column(labels, settings, error, message):
    with pytest.raises(error, match=message):
        built(labels, settings.pop("classes", None), **settings)


def test_every_reader_takes_a_problem_with_names_and_gives_the_same_numbers():
    named, plain = built(FRAME), built(NUMBERS)
    one, other = solve(named), solve(plain)
    assert one.objective == other.objective
    assert certify(named, one) == certify(plain, other)
    assert metrics(named, one) == metrics(plain, other)
    assert compare(named, one).to_dict() == compare(plain, other).to_dict()
    assert theory.predict(built([["a"], ["b"]] * 3)).theorem == "Theorem 3.1"


def test_files_keep_names_and_have_none_where_there_are_none(tmp_path):
    path = tmp_path / "solution.safetensors"
    for problem in (built(FRAME), built(FRAME.to_numpy()), built(NUMBERS)):
        solve(problem).save(path)
        read = load(path).problem
        assert read.class_names == problem.class_names
        assert read.task_names == problem.task_names
    with safe_open(path, "np") as file:
        assert "class_names" not in json.loads(file.metadata()["ufm"])["problem"]


def test_printed_by_name_a_few_of_many():
    shown = str(built(FRAME))
    assert "task 1, colour  blue, green, red" in shown
    assert "task 2, shape   class2, class10" in shown
    many = str(built([f"n{i}\n" for i in range(20)]))
    assert r"n0\n, n1\n, n2\n, n3\n, n4\n, n5\n, n6\n, …, n19\n" in many
    assert "<th" in built(FRAME)._repr_html_()
