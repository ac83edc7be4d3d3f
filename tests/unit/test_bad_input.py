"""Every class of mistake in the stage and app files: one line each, with file, key, value and remedy."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.project import evaluate_stage, find, read_stage
from stacks.errors import UserError
from stacks.reading.problems import InputRefused
from stacks.services.registry import SERVICES
from tests.local_stages import APP, project, refusal

OBJECTS = [name for service in SERVICES.values() for name in service.objects]

TOP = "apps, apps-dir, broker, cache, charts, database, exemptions, ingress, kind, mail, owner, production, pull-secrets, secrets"
STAGE = "Pulumi.local.yaml"
WEB = "wharf:apps.web"
SECRET = "hunter2"
AWS: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "wharf:kind": "aws",
    "wharf:network": {"zones": ["eu-west-1a", "eu-west-1b"]},
    "wharf:apps": {"web": {"version": "1.0"}},
}


def web(**fields: Any) -> dict[str, Any]:
    """The stage's part of the app."""
    return {"wharf:apps": {"web": {"version": "1.0", **fields}}}


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"wharf:databse": {}}, "wharf:databse: is not a known key: did you mean database?"),
        ({"wharf:zzz": {}}, f"wharf:zzz: is not a known key: the known keys are {TOP}"),
        ({"wharf:network": {"zones": ["a", "b"]}}, f"wharf:network: is not a known key: the known keys are {TOP}"),
        ({"wharf:database": {"sise": 1}}, "wharf:database.sise: is not a known key: did you mean size?"),
        ({"wharf:database": {"storage_gib": 1}}, "wharf:database.storage_gib: is not a known key: did you mean storage-gib?"),
        ({"foo:bar": 1}, "foo:bar: is not a known key: the known keys are wharf:…, aws:region, aws:profile, aws:allowedAccountIds"),
        ({"aws:regoin": "x"}, "aws:regoin: is not a known key: the known keys are wharf:…, aws:region, aws:profile, aws:allowedAccountIds"),
        ({"wharf:kind": None}, "wharf:kind: is missing: write local, aws, cluster or account"),
        ({"wharf:kind": "azure"}, "wharf:kind: 'azure' is not a kind of stage: the kinds are local, aws, cluster, account"),
        ({"wharf:kind": ["local"]}, "wharf:kind: ['local'] is not a kind of stage: the kinds are local, aws, cluster, account"),
        ({"wharf:production": "yes"}, "wharf:production: 'yes' is text, not true or false"),
        ({"wharf:database": []}, "wharf:database: is a list, not keys and values"),
        ({"wharf:database": "yes"}, "wharf:database: 'yes' is text, not keys and values"),
        ({"wharf:database": {"keep": "yes"}}, "wharf:database.keep: 'yes' is text, not true or false"),
        ({"wharf:database": {"storage-gib": "20"}}, "wharf:database.storage-gib: '20' is text, not a whole number: remove its quotes"),
        ({"wharf:database": {"storage-gib": 2.5}}, "wharf:database.storage-gib: 2.5 is a number, not a whole number"),
        ({"wharf:database": {"storage-gib": True}}, "wharf:database.storage-gib: true is not a whole number"),
        ({"wharf:database": {"storage-gib": 0}}, "wharf:database.storage-gib: 0 is less than 1, the smallest volume"),
        ({"wharf:ingress": {"port": 99999}}, "wharf:ingress.port: 99999 is more than 65535"),
        ({"wharf:ingress": {"allow": "10.0.0.0/8"}}, "wharf:ingress.allow: '10.0.0.0/8' is text, not a list: write [10.0.0.0/8]"),
        ({"wharf:ingress": {"allow": ["10.0.0.1/8"]}}, "wharf:ingress.allow.0: '10.0.0.1/8' is not an IPv4 range such as 203.0.113.0/24, with no host bits set"),
        ({"wharf:ingress": {"port": 3300}, "wharf:database": {"port": 3300}}, "wharf:database.port: 3300 is also wharf:ingress.port: choose another port"),
        ({"wharf:broker": {"kind": "kafka"}}, "wharf:broker.kind: 'kafka' is not 'amazon-mq' or 'in-cluster'"),
        ({"wharf:broker": {"kind": "amazon-mq"}}, "wharf:broker.kind: amazon-mq exists only on AWS, and this stage is local: remove it"),
        ({"wharf:apps": ["web"]}, "wharf:apps: is a list, not keys and values"),
        ({"wharf:apps": {"web": None}}, "wharf:apps.web: is empty, not keys and values"),
        ({"wharf:apps": {"web": "1.0"}}, "wharf:apps.web: '1.0' is text, not keys and values"),
        ({"wharf:apps": {"wbe": {"version": "1"}}}, "wharf:apps.wbe: there is no apps/wbe.yaml; the apps are: web"),
        ({"wharf:apps-dir": "nope"}, "wharf:apps.web: there is no nope/web.yaml; the apps are: none"),
        ({"wharf:pull-secrets": {"r": {"server": "s", "username": "u"}}}, "wharf:pull-secrets.r.password: is missing"),
        ({"wharf:pull-secrets": {"R_": {"server": "s", "username": "u", "password": "p"}}}, "wharf:pull-secrets.R_: is not a DNS label: use a-z, 0-9 and -, beginning with a letter"),
        ({"wharf:exemptions": [{"rule": "x", "reason": "y", "until": "soon"}]}, r"wharf:exemptions.0.until: 'soon' does not match ^\d{4}-\d{2}-\d{2}$"),
        ({"wharf:production": True, **web(version="latest")}, f"{WEB}.version: latest can change at any time, and this stage is production: write a fixed version"),
        (web(version=None), f"{WEB}.version: is missing"),
        ({"wharf:apps": {"web": {}}}, f"{WEB}.version: is missing"),
        (web(version=1.2), f"{WEB}.version: 1.2 is a number, not text: put it in quotes, as it is written there"),
        (web(version="a b"), f"{WEB}.version: 'a b' is not a tag, or a tag with @sha256: and 64 hexadecimal digits"),
        (web(version="1@sha256:12"), f"{WEB}.version: '1@sha256:12' is not a tag, or a tag with @sha256: and 64 hexadecimal digits"),
        (web(name="other"), f"{WEB}.name: is not a known key: the app's name is that of its file, web"),
        (web(replcas={}), f"{WEB}.replcas: is not a known key: did you mean replicas?"),
        (web(replicas={"min": 5, "max": 3}), f"{WEB}.replicas.max: 3 is less than min 5"),
        (web(env={"A": True}), f"{WEB}.env.A: true is not text: put it in quotes, as it is written there"),
    ],
)  # fmt: skip
def test_a_stage_file_that_says_what_cannot_be_is_refused_in_one_line(tmp_path: Path, config: dict, line: str):
    assert refusal(project(tmp_path, config)) == [f"{STAGE}: {line}"]


