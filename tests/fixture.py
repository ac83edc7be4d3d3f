"""The project that the tests of the product run on. The checkout's own is its team's: no test reads it."""

from __future__ import annotations

from evaluation.project import CHECKOUT, Project

PROJECT = Project(CHECKOUT / "tests" / "project", "wharf")
