"""The services that apps can need. Each has a file here, and its name in the list: the rest of Wharf reads the list."""

# Each is the name of a module in this folder, of a key in `needs`, of the section `wharf:<name>`, and of the part in
# `wharf status`.
NAMES = ("database", "broker", "cache", "mail")
