"""The form as an office writes it out: a title, the paragraph of the total, a line for each department or field."""

from services.reporting.documents.forms.form import Form, FormSection
from services.reporting.figures.query import Dimension
from services.reporting.figures.report import figure_row
from shared.domain.comparison import a_year_before
from shared.domain.figures import Figures
from shared.language.periods import ROMAN, period_name, span_name
from shared.language.sentences import change, summary, unfinished, when
from shared.language.voice import Voice
from shared.language.words import DEFINITIONS

COMPARED = {
    "received_total": ("số hồ sơ đã tiếp nhận", "the dossiers to be handled"),
    "resolved_total": ("số hồ sơ đã giải quyết", "those resolved"),
    "resolved_overdue": ("số hồ sơ giải quyết quá hạn", "those resolved overdue"),
    "in_progress_total": ("số hồ sơ đang giải quyết", "those in progress"),
}


def as_text(form: Form, publication: str | None = None) -> str:
    """Title, scope, paragraph, comparison, details and notes, parted by empty lines; made to be pasted.

    `publication` says at the end which one the figures are of.
    """
    blocks = [title(form), scope(form), paragraph(form), comparison(form), "\n".join(details(form)), notes(form)]
    blocks.append(publication or "")
    return "\n\n".join(block for block in blocks if block) + "\n"


def title(form: Form) -> str:
    """What the text is about and of which period, in capitals."""
    query, say = form.query, Voice(form.language)
    if query.period is None:
        period = span_name(query.first, query.last, form.language)
    else:
        period = period_name(query.period, form.language)
    about = say("Tình hình tiếp nhận, giải quyết hồ sơ thủ tục hành chính", "Dossiers received and resolved,")
    return f"{about} {period}".upper()


def scope(form: Form) -> str:
    """Which dossiers it is of; nothing when it is of all."""
    say = Voice(form.language)
    return f"({say('Chỉ tính', 'Only')} {'; '.join(form.scope)})" if form.scope else ""


def paragraph(form: Form) -> str:
    """The figures of the total in sentences."""
    query, say = form.query, Voice(form.language)
    remark = unfinished(query.last, query.as_of, say)
    period = when(query.first, query.last, query.period, say)
    return summary(figure_row(form.total), period, remark, say)


def comparison(form: Form) -> str:
    """How the total moved since the other period; nothing where there is none."""
    if form.compared is None:
        return ""
    say, before = Voice(form.language), form.compared
    moved = ", ".join(
        f"{say(*words)} {change(form.total[key], before.total[key], say)}"
        for key, words in COMPARED.items()
        if form.total[key] or before.total[key]
    )
    span = span_name(before.query.first, before.query.cut, form.language)
    return f"{say('So với', 'Compared with')} {_other_period(form, before)} ({span}): {moved}." if moved else ""


def _other_period(form: Form, other: Form) -> str:
    """Cùng kỳ năm trước, kỳ trước, or the other period by its name."""
    say, now, then = Voice(form.language), form.query, other.query
    if (a_year_before(now.first), a_year_before(now.last)) == (then.first, then.last):
        return say("cùng kỳ năm trước", "the same period of the year before")
    if (now.first - then.last).days == 1:
        return say("kỳ trước liền kề", "the period before")
    return say("kỳ", "the period") if then.period is None else period_name(then.period, form.language)


def details(form: Form) -> list[str]:
    """A heading and a line for each department or field; a section begins with its own total."""
    if not form.lines:
        return []
    say = Voice(form.language)
    by_field = Dimension.FIELD in form.query.by
    lines = [
        say("Chi tiết theo lĩnh vực:", "By field:") if by_field else say("Chi tiết theo cơ quan:", "By department:")
    ]
    for place, section in enumerate(form.sections):
        lines += _section(place, section, say)
    return lines


def _section(place: int, section: FormSection, say: Voice) -> list[str]:
    head = [] if section.title is None else [f"{ROMAN[place]}. {section.title}: {_figures(section.total, say)}."]
    return [*head, *(f"{line.number}. {line.name}: {_figures(line.figures, say)}." for line in section.lines)]


def _figures(row: Figures, say: Voice) -> str:
    """Received, resolved and open, each with the part that a reader looks for; what there is none of is left out."""
    said = []
    for key, words, of_them in (
        (
            "received_total",
            ("tiếp nhận {}", "{} to be handled"),
            {
                "received_online": ("trực tuyến {}", "{} online"),
                "received_unknown": ("không rõ kênh {}", "{} by an unknown channel"),
            },
        ),
        ("resolved_total", ("đã giải quyết {}", "{} resolved"), {"resolved_overdue": ("quá hạn {}", "{} overdue")}),
        (
            "in_progress_total",
            ("đang giải quyết {}", "{} in progress"),
            {
                "in_progress_suspended": ("tạm dừng {}", "{} suspended"),
                "in_progress_overdue": ("quá hạn {}", "{} overdue"),
            },
        ),
    ):
        if not row[key]:
            continue
        parts = [say(*part).format(say.count(row[which])) for which, part in of_them.items() if row[which]]
        number = say(say.dossiers(row[key]), say.count(row[key]))
        said.append(say(*words).format(number) + (f" ({'; '.join(parts)})" if parts else ""))
    return ", ".join(said) or say("không có hồ sơ", "no dossiers")


def notes(form: Form) -> str:
    """For which units it is counted, how it is judged, and as of when."""
    query, say = form.query, Voice(form.language)
    said = []
    if query.organised is not None:
        said.append(
            say(
                "Hồ sơ của đơn vị đã đổi tên, sáp nhập, chia tách hoặc giải thể được tính cho đơn vị tiếp nhận.",
                "Dossiers of units that have ended are counted for those that have taken over.",
            )
        )
    judged, at = say.word(DEFINITIONS, query.definition), say.minute(query.as_of)
    said.append(
        say(
            f"Cách tính đúng hạn: {judged}. Số liệu tính đến {at}.",
            f"Timeliness is judged {judged}. The figures are as of {at}.",
        )
    )
    if query.known_at is not None:
        known = say.minute(query.known_at)
        said.append(say(f"Theo dữ liệu đã ghi nhận đến {known}.", f"They go by what was recorded until {known}."))
    return " ".join(said)