@pytest.mark.parametrize(
    ("app", "line"),
    [
        ({"prot": 1}, "prot: is not a known key: did you mean port?"),
        ({"replicas": {"mni": 1}}, "replicas.mni: is not a known key: did you mean min?"),
        ({"health": {"zzz": "/"}}, "health.zzz: is not a known key: the known keys are live, ready"),
        ({"from_": ["web"]}, "from_: is not a known key: did you mean from?"),
        ({"name": "other"}, "name: is not a known key: the app's name is that of its file, web"),
        ({"version": "1"}, f"version: belongs to the stage: move it to {WEB}.version in {STAGE}"),
        ({"image": None}, "image: is missing"),
        ({"image": 5}, "image: 5 is a number, not text: put it in quotes, as it is written there"),
        ({"image": "a:1"}, f"image: 'a:1' contains a version: move it into the stage file, to {WEB}.version"),
        ({"image": "a b"}, "image: 'a b' is not the name of an image, such as docker.io/library/nginx"),
        ({"kind": None}, "kind: is missing"),
        ({"kind": "wbe"}, "kind: 'wbe' is not 'web', 'worker', 'job' or 'cron'"),
        ({"port": None}, "port: is missing: a web app needs the port on which it listens"),
        ({"port": 0}, "port: 0 is not from 1 to 65535"),
        ({"port": "80"}, "port: '80' is text, not a whole number: remove its quotes"),
        ({"user": 0}, "user: 0 is root, and no app may run as root: write the number of the image's user"),
        ({"user": 2**31}, f"user: {2**31} is not from 1 to {2**31 - 1}: write the number of the image's user"),
        ({"user": "root"}, "user: 'root' is text, not a whole number"),
        ({"command": "sleep 1"}, "command: 'sleep 1' is text, not a list: write [\"sleep\", \"1\"]"),
        ({"args": "sleep 'a b"}, "args: \"sleep 'a b\" is text, not a list: write [\"sleep\", \"'a\", \"b\"]"),
        ({"args": ["a", 1]}, "args.1: 1 is a number, not text: put it in quotes, as it is written there"),
        ({"service": "A"}, "service: 'A' is not a DNS label of at most 63 characters: a-z, 0-9 and -"),
        ({"kind": "job", "port": None, "service": "x"}, "service: only a web app or a worker with a port can have one"),
        ({"labels": {"a b": "c"}}, "labels: 'a b' is not the key of a label, such as team or example.com/team"),
        ({"labels": {"a": "c d"}}, "labels: 'c d' is not the value of a label: at most 63 letters, digits and . _ -"),
        ({"labels": {"app.kubernetes.io/name": "x"}}, "labels: app.kubernetes.io/name is a label that Wharf sets: choose another key"),
        ({"labels": {"environment": "x"}}, "labels: environment is a label that Wharf sets: choose another key"),
        ({"writable": ["data"]}, "writable: 'data' is not an absolute path such as /data: letters, digits and . _ @ + - only"),
        ({"writable": ["/etc/.."]}, "writable: '/etc/..' is not an absolute path such as /data: letters, digits and . _ @ + - only"),
        ({"writable": ["/a:b"]}, "writable: '/a:b' is not an absolute path such as /data: letters, digits and . _ @ + - only"),
        ({"env": {"A": 1}}, "env.A: 1 is a number, not text: put it in quotes, as it is written there"),
        ({"env": {"A": None}}, "env.A: is empty, not text"),
        ({"env": {"A-B": "1"}}, "env: 'A-B' is not the name of an environment variable"),
        ({"env": {"A": "é" * 2**16}}, "env: A is longer than the 131071 bytes that Linux allows for a variable: use a file"),
        ({"env": ["A=1"]}, "env: is a list, not keys and values"),
        ({"needs": ["databse"]}, "needs.databse: is not a known key: did you mean database?"),
        ({"needs": "database"}, "needs: 'database' is text, not keys and values: write a list, such as [database]"),
        ({"needs": [{"database": {}}]}, "needs: is a list, not keys and values: write a list, such as [database]"),
        ({"resources": {"cpu": "1x"}}, "resources.cpu: '1x' is not a Kubernetes quantity: write millicores such as 250m, or cores"),
        ({"resources": {"cpu": "0.0"}}, "resources.cpu: '0.0' is not a Kubernetes quantity: write millicores such as 250m, or cores"),
        ({"resources": {"memory": "512MB"}}, "resources.memory: '512MB' is not a Kubernetes quantity: write it such as 512Mi or 2Gi"),
        ({"replicas": {"min": 5, "max": 3}}, "replicas.max: 3 is less than min 5"),
        ({"replicas": {"max": 2**31}}, "replicas.max: 2147483648 is more than 2147483647, the most that Kubernetes allows"),
        ({"replicas": {"min": 0}}, "replicas.min: 0 is less than 1: to stop an app, remove it from wharf:apps"),
        ({"replicas": {"min": 1, "max": 2, "cpu": 150}}, "replicas.cpu: 150 is not a percentage from 1 to 100"),
        ({"kind": "job", "port": None, "replicas": {"min": 2}}, "replicas: a job runs once: remove it"),
        ({"health": {"live": "healthz"}}, "health.live: 'healthz' is not a path: it starts with /"),
        ({"health": "/healthz"}, "health: '/healthz' is text, not keys and values"),
        ({"route": {"path": "/"}}, "route.host: is missing"),
        ({"route": {"host": "a.b"}}, "route.host: 'a.b' is not one DNS label: write what comes before the stage's domain, or @ for the domain"),
        ({"route": {"host": "a", "path": "b"}}, "route.path: 'b' is not a path such as / or /api: letters, digits and . _ ~ - only"),
        ({"kind": "worker", "port": None, "route": {"host": "a"}}, "route: only a web app or a worker with a port can have one"),
        ({"from": "web"}, "from: 'web' is text, not a list: write [web]"),
        ({"kind": "worker", "port": None, "from": ["web"]}, "from: only a web app or a worker with a port can have one"),
        ({"permissions": [{"actions": ["*"], "resources": ["*"]}]}, "permissions.0.actions: '*' is not service:Action, such as s3:GetObject; an app cannot have a bare *"),
        ({"permissions": [{"actions": ["s3:GetObject"]}]}, "permissions.0.resources: is missing"),
        ({"permissions": [{"actions": [], "resources": ["*"]}]}, "permissions.0.actions: a permission needs at least one action and one resource"),
        ({"before": "./x"}, "before: './x' is text, not a list: write [./x]"),
        ({"before": ["echo 'x"]}, "before: \"echo 'x\" cannot be split into words, as a shell would: No closing quotation"),
        ({"before": [" "]}, "before: a command is empty"),
        ({"schedule": "@daily"}, "schedule: only a cron app has one: remove it"),
        ({"kind": "cron", "port": None}, "schedule: is missing: a cron app needs one, such as '30 4 * * *'"),
        ({"kind": "cron", "port": None, "schedule": "61 * * * *"}, "schedule: '61' is not a minute in a cron schedule: 0 to 59, *, ranges 1-5, steps */10"),
    ],
)  # fmt: skip
def test_an_app_file_that_says_what_cannot_be_is_refused_in_one_line(tmp_path: Path, app: dict, line: str):
    assert refusal(project(tmp_path, app=app)) == [f"apps/web.yaml: {line}"]


