"""The entry of the policy pack: the engine runs this folder."""

import sys
from pathlib import Path

# The engine puts this folder first, where aws.py and iam.py would be taken for packages of that name.
sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).parent]
sys.path.insert(0, str(Path(__file__).parent.parent))

from policies.pack import serve  # noqa: E402 only now can it be found

serve()
