"""The error that a user can fix."""


class UserError(Exception):
    """The user's input, usage or environment is wrong. One sentence names the thing, the limit and the remedy."""
