"""The images of the platform, with their versions. Stage files pin the images of the team's own apps."""

POSTGRES = "docker.io/library/postgres"  # the stage file says which version
RABBITMQ = "docker.io/library/rabbitmq"  # the same
VALKEY = "docker.io/valkey/valkey"  # likewise
MAILPIT = "docker.io/axllent/mailpit:v1.27"
MAIL_RELAY = (
    "ghcr.io/kamorionlabs/aws-smtp-relay:1.2.0"  # a fork of blueimp/aws-smtp-relay, which is no longer maintained
)
