"""Words from templates: compiled once, sandboxed, strict about what is missing.

A template file is `Subject: …`, a blank line, the body. `_frame.jinja` of its language puts the greeting before and
the signature after; its line `{# body #}` is where the body goes. Values are put on one line, so that no value can
forge a paragraph or a header. In templates: `x | instant` and `x | deadline` write an instant in the season's, the
area's and the recipient's clock, `x | clock` a deadline in the recipient's alone; `x | points` two decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.errors import BadInput, NotFound
from models.notice_words import NoticeWords
from models.text import LANGUAGES, Language, Text
from notices import instants
from notices.context import FIELDS, NoticeContext
from notices.own_templates import check
from notices.sample import sample

FOLDER = Path(__file__).parent / "templates"
_SUFFIX = ".jinja"
_SUBJECT = "Subject: "
_BODY = "{# body #}"


class Words(NamedTuple):
    """A notice in words. The subject is one line; the body ends with a line break."""

    subject: str
    body: str
    html: str = ""


class _Compiled(NamedTuple):
    subject: Template
    body: Template


def render(
    template: str, language: str, context: NoticeContext, own: Mapping[str, NoticeWords] = MappingProxyType({})
) -> Words:
    """The notice in words: in Chinese for any Chinese language tag, else in English.

    `own` are the season's own words, by notice. Raises NotFound for an unknown template, BadInput where a value that
    it needs is missing, or where a season's own words are no template.
    """
    given = own[template].of(language) if template in own else None
    if given is None:
        compiled = _compiled(template, _known(language))
    else:
        compiled = _own(template, _known(language), given.subject, given.body)
    values = {name: value for name, value in vars(context).items() if value is not None and value != ""}
    values["data"] = {name: value for name, value in context.data.items() if value is not None and value != ""}
    values["clocks"] = (context.season_zone, context.area_zone, context.own_zone)
    values["own_clock"] = context.own_zone or context.area_zone or context.season_zone
    try:
        # An optional paragraph that is left out must not leave a hole.
        body = compiled.body.render(values).replace("\n\n\n", "\n\n")
        return Words(_one_line(compiled.subject.render(values)), body)
    except UndefinedError as error:
        raise BadInput(
            "notice.value_missing", f"Notice '{template}' ({language}) lacks a value: {error.message}.",
            "notices/context.py says what each notice needs.",
        ) from None  # fmt: skip
    except TemplateError as error:
        raise BadInput("notice.template", f"Notice '{template}' ({language}): {error.message}.") from None


def template_names() -> tuple[str, ...]:
    """The names of all notices, in order."""
    found = {path.stem for language in LANGUAGES for path in (FOLDER / language).glob(f"*{_SUFFIX}")}
    return tuple(sorted(name for name in found | FIELDS.keys() if not name.startswith("_")))


def check_templates() -> None:
    """Every notice exists in every language and renders, with all its values and with only those it needs.

    Raises BadInput with everything that is wrong, or NotFound where a file is missing.
    """
    wrong: list[str] = []
    for name in template_names():
        if name not in FIELDS:
            wrong.append(f"'{name}' is not described in notices/context.py.")
            continue
        for language in LANGUAGES:
            for full in (True, False):
                try:
                    render(name, language, sample(name, full=full))
                except (BadInput, NotFound) as error:
                    wrong.append(str(error))
    if wrong:
        raise BadInput("notice.templates", " ".join(wrong), "Mend the files in notices/templates.")


def trouble_with(name: str, language: str, own: NoticeWords) -> str:
    """What is wrong with a season's own words for a notice, tried with all its values and with only those it needs."""
    try:
        for full in (True, False):
            render(name, language, sample(name, full=full) if name in FIELDS else sample("receipt"), {name: own})
    except (BadInput, NotFound) as error:
        return error.sentence
    return ""


def _known(language: str) -> Language:
    return "zh" if language.startswith("zh") else "en"


@cache
def _compiled(name: str, language: Language) -> _Compiled:
    if name not in FIELDS:
        raise NotFound("notice.unknown", f"There is no notice '{name}'.", "`notices.render.template_names` lists them.")
    head, blank, body = _read(name, language).split("\n", 2)
    if not head.startswith(_SUBJECT) or blank.strip():
        raise BadInput(
            "notice.template", f"Notice '{name}' ({language}) must begin with 'Subject: …' and a blank line."
        )
    return _of_source(name, language, head.removeprefix(_SUBJECT), body)


@lru_cache(maxsize=500)
def _own(name: str, language: Language, subject: str, body: str) -> _Compiled:
    if name not in FIELDS:
        raise NotFound("notice.unknown", f"There is no notice '{name}'.", "`season notices templates` lists them.")
    try:
        for source in (subject, body):
            check(_environment(language).parse, source)
    except BadInput as error:
        raise BadInput(error.code, f"Notice '{name}' ({language}): {error.sentence}", error.remedy) from None
    return _of_source(name, language, subject, body)


def _of_source(name: str, language: Language, subject: str, body: str) -> _Compiled:
    environment = _environment(language)
    framed = _read("_frame", language).replace(_BODY, body.strip("\n"))
    try:
        made = _Compiled(environment.from_string(subject), environment.from_string(framed.strip("\n") + "\n"))
    except TemplateError as error:
        raise BadInput("notice.template", f"Notice '{name}' ({language}): {error.message}.") from None
    for one in made:
        # Copied for each mail: of a plain dictionary that takes a tenth of the time.
        one.globals = dict(one.globals)
    return made


def _read(name: str, language: Language) -> str:
    path = FOLDER / language / f"{name}{_SUFFIX}"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound("notice.unknown", f"Notice '{name}' has no file in '{language}'.", f"Write {path}.") from None


@cache
def _environment(language: Language) -> ImmutableSandboxedEnvironment:
    def shown(value: Any) -> Any:
        """What an expression leaves in the text: in the reader's language and on one line."""
        if isinstance(value, str):
            return _one_line(value)
        if isinstance(value, Text):
            return _one_line(value.in_language(language))
        if isinstance(value, Mapping) and language in value:
            return _one_line(str(value[language]))
        return value

    @pass_context
    def instant(context: Context, value: Any) -> str:
        return instants.in_clocks(value, context["clocks"], language)

    @pass_context
    def deadline(context: Context, value: Any) -> str:
        return instants.in_clocks(value, context["clocks"], language, deadline=True)

    @pass_context
    def clock(context: Context, value: Any) -> str:
        return instants.in_clock(value, context["own_clock"], language, deadline=True)

    # Mail is plain text: escaping would put `&amp;` into people's titles.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, finalize=shown,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {
        # Those that come with Jinja know nothing of texts in two languages.
        name: partial(_of_text, environment.filters[name], shown)
        for name in ("upper", "lower", "title", "capitalize", "trim")
    }
    environment.filters |= {
        "join": lambda values, between="": between.join(str(shown(value)) for value in values),
        "instant": instant, "deadline": deadline, "clock": clock, "moment": instants.moment, "points": _points,
    }  # fmt: skip
    return environment


def _of_text(change: Callable[[str], str], shown: Callable[[Any], Any], value: Any) -> str:
    return change(str(shown(value)))


def _points(value: Any) -> str:
    try:
        return f"{float(value):.2f}"
    except (TypeError, ValueError):
        raise BadInput("notice.points", f"{value!r} is no number of points.") from None


def _one_line(text: str) -> str:
    # Most values are one line already; printable text has no line break and no control character.
    return text if text.isprintable() else " ".join("".join(c if c.isprintable() else " " for c in text).split())