@pytest.mark.parametrize(
    ("config", "app", "line"),
    [
        ({}, {"needs": ["database"]}, f"{WEB}: needs a database, and the stage has none: add wharf:database"),
        ({}, {"secrets": {"A": "tok"}}, "wharf:secrets.tok: is missing, and app web uses it: pulumi config set --secret --path 'wharf:secrets.tok'"),
        ({}, {"files": {"/run/a": "tok"}}, "wharf:secrets.tok: is missing, and app web uses it: pulumi config set --secret --path 'wharf:secrets.tok'"),
        ({}, {"from": ["nobody"]}, f"{WEB}.from: nobody is not an app of this stage; there are web"),
        ({"wharf:database": {}}, {"service": "database"}, f"{WEB}.service: database is a name that the platform uses: choose another service name"),
    ],
)  # fmt: skip
def test_an_app_that_does_not_fit_its_stage_is_refused_in_one_line(tmp_path: Path, config: dict, app: dict, line: str):
    assert refusal(project(tmp_path, config, app)) == [f"{STAGE}: {line}"]


@pytest.mark.parametrize(
    ("config", "app", "line"),
    [
        ({"wharf:database": {}}, {"needs": {"database": {"X": "${hots}"}}}, "needs.database.X: ${hots} is not known: the placeholders are ${url}, ${host}, ${port}, ${name}, ${user}, ${password}, ${sslmode}"),
        ({"wharf:database": {}}, {"needs": {"database": {"X": "$5"}}}, "needs.database.X: a $ must begin a placeholder such as ${name}; write $$ for a plain $"),
        ({"wharf:mail": {}}, {"needs": ["mail"], "env": {"SMTP_HOST": "x"}}, "env: SMTP_HOST is set twice, by env, secrets or needs: remove one"),
        ({"wharf:secrets": {"t": "x"}}, {"env": {"A": "1"}, "secrets": {"A": "t"}}, "env: A is set twice, by env, secrets or needs: remove one"),
        ({"wharf:secrets": {"t": "x"}}, {"files": {"a": "t"}}, "files: 'a' is not an absolute path such as /data: letters, digits and . _ @ + - only"),
        ({"wharf:secrets": {"t": "x"}}, {"files": {"/data": "t"}, "writable": ["/data"]}, "files: /data is a writable folder too: choose another path for one of them"),
        ({"wharf:secrets": {"t": "x"}}, {"files": {"/a": "t", "/a/b": "t"}}, "files: /a is a file, and /a/b would be in it: choose another path for one of them"),
        ({"wharf:secrets": {"t": "x"}}, {"files": {"/a/b": "t", "/a.b": "t"}}, "files: /a.b and /a/b would get the same key in the Secret: rename one of them"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_given_are_refused_in_one_line(tmp_path: Path, config: dict, app: dict, line: str):
    assert refusal(project(tmp_path, config, app)) == [f"apps/web.yaml: {line}"]


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"aws:region": None}, "aws:region: is missing: write the region, such as eu-west-1"),
        ({"aws:region": "mars-1", "wharf:network": {"zones": ["mars-1a", "mars-1b"]}}, "aws:region: 'mars-1' is not a region of AWS: write eu-west-1"),
        ({"wharf:owner": "a\nb"}, "wharf:owner: 'a\\nb' cannot be a tag on AWS: at most 256 letters, digits, spaces and . : / = + - @ _"),
        ({"wharf:owner": "a" * 257}, f"wharf:owner: '{'a' * 257}' cannot be a tag on AWS: at most 256 letters, digits, spaces and . : / = + - @ _"),
        ({"wharf:ingress": {"domain": "a b.com", "zone-id": "Z0"}}, "wharf:ingress.domain: 'a b.com' is not a domain name such as example.com"),
        ({"wharf:ingress": {"certificate": "mine"}}, "wharf:ingress.certificate: 'mine' is not the ARN of a certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID"),
        ({"wharf:ingress": {"allow": []}}, "wharf:ingress.allow: is an empty list, which would let in everybody: list address ranges, or remove it"),
        ({"aws:region": ["eu-west-1"]}, "aws:region: is not text: write the region, such as eu-west-1"),
        ({"aws:profile": ["a"]}, "aws:profile: is not text: write the name of a profile of the AWS command line"),
        ({"aws:allowedAccountIds": ["12"]}, 'aws:allowedAccountIds: is not a list of account numbers, such as ["123456789012"]'),
        ({"wharf:network": None}, "wharf:network: is missing: a stage with its own cluster needs a network with zones"),
        ({"wharf:network": {"cidr": "172.20.0.0/16", "zones": ["eu-west-1a", "eu-west-1b"]}}, "wharf:network.cidr: 172.20.0.0/16 overlaps 172.20.0.0/16, the range of the cluster's Services: write another, such as 10.0.0.0/16"),
        ({"wharf:network": {"zones": ["us-east-1a", "eu-west-1b"]}}, "wharf:network.zones: us-east-1a is not in eu-west-1: write names such as eu-west-1a"),
        ({"wharf:network": {"zones": ["eu-west-1a"]}}, "wharf:network.zones: has 1, and needs 2 or more"),
        ({"wharf:cluster": {"version": "1.29"}}, "wharf:cluster.version: 1.29 is not in standard support by EKS: write 1.35 or 1.36"),
        ({"wharf:cluster": {"version": 1.35}}, "wharf:cluster.version: 1.35 is a number, not text: put it in quotes, as it is written there"),
        ({"wharf:cluster": {"stack": "gone"}, "wharf:network": None}, "wharf:cluster.stack: there is no Pulumi.gone.yaml; the stages are dev"),
        ({"wharf:database": {"engine-version": "12.3"}}, "wharf:database.engine-version: RDS offers PostgreSQL 14, 15, 16, 17, 18 (as of 2026-10-20), not '12.3'"),
        ({"wharf:database": {"engine-version": "19"}}, "wharf:database.engine-version: RDS offers PostgreSQL 14, 15, 16, 17, 18 (as of 2026-10-20), not '19'"),
        ({"wharf:database": {"engine-version": "18.5"}}, "wharf:database.engine-version: RDS offers no PostgreSQL 18.5 (as of 2026-10-20): write 18 or 18.6; a newer one is added in components/data/offers.py"),
        ({"wharf:database": {"size": "db.t9.huge"}}, "wharf:database.size: RDS offers no 'db.t9.huge' (as of 2026-10-20): write db.t3.large or db.t4g.large or db.t3.xlarge; a newer one is added in components/data/offers.py"),
        ({"wharf:broker": {"size": "mq.m7g.nano"}}, "wharf:broker.size: Amazon MQ offers no 'mq.m7g.nano' (as of 2026-10-20): write mq.m7g.large or mq.m7g.xlarge or mq.m7g.8xlarge; a newer one is added in components/data/offers.py"),
        ({"wharf:broker": {"version": "3.8"}}, "wharf:broker.version: Amazon MQ offers RabbitMQ 4.3, 4.2, 3.13, not '3.8'"),
        ({"wharf:broker": {"kind": "in-cluster"}}, "wharf:broker.kind: in-cluster needs EC2 nodes, and this cluster has none: write amazon-mq"),
        ({"wharf:secrets": {"t": SECRET}}, "wharf:secrets.t: is in plain text: pulumi config set --secret --path 'wharf:secrets.t'"),
        ({"wharf:cluster": {"admins": ["bob"]}}, "wharf:cluster.admins.0: 'bob' is not the ARN of an IAM role or user, arn:aws:iam::ACCOUNT:role/NAME"),
    ],
)  # fmt: skip
def test_a_stage_on_aws_that_says_what_cannot_be_is_refused_in_one_line(tmp_path: Path, config: dict, line: str):
    assert refusal(project(tmp_path, config, stage="dev", base=AWS), "dev") == [f"Pulumi.dev.yaml: {line}"]


