"""Lints IAM documents offline, with parliament."""

from __future__ import annotations

import importlib
import json
import sys
import types
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def findings(document: Mapping[str, Any]) -> list[str]:
    """What parliament holds against a policy, as ``ISSUE: detail``; write real ARNs into it, not placeholders."""
    analyzed = _parliament().analyze_policy_string(json.dumps(document))
    return [f"{finding.issue}: {finding.detail}" for finding in analyzed.findings]


def _parliament() -> Any:
    """parliament 1.6.4 finds its data files by pkg_resources, which setuptools no longer has."""
    if "pkg_resources" not in sys.modules:
        stand_in = types.ModuleType("pkg_resources")
        vars(stand_in)["resource_filename"] = lambda package, name: str(files(package) / name)
        sys.modules["pkg_resources"] = stand_in
        try:
            return importlib.import_module("parliament")
        finally:
            del sys.modules["pkg_resources"]
    return importlib.import_module("parliament")
