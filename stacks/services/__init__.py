"""What apps can need: one file a service, named here. Everything that depends on the list is derived from it."""

# Each names the module beside this one, the key of `needs`, the section `wharf:<name>`, and the part in `wharf status`.
NAMES = ("database", "broker", "cache", "mail")
