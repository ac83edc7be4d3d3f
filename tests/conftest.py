"""What every tier shares."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples every time: a checkout that passed passes again. A deadline would fail on a busy machine.
settings.register_profile(
    "wharf",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=False,
)
# Many, and others every time, to look for what is not known yet: `pytest tests/unit --hypothesis-profile=thorough`.
settings.register_profile(
    "thorough", settings.get_profile("wharf"), derandomize=False, max_examples=500, print_blob=True
)
settings.load_profile("wharf")
