"""The landing contract: the tables and columns every source is mapped onto, as data.

Standard library only, so that every module may import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["VARCHAR", "DOUBLE", "BIGINT", "BOOLEAN", "TIMESTAMP", "DATE"]


@dataclass(frozen=True)
class LandingColumn:
    """One column of a landed or policy table.

    Attributes:
        name: Column name, snake case.
        type: DuckDB type the cells are cast to.
        is_required: The source must supply the column, and a row without a value is set aside.
        description: Meaning and unit, in a user's words.
        is_personal: Personal data of an employee: its cells never appear in a message or log.
    """

    name: str
    type: ColumnType
    is_required: bool
    description: str
    is_personal: bool = False

    @property
    def is_id(self) -> bool:
        """Whether the column names a record; other rules hold for reading such a cell."""
        return self.name.endswith("_id")


@dataclass(frozen=True)
class LandingTable:
    """One table of the landing contract.

    Attributes:
        name: Table name in schema ``raw``.
        system: Which system of record owns the facts.
        description: What one row is.
        is_optional: A company may do without it; it then lands empty.
        columns: Columns in landing order, without the three technical ones.
        watermark_columns: Dates whose latest value tells how recent a pull is.
    """

    name: str
    system: Literal["crm", "hr"]
    description: str
    is_optional: bool
    columns: tuple[LandingColumn, ...]
    watermark_columns: tuple[str, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the mapped columns, in landing order."""
        return tuple(column.name for column in self.columns)


ROW_COLUMN = LandingColumn("_row", "BIGINT", True, "Row number in the source, from 1, in its order")
ISSUES_COLUMN = LandingColumn(
    "_issues", "VARCHAR", False, "Cells that could not be read, joined by '; '; null when clean"
)
FIXES_COLUMN = LandingColumn(
    "_fixes", "VARCHAR", False, "Cells that were mended, by column and kind, joined by '; '"
)


def _required(name: str, type_: ColumnType, description: str) -> LandingColumn:
    return LandingColumn(name, type_, True, description)


def _optional(name: str, type_: ColumnType, description: str) -> LandingColumn:
    return LandingColumn(name, type_, False, description)


def _personal(name: str, type_: ColumnType, description: str) -> LandingColumn:
    return LandingColumn(name, type_, False, description, is_personal=True)


