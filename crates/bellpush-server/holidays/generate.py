"""Writes holidays.jsonl.gz: the public holidays that the package `holidays` knows.

A line for each country: its code, its regions by code and name, and its days, each with its name, its
dates, and the regions that have it; an empty region stands for the country without a region, no list for
all of it. Run by hand, with a new version of the package in requirements.txt, once a year or so:

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python generate.py 2025 2036
"""

import gzip
import json
import sys
from collections import defaultdict

import holidays

FIRST, LAST = int(sys.argv[1]), int(sys.argv[2])
YEARS = range(FIRST, LAST + 1)


def days(country, region, language):
    """The days as (date, name)."""
    found = holidays.country_holidays(country, subdiv=region, years=YEARS, language=language)
    # The observed days of January of the year after may be among them.
    return {
        (day.isoformat(), name)
        for day in found
        if FIRST <= day.year <= LAST
        for name in found.get_list(day)
    }


def line(country, regions):
    cls = getattr(holidays, country)
    language = next((it for it in cls.supported_languages if it.startswith("en")), None)
    names = {}
    for alias, code in cls.subdivisions_aliases.items():
        names.setdefault(code, alias)
    having = defaultdict(list)
    places = ["", *regions]
    for region in places:
        for day in days(country, region or None, language):
            having[day].append(region)
    grouped = defaultdict(list)
    for (date, name), those in having.items():
        grouped[(name, tuple(those))].append(date)
    rows = []
    for (name, those), dates in sorted(grouped.items(), key=lambda it: (min(it[1]), it[0])):
        row = {"name": name[:64].strip(), "dates": sorted(dates)}
        if len(those) < len(places):
            row["regions"] = sorted(those)
        rows.append(row)
    return {
        "country": country,
        "regions": [{"code": code, "name": names.get(code, code)} for code in regions],
        "days": rows,
    }


def main():
    lines = []
    for country, regions in sorted(holidays.list_supported_countries(include_aliases=False).items()):
        written = line(country, [region for region in regions if region])
        if written["days"]:
            lines.append(json.dumps(written, ensure_ascii=False, separators=(",", ":")))
    text = "\n".join(lines) + "\n"
    with open("holidays.jsonl.gz", "wb") as out:
        with gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=9, mtime=0) as packed:
            packed.write(text.encode())
    print(f"{len(lines)} countries, {len(text)} bytes")


main()
