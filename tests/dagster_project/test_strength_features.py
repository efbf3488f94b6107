"""What may enter a strength: a closed list of features, and nothing protected of a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from optimization.strength.terms import CREATION_TERMS, VALUE_TERMS, WIN_TERMS, Part, Term

DBT = Path(__file__).resolve().parents[2] / "dbt"
DEALS = DBT / "models" / "intermediate" / "int_opportunities__profiled.sql"
PRIORS = DBT / "models" / "marts" / "planning" / "strength_priors.sql"
SPELLS = DBT / "models" / "marts" / "planning" / "strength_spells.sql"
REPS = DBT / "models" / "marts" / "planning" / "strength_reps.sql"
STAFF = DBT / "models" / "staging" / "hr" / "stg_hr__employees.sql"
TERMS = (*WIN_TERMS, *VALUE_TERMS, *CREATION_TERMS)

# What a deal, its account and its rep's group say, and who the rep is. Nothing of the person.
FEATURES = {
    *("industry", "geography", "size_band", "product", "revenue_type"),
    *("group_id", "account_id", "rep_id"),
}
OF_EMPLOYEES_IN_DEALS = {"group_id", "rep_id"}
OF_EMPLOYEES_IN_PRIORS = {"rep_id", "prior_industries", "languages"}
# The industries a rep comes from say what is a surprise, and enter no model.
OF_EMPLOYEES_IN_REPS = {"rep_id", "group_id", "prior_industries"}
OF_STAFF = {
    *("rep_id", "manager_id", "role", "group_id", "fte", "location", "languages"),
    *("prior_industries", "base_pay", "variable_pay", "hired_on", "terminated_on"),
}
PROTECTED = ("gender", "nationality", "origin", "birth_date", "age", "religion", "marital_status")


def features(terms: Iterable[Term]) -> set[str]:
    """Columns of a deal that the models depend on."""
    return {column for term in terms for column in term.columns}


def employee_columns(sql: str) -> set[str]:
    """Columns that a model reads of the employees."""
    return set(re.findall(r"\bemployees\.(\w+)", sql))


def selected(sql: str) -> set[str]:
    """Columns that a staging model passes on."""
    body = sql.split("from {{")[0]
    return {line.split(" as ")[-1].strip(" ,") for line in body.splitlines()[2:] if line.strip()}


def strangers(
    deals: str, spells: str, priors: str, reps: str, staff: str, terms: Iterable[Term] = TERMS
) -> set[str]:
    """Whatever enters a strength and is not on the list."""
    return (
        (features(terms) - FEATURES)
        | (employee_columns(deals) - OF_EMPLOYEES_IN_DEALS)
        | (employee_columns(spells) - OF_EMPLOYEES_IN_DEALS)
        | (employee_columns(priors) - OF_EMPLOYEES_IN_PRIORS)
        | (employee_columns(reps) - OF_EMPLOYEES_IN_REPS)
        | (selected(staff) - OF_STAFF)
    )


def sources() -> dict[str, str]:
    files = {"deals": DEALS, "spells": SPELLS, "priors": PRIORS, "reps": REPS, "staff": STAFF}
    return {name: path.read_text(encoding="utf-8") for name, path in files.items()}


def test_only_listed_features_enter_a_strength() -> None:
    assert strangers(**sources()) == set()
    assert features(TERMS) >= {"industry", "geography", "size_band", "product"}


@pytest.mark.parametrize("column", PROTECTED)
def test_a_protected_attribute_would_be_noticed_wherever_it_is_added(column: str) -> None:
    code = sources()
    edits = {
        "deals": ("employees.group_id", f"employees.group_id, employees.{column}"),
        "spells": ("employees.group_id", f"employees.group_id, employees.{column}"),
        "priors": ("employees.rep_id,", f"employees.rep_id, employees.{column},"),
        "reps": ("employees.rep_id,", f"employees.rep_id, employees.{column},"),
        "staff": ("    location,", f"    location,\n    {column},"),
    }
    for place, (old, new) in edits.items():
        assert old in code[place]
        assert column in strangers(**{**code, place: code[place].replace(old, new, 1)}), place
    assert column in strangers(**code, terms=[*TERMS, Term("x", Part.SEGMENT, (column,))])


def test_the_company_file_cannot_name_another_fact() -> None:
    from pydantic import ValidationError

    from dagster_project.company.sections.strength import HrPrior

    for fact in PROTECTED:
        with pytest.raises(ValidationError, match="prior_industry"):
            HrPrior.model_validate({"fact": fact, "value": "x", "level": "y"})
