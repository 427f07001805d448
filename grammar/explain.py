"""Longer explanations of diagnostic codes."""

from __future__ import annotations

from importlib.resources import files

from .messages import MESSAGES


def explain(code: str) -> str | None:
    """The page of a code, made from its messages where none is written; None for no code.

    Pages are Markdown, ``grammar/explain/<CODE>.md``.
    """
    if code not in MESSAGES:
        return None
    page = files("posg.grammar").joinpath("explain", f"{code}.md")
    if page.is_file():
        return page.read_text(encoding="utf-8")
    message = MESSAGES[code]
    kind = "warning" if message.warning else "error"
    lines = [f"# {code} ({kind})", "", message.text]
    for title, templates in (("Why", message.notes), ("What to do", message.helps)):
        if templates:
            lines += ["", f"## {title}", "", *(f"- {template}" for template in templates)]
    return "\n".join(lines).replace("{{", "{").replace("}}", "}") + "\n"
