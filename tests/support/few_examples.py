"""The profile of property tests: the same examples each time, and few enough for the quick loop."""

from hypothesis import HealthCheck, settings

FEW_EXAMPLES = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
