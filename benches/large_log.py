#!/usr/bin/env python3
"""Makes a log of a given size from a seed: days of a busy server whose SEP clients keep their requests open for some minutes.

    python3 benches/large_log.py 1GiB /tmp/u_ex261120.log [--seed 7] [--rows-a-second 81]
    python3 benches/large_log.py 1GiB /tmp/httperr1.log --kind httperr

The same size, seed, rate and kind give the same bytes. Needs Python 3.9.
"""
import argparse, datetime, random, sys

HTTPERR = ("#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: {} 00:00:00\r\n#Fields: date time c-ip c-port s-ip s-port cs-version "
           "cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n")
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


def row(dice, came, pages=PAGES):
    """A row from its page on."""
    page, agent = dice.choice(pages), dice.choice(BROWSERS)
    query = "-" if dice.random() < 0.5 else f"id={dice.randrange(10**6):06}&l=33"
    client = f"10.{dice.randrange(1, 5)}.{dice.randrange(256)}.{dice.randrange(256)}"
    status, taken = came(dice, agent)
    return f" 10.0.0.5 GET {page} {query} 443 - {client} {agent} - {status} {taken}\r\n"


def served(dice, agent):
    status = dice.choices(["200 0 0", "304 0 0", "404 0 2", "302 0 0", "500 0 0"], [88, 6, 3, 2, 1])[0]
    return status, dice.randrange(60_000, 280_000) if agent == "Smc" and dice.random() < 0.02 else int(dice.expovariate(1 / 350))


def refused(dice, _):
    return "503 2 0", dice.randrange(16)


def not_served(dice, reasons):
    """A row of HTTPERR from its client on."""
    client, (request, reason) = f"10.{dice.randrange(1, 5)}.{dice.randrange(256)}.{dice.randrange(256)}", dice.choice(reasons)
    request = request.format(dice.choice(PAGES))
    return f" {client} {dice.randrange(1024, 65536)} 10.0.0.5 443 {request} {reason}\r\n"


IDLE = [("- - - - -", "Timer_ConnectionIdle -"), ("HTTP/1.1 GET {} - 1", "Connection_Dropped DefaultAppPool"), ("- - - - -", "Timer_MinBytesPerSecond -"),
        ("HTTP/1.1 POST {} 400 -", "BadRequest -")]
FULL = [("HTTP/1.1 GET {} 503 1", "QueueFull DefaultAppPool"), ("HTTP/1.1 GET {} 503 2", "AppOffline SepmPool")]


def kinds(kind, dice):
    """The header, and rows of calm times and of others."""
    if kind == "httperr":
        return HTTPERR, [not_served(dice, IDLE) for _ in range(KINDS)], [not_served(dice, FULL) for _ in range(KINDS)]
    return HEADER, [row(dice, served) for _ in range(KINDS)], [row(dice, refused) for _ in range(KINDS)]


def make(path, bytes_, seed=7, rate=81, kind="w3c"):
    """Writes at least so many bytes, whole rows, and gives their number."""
    dice = random.Random(seed)
    header, calm, storm = kinds(kind, dice)
    day, written, rows = datetime.date(2026, 11, 20), 0, 0
    with open(path, "wb", buffering=1 << 20) as log:
        while written < bytes_:
            written += log.write(header.format(day).encode())
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
    options.add_argument("--kind", choices=["w3c", "httperr"], default="w3c")
    given = options.parse_args()
    print(f"{make(given.path, given.size, given.seed, given.rows_a_second, given.kind):,} rows")


if __name__ == "__main__":
    sys.exit(main())
