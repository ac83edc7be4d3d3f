"""What goes wrong in words."""


class UserError(Exception):
    """The user's input, usage or environment is wrong: one sentence that names the thing, the limit and the remedy."""
