"""The landing contract: the tables and columns every source is mapped onto, as data.

Standard library only, so that every module may import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dagster_project.warehouse.tables import Column, Table


@dataclass(frozen=True)
class LandingTable(Table):
    """One table of the landing contract, in schema ``raw``.

    Attributes:
        system: Which system of record owns the facts.
        is_optional: A company may do without it; it then lands empty.
        watermark_columns: Dates whose latest value shows how recent a pull is.
    """

    system: Literal["crm", "hr"] = "crm"
    is_optional: bool = False
    watermark_columns: tuple[str, ...] = ()

    @property
    def is_personal(self) -> bool:
        """Its rows are about people: no cell of any column appears in a message or log."""
        return self.system == "hr"

    def landed(self) -> Table:
        """The table as it lands: the mapped columns and the technical ones."""
        return Table(
            self.schema,
            self.name,
            self.grain,
            self.key,
            (ROW_COLUMN, *self.columns, ISSUES_COLUMN, FIXES_COLUMN),
        )


ROW_COLUMN = Column("_row", "BIGINT", "Row number in the source, from 1, in its order", False)
ISSUES_COLUMN = Column(
    "_issues", "VARCHAR", "Cells that could not be read, joined by '; '; null when clean"
)
FIXES_COLUMN = Column(
    "_fixes", "VARCHAR", "Cells that were mended, by column and kind, joined by '; '"
)


def _required(name: str, type_: str, meaning: str) -> Column:
    return Column(name, type_, meaning, is_nullable=False)


def _personal(name: str, type_: str, meaning: str) -> Column:
    return Column(name, type_, meaning, is_personal=True)


def _landing(
    name: str, grain: str, key: tuple[str, ...], *columns: Column, **facts: Any
) -> LandingTable:
    return LandingTable("raw", name, grain, key, columns, **facts)


_TABLES = (
    _landing(
        "accounts",
        "One customer or prospect",
        ("account_id",),
        _required("account_id", "VARCHAR", "Identifier of the account in the CRM"),
        _required("name", "VARCHAR", "Name of the account"),
        Column("parent_account_id", "VARCHAR", "Account this one belongs to"),
        Column("industry", "VARCHAR", "Industry of the account"),
        Column("employees", "BIGINT", "Number of employees; decides the size band"),
        Column("annual_revenue", "DOUBLE", "Yearly revenue of the account"),
        Column("country", "VARCHAR", "Country of the account"),
        Column("region", "VARCHAR", "Sales region of the account"),
        Column("postal_code", "VARCHAR", "Postal code of the account"),
        Column("lifecycle", "VARCHAR", "Stage of the relationship as the CRM states it"),
        Column("owner_rep_id", "VARCHAR", "Rep who owns the account in the CRM"),
        Column("is_named", "BOOLEAN", "A named account, which keeps its owner"),
        Column("created_at", "TIMESTAMP", "When the account entered the CRM"),
        Column("fiscal_year_start", "BIGINT", "First month of the account's fiscal year"),
        watermark_columns=("created_at",),
    ),
    _landing(
        "opportunities",
        "One deal, open or closed",
        ("opportunity_id",),
        _required("opportunity_id", "VARCHAR", "Identifier of the opportunity in the CRM"),
        _required("account_id", "VARCHAR", "Account the deal is with"),
        _required("rep_id", "VARCHAR", "Rep who works or worked the deal"),
        Column("product_id", "VARCHAR", "Product the deal is about"),
        Column("revenue_type", "VARCHAR", "new, expansion or renewal"),
        Column("stage", "VARCHAR", "Stage as the CRM names it"),
        _required("is_closed", "BOOLEAN", "The deal is decided"),
        _required("is_won", "BOOLEAN", "The deal is won"),
        Column("amount", "DOUBLE", "Value of the deal in its currency"),
        _required("created_at", "TIMESTAMP", "When work on the deal began"),
        Column("closed_at", "TIMESTAMP", "When the deal was decided"),
        Column("currency", "VARCHAR", "ISO 4217 code of the amount"),
        watermark_columns=("created_at", "closed_at"),
    ),
    _landing(
        "stage_changes",
        "One stage an opportunity entered, from the CRM's own history",
        (),
        _required("opportunity_id", "VARCHAR", "Opportunity that moved on"),
        _required("stage", "VARCHAR", "Stage it entered, as the CRM names it"),
        _required("entered_at", "TIMESTAMP", "When it entered the stage"),
        is_optional=True,
        watermark_columns=("entered_at",),
    ),
    _landing(
        "splits",
        "One rep's share of a deal that several are credited with",
        ("opportunity_id", "rep_id"),
        _required("opportunity_id", "VARCHAR", "Deal that is shared"),
        _required("rep_id", "VARCHAR", "Rep who is credited"),
        _required("share", "DOUBLE", "Share of the deal, of the sum of its shares"),
        is_optional=True,
    ),
    _landing(
        "exchange_rates",
        "What one unit of a currency is worth in the company's, from a day on",
        (),
        _required("currency", "VARCHAR", "ISO 4217 code of the currency"),
        _required("starts_on", "DATE", "First day of the rate; it holds until the next one"),
        _required("rate", "DOUBLE", "What one unit is worth in the company's currency"),
        is_optional=True,
        watermark_columns=("starts_on",),
    ),
    _landing(
        "products",
        "One product on the price list",
        ("product_id",),
        _required("product_id", "VARCHAR", "Identifier of the product"),
        Column("name", "VARCHAR", "Name of the product"),
        Column("family", "VARCHAR", "Product family"),
        Column("list_price", "DOUBLE", "List price of one unit"),
        Column("unit_cost", "DOUBLE", "Cost of one unit"),
        is_optional=True,
    ),
    _landing(
        "activities",
        "One call, visit or mail of a rep to an account",
        (),
        _required("account_id", "VARCHAR", "Account the activity was with"),
        _required("rep_id", "VARCHAR", "Rep who did it"),
        Column("type", "VARCHAR", "Kind of activity"),
        _required("at", "TIMESTAMP", "When it took place"),
        is_optional=True,
        watermark_columns=("at",),
    ),
    _landing(
        "employees",
        "One employee of the sales organisation",
        ("rep_id",),
        _required("rep_id", "VARCHAR", "Identifier of the employee, as the CRM uses it"),
        _personal("name", "VARCHAR", "Name of the employee"),
        _required("role", "VARCHAR", "Role; some roles cover accounts"),
        Column("group_id", "VARCHAR", "Sales group the employee belongs to"),
        Column("manager_id", "VARCHAR", "The employee's manager"),
        Column("hire_date", "DATE", "First day at work; decides the ramp"),
        Column("termination_date", "DATE", "Last day at work, when known"),
        Column("fte", "DOUBLE", "Full-time equivalent, 1 is full time"),
        Column("location", "VARCHAR", "Where the employee works"),
        _personal("languages", "VARCHAR", "Languages spoken, separated by ';'"),
        _personal("prior_industries", "VARCHAR", "Earlier industries, separated by ';'"),
        _personal("base_pay", "DOUBLE", "Yearly base pay"),
        _personal("variable_pay", "DOUBLE", "Yearly variable pay at target"),
        system="hr",
        watermark_columns=("hire_date", "termination_date"),
    ),
    _landing(
        "certifications",
        "One certification an employee holds or held",
        (),
        _required("rep_id", "VARCHAR", "Employee who holds it"),
        _required("certification", "VARCHAR", "Name of the certification"),
        Column("valid_from", "DATE", "First day it is valid"),
        Column("valid_to", "DATE", "Last day it is valid"),
        system="hr",
        is_optional=True,
        watermark_columns=("valid_from",),
    ),
    _landing(
        "absences",
        "One planned absence of an employee, such as parental leave",
        (),
        _required("rep_id", "VARCHAR", "Employee who is away"),
        _required("starts_on", "DATE", "First day away"),
        Column("ends_on", "DATE", "Last day away, empty where not known yet"),
        Column("absent_share", "DOUBLE", "Share of working time away, 1 is all of it"),
        system="hr",
        is_optional=True,
        watermark_columns=("starts_on",),
    ),
    _landing(
        "quotas",
        "One quota as agreed with an employee, in force or of an earlier year",
        (),
        _required("rep_id", "VARCHAR", "Employee whose quota it is"),
        _required("starts_on", "DATE", "First day of the period; its month counts"),
        Column("month_count", "BIGINT", "Months it is for, 1 where it does not say"),
        Column("revenue_type", "VARCHAR", "new or existing; empty for both together"),
        _required("amount", "DOUBLE", "Quota of the whole period"),
        system="hr",
        is_optional=True,
        watermark_columns=("starts_on",),
    ),
)

LANDING: dict[str, LandingTable] = {table.name: table for table in _TABLES}
