"""What IAM knows a stage by: the tags and names of what is in it, and what it shares with other stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.iam.documents import Conditions
from components.shared.names import DIGEST, Longest, physical_name

ISSUER = "token.actions.githubusercontent.com"
OWN_PATH = "/wharf/"  # of what decides who may deploy: no deploy role changes anything there
ROLE_PATH = f"{OWN_PATH}github/"
BOUNDARY_PATH = f"{OWN_PATH}boundary/"
# pulumi-eks names the role of the control plane itself, the same in each stage; its tags tell stages apart.
CONTROL_PLANE_ROLES = "cluster-eks-eksRole-role-*"
PASSED_ROLES = ("ebs-csi-controller-sa", "fargate", "node", "vpc-flow")


@dataclass(frozen=True, kw_only=True)
class StageAccess:
    """A stage as IAM sees it.

    Attributes:
        project, name: its tags `project` and `stack`.
        cluster_stage: the stage whose cluster it lives in, where that is another.
        environments: the stages that live in its cluster.
        zone_id: the Route 53 zone of its domain.
    """

    project: str
    name: str
    cluster_stage: str | None = None
    environments: Sequence[str] = ()
    zone_id: str | None = None

    @property
    def role_names(self) -> list[str]:
        """Patterns of the names of its roles. Role names that are cut keep this much of their start."""
        shortest = Longest.ROLE - DIGEST - 1
        starts = [f"{self.project}-{self.name}-", f"{self.project}-{self.name}.", f"{self.project}.{self.name}."]
        return [*(f"{start[:shortest]}*" for start in starts), CONTROL_PLANE_ROLES]

    @property
    def passed_role_names(self) -> list[str]:
        """Names of the roles that it hands to AWS services."""
        cluster = physical_name(self.project, self.name, longest=Longest.CLUSTER)
        names = [physical_name(cluster, role, longest=Longest.ROLE) for role in PASSED_ROLES]
        return [*names, CONTROL_PLANE_ROLES]

    def tagged(self, key: str = "aws:ResourceTag", stack: str | None = None) -> Conditions:
        """What is this stage's (``aws:ResourceTag``), or is made as this stage's (``aws:RequestTag``)."""
        return {"StringEquals": {f"{key}/project": self.project, f"{key}/stack": stack or self.name}}


def boundary_name(stage: str) -> str:
    return f"wharf-{stage}"


def boundary_arn(partition: str, account_id: str, stage: str) -> str:
    """The permissions boundary that the account stage makes for ``stage``."""
    return f"arn:{partition}:iam::{account_id}:policy{BOUNDARY_PATH}{boundary_name(stage)}"
