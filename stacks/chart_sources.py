"""Where Helm charts come from: upstream, or the place that ``wharf:charts`` names."""

from __future__ import annotations

from pathlib import Path

from components.shared.charts import Chart, Source
from stacks.reading.models import ClusterStage
from stacks.reading.problems import refused


def chart_source(stage: ClusterStage, chart: Chart) -> Source:
    """The place that a chart is installed from.

    ``wharf:charts`` is a registry of OCI artifacts, or a folder with ``NAME-VERSION.tgz`` or the unpacked ``NAME``.
    Without ``wharf:charts``, the chart comes from upstream.

    Raises:
        InputRefused: the folder does not hold the chart.
    """
    place = stage.config.charts
    if place is None:
        return chart.upstream
    if place.startswith("oci://"):
        return Source(f"{place.rstrip('/')}/{chart.name}", chart.version)
    folder = stage.root / place
    candidates = [folder / f"{chart.name}-{chart.version}.tgz", folder / chart.name]
    for candidate in candidates:
        if candidate.exists():
            return Source(str(candidate), chart.version)
    neither = " nor ".join(str(Path(place) / candidate.name) for candidate in candidates)
    raise refused(stage.file, f"neither {neither} exists: helm pull {chart.name} into {place}", "wharf:charts")
