#!/usr/bin/env python3
"""How much memory logs of many sites and days take: it must grow with time and applications, not with rows or files.

    cargo build --release && python3 benches/scale.py                 # about 4 GB below the folder for temporary files, for some minutes
    python3 benches/scale.py --sites 10,25 --days 1,7 --dir /data     # less of it
    python3 benches/scale.py --readme                                 # and the table goes into README.md

The logs are made from a seed: a folder a site, a file a day, as IIS lays them down, a few rows a minute. Each part of them is loaded by
`why503 report --format json`, which must count every row; processors' seconds, and memory at its peak, are taken down. Then fewer sites
are loaded with the same rows in fewer files, and with more and more rows in the same time. Needs Linux and Python 3.9.
"""
import argparse, datetime, json, os, random, sys, tempfile

sys.dont_write_bytecode = True
import large_log, measure

FIRST = datetime.date(2026, 11, 1)
# Of no product that is known: each site is one application.
PAGES = ["/default.aspx", "/shop/cart.aspx", "/shop/img/logo.png", "/api/v2/orders", "/help/", "/search.aspx"]
KINDS = 5000
STAMPS = [f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}" for second in range(86_400)]


def numbers(text):
    return [int(part) for part in text.split(",")]


class Logs:
    """The logs of some sites and days, so many rows a minute each."""

    def __init__(self, folder, rate, seed=7):
        self.folder, self.rate, self.seed = os.path.join(folder, f"{rate}"), rate, seed
        dice = random.Random(seed)
        self.kinds = [large_log.row(dice, large_log.served, PAGES) for _ in range(KINDS)]

    def day(self, site, day):
        """The rows of a site's day; the same whatever else is made."""
        dice = random.Random(f"{self.seed} {site} {day} {self.rate}")
        date = FIRST + datetime.timedelta(days=day)
        seconds = sorted(dice.choices(range(86_400), k=self.rate * 1440))
        rows = zip(seconds, dice.choices(self.kinds, k=len(seconds)))
        return large_log.HEADER.format(date) + "".join([f"{date} {STAMPS[second]}{rest}" for second, rest in rows])

    def path(self, site, name):
        folder = os.path.join(self.folder, f"W3SVC{site + 1}")
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, name)

    def files(self, sites, days):
        """Their paths; those that are not there are made."""
        paths = [(site, day, self.path(site, (FIRST + datetime.timedelta(days=day)).strftime("u_ex%y%m%d.log")))
                 for site in range(sites) for day in range(days)]
        for site, day, path in paths:
            if not os.path.exists(path):
                with open(path, "w", newline="") as log:
                    log.write(self.day(site, day))
        return [path for _, _, path in paths]

    def in_one(self, sites, days):
        """The same rows, all of a site's in one file."""
        paths = [self.path(site, "u_extend1.log") for site in range(sites)]
        for site, path in enumerate(paths):
            with open(path, "w", newline="") as log:
                for day in range(days):
                    log.write(self.day(site, day))
        return paths

    def load(self, paths, rows):
        """(MiB of logs, rows, files, seconds of processors, MiB at the peak)."""
        done = measure.run([os.path.abspath(measure.PROGRAM), "report", "--format", "json", *paths])
        counted = sum(source["records"] for source in json.loads(done.out)["sources"])
        if counted != rows:
            sys.exit(f"{counted:,} rows were counted of {rows:,}")
        return sum(map(os.path.getsize, paths)) / (1 << 20), rows, len(paths), done.cpu, done.peak


def line(sites, days, loaded):
    size, rows, files, seconds, peak = loaded
    return f"| {sites} | {days} | {files:,} | {rows:,} | {size:,.0f} MiB | {seconds:.1f} | {peak:.0f} MiB | {peak * 1024 / sites / days:.0f} KiB |"


def measured(folder, given, told):
    """The lines of the table, and (sites, days, MiB) for the curve."""
    lines, curve = [], []

    def take(sites, days, logs, paths):
        loaded = logs.load(paths, sites * days * logs.rate * 1440)
        lines.append(line(sites, days, loaded))
        told(lines[-1])
        return loaded

    few = Logs(folder, given.rate)
    for sites in given.sites:
        for days in given.days:
            curve.append((sites, days, take(sites, days, few, few.files(sites, days))[4]))
    sites, days = given.sites[-1] // 4 or 1, given.days[-1]
    take(sites, days, few, few.in_one(sites, days))
    # Less of them, the more rows there are: so much fits onto a disk.
    for times in (4, 16):
        logs = Logs(folder, given.rate * times)
        fewer = max(sites * 4 // times, 1)
        take(fewer, days, logs, logs.files(fewer, days))
    return lines, curve


def chart(curve):
    """The curve as text: a bar for each part of the logs."""
    most = max(peak for _, _, peak in curve)
    bars = [f"{sites:>4} sites {days:>3} days {'█' * round(60 * peak / most) or '▏'} {peak:.0f}" for sites, days, peak in curve]
    return "\n".join(["```text", *bars, "```"])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sites", type=numbers, default=[10, 25, 50, 100])
    options.add_argument("--days", type=numbers, default=[1, 7, 15, 30])
    options.add_argument("--rate", type=int, default=2, help="rows a minute of each site")
    options.add_argument("--dir", help="where the logs go")
    options.add_argument("--readme", action="store_true", help="puts the table into README.md")
    given = options.parse_args()
    head = ["| sites | days | files | rows | logs | processor seconds | peak memory | of that a site and day |", "|---:|---:|---:|---:|---:|---:|---:|---:|"]
    print("\n".join(head), flush=True)
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        lines, curve = measured(folder, given, lambda line: print(line, flush=True))
    drawn = chart(curve)
    print(f"\n{drawn}")
    if given.readme:
        told = (f"{given.rate} rows a minute of each site, in the page cache; the last three: each site's in one file, and 4 and 16 times the rows. "
                f"{measure.machine()}.")
        measure.into_readme("scale", "\n".join([told, "", *head, *lines, "", "Peak memory in MiB:", "", drawn]))


if __name__ == "__main__":
    main()
