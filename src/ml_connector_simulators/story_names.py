"""The words the ordinary part of the story is made of: names, places, parts, accounts."""

from __future__ import annotations

# country -> (currency, legal forms, family names, [(city, postcode, state)])
COUNTRIES: dict[str, tuple[str, list[str], list[str], list[tuple[str, str, str]]]] = {
    "DE": (
        "EUR",
        ["GmbH", "GmbH & Co. KG", "AG", "KG"],
        ["Brandt", "Köhler", "Lindner", "Vogel", "Schäfer", "Pfeiffer", "Engel", "Winkler", "Ziegler", "Roth"],
        [("Esslingen", "73728", "BW"), ("Dortmund", "44135", "NW"), ("Kassel", "34117", "HE"), ("Jena", "07743", "TH")],
    ),
    "FR": (
        "EUR",
        ["SARL", "SAS", "S.A."],
        ["Moreau", "Lefèvre", "Garnier", "Chevalier", "Rousseau", "Blanchard", "Guérin"],
        [("Lyon", "69003", ""), ("Nantes", "44000", ""), ("Mulhouse", "68100", "")],
    ),
    "US": (
        "USD",
        ["Inc.", "LLC", "Corp.", "Co."],
        ["Harding", "McAllister", "Whitfield", "Sanderson", "Kowalski", "Delgado", "Ferris", "Barlow", "Tran"],
        [("Cleveland", "44114", "OH"), ("Rockford", "61101", "IL"), ("Greenville", "29601", "SC")],
    ),
    "GB": (
        "GBP",
        ["Ltd", "plc", "LLP"],
        ["Ashworth", "Pemberton", "Hargreaves", "Tattersall", "Whitaker"],
        [("Sheffield", "S1 2HE", ""), ("Coventry", "CV1 1GF", ""), ("Derby", "DE1 3AE", "")],
    ),
    "SE": (
        "SEK",
        ["AB"],
        ["Lindqvist", "Åkerström", "Nyberg", "Sjögren", "Hedlund"],
        [("Västerås", "722 12", ""), ("Linköping", "582 22", ""), ("Göteborg", "411 03", "")],
    ),
    "PL": (
        "PLN",
        ["Sp. z o.o.", "S.A."],
        ["Wiśniewski", "Zieliński", "Dąbrowski", "Szymański"],
        [("Gliwice", "44-100", ""), ("Poznań", "61-001", ""), ("Bielsko-Biała", "43-300", "")],
    ),
}
COUNTRY_WEIGHTS = {"DE": 34, "US": 30, "FR": 12, "GB": 10, "SE": 8, "PL": 6}

TRADES = [
    "Castings", "Bearings", "Hydraulics", "Fasteners", "Seals", "Precision Tools", "Coatings", "Electric Drives",
    "Steel Trading", "Packaging", "Logistics", "Industrial Gases", "Automation", "Calibration", "Machining",
    "Plastics", "Metrology", "Cleaning Services", "Engineering", "Wire & Cable",
]  # fmt: skip
STREETS = [
    "Industrial Road",
    "Mill Lane",
    "Foundry Street",
    "Harbour Way",
    "Station Street",
    "Forge Avenue",
    "Canal Row",
]

# (part number, description, unit, price, account)
PARTS = [
    ("PMP-4410", "Impeller, stainless, 4 vanes", "PCS", "48.60", "4010"),
    ("PMP-4425", "Pump housing, ductile iron, raw", "PCS", "212.00", "4010"),
    ("SEA-0107", "Mechanical seal 32 mm, SiC", "PCS", "37.45", "4010"),
    ("BRG-6208", "Deep groove ball bearing 6208", "PCS", "9.18", "4010"),
    ("SHF-0312", "Shaft 312 mm, ground", "PCS", "64.90", "4010"),
    ("FAS-M12A", "Hexagon bolt M12 x 60, A4", "PCS", "0.84", "4020"),
    ("FAS-M08N", "Lock nut M8, zinc", "PCS", "0.07", "4020"),
    ("ORG-0550", "O-ring 55 x 3, FKM", "PCS", "1.26", "4020"),
    ("MOT-0750", "Electric motor 7.5 kW, IE4", "PCS", "689.00", "4030"),
    ("VFD-0750", "Frequency converter 7.5 kW", "PCS", "512.50", "4030"),
    ("CAB-0415", "Cable 4 x 1.5 mm2, screened", "M", "2.35", "4030"),
    ("COA-EP02", "Epoxy coating, blue", "KG", "14.70", "4040"),
    ("OIL-ISO6", "Hydraulic oil ISO 46", "L", "3.95", "4040"),
    ("BOX-0812", "Crate 80 x 120, heat treated", "PCS", "28.30", "4050"),
]
SERVICES = [
    ("Calibration of test bench 3", "H", "95.00", "6310"),
    ("Maintenance of compressor, half-yearly", "H", "88.50", "6310"),
    ("Cleaning of hall 2, weekly", "PCS", "430.00", "6320"),
    ("Transport Hamburg port", "PCS", "618.00", "6410"),
    ("Laser alignment on site", "H", "120.00", "6310"),
    ("Safety training, per group", "PCS", "1150.00", "6510"),
]
COSTS_WITHOUT_ORDER = [
    ("Electricity", "6210"),
    ("Water and sewage", "6220"),
    ("Telephone and data lines", "6230"),
    ("Freight", "6410"),
    ("Legal advice", "6530"),
    ("Waste disposal", "6240"),
    ("Temporary staff", "6520"),
]

# (number, name, group, kind)
ACCOUNTS = [
    ("4010", "Purchased parts, pumps", "MATERIAL", "cost"),
    ("4020", "Small parts and fasteners", "MATERIAL", "cost"),
    ("4030", "Electrical components", "MATERIAL", "cost"),
    ("4040", "Operating supplies", "MATERIAL", "cost"),
    ("4050", "Packaging", "MATERIAL", "cost"),
    ("6210", "Electricity", "OVERHEAD", "cost"),
    ("6220", "Water and sewage", "OVERHEAD", "cost"),
    ("6230", "Telecommunication", "OVERHEAD", "cost"),
    ("6240", "Waste disposal", "OVERHEAD", "cost"),
    ("6310", "Maintenance of machines", "OVERHEAD", "cost"),
    ("6320", "Cleaning", "OVERHEAD", "cost"),
    ("6410", "Inbound freight", "OVERHEAD", "cost"),
    ("6510", "Training", "OVERHEAD", "cost"),
    ("6520", "Temporary staff", "OVERHEAD", "cost"),
    ("6530", "Legal and consulting", "OVERHEAD", "cost"),
    ("0400", "Machinery and equipment", "FIXED", "asset"),
    ("1571", "Input tax", "CURRENT", "asset"),
    ("3300", "Trade payables", "PAYABLE", "liability"),
    ("8400", "Revenue, pumps", "REVENUE", "revenue"),
]
COST_CENTERS = [
    ("100", "Management"),
    ("210", "Foundry"),
    ("220", "Machining"),
    ("230", "Assembly"),
    ("240", "Test bench"),
    ("310", "Maintenance"),
    ("410", "Warehouse and shipping"),
    ("510", "Purchasing"),
    ("610", "Research and development"),
]
BUYERS = ["AMEYER", "KNILSSON", "RPATEL", "JFORD"]
TERMS = {"0": 0, "14": 14, "30": 30, "60": 60}  # payment terms -> days
