"""The comment on a pull request: Markdown that is short enough for GitHub."""

from __future__ import annotations

from cli.diff.as_markdown import HEAD_ROW, and_more, code, details, open_part, separator
from cli.diff.as_markdown import row as diff_row
from cli.diff.as_text import NOT_DEPLOYED
from cli.review.model import Review, StageReview, blocking, broken

LONGEST = 65_000  # characters; GitHub accepts 65,536
MARK = "<!-- wharf:review"
VIOLATIONS_SHOWN, IN_SIGHT = 20, 50
LONGEST_LINE = 500
WHOLE, NAMES, REASONS, ROW = 3, 2, 1, 0  # how much of a stage is shown


def mark(commit: str, reasons: list[str], faults: list[str]) -> str:
    """The first line of the comment. Later runs find the comment by it, and read the counts from it."""
    return f"{MARK} commit={commit} blocking={len(reasons)} broken={len(faults)} -->"


def comment(review: Review, *, run_url: str = "", label: str = "", changed_tool: bool = False) -> str:
    """The whole comment. If it is too long, the largest stage is cut first, and the comment says what was cut.

    Args:
        run_url: the page with the whole review.
        label: the label that allows the request to be merged in spite of its risks.
        changed_tool: True if the request changes the code that made this preview.
    """
    levels = [WHOLE] * len(review.stages)
    parts = [_stage(stage, WHOLE) for stage in review.stages]
    opening = _opening(review, label, changed_tool)
    while True:
        lines = [*opening, *_cut(review, levels, run_url)]
        text = "\n".join([*lines, *(line for part in parts for line in part)])
        largest = max(range(len(parts)), key=lambda index: sum(map(len, parts[index])))
        if len(text) <= LONGEST or levels[largest] == ROW:
            return text
        levels[largest] -= 1
        parts[largest] = _stage(review.stages[largest], levels[largest])


def _opening(review: Review, label: str, changed_tool: bool) -> list[str]:
    reasons, faults = blocking(review), broken(review)
    lines = [mark(review.head, reasons, faults), f"### Preview of {review.head[:10]} against {review.base[:10]}", ""]
    if changed_tool:
        lines += [
            "> [!WARNING]",
            "> This request changes code that takes part in making this preview. Read that code before you trust it.",
            "",
        ]
    head = f"{HEAD_ROW} rules |"
    lines += [f"*{NOT_DEPLOYED}*", "", head, separator(head), *(_row(stage) for stage in review.stages), ""]
    if faults:
        lines += [f"**Fix this first. No label allows it:** {'; '.join(faults)}.", ""]
    if reasons:
        allow = f" To merge it all the same, set the label `{label}`; a new push takes it away." if label else ""
        lines += [f"**Not to be merged unseen:** {'; '.join(reasons)}.{allow}", ""]
    return lines


def _cut(review: Review, levels: list[int], run_url: str) -> list[str]:
    """A line that says what is not shown, if anything is not."""
    pairs = list(zip(review.stages, levels, strict=True))
    missing = {NAMES: "the old and new values", REASONS: "the changes", ROW: "all but the row"}
    cuts = [
        f"{what} of {', '.join(stages)}"
        for level, what in missing.items()
        if (stages := [stage.stage for stage, stage_level in pairs if stage_level == level])
    ]
    if not cuts:
        return []
    where = f"[the run]({run_url})" if run_url else "`wharf diff`"
    return [f"*Cut, since GitHub takes 65,536 characters: {' and '.join(cuts)}. All of it is with {where}.*", ""]


def _row(stage: StageReview) -> str:
    rules = f"**{len(stage.violations)} broken**" if stage.violations else f"{stage.rules} hold" if stage.rules else ""
    if stage.is_unchecked:
        rules = "**not checked**"
    diff = stage.as_diff()
    if diff is None:
        what = "taken away" if stage.gone else "**not comparable**"
        return f"| {stage.stage} | {what} |" + "  |" * (HEAD_ROW.count("|") - 3) + f" {rules} |"
    return f"{diff_row(diff)} {rules} |"


def _stage(stage: StageReview, level: int) -> list[str]:
    if level == ROW:
        return []
    lines: list[str] = []
    if stage.gone:
        lines += [f"**{stage.stage} is taken away.** What runs in it goes on running, and nothing manages it.", ""]
    if stage.problem:
        what = "is refused" if stage.is_unchecked else "cannot be compared"
        lines += [f"**{stage.stage} {what}:**", "", *code(stage.problem[:2_000].splitlines()[:20]), ""]
    if stage.violations:
        shown = [violation[:LONGEST_LINE] for violation in stage.violations[:VIOLATIONS_SHOWN]]
        more = and_more(len(stage.violations) - len(shown))
        lines += [f"**{stage.stage} breaks rules** (docs/rules.md):", "", *code([*shown, *more]), ""]
    if diff := stage.as_diff():
        lines += open_part(diff, None if level > REASONS else IN_SIGHT)
        lines += details(diff, properties=level == WHOLE) if level >= NAMES else []
    return lines
