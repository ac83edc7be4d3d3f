"""For how long CloudWatch keeps logs."""

from __future__ import annotations

# Days; nothing between. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def require_retention(days: int) -> None:
    """Raises:
    ValueError: CloudWatch has no such span; says which it has.
    """
    if days not in RETENTIONS:
        taken = ", ".join(map(str, RETENTIONS))
        raise ValueError(f"log-retention: CloudWatch does not keep logs for {days} days: {taken}")
