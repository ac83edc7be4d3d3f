"""The entry of the policy pack: the engine runs this folder, in the environment that has the checkout installed."""

from policies.pack import serve

serve()