@pytest.mark.parametrize("smuggled", ["\ncidr: 10.0.0.0/8 is fine", "\rcidr: fine", "\x1b[2Kfine", "\u2028cidr: fine"])
def test_a_value_is_never_read_as_a_line_or_a_key_of_its_own(tmp_path: Path, smuggled: str):
    config = {"wharf:network": {"zones": ["eu-west-1a", f"us-east-1a{smuggled}"]}}
    shown = f"us-east-1a{repr(smuggled)[1:-1]}"
    assert refusal(project(tmp_path, config, stage="dev", base=AWS), "dev") == [
        f"Pulumi.dev.yaml: wharf:network.zones: {shown} is not in eu-west-1: write names such as eu-west-1a"
    ]


def test_all_that_is_wrong_with_a_section_is_told_at_once(tmp_path: Path):
    config = {"wharf:network": {"cidr": "10.0.0.0/8", "zones": ["eu-west-1a", "us-east-1a"]}}
    lines = refusal(project(tmp_path, config, stage="dev", base=AWS), "dev")
    assert [line.split(": ")[1] for line in lines] == ["wharf:network.cidr", "wharf:network.zones"]


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        (["dev", "x*"], "'x*' is not the name of a stage: lowercase letters, digits and dashes, at most 20"),
        (["dev", "dev"], "dev is named twice"),
        ([], "has 0, and needs 1 or more"),
    ],
)
def test_what_cannot_be_the_stages_of_an_account_is_refused_in_one_line(tmp_path: Path, stages: list[str], told: str):
    account = {"aws:region": "eu-west-1", "wharf:kind": "account"}
    config = {"wharf:account": {"repository": "a/b", "stages": stages}}
    lines = refusal(project(tmp_path, config, stage="account", base=account), "account")
    assert lines == [f"Pulumi.account.yaml: wharf:account.stages: {told}"]


