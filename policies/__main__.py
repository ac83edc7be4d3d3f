"""The entry point of the policy pack. The engine runs it in the environment in which the checkout is installed."""

from policies.pack import serve

serve()
