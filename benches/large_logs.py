#!/usr/bin/env python3
"""How long why503 takes for a large log, beside other tools that read it, all in one run.

    cargo build --release && python3 benches/large_logs.py            # a log of 1 GiB, in a folder of the system's for temporary files
    python3 benches/large_logs.py --size 10GiB --dir /data --readme   # and the table goes into README.md

The log is made from a seed (benches/large_log.py). It is read once before, so that no disk is measured. Each command runs once with an eye
on its memory, which takes time, and then several times without, in turn with the others; the median counts: of the time on the wall, and of
the processors' time. What is not installed is left out: ripgrep, mawk, GoAccess, lnav, and DuckDB as a package of this Python. Needs Linux and Python 3.9.
"""
import argparse, importlib.util, os, shutil, statistics, sys, tempfile

sys.dont_write_bytecode = True
import large_log, measure

# What ripgrep ends with.
MAY_FIND_NOTHING = (0, 1)
COLUMNS = ("d,t,sip,method,stem,query,port,username,cip,agent,referer,status,substatus,win32,taken").split(",")
TABLE = "read_csv('{}', delim=' ', header=false, comment='#', quote='', auto_detect=false, columns={{{}}})"
COUNT = "select count(*) from {} where status = '503' and substatus = '2'"
# The definition of the upper bound: a request may touch each second from its earliest begin to the one that it ended in.
PEAK = """with r as (select epoch(strptime(d || ' ' || t, '%Y-%m-%d %H:%M:%S'))::bigint s, taken::bigint k from {}),
e as (select (s * 1000 - k) // 1000 s, 1 n from r union all select s + 1, -1 from r), p as (select s, sum(n) n from e group by s)
select max(n) from (select sum(n) over (order by s) n from p)"""


def commands(log):
    """(name, what it does, command) of what is installed."""
    table = TABLE.format(log, ", ".join(f"'{column}': 'VARCHAR'" for column in COLUMNS))
    duck = lambda query: [sys.executable, "-c", f"import duckdb; print(duckdb.sql({query.format(table)!r}).fetchall())"]
    every = [
        ("`wc -l`", "counts lines", ["wc", "-l", log]),
        ("**why503 report**", "everything: in flight by application, refusals, findings with their proof", [measure.PROGRAM, "report", "--format", "json", log]),
        ("ripgrep", "counts lines with one text", ["rg", "-c", " 503 2 ", log]),
        ("mawk", "counts by two columns", ["mawk", '$12 == 503 { n++ } $13 == 2 { m++ } END { print n, m }', log]),
        ("DuckDB", "counts by two columns", duck(COUNT)),
        ("DuckDB", "the most in flight, one bound", duck(PEAK)),
        ("lnav", "counts by two columns", ["lnav", "-n", "-c", ";select count(*) from w3c_log where sc_status = 503 and sc_substatus = 2", log]),
        ("GoAccess", "its own report", ["goaccess", log, "--log-format=W3C", "--no-progress", "-o", os.path.join(os.path.dirname(log), "goaccess.json")]),
    ]
    has_duckdb = importlib.util.find_spec("duckdb")
    return [entry for entry in every if (has_duckdb if entry[0] == "DuckDB" else shutil.which(entry[2][0]))]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", default="1GiB")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--dir", help="where the log goes")
    options.add_argument("--readme", action="store_true", help="puts the table into README.md")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        log = os.path.join(folder, "u_ex261120.log")
        rows = large_log.make(log, large_log.size(given.size))
        os.sync()
        chosen = commands(log)
        with open(log, "rb") as file:
            while file.read(1 << 24):
                pass
        fine = lambda command: MAY_FIND_NOTHING if command[0] == "rg" else (0,)
        watched = [measure.run(command, fine(command)) for _, _, command in chosen]
        taken = [[] for _ in chosen]
        for _ in range(given.runs):
            for (_, _, command), first, runs in zip(chosen, watched, taken):
                # What takes long is not asked again.
                if first.wall < 20:
                    runs.append(measure.run(command, fine(command), watch=False))
    lines = [f"{given.size} of W3C rows ({rows:,}), in the page cache; {measure.machine()}; the median of {given.runs} runs, of what took over 20 s one.", "",
             "| program | does | seconds | × `wc -l` | processor seconds | peak memory |", "|---|---|---:|---:|---:|---:|"]
    median = lambda at, column: statistics.median([one[column] for one in taken[at] or [watched[at]]])
    for at, (name, does, _) in enumerate(chosen):
        lines.append(f"| {name} | {does} | {median(at, 0):.2f} | {median(at, 0) / median(0, 0):.1f} | {median(at, 1):.2f} | {watched[at].peak:.0f} MiB |")
    table = "\n".join(lines)
    print(table)
    if given.readme:
        measure.into_readme("large logs", table)


if __name__ == "__main__":
    main()