def test_a_folder_of_charts_that_is_not_there_is_told_wherever_it_would_be(tmp_path: Path):
    for folder in ("charts", "/nowhere"):
        found = project(tmp_path, {"wharf:charts": folder}, stage="dev", base=AWS)
        with pytest.raises(
            InputRefused, match=rf"^Pulumi.dev.yaml: wharf:charts: neither {folder}/.*\.tgz nor {folder}/"
        ):
            evaluate_stage(found, "dev")


@pytest.mark.parametrize("version", ["latest", "main", "master", "dev"])
def test_a_tag_that_moves_is_for_stages_that_are_not_production(tmp_path: Path, version: str):
    lines = refusal(project(tmp_path, {"wharf:production": True, **web(version=version)}))
    assert lines == [
        f"{STAGE}: {WEB}.version: {version} can change at any time, and this stage is production: write a fixed version"
    ]
    assert read_stage(project(tmp_path, web(version=version)), "local")


def test_the_file_in_which_the_mistake_stands_is_blamed_whatever_the_other_says(tmp_path: Path):
    mixed = project(tmp_path, web(replicas={"max": 3}), {"replicas": {"min": 5}})
    assert refusal(mixed) == [f"{STAGE}: {WEB}.replicas.max: 3 is less than min 5"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1,\n", ":2:1: is not YAML: expected the node content, but found '<stream end>'"),
        ("a: 1\n\tb: 2\n", ":2:1: is not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\n  b: 2\n", ":2:4: is not YAML: mapping values are not allowed here"),
        ("a: 1\na: 2\n", ':2:1: is not YAML: found duplicate key "a" with value "2" (original value: "1")'),
        ("a: 1\n---\nb: 2\n", ":2:1: is not YAML: but found another document"),
        ("a: *b\n", ":1:4: is not YAML: found undefined alias 'b'"),
        ("a: !!python/name:os.system\n", ":1:4: is not YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.system'"),
        ("a: \x07\n", ": is not YAML: unacceptable character #x0007: special characters are not allowed"),
        ("- a\n", ":1:1: does not hold keys and values: write one key: value on each line"),
        ("text\n", ":1:1: does not hold keys and values: write one key: value on each line"),
        ("env: &e {A: *e}\n", ": env.A: an alias refers to itself: write the value instead"),
        ('env: {A: "\\0"}\n', ": env.A: contains a NUL character or half of a surrogate pair: remove it"),
        ('env: {A: "\\ud800"}\n', ": env.A: contains a NUL character or half of a surrogate pair: remove it"),
        ("? [a, b]\n: c\n", ": a key: ('a', 'b') is not text, but a key must be"),
        ("env: !!binary aGk=\n", ": env: a bytes is not read: write text, a number, a list or keys and values"),
    ],
)  # fmt: skip
def test_what_is_not_yaml_is_told_with_line_and_column(tmp_path: Path, text: str, line: str):
    assert refusal(project(tmp_path, files={"apps/web.yaml": text})) == [f"apps/web.yaml{line}"]
    assert refusal(project(tmp_path, files={STAGE: text})) == [f"{STAGE}{line}"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("wharf:database:", "wharf:database: is empty, not keys and values: write {}, or remove it"),
        ("wharf:exemptions:", "wharf:exemptions: is empty, not a list: write [], or remove it"),
        ("wharf:production:", "wharf:production: is empty, not true or false"),
        ("wharf:owner:", "wharf:owner: is empty, not text: write a value, or remove it"),
        ("wharf:apps-dir:", "wharf:apps-dir: is empty, not text: write a value, or remove it"),
        ("wharf:secrets: {a: 1.10}", "wharf:secrets.a: its value is a number, not text: put it in quotes, as it is written there"),
    ],
)  # fmt: skip
def test_a_key_without_a_value_is_told_as_that(tmp_path: Path, line: str, told: str):
    assert refusal(project(tmp_path, files={STAGE: f"config:\n  wharf:kind: local\n  {line}\n"})) == [
        f"{STAGE}: {told}"
    ]


