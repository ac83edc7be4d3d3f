"""The images of the platform itself, pinned in one place. The team's own are pinned by their stages."""

POSTGRES = "docker.io/library/postgres"  # with the version that the stage asks for
RABBITMQ = "docker.io/library/rabbitmq"  # likewise
VALKEY = "docker.io/valkey/valkey"  # likewise
MAILPIT = "docker.io/axllent/mailpit:v1.27"
MAIL_RELAY = "ghcr.io/kamorionlabs/aws-smtp-relay:1.2.0"  # of blueimp/aws-smtp-relay, which is kept up no more
