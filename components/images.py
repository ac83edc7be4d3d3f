"""The images of the platform itself, pinned in one place. The team's own are pinned by their stages."""

POSTGRES = "docker.io/library/postgres:18.4"
RABBITMQ = "docker.io/library/rabbitmq:4.3-management"
MAILPIT = "docker.io/axllent/mailpit:v1.27"