def test_an_app_without_a_kind_after_its_key_is_told_as_that(tmp_path: Path):
    lines = refusal(project(tmp_path, files={"apps/web.yaml": "image: a\nkind:\n"}))
    assert lines == ["apps/web.yaml: kind: is empty, not 'web', 'worker', 'job' or 'cron'"]


def test_aliases_of_aliases_are_not_written_out_for_ever(tmp_path: Path):
    times_nine = [f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]" for last, name in pairwise("abcdefghi")]
    lines = refusal(project(tmp_path, files={"apps/web.yaml": "\n".join(["a: &a [x]", *times_nine])}))
    assert len(lines) == 1
    assert lines[0].endswith("comes after 200000 values, the most in a file: use fewer aliases, or split the file")


@pytest.mark.parametrize("config", ["[a]", "text", "5"])
def test_a_config_that_holds_no_keys_is_told(tmp_path: Path, config: str):
    lines = refusal(project(tmp_path, files={STAGE: f"config: {config}\n"}))
    assert lines == [f"{STAGE}: config: does not hold keys and values: write wharf:kind: local under it"]


def test_a_key_beside_config_that_pulumi_does_not_have_is_told(tmp_path: Path):
    lines = refusal(project(tmp_path, files={STAGE: "confg: {}\nconfig: {wharf:kind: local}\n"}))
    known = "config, encryptedkey, encryptionsalt, environment, secretsprovider"
    assert lines == [f"{STAGE}: confg: is not a known key: the known keys are {known}"]


