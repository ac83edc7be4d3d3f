"""The Wharf program: what runs is decided by the kind of the stage, in stacks/."""

from stacks import run

run()
