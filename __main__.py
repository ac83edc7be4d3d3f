"""The Wharf program: what runs is decided by the kind of the stage, in stacks/."""

from evaluation.runtime import collect_nothing
from stacks.program import run

collect_nothing()
run()