def test_config_in_the_project_file_is_refused(tmp_path: Path):
    lines = refusal(project(tmp_path, files={"Pulumi.yaml": "name: wharf\nconfig: {wharf:kind: local}\n"}))
    assert lines == ["Pulumi.yaml: config: is not read: put each key into the Pulumi.<stage>.yaml that needs it"]


def test_an_environment_of_pulumi_esc_is_refused(tmp_path: Path):
    lines = refusal(project(tmp_path, files={STAGE: "environment: [x]\nconfig: {wharf:kind: local}\n"}))
    assert lines == [f"{STAGE}: environment: Pulumi ESC is not read offline: put the values under config:"]


def test_an_unreadable_file_is_told(tmp_path: Path):
    found = project(tmp_path)
    (tmp_path / "apps/web.yaml").write_bytes(b"image: \xff\n")
    assert refusal(found) == [
        "apps/web.yaml: cannot be read: 'utf-8' codec can't decode byte 0xff in position 7: invalid start byte"
    ]


@pytest.mark.parametrize("name", ["Prod", "default", "kube-system", "kube-x", "a" * 21, "a_b", "-a"])
def test_a_stage_whose_name_cannot_be_a_namespace_is_refused(tmp_path: Path, name: str):
    assert refusal(project(tmp_path, stage=name), name) == [
        f"Pulumi.{name}.yaml: stage name {name!r}: it becomes a namespace and a part of names on AWS: write lower-case "
        "letters, digits and dashes, at most 20, and not default, kube-system, kube-public, kube-node-lease"
    ]


@pytest.mark.parametrize("name", ["Web", "a" * 31, "1st", "a_b", "a-"])
def test_an_app_whose_file_name_cannot_be_a_label_is_refused(tmp_path: Path, name: str):
    files = {f"apps/{name}.yaml": yaml.safe_dump(APP)}
    assert refusal(project(tmp_path, {"wharf:apps": {name: {"version": "1"}}}, files=files)) == [
        f"apps/{name}.yaml: name: {name!r} is not a DNS label of at most 30 characters: a-z, 0-9 and -"
    ]


def test_an_app_whose_name_no_file_can_have_is_refused(tmp_path: Path):
    (line,) = refusal(project(tmp_path, {"wharf:apps": {"a" * 300: {"version": "1"}}}))
    assert line.endswith(".yaml; the apps are: web")


def test_an_app_outside_the_folder_of_apps_is_not_read(tmp_path: Path):
    lines = refusal(project(tmp_path, {"wharf:apps": {"../apps/web": {"version": "1"}}}))
    assert lines == [f"{STAGE}: wharf:apps.../apps/web: there is no apps/../apps/web.yaml; the apps are: web"]


@pytest.mark.parametrize("name", [*OBJECTS, "default", "default-deny", "pull-ours"])
def test_an_app_cannot_have_the_name_of_a_part_of_the_platform(tmp_path: Path, name: str):
    config = {
        **{f"wharf:{part}": {} for part in SERVICES},
        "wharf:pull-secrets": {"ours": {"server": "s", "username": "u", "password": "p"}},
        "wharf:apps": {name: {"version": "1"}},
    }
    lines = refusal(project(tmp_path, config, files={f"apps/{name}.yaml": yaml.safe_dump(APP)}))
    assert lines == [
        f"{STAGE}: wharf:apps.{name}: {name} is a name that the platform uses: rename the app and its file"
    ]


