"""The demo company's fixed world: regions, industries, products, names and rates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A sales region; each has one group of the same id."""

    group_id: str
    name: str
    country: str
    city: str
    postal_prefix: str


@dataclass(frozen=True)
class Industry:
    """An industry: its share of accounts and the median months from first talk to decision."""

    name: str
    share: float
    cycle_months: float


@dataclass(frozen=True)
class Product:
    """A product; a deal's typical value is ``list_price`` times ``units``."""

    product_id: str
    name: str
    family: str
    list_price: float
    unit_cost: float
    units: float
    share: float


REGIONS = (
    Region("northeast", "Northeast", "United States", "Boston", "02"),
    Region("midwest", "Midwest", "United States", "Chicago", "60"),
    Region("west", "West", "United States", "Denver", "80"),
    Region("canada", "Canada", "Canada", "Calgary", "T2"),
    Region("europe", "Europe", "Germany", "Stuttgart", "70"),
    Region("nordics", "Nordics", "Sweden", "Uppsala", "75"),
    Region("iberia", "Iberia", "Spain", "Zaragoza", "50"),
    Region("britain", "Britain", "United Kingdom", "Leeds", "LS"),
)

INDUSTRIES = (
    Industry("electronics", 0.18, 1.0),
    Industry("food", 0.17, 1.5),
    Industry("healthcare", 0.15, 3.0),
    Industry("automotive", 0.15, 2.5),
    Industry("chemicals", 0.12, 3.0),
    Industry("energy", 0.09, 4.5),
    Industry("mining", 0.07, 5.0),
    Industry("public_sector", 0.07, 7.0),
)
MINING = 6

# The gauge kit is sold below cost: a large deal of it is worth less than no deal.
PRODUCTS = (
    Product("P1", "Spectra Analyser", "analysers", 18_000, 9_900, 1.0, 0.20),
    Product("P2", "Spectra Analyser Mini", "analysers", 7_500, 4_300, 1.5, 0.20),
    Product("P3", "Flow Sensor Pack", "sensors", 950, 430, 10.0, 0.20),
    Product("P4", "Field Gauge Kit", "sensors", 1_400, 1_610, 6.0, 0.12),
    Product("P5", "LabBench Licence", "software", 4_800, 700, 2.6, 0.18),
    Product("P6", "FleetView Licence", "software", 2_400, 260, 6.8, 0.10),
)

# Size bands as the demo's company.yml has them: smallest number of employees.
SIZE_BANDS = (1, 200, 2000)

# Weight of a calendar month for closings, January first: quarter ends and both year ends peak.
MONTH_WEIGHTS = (0.70, 0.85, 1.25, 0.85, 0.95, 1.60, 0.65, 0.80, 1.20, 0.90, 1.00, 1.50)
GROWTH_PER_YEAR = 0.08

# Log-odds of a win, before any segment, account or rep effect.
BASE_LOG_ODDS = -0.40
NEW_LOG_ODDS = -0.60
EXPANSION_LOG_ODDS = 0.20
RENEWAL_LOG_ODDS = 0.50
EFFECT_SD = 0.30
PLANTED_LOG_ODDS = 1.20

# fmt: off
FIRST_NAMES = (
    "Ada", "Aron", "Bea", "Boris", "Cleo", "Dario", "Edda", "Emil", "Fay",
    "Felix", "Gia", "Hugo", "Ines", "Ivo", "Jada", "Jonas", "Kaia", "Karl",
    "Lena", "Luis", "Mara", "Milo", "Nadia", "Nils", "Olga", "Otis", "Pia",
    "Quinn", "Rosa", "Ruben", "Sena", "Silas", "Tara", "Theo", "Uma", "Viktor",
    "Wanda", "Xenia", "Yara", "Zeno",
)
LAST_NAMES = (
    "Abel", "Brandt", "Castell", "Dorn", "Ekberg", "Falk", "Garnier", "Holt", "Ibarra",
    "Jansen", "Keller", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi",
    "Sandoval", "Tanaka", "Ueda", "Varga", "Weiss", "Yilmaz", "Zeman",
)
ACCOUNT_STARTS = (
    "Alder", "Basalt", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Indigo",
    "Juniper", "Keystone", "Larch", "Meridian", "North", "Onyx", "Prism", "Quarry", "Ridge",
    "Summit", "Timber", "Umber", "Vertex", "Willow", "Zenith",
)
# fmt: on
ACCOUNT_ENDS = {
    "electronics": ("Circuits", "Devices", "Photonics"),
    "food": ("Foods", "Dairy", "Mills"),
    "healthcare": ("Clinics", "Diagnostics", "Medical"),
    "automotive": ("Motors", "Drives", "Components"),
    "chemicals": ("Chemicals", "Polymers", "Coatings"),
    "energy": ("Energy", "Power", "Grid"),
    "mining": ("Mining", "Minerals", "Ore"),
    "public_sector": ("Authority", "Waterworks", "Transit"),
}
LANGUAGES = ("en", "en;de", "en;fr", "en;es", "en;sv")
