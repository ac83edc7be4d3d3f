"""docs/rules.md, generated from the rules: ``python -m policies.page > docs/rules.md``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from evaluation.graph import MASK, Resource, mask
from policies import GROUPS, all_rules
from policies.rule import Rule, judge

INTRODUCTION = """\
# Rules

`wharf check prod` verifies offline that the stage `prod` follows these {count} rules. The policy pack in `policies/`
verifies the same rules in the engine: `pulumi preview --policy-pack policies`. There, some values are not known yet. A
rule about such a value is reported as "not known", and never as passed.

A stage file can exempt a resource from a rule until a date, with a reason. The check fails if an exemption has ended,
names no rule, or is no longer needed:

```yaml
config:
  wharf:exemptions:
    - rule: broker-is-private
      resource: broker-instance   # the name in the program; * stands for any characters
      reason: The old warehouse connects from outside until it is switched off
      until: "2027-03-31"
```

This page is generated from the rules: `python -m policies.page > docs/rules.md`. A test fails if it is out of date.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION.format(count=len(all_rules())) + "".join(_sections())


def _sections() -> Iterator[str]:
    for title, rules in GROUPS.items():
        yield f"\n## {title}\n"
        for rule in rules:
            yield _section(rule)


def _section(rule: Rule) -> str:
    finding = next(verdict.findings[0] for verdict in judge(rule, rule.fails.context) if verdict.findings)
    where = "in production" if rule.production else "everywhere"
    facts = f"{rule.severity}, {where}" + (", once all of the stack is known" if rule.whole_stack else "")
    return "\n".join(
        [
            f"\n### {rule.id}\n",
            f"*{facts}.* {rule.why}\n",
            f"Remedy: {rule.remedy}.\n",
            f"Fails with “{finding}”:" if _differs(rule) else f"Fails with “{finding}”, if the stage has nothing else:",
            "",
            "```yaml",
            *_shown(rule.fails.resources[0], rule.passes.resources[0]),
            "```",
            "",
        ]
    )


def _differs(rule: Rule) -> bool:
    return rule.fails.resources[0] != rule.passes.resources[0]


def _shown(fails: Resource, passes: Resource) -> Iterator[str]:
    """The inputs in which the failing example differs from the passing one. If their inputs are equal, all of them."""
    yield f"# {fails.type}"
    if fails.inputs == passes.inputs:
        yield from _lines({"protect": fails.protect} if fails.protect != passes.protect else fails.inputs)
        return
    yield from _lines(_difference(fails.inputs, passes.inputs))


def _difference(fails: Any, passes: Any) -> Any:
    if isinstance(fails, dict) and isinstance(passes, dict):
        return {
            key: _difference(fails.get(key), passes.get(key))
            for key in {**fails, **passes}
            if fails.get(key) != passes.get(key)
        }
    if isinstance(fails, list) and isinstance(passes, list) and len(fails) == len(passes) == 1:
        return [_difference(fails[0], passes[0])]
    return fails


def _lines(value: Any) -> Iterator[str]:
    plain = json.loads(json.dumps(mask(_thawed(value))))
    text = yaml.safe_dump(plain, default_flow_style=False, width=110, sort_keys=True)
    yield from text.replace(f"'{MASK}'", MASK).rstrip().splitlines()


def _thawed(value: Any) -> Any:
    if hasattr(value, "items"):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, (list, tuple)) else value


if __name__ == "__main__":
    print(page(), end="")
