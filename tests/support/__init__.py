"""What tests share: finished runs, files in the publishers' layouts, a server like theirs."""

import pytest

# a failing assert in them shows its values, as one in a test does
pytest.register_assert_rewrite(
    "tests.support.desk", "tests.support.estimation", "tests.support.runs"
)
