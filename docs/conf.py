"""The documentation: MyST notebooks, every example executed, every warning fatal.

Build it with  sphinx-build -W --keep-going -b html docs docs/_build/html  (no network is used).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

# Kernels run with a profile of their own: nobody's personal settings enter, and only errors are logged.
profile = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, profile, ignore_errors=True)
(profile / "profile_default").mkdir()
(profile / "profile_default" / "ipython_kernel_config.py").write_text("get_config().Application.log_level = 40\n")
os.environ["IPYTHONDIR"] = str(profile)
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"

project = "custvalue"
author = "The custvalue authors"
project_copyright = "2026, the custvalue authors"
release = version = installed("custvalue")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.viewcode", "numpydoc"]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
templates_path = ["_templates"]
default_role = "py:obj"  # `RFM` in a docstring is a link where there is such a name
html_math_renderer = "mathml"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # never from a cache: outputs must be those of this library
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 60
nb_merge_streams = True

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say types in words
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
autodoc_inherit_docstrings = True  # predictions are documented once, on the family
numpydoc_show_class_members = False  # the class template lists them
numpydoc_xref_param_type = False
suppress_warnings = ["ref.python"]  # numpydoc links `estimate` by its bare name, which several results have

html_theme = "pydata_sphinx_theme"
html_title = f"custvalue {release}"
html_static_path = ["_static"]
html_css_files = ["custvalue.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "custvalue"},
    "show_prev_next": True,
    "navigation_depth": 2,
    "header_links_before_dropdown": 4,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
}
html_sidebars = {"*": []}  # only pages with siblings, of models and of the API, show them


def inline_math(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula as MathML, which browsers render by themselves: pages load nothing from elsewhere."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def display_math(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula as MathML."""
    translator.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Make MathML a renderer that html_math_renderer can name."""
    app.add_html_math_renderer("mathml", (inline_math, None), (display_math, None))
