"""The site: sphinx-build -W -b html docs site."""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE / "_extensions"), str(ROOT)]
os.environ.setdefault("OMP_NUM_THREADS", "1")
# notebooks run in a process of their own, which must find this checkout too
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])

project = "UFM toolkit"
author = "The UFM toolkit authors"
copyright = author

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.linkcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinx_proof",
    "docstrings",
    "generated",
    "mathml",
    "repository",
]
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
exclude_patterns = [
    "_extensions",
    "gallery",
    "**/table.md",
    "**/sg_execution_times.rst",
    "sg_execution_times.rst",
    "_generated/gallery/*.ipynb",
]
nitpicky = False  # docstrings are plain text; links are checked by tests/docs/test_site.py
repository_pages = {
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "benchmark-results/results": "benchmarks/results/results.md",
    "benchmark-results/compare": "benchmarks/results/compare.md",
    "benchmark-results/mutation": "benchmarks/results/mutation.md",
}

# Markdown
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
myst_url_schemes = ["http", "https", "mailto", "repository"]

# notebooks: run at every build, and an exception ends it
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_show_tb = True
nb_merge_streams = True

# API
autodoc_member_order = "bysource"
autodoc_typehints = "none"
maximum_signature_line_length = 88
python_use_unqualified_type_names = True


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """The page that shows the source of what autodoc documents, at its line."""
    import inspect
    import pkgutil

    if domain != "py":
        return None
    try:
        found = inspect.unwrap(pkgutil.resolve_name(f"{info['module']}:{info['fullname']}"))
        found = found.fget if isinstance(found, property) else found
        file, (_, line) = inspect.getsourcefile(found), inspect.getsourcelines(found)
    except (AttributeError, ImportError, OSError, TypeError):
        return None
    if file is None or not Path(file).is_relative_to(ROOT):
        return None
    return f"repository:{Path(file).relative_to(ROOT).as_posix()}#L-{line}"


# gallery: every script runs and its assertions hold


class ReadingOrder:
    """From what collapse is to what tells of it; a page that is not named comes last."""

    NAMES = ("etf_in_space", "cosine_curve", "thresholds", "minority_collapse", "law_of_classes", "latin_squares")
    NAMES += ("tag_wise_sums", "falsification", "certificate_of_a_network", "phase_diagram")

    def __init__(self, folder: str) -> None:
        pass

    def __call__(self, file: str) -> tuple[int, str]:
        """The place of the page of that file."""
        name = Path(file).stem
        return (self.NAMES.index(name) if name in self.NAMES else len(self.NAMES)), name


sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "_generated/gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "capture_repr": (),
    "download_all_examples": False,
    "image_srcset": ["2x"],
    "min_reported_time": 1e9,
    "plot_gallery": True,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "copyfile_regex": "",
    "within_subsection_order": ReadingOrder,
}
suppress_warnings = ["config.cache"]  # a function in this file, linkcode_resolve, cannot be stored between builds
warnings.filterwarnings("error", module=r"(ufm|theory|verify|ufm_networks)(\.|$)")

# HTML: nothing that a page needs comes over the network
html_theme = "furo"
html_title = "UFM toolkit"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_permalinks_icon = "#"
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "monokai"
