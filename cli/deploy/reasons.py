"""Why a pod is not ready, in a sentence: first the state of its container, then the newest event that explains it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]

STARTING = (None, "ContainerCreating", "PodInitializing")
SAID_BY_EXIT_CODE = (None, "Error", "Completed")  # reasons that add nothing to the exit code


def why(pods: Sequence[Object], events: Iterable[Object] = ()) -> str:
    """The reason of the first pod that has one, or "" if none has.

    Args:
        events: the live objects in which to look for events. Objects of other kinds are ignored.
    """
    objects = list(events)
    for pod in pods:
        if pod["metadata"].get("deletionTimestamp"):
            continue
        if reason := _without_node(pod) or _of_containers(pod, objects):
            return reason
    return ""


def _without_node(pod: Object) -> str:
    for condition in pod.get("status", {}).get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return condition.get("message") or condition.get("reason", "")
    return ""


def _of_containers(pod: Object, objects: Sequence[Object]) -> str:
    status = pod.get("status", {})
    events = [event for event in objects if _is_about(event, pod)]
    for container in status.get("initContainerStatuses", []):
        if reason := _of_init_container(container, pod, events):
            return f"{container['name']}: {reason}"
    for container in status.get("containerStatuses", []):
        if reason := _of_container(container, pod, events):
            return f"{container['name']}: {reason}"
    return ""


def _of_init_container(container: Object, pod: Object, events: Sequence[Object]) -> str:
    """Reports an init container that runs as `is running`, since it need not be ready before it ends."""
    if container.get("state", {}).get("running"):
        return "" if container.get("ready") else "is running" + _restarts(container)
    return _of_container(container, pod, events)


def _of_container(container: Object, pod: Object, events: Sequence[Object]) -> str:
    state, restarts = container.get("state", {}), _restarts(container)
    crashed = container.get("lastState", {}).get("terminated")
    before = _cause(crashed, container, pod) if crashed else ""
    waiting = state.get("waiting")
    if waiting is not None:
        if waiting.get("reason") in STARTING:
            return _joined("is being created", _newest(events, container))
        return _joined(f"{waiting['reason']}{restarts}", before or waiting.get("message", ""))
    if (ended := state.get("terminated")) and ended.get("exitCode"):
        return _joined(f"{_end(ended, container, pod)}{restarts}", ended.get("message", ""))
    if state.get("running") and not container.get("ready", True):
        return _joined(f"is running but not ready{restarts}", before or _newest(events, container))
    return ""


def _cause(ended: Object, container: Object, pod: Object) -> str:
    """How the container ended and its message. After an ordinary exit, only the message, if there is one."""
    end, message = _end(ended, container, pod), ended.get("message", "").strip()
    return message if message and ended.get("reason") in SAID_BY_EXIT_CODE else _joined(end, message)


def _end(ended: Object, container: Object, pod: Object) -> str:
    if ended.get("reason") in SAID_BY_EXIT_CODE:
        return f"exited with {ended.get('exitCode', 0)}"
    if ended["reason"] == "OOMKilled":
        return f"OOMKilled, it used more than its memory limit{_memory_limit(container['name'], pod)}"
    return ended["reason"]


def _memory_limit(name: str, pod: Object) -> str:
    spec = pod.get("spec", {})
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        if container["name"] == name and (limit := container.get("resources", {}).get("limits", {}).get("memory")):
            return f" of {limit}"
    return ""


def _newest(events: Sequence[Object], container: Object) -> str:
    """The message of the newest event about the container or its whole pod, if that event explains a delay."""
    about = [event for event in events if _concerns(event, container)]
    if not about:
        return ""
    newest = max(about, key=_moment)
    explains_delay = newest.get("type") == "Warning" or newest.get("reason") == "Pulling"
    return newest.get("message", "") if explains_delay else ""


def _concerns(event: Object, container: Object) -> bool:
    part = event["involvedObject"].get("fieldPath", "")
    return not part or part.endswith(f"{{{container['name']}}}")


def _is_about(event: Object, pod: Object) -> bool:
    about = event.get("involvedObject", {})
    return event.get("kind") == "Event" and about.get("uid") == pod["metadata"].get("uid", "")


def _moment(event: Object) -> str:
    """The last time that the event happened, in RFC 3339."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next(filter(None, times), None) or event["metadata"].get("creationTimestamp", "")


def _restarts(container: Object) -> str:
    count = container.get("restartCount", 0)
    return f", {count} restart{'s' if count > 1 else ''}" if count else ""


def _joined(first: str, second: str) -> str:
    return f"{first}: {second.strip()}" if second.strip() else first
