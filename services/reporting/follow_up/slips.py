"""Which dossiers get a slip, and what it tells; no I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.reporting.figures.attention import DepartmentHorizon, UrgentDossier
from services.reporting.read_model.due import AttentionKind
from shared.contract.follow_up import FollowUpV1, Stage, follow_up_id
from shared.domain.dossier import Dossier

_STAGES: dict[tuple[AttentionKind, bool], Stage] = {
    (AttentionKind.DUE, False): Stage.DUE_SOON,
    (AttentionKind.DUE, True): Stage.OVERDUE,
    (AttentionKind.ACCEPTANCE, True): Stage.ACCEPTANCE_OVERDUE,
}


@dataclass(frozen=True, slots=True)
class Reached:
    """A dossier that has come to a stage since its unit is followed up."""

    stage: Stage
    urgent: UrgentDossier

    @property
    def id(self) -> str:
        return follow_up_id(self.urgent.dossier.code, self.stage, self.urgent.due_at)

    def slip(self, year: int, number: int, made_at: datetime) -> FollowUpV1:
        """What the slip tells."""
        urgent, dossier = self.urgent, self.urgent.dossier
        elsewhere = dossier.place_of_receipt != dossier.department
        return FollowUpV1(
            year=year,
            number=number,
            department=dossier.department,
            code=dossier.code,
            procedure=dossier.procedure,
            stage=self.stage.value,
            state=dossier.state.value,
            due_at=urgent.due_at,
            working_days=urgent.days,
            made_at=made_at,
            received_at=dossier.received_at,
            received_by=dossier.place_of_receipt if elsewhere else None,
        )


def stage_of(urgent: UrgentDossier) -> Stage | None:
    """The stage of a line of the follow-up list; None for what no slip is made of."""
    return _STAGES.get((urgent.kind, urgent.overdue))


def reached(dossiers: Iterable[Dossier], now: DepartmentHorizon, beginning: DepartmentHorizon) -> list[Reached]:
    """What has come to a stage and had not when follow-up began, the most urgent first.

    Whoever switches follow-up on, or loses its record, is not flooded with what the list has had for long.
    """
    found = standing(dossiers, now)
    had = {each.id for each in found for each in _stages(each.urgent.dossier, beginning)}
    return [each for each in found if each.id not in had]


def standing(dossiers: Iterable[Dossier], now: DepartmentHorizon) -> list[Reached]:
    """All that stand at a stage, the most urgent first."""
    return sorted(
        (each for dossier in dossiers for each in _stages(dossier, now)), key=lambda each: each.urgent.urgency
    )


def _stages(dossier: Dossier, horizon: DepartmentHorizon) -> Iterator[Reached]:
    for urgent in horizon.urgent(dossier):
        if (stage := stage_of(urgent)) is not None:
            yield Reached(stage, urgent)
