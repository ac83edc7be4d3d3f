"""What every tier shares."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples every time: a checkout that passed passes again. A deadline would fail on a busy machine.
settings.register_profile(
    "wharf", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=False
)
settings.load_profile("wharf")