_TABLES = (
    LandingTable(
        name="accounts",
        system="crm",
        description="One customer or prospect",
        is_optional=False,
        watermark_columns=("created_at",),
        columns=(
            _required("account_id", "VARCHAR", "Identifier of the account in the CRM"),
            _required("name", "VARCHAR", "Name of the account"),
            _optional("parent_account_id", "VARCHAR", "Account this one belongs to"),
            _optional("industry", "VARCHAR", "Industry of the account"),
            _optional("employees", "BIGINT", "Number of employees; decides the size band"),
            _optional("annual_revenue", "DOUBLE", "Yearly revenue of the account"),
            _optional("country", "VARCHAR", "Country of the account"),
            _optional("region", "VARCHAR", "Sales region of the account"),
            _optional("postal_code", "VARCHAR", "Postal code of the account"),
            _optional("lifecycle", "VARCHAR", "Stage of the relationship as the CRM states it"),
            _optional("owner_rep_id", "VARCHAR", "Rep who owns the account in the CRM"),
            _optional("is_named", "BOOLEAN", "A named account, which keeps its owner"),
            _optional("created_at", "TIMESTAMP", "When the account entered the CRM"),
            _optional("fiscal_year_start", "BIGINT", "First month of the account's fiscal year"),
        ),
    ),
    LandingTable(
        name="opportunities",
        system="crm",
        description="One deal, open or closed",
        is_optional=False,
        watermark_columns=("created_at", "closed_at"),
        columns=(
            _required("opportunity_id", "VARCHAR", "Identifier of the opportunity in the CRM"),
            _required("account_id", "VARCHAR", "Account the deal is with"),
            _required("rep_id", "VARCHAR", "Rep who works or worked the deal"),
            _optional("product_id", "VARCHAR", "Product the deal is about"),
            _optional("revenue_type", "VARCHAR", "new, expansion or renewal"),
            _optional("stage", "VARCHAR", "Stage as the CRM names it"),
            _required("is_closed", "BOOLEAN", "The deal is decided"),
            _required("is_won", "BOOLEAN", "The deal is won"),
            _optional("amount", "DOUBLE", "Value of the deal in its currency"),
            _required("created_at", "TIMESTAMP", "When work on the deal began"),
            _optional("closed_at", "TIMESTAMP", "When the deal was decided"),
            _optional("currency", "VARCHAR", "ISO 4217 code of the amount"),
        ),
    ),
    LandingTable(
        name="stage_changes",
        system="crm",
        description="One stage an opportunity entered, from the CRM's own history",
        is_optional=True,
        watermark_columns=("entered_at",),
        columns=(
            _required("opportunity_id", "VARCHAR", "Opportunity that moved on"),
            _required("stage", "VARCHAR", "Stage it entered, as the CRM names it"),
            _required("entered_at", "TIMESTAMP", "When it entered the stage"),
        ),
    ),
    LandingTable(
        name="products",
        system="crm",
        description="One product on the price list",
        is_optional=True,
        columns=(
            _required("product_id", "VARCHAR", "Identifier of the product"),
            _optional("name", "VARCHAR", "Name of the product"),
            _optional("family", "VARCHAR", "Product family"),
            _optional("list_price", "DOUBLE", "List price of one unit"),
            _optional("unit_cost", "DOUBLE", "Cost of one unit"),
        ),
    ),
    LandingTable(
        name="activities",
        system="crm",
        description="One call, visit or mail of a rep to an account",
        is_optional=True,
        watermark_columns=("at",),
        columns=(
            _required("account_id", "VARCHAR", "Account the activity was with"),
            _required("rep_id", "VARCHAR", "Rep who did it"),
            _optional("type", "VARCHAR", "Kind of activity"),
            _required("at", "TIMESTAMP", "When it took place"),
        ),
    ),
    LandingTable(
        name="employees",
        system="hr",
        description="One employee of the sales organisation",
        is_optional=False,
        watermark_columns=("hire_date", "termination_date"),
        columns=(
            _required("rep_id", "VARCHAR", "Identifier of the employee, as the CRM uses it"),
            _personal("name", "VARCHAR", "Name of the employee"),
            _required("role", "VARCHAR", "Role; some roles cover accounts"),
            _optional("group_id", "VARCHAR", "Sales group the employee belongs to"),
            _optional("manager_id", "VARCHAR", "The employee's manager"),
            _optional("hire_date", "DATE", "First day at work; decides the ramp"),
            _optional("termination_date", "DATE", "Last day at work, when known"),
            _optional("fte", "DOUBLE", "Full-time equivalent, 1 is full time"),
            _optional("location", "VARCHAR", "Where the employee works"),
            _personal("languages", "VARCHAR", "Languages spoken, separated by ';'"),
            _personal("prior_industries", "VARCHAR", "Earlier industries, separated by ';'"),
            _personal("base_pay", "DOUBLE", "Yearly base pay"),
            _personal("variable_pay", "DOUBLE", "Yearly variable pay at target"),
        ),
    ),
    LandingTable(
        name="certifications",
        system="hr",
        description="One certification an employee holds or held",
        is_optional=True,
        watermark_columns=("valid_from",),
        columns=(
            _required("rep_id", "VARCHAR", "Employee who holds it"),
            _required("certification", "VARCHAR", "Name of the certification"),
            _optional("valid_from", "DATE", "First day it is valid"),
            _optional("valid_to", "DATE", "Last day it is valid"),
        ),
    ),
    LandingTable(
        name="absences",
        system="hr",
        description="One planned absence of an employee, such as parental leave",
        is_optional=True,
        watermark_columns=("starts_on",),
        columns=(
            _required("rep_id", "VARCHAR", "Employee who is away"),
            _required("starts_on", "DATE", "First day away"),
            _optional("ends_on", "DATE", "Last day away, empty where not known yet"),
            _optional("absent_share", "DOUBLE", "Share of working time away, 1 is all of it"),
        ),
    ),
    LandingTable(
        name="quotas",
        system="hr",
        description="One quota as agreed with an employee, in force or of an earlier year",
        is_optional=True,
        watermark_columns=("starts_on",),
        columns=(
            _required("rep_id", "VARCHAR", "Employee whose quota it is"),
            _required("starts_on", "DATE", "First day of the period; its month counts"),
            _optional("month_count", "BIGINT", "Months it is for, 1 where it does not say"),
            _optional("revenue_type", "VARCHAR", "new or existing; empty for both together"),
            _required("amount", "DOUBLE", "Quota of the whole period"),
        ),
    ),
)

LANDING: dict[str, LandingTable] = {table.name: table for table in _TABLES}


def quote_identifier(name: str) -> str:
    """Quote a name for use as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create_table_sql(target: str, columns: tuple[LandingColumn, ...]) -> str:
    """Build the statement that creates an empty, typed table.

    Args:
        target: Table to create, possibly with a schema (``raw.accounts``).
        columns: Columns in order.

    Returns:
        A ``create or replace table`` statement.
    """
    table = ".".join(quote_identifier(part) for part in target.split("."))
    body = ", ".join(f"{quote_identifier(column.name)} {column.type}" for column in columns)
    return f"create or replace table {table} ({body})"


def create_landing_table_sql(target: str, table: LandingTable) -> str:
    """Build the statement that creates an empty landed table, technical columns included."""
    return create_table_sql(target, (ROW_COLUMN, *table.columns, ISSUES_COLUMN, FIXES_COLUMN))