@pytest.mark.parametrize("path", ["/", "", "/api", "/api/"])
def test_two_apps_cannot_have_one_route_or_one_service(tmp_path: Path, path: str):
    route = {"route": {"host": "x", "path": path or "/"}}
    other = yaml.safe_dump({**APP, "service": "web", "route": {"host": "x", "path": path.rstrip("/") or "/"}})
    both = {"wharf:apps": {"web": {"version": "1"}, "two": {"version": "1"}}}
    shown = "x" + path.rstrip("/") + "/"
    assert refusal(project(tmp_path, both, route, files={"apps/two.yaml": other})) == [
        f"{STAGE}: wharf:apps: service web is used by two and web: change it in one of them",
        f"{STAGE}: wharf:apps: route {shown} is used by two and web: change it in one of them",
    ]


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path):
    config = {
        "foo:x": 1,
        "wharf:apps": {"web": {"version": "1"}, "gone": {"version": "1"}, "broken": {"version": "1"}},
    }
    app = {"port": 0, "user": 0, "writable": ["x"], "needs": ["database"], "secrets": {"A": "b"}, "from": ["q"]}
    files = {"Pulumi.yaml": "name: wharf\nconfig: {a: b}\n", "apps/broken.yaml": "a: [1,\n"}
    lines = refusal(project(tmp_path, config, app, files=files))
    starts = [
        "Pulumi.yaml: config:",
        f"{STAGE}: foo:x:",
        "apps/broken.yaml:2:1:",
        f"{STAGE}: wharf:apps.gone:",
        "apps/web.yaml: user:",
        "apps/web.yaml: port:",
        "apps/web.yaml: writable:",
        f"{STAGE}: {WEB}: needs a database",
        f"{STAGE}: wharf:secrets.b:",
        f"{STAGE}: {WEB}.from: q",
    ]
    assert len(lines) == len(starts)
    for line, start in zip(lines, starts, strict=True):
        assert line.startswith(start)


def test_what_is_wrong_with_the_stage_does_not_hide_what_is_wrong_with_an_app(tmp_path: Path):
    lines = refusal(project(tmp_path, {"wharf:production": "yes", "wharf:databse": {}}, {"port": 0}))
    assert [line.split(": ")[:2] for line in lines] == [
        [STAGE, "wharf:production"],
        [STAGE, "wharf:databse"],
        ["apps/web.yaml", "port"],
    ]


def test_an_app_that_is_broken_is_still_an_app_that_may_call(tmp_path: Path):
    both = {"wharf:apps": {"web": {"version": "1"}, "two": {"version": "1"}}}
    lines = refusal(project(tmp_path, both, {"from": ["two"]}, files={"apps/two.yaml": "kind: wbe\n"}))
    assert {line.split(":")[0] for line in lines} == {"apps/two.yaml"}


@pytest.mark.parametrize(
    "secrets",
    [
        {"wharf:secrets": {"a": {"b": SECRET}}},
        {"wharf:secrets": [SECRET]},
        {"wharf:secrets": SECRET},
        {"wharf:secrets": {"a": 4711}},
        {"wharf:pull-secrets": {"a": {"server": "s", "username": "u", "password": [SECRET]}}},
    ],
)
def test_a_refusal_never_shows_the_value_of_a_secret(tmp_path: Path, secrets: dict):
    (line,) = refusal(project(tmp_path, secrets))
    assert "its value is" in line
    assert SECRET not in line
    assert "4711" not in line


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("WHARF_IMAGE_WBE", "a:1", "WHARF_IMAGE_WBE: no app of this stage has this variable; the variables are WHARF_IMAGE_WEB"),
        ("WHARF_IMAGE_WEB", "a", "WHARF_IMAGE_WEB: 'a' is not repository:tag or repository@sha256:…"),
        ("WHARF_IMAGE_WEB", "host:5000/a", "WHARF_IMAGE_WEB: 'host:5000/a' is not repository:tag or repository@sha256:…"),
        ("WHARF_IMAGE_WEB", "a b:1", "WHARF_IMAGE_WEB: image: 'a b' is not the name of an image, such as docker.io/library/nginx"),
    ],
)  # fmt: skip
def test_an_image_of_the_environment_that_cannot_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
):
    monkeypatch.setenv(variable, value)
    assert refusal(project(tmp_path)) == [line]


def test_images_of_the_environment_are_for_local_stages_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WHARF_IMAGE_WEB", "a:1")
    lines = refusal(project(tmp_path, stage="dev", base=AWS), "dev")
    assert lines == ["WHARF_IMAGE_WEB: works in local stages only: unset it"]


def test_an_unknown_stage_is_told_with_those_that_there_are(tmp_path: Path):
    with pytest.raises(UserError, match=rf"^there is no stage 'prod' in {tmp_path}: the stages are local$"):
        read_stage(project(tmp_path), "prod")


def test_an_unknown_example_is_told_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    project(tmp_path / "examples" / "squad")
    monkeypatch.setattr("evaluation.project.CHECKOUT", tmp_path)
    with pytest.raises(UserError, match=r"^there is no example 'sqad': the examples are squad$"):
        find("sqad")


def test_nothing_is_registered_of_a_stage_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    built: list[str] = []
    monkeypatch.setattr("stacks.local.build", lambda stage: built.append(stage.name))
    with pytest.raises(InputRefused):
        evaluate_stage(project(tmp_path, app={"port": 0}), "local")
    assert not built
