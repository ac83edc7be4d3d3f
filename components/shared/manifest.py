"""Kubernetes objects and parts of them, with the field names of the Kubernetes documentation."""

from typing import Any, TypeAlias

# The SDK's own types use other names (match_labels) and a class for each part. The SDK accepts these dictionaries too.
# Whether they are correct, the API server decides; the tests ask it.
Manifest: TypeAlias = Any
