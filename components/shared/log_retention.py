"""The number of days for which CloudWatch keeps logs."""

from __future__ import annotations

from collections.abc import Iterator

from components.shared.refusal import Refusal

# Days. CloudWatch allows no others. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def retention_limits(days: int, key: str = "log-retention") -> Iterator[Refusal]:
    """CloudWatch allows only certain numbers of days."""
    if days not in RETENTIONS:
        taken = ", ".join(map(str, RETENTIONS))
        yield Refusal(key, f"CloudWatch does not keep logs for {days} days: {taken}")
