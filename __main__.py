"""The Wharf program: what runs is decided by the kind of the stage, in stacks/."""

import gc

from stacks.program import run

gc.disable()  # the program keeps nearly all that it makes; looking for garbage takes a quarter of its time
run()
