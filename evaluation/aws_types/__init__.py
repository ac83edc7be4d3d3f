"""The one table of every AWS resource type that Wharf uses.

Three parts of the project use it: the offline evaluation (placeholders), `wharf diff` (what is replaced, what loses
data) and the simulated AWS of the engine tests (what AWS would refuse). Property names are Pulumi's.
"""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.aws_types.component import COMPONENT
from evaluation.aws_types.compute import COMPUTE
from evaluation.aws_types.data import DATA
from evaluation.aws_types.edge import EDGE
from evaluation.aws_types.identity import IDENTITY
from evaluation.aws_types.invokes import INVOKES, invoked
from evaluation.aws_types.network import NETWORK
from evaluation.aws_types.row import AwsType

AWS_TYPES: Mapping[str, AwsType] = {**NETWORK, **COMPUTE, **IDENTITY, **DATA, **EDGE, **COMPONENT}

__all__ = ["AWS_TYPES", "INVOKES", "AwsType", "invoked"]
