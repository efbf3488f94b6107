"""Loading a company: the company.yml and the reviewed files it names, checked as a whole."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from dagster_project.company.manager_ratings import read_ratings
from dagster_project.company.model import Company
from dagster_project.company.overrides import read_overrides
from dagster_project.company.yaml_file import CompanyError, describe_problems, read_settings


def load_company(path: Path | str) -> Company:
    """Load and check a company.yml and the overrides it names.

    Args:
        path: The company.yml.

    Returns:
        The settings; ``.path`` is the file, absolute.

    Raises:
        CompanyError: Something is wrong; one line per problem, each with its path and fix.
    """
    path = Path(path).resolve()
    settings = read_settings(path)
    try:
        company = Company.model_validate(settings)
    except ValidationError as error:
        raise CompanyError(describe_problems(error, Company), path) from None
    except CompanyError as error:
        raise CompanyError(error.problems, path) from None
    company._path = path
    if company.overrides is not None:
        company._overrides, problems = read_overrides(path.parent / company.overrides)
        if problems:
            raise CompanyError(problems, path)
    if company.strength.ratings is not None:
        company._ratings, problems = read_ratings(path.parent / company.strength.ratings)
        if problems:
            raise CompanyError(problems, path)
    return company
