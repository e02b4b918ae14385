"""What a picture may be asked for: the parameters of the figures it shows, and how it is to look."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from app.api.pictures.course import Course
from app.api.pictures.palette import Theme
from app.api.pictures.ranking import Ranking
from app.api.v1.schemas.base import Count, refuse
from app.api.v1.schemas.priority_cases import AgesQuery
from app.api.v1.schemas.statistics_queries import CutQuery
from app.api.v1.schemas.target_attainment import AttainmentQuery, attainment_item, frame_out
from app.api.v1.schemas.targets import RateIndicator
from app.services.reference import Reference
from app.services.statistics.rules import percent
from app.services.targets.course_views import YearCourse
from app.services.targets.views import Standings

_INDICATOR: Final = "the rate: of all cases, or of those of credit institutions"
_THEME: Final = "colours; by default light, and dark where the reader prefers that (`prefers-color-scheme`)"


class RankingQuery(AttainmentQuery):
    """Whose attainment, on which day, by which indicator."""

    of: Literal["self", "children", "level", "officers"] = Field(
        "children",
        description="the unit itself, its children, all units of a level in it, or its officers",
        examples=["level"],
    )
    indicator: RateIndicator = Field("cases_rate", description=_INDICATOR, examples=["cases_rate"])
    limit: Annotated[Count, Field(ge=1, le=100)] = Field(63, description="how many, from the first rank on")
    theme: Theme | None = Field(None, description=_THEME, examples=["dark"])


class CourseQuery(CutQuery):
    """Whose course, of which year, by which indicator; `months` is the last month shown of the year."""

    indicator: RateIndicator = Field("cases_rate", description=_INDICATOR, examples=["cases_rate"])
    theme: Theme | None = Field(None, description=_THEME, examples=["dark"])

    @model_validator(mode="after")
    def _credit_once(self) -> Self:
        if self.credit_institution is not None and self.indicator.startswith("credit"):
            en, vi = "the indicator says so already", "chỉ tiêu đã xác định điều này"
            raise refuse("not-allowed", en, vi, at="credit_institution")
        return self


class AgesPictureQuery(AgesQuery):
    """Whose flagged cases, on which day."""

    theme: Theme | None = Field(None, description=_THEME, examples=["dark"])


def ranking_of(found: Standings, query: RankingQuery, unit: str, ref: Reference) -> Ranking:
    """The first of these standings as they are drawn: from the same members as JSON."""
    shown = found.after(None, query.limit)
    items = [attainment_item(standing, found.national, ref) for standing in shown]
    return Ranking(unit, query.indicator, items, frame_out(found), len(found.standings) > len(shown))


def course_of(found: YearCourse, query: CourseQuery, unit: str) -> Course:
    """A course as it is drawn."""
    period = query.period
    return Course(
        unit=unit,
        indicator=query.indicator,
        fiscal_year=period.fiscal_year,
        single=period.single,
        complete=found.complete,
        comparable=found.comparable,
        now=[percent(*share) for share in found.now],
        before=[percent(*share) for share in found.before],
        targets=None
        if found.targets is None
        else [percent(*target.share) if target else None for target in found.targets],
    )
