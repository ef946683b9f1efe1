#!/usr/bin/env python3
"""Makes a W3C log of a given size from a seed: days of a busy server whose SEP clients keep their requests open for some minutes.

    python3 benches/large_log.py 1GiB /tmp/u_ex261120.log [--seed 7] [--rows-a-second 81]

The same size, seed and rate give the same bytes. Needs Python 3.9.
"""
import argparse, datetime, random, sys

HEADER = ("#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: {} 00:00:00\r\n#Fields: date time s-ip cs-method "
          "cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n")
BROWSERS = ["Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/142.0.0.0+Safari/537.36",
            "Mozilla/5.0+(Windows+NT+6.1;+WOW64;+Trident/7.0;+rv:11.0)+like+Gecko", "Smc", "Altiris+Agent+6.0", "-"]
PAGES = ["/secars/secars.dll", "/default.aspx", "/reporting/summary.php", "/content/moniker/full.zip", "/shop/cart.aspx", "/shop/img/logo.png",
         "/Altiris/NS/Agent/GetClientPolicies.aspx", "/api/v2/orders"]
# Kinds of rows, so that a row costs the generator little.
KINDS = 20_000
# Each day, from this second on and for so long, the limit is reached.
STORM, STORM_LASTS = 34_000, 300


def size(text):
    for unit, bytes_ in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if text.endswith(unit):
            return int(float(text[:-len(unit)]) * bytes_)
    return int(text)


def row(dice, came):
    """A row from its page on."""
    page, agent = dice.choice(PAGES), dice.choice(BROWSERS)
    query = "-" if dice.random() < 0.5 else f"id={dice.randrange(10**6):06}&l=33"
    client = f"10.{dice.randrange(1, 5)}.{dice.randrange(256)}.{dice.randrange(256)}"
    status, taken = came(dice, agent)
    return f" 10.0.0.5 GET {page} {query} 443 - {client} {agent} - {status} {taken}\r\n"


def served(dice, agent):
    status = dice.choices(["200 0 0", "304 0 0", "404 0 2", "302 0 0", "500 0 0"], [88, 6, 3, 2, 1])[0]
    return status, dice.randrange(60_000, 280_000) if agent == "Smc" and dice.random() < 0.02 else int(dice.expovariate(1 / 350))


def refused(dice, _):
    return "503 2 0", dice.randrange(16)


def make(path, bytes_, seed=7, rate=81):
    """Writes at least so many bytes, whole rows, and gives their number."""
    dice = random.Random(seed)
    calm = [row(dice, served) for _ in range(KINDS)]
    storm = [row(dice, refused) for _ in range(KINDS)]
    day, written, rows = datetime.date(2026, 11, 20), 0, 0
    with open(path, "wb", buffering=1 << 20) as log:
        while written < bytes_:
            written += log.write(HEADER.format(day).encode())
            for second in range(86_400):
                stamp = f"{day} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
                some = dice.choices(calm, k=rate)
                if STORM <= second < STORM + STORM_LASTS:
                    some += dice.choices(storm, k=rate)
                written += log.write("".join([stamp + rest for rest in some]).encode())
                rows += len(some)
                if written >= bytes_:
                    return rows
            day += datetime.timedelta(days=1)
    return rows


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("size", type=size, help="10MiB, 1GiB, or bytes")
    options.add_argument("path")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--rows-a-second", type=int, default=81)
    given = options.parse_args()
    print(f"{make(given.path, given.size, given.seed, given.rows_a_second):,} rows")


if __name__ == "__main__":
    sys.exit(main())
