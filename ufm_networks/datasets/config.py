"""Training and test data of the [data] table of a configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ufm.support.tables import read_table
from ufm_networks.datasets.compose import Normalization
from ufm_networks.datasets.data_table import DataTable
from ufm_networks.datasets.task_data import TaskData


def build_data(table: Mapping[str, Any]) -> tuple[TaskData, TaskData | None]:
    """Training and test data of a [data] table; None for the latter where ``test = false``.

    source, compose           names of a source and of a composition, both needed
    directory, image_size, scale, whole   as ``load_source``
    p, q | radices | classes | attributes | counts, classes   what ``multi``, ``cross``, ``split``, ``attributes`` and
                              ``multi_label`` need
    counts, balanced, long_tailed, samples, replacement       as ``Request``. counts of two tasks may be
                              {same = n, different = m}; those of multi_label are {1 = n, 2 = m} by multiplicity or
                              {"0,2" = n} by set
    seed                      of drawing, default 0
    mean, std                 per channel, of pixel/255; by default those of the training images
    test, test_samples        whether there are test data (true), and how many

    Test data are never long-tailed or correlated: balanced for "multi" and where training is asked to be balanced, by
    multiplicity as in training for "multi_label", all test images otherwise. They are normalized as the training data.

    Raises ValueError for a key that is unknown (naming the nearest) or belongs to another composition, and as the
    functions that it calls.
    """
    data = read_table(DataTable, table)
    training = data.training()
    if not data.test:
        return training, None
    try:
        return training, data.tests(Normalization(training.mean, training.std))
    except (ValueError, FileNotFoundError) as error:
        raise type(error)(f"test data: {error} (test = false leaves them out)") from error
