"""Kubernetes objects, and parts of them, in the spelling of their manuals."""

from typing import Any, TypeAlias

# The SDK's own types want another spelling (match_labels) and a class for each part; it takes this one as well.
# What is right in it is for the API server to say, which the tests ask.
Manifest: TypeAlias = Any
