"""`wharf new project`: turns a checkout of Wharf into a team's own project. The demo is removed, the program stays."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.new import git
from components.eks.eks_versions import DEFAULT_VERSION
from evaluation.project import Project
from stacks.errors import UserError
from stacks.reading.sections import STAGE_NAME

NAME = re.compile(r"[a-z]([-a-z0-9]{0,30}[a-z0-9])?")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
DOMAIN = re.compile(r"([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}")
REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
PRODUCTION = ("prod", "production", "live")
DEPLOYED_BY_THE_WORKFLOW = ["dev", "staging", "prod"]
TEMPLATES = Path("tests/project")  # its account and local stage files are the templates of new ones


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the user chose for the project. Of ``stages``, `local` is on this machine and all others are on AWS."""

    name: str
    stages: Sequence[str]
    region: str = ""
    domain: str = ""
    repository: str = ""
    keep_examples: bool = False

    @property
    def on_aws(self) -> list[str]:
        return [stage for stage in self.stages if stage != "local"]

    def problems(self) -> Iterator[str]:
        if not NAME.fullmatch(self.name):
            yield f"--name {self.name!r}: lowercase letters, digits and dashes, a letter first, at most 32"
        for stage in self.stages:
            if not STAGE_NAME.fullmatch(stage) or stage == "account":
                yield f"--stages {stage!r}: lowercase letters, digits and dashes, at most 20; account is made by itself"
        if len(set(self.stages)) < len(self.stages) or not self.stages:
            yield "--stages: name each stage once, and one at least: local,dev,prod"
        if self.on_aws and not REGION.fullmatch(self.region):
            yield f"--region {self.region!r}: is no region of AWS, such as eu-west-1; {', '.join(self.on_aws)} need one"
        if self.domain and not DOMAIN.fullmatch(self.domain):
            yield f"--domain {self.domain!r}: is no domain, such as example.com"
        if self.repository and not REPOSITORY.fullmatch(self.repository):
            yield f"--repository {self.repository!r}: is not OWNER/NAME on GitHub"


def new_project(project: Project, answers: Answers) -> str:
    """Replaces the demo by empty stages and commits that. Returns what is left to do.

    Raises:
        UserError: an answer is not valid, or the checkout has changes that are not committed. Nothing was changed.
    """
    if problems := list(answers.problems()):
        raise UserError("\n".join(problems))
    root = project.root
    if not (root / TEMPLATES).is_dir():
        raise UserError(f"{project.shown} is not a checkout of Wharf: go to the top of one")
    git.require_clean(root)
    written = {"Pulumi.yaml": _project_file(root, answers.name), **_stage_files(root, answers)}
    for path in (root / "apps", root / "agreed", *([] if answers.keep_examples else [root / "examples"])):
        shutil.rmtree(path, ignore_errors=True)
    for path in root.glob("Pulumi.*.yaml"):
        path.unlink()
    for name, text in written.items():
        (root / name).write_text(text, encoding="utf-8")
    git.run(root, "add", "--all")
    git.run(root, "commit", "--quiet", "--message", f"The project {answers.name}, in the place of the demo")
    done = f"{answers.name} has the stages {', '.join(answers.stages)}; committed. The demo is in the history."
    left = [f"  to do: {one}" for one in _left(root, answers)]
    return "\n".join([done, *left, "next: `wharf new app NAME --image NAME:VERSION`, `make up`"])


def _project_file(root: Path, name: str) -> str:
    text = re.sub(r"(?m)^name: .*$", f"name: {name}", (root / "Pulumi.yaml").read_text(encoding="utf-8"))
    return re.sub(r"(?m)^description: .*$", f"description: The platform of {name}", text)


def _stage_files(root: Path, answers: Answers) -> dict[str, str]:
    files = {}
    if "local" in answers.stages:
        salt = re.search(r"(?m)^encryptionsalt: .*$", (root / TEMPLATES / "Pulumi.local.yaml").read_text("utf-8"))
        files["Pulumi.local.yaml"] = LOCAL.format(salt=salt[0] if salt else "").replace("\n\n", "\n")
    for number, stage in enumerate(answers.on_aws, start=1):
        files[f"Pulumi.{stage}.yaml"] = _aws_file(stage, number, answers)
    if answers.repository and answers.on_aws:
        text = (root / TEMPLATES / "Pulumi.account.yaml").read_text(encoding="utf-8")
        text = re.sub(r"aws:region: \S+", f"aws:region: {answers.region}", text)
        text = re.sub(r"repository: .*", f"repository: {answers.repository}", text)
        files["Pulumi.account.yaml"] = re.sub(r"stages: \[.*\]", f"stages: [{', '.join(answers.on_aws)}]", text)
    return files


def _aws_file(stage: str, number: int, answers: Answers) -> str:
    production = stage in PRODUCTION
    domain = answers.domain if production else f"{stage}.{answers.domain}"
    return AWS.format(
        stage=stage,
        region=answers.region,
        version=DEFAULT_VERSION,
        second=10 * number,
        production="\n  wharf:production: true  # the strict rules hold: docs/rules.md" if production else "",
        nat="gateway" if production else "instance",
        keep="\n    keep: true  # a destroy refuses to delete it" if production else "",
        domain=_domain_comment(domain) if answers.domain else "",
    )


def _domain_comment(domain: str) -> str:
    return f"\n  # wharf:ingress: {{domain: {domain}, zone-id: Z…}}  # with the id of its Route 53 zone"


def _left(root: Path, answers: Answers) -> Iterator[str]:
    for stage in answers.on_aws:
        yield f"Pulumi.{stage}.yaml: put the range that you deploy from into endpoint-access"
    if answers.domain:
        yield f"make a Route 53 zone for {answers.domain}; then put its id into wharf:ingress, which is a comment yet"
    if answers.on_aws and answers.on_aws != DEPLOYED_BY_THE_WORKFLOW:
        yield ".github/workflows/deploy.yaml deploys dev, staging and prod: put in your stages, or remove it"
    remotes = git.run(root, "remote").stdout.split()
    if answers.repository and "upstream" not in remotes:
        rename = "git remote rename origin upstream && " if "origin" in remotes else ""
        yield f"{rename}git remote add origin git@github.com:{answers.repository}.git"


LOCAL = """\
# The stage on this machine. It is public, since its passphrase is the word local: keep no real secret here.
{salt}
config:
  pulumi:disable-default-providers: [aws, kubernetes]  # so that nothing goes where your shell happens to point
  wharf:kind: local
  # What apps may need: wharf:database: {{}}, wharf:broker: {{}}, wharf:mail: {{}}. All keys: docs/config.md
  wharf:apps: {{}}  # `wharf new app` writes here
"""
AWS = """\
# Stage {stage}, an environment on AWS with a cluster of its own. All keys: docs/config.md
config:
  pulumi:disable-default-providers: [aws, kubernetes]  # so that nothing goes where your shell happens to point
  aws:region: {region}
  wharf:kind: aws{production}
  wharf:network:
    cidr: 10.{second}.0.0/16  # no other stage has it, so that networks can be joined later
    zones: [{region}a, {region}b]
    nat: {nat}  # instance is cheap, gateway is AWS's own: docs/config.md
  wharf:cluster:
    version: "{version}"  # of Kubernetes; raise it here, a minor version at a time
    endpoint-access: {{public: [203.0.113.0/24]}}  # put in the range that you deploy from{keep}{domain}
  wharf:apps: {{}}  # `wharf new app --stage {stage}` writes here
"""
