"""The rules. `wharf check` and the Pulumi policy pack (policies/PulumiPolicy.yaml) use the same ones."""

from __future__ import annotations

from policies import access, aws, fargate, iam, pods, reliability, stage
from policies.rule import Rule

GROUPS: dict[str, tuple[Rule, ...]] = {
    "Pods": pods.RULES,
    "Reliability": reliability.RULES,
    "Access": access.RULES,
    "IAM": iam.RULES,
    "AWS": aws.RULES,
    "Fargate": fargate.RULES,
    "The platform": stage.RULES,
}


def all_rules() -> dict[str, Rule]:
    """Every rule by its id, in the order of docs/rules.md.

    Raises:
        ValueError: two rules have one id.
    """
    rules = [rule for group in GROUPS.values() for rule in group]
    by_id = {rule.id: rule for rule in rules}
    if len(by_id) != len(rules):
        raise ValueError("two rules have one id")
    return by_id
