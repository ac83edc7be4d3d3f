"""Every service, in the order in which users see them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from stacks.services import NAMES
from stacks.services.service import Service

SERVICES: Mapping[str, Service] = {name: import_module(f"stacks.services.{name}").SERVICE for name in NAMES}
