"""Two stages side by side: what is meant to differ is told from what is not."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from cli.diff.meant import MEANT, meant
from cli.diff.stages import compare, text, to_json
from evaluation.graph import Graph, Resource, Secret
from tests import graphs as g


def deployment(stage: str, **container: object) -> Resource:
    spec = {"replicas": 1, "template": {"spec": {"containers": [{"name": "shop", "image": "shop:1", **container}]}}}
    return g.kubernetes(g.DEPLOYMENT, "shop", stage, spec=spec)


def differences(one: Graph, other: Graph) -> list[tuple[str, str]]:
    return [(difference.leaf.path, difference.meant) for difference in compare(one, other, "prod").differences]


def test_the_stages_own_name_is_no_difference():
    assert differences(g.graph(deployment("dev")), g.graph(deployment("prod"))) == []


def test_a_name_inside_another_word_is_left_alone():
    one, other = deployment("dev", image="develop:1"), deployment("prod", image="develop:1")
    assert differences(g.graph(one), g.graph(other)) == []


def test_a_version_is_meant_to_differ_and_a_command_is_not():
    one, other = deployment("dev"), deployment("prod", image="shop:2", command=["serve"])
    container = "spec.template.spec.containers[shop]"
    assert differences(g.graph(one), g.graph(other)) == [
        (f"{container}.command", ""),
        (f"{container}.image", "versions"),
    ]
    found = compare(g.graph(one), g.graph(other), "prod")
    assert found.exit_code == 2
    shown = text(found)
    assert shown.index("NOT MEANT TO DIFFER") < shown.index("versions")


def test_what_only_one_stage_has_is_one_line_a_component():
    parent = replace(g.resource("wharf:mail:MailRelay", "mail"), custom=False)
    child = replace(g.kubernetes(g.DEPLOYMENT, "mail", "prod"), parent=parent.urn)
    shown = text(compare(g.graph(), g.graph(parent, child), "prod"))
    assert "  MailRelay mail: only in prod, with 1 resources" in shown


def test_protection_is_meant_to_differ():
    database = g.resource(g.RDS, "db", {"multiAz": False})
    kept = g.resource(g.RDS, "db", {"multiAz": True}, protect=True)
    assert differences(g.graph(database), g.graph(kept)) == [("multiAz", "protection"), ("(protect)", "protection")]
    assert compare(g.graph(database), g.graph(kept), "prod").exit_code == 0


def test_secrets_are_alike_whatever_they_are_and_never_shown():
    one, other = (g.kubernetes(g.SECRET, "s", stage, data={"T": Secret(stage * 5)}) for stage in ("dev", "prod"))
    found = compare(g.graph(one), g.graph(other), "prod")
    assert found.differences == ()
    assert "devdev" not in str(to_json(found)) + text(found)


@given(g.graphs())
def test_a_stage_does_not_differ_from_itself(graph: Graph):
    assert compare(graph, graph, "dev").differences == ()


def test_rows_name_what_they_are_and_match_themselves():
    for what, rows in MEANT.items():
        for row, starts in rows.items():
            component, _, kind = row.partition(":")
            for start in starts:
                assert meant(f"{component} x", f"any:{kind or 'Kind'}", start), (what, row, start)
