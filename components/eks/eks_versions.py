"""Versions of Kubernetes that EKS supports without extra cost, with the versions of their add-ons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Addons:
    """Versions of the managed add-ons, as ``aws eks describe-addon-versions`` names them."""

    coredns: str
    kube_proxy: str
    vpc_cni: str
    ebs_csi: str


# Standard support ends: 1.35 on 2027-03-27, 1.36 on 2027-08-02.
EKS_VERSIONS: Mapping[str, Addons] = {
    "1.35": Addons(
        coredns="v1.14.3-eksbuild.3",
        kube_proxy="v1.35.3-eksbuild.18",
        vpc_cni="v1.23.0-eksbuild.1",
        ebs_csi="v1.63.1-eksbuild.1",
    ),
    "1.36": Addons(
        coredns="v1.14.3-eksbuild.3",
        kube_proxy="v1.36.0-eksbuild.13",
        vpc_cni="v1.23.0-eksbuild.1",
        ebs_csi="v1.63.1-eksbuild.1",
    ),
}
DEFAULT_VERSION = "1.36"
