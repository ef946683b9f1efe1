#!/usr/bin/env python3
"""How long why503 takes for a large log, beside other tools that read it, all in one run.

    cargo build --release && python3 benches/large_logs.py            # a log of 1 GiB, in a folder of the system's for temporary files
    python3 benches/large_logs.py --size 10GiB --dir /data --readme   # and the table goes into README.md

The log is made from a seed (benches/large_log.py). It is read once before, so that no disk is measured. Each command runs several times,
in turn with the others; the median counts: of the time on the wall, of the processors' time, and of the peak of memory. What is not
installed is left out: ripgrep, mawk, GoAccess, lnav, and DuckDB as a package of this Python. Needs Linux and Python 3.9.
"""
import argparse, importlib.util, os, platform, re, shutil, statistics, subprocess, sys, tempfile, threading, time

sys.dont_write_bytecode = True
import large_log

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "..", "target", "release", "why503")
README = os.path.join(HERE, "..", "README.md")
BEGIN, END = "<!-- large logs: begin -->", "<!-- large logs: end -->"

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
        ("**why503 report**", "everything: in flight by application, refusals, findings with their proof", [PROGRAM, "report", "--format", "json", log]),
        ("ripgrep", "counts lines with one text", ["rg", "-c", " 503 2 ", log]),
        ("mawk", "counts by two columns", ["mawk", '$12 == 503 { n++ } $13 == 2 { m++ } END { print n, m }', log]),
        ("DuckDB", "counts by two columns", duck(COUNT)),
        ("DuckDB", "the most in flight, one bound", duck(PEAK)),
        ("lnav", "counts by two columns", ["lnav", "-n", "-c", ";select count(*) from w3c_log where sc_status = 503 and sc_substatus = 2", log]),
        ("GoAccess", "its own report", ["goaccess", log, "--log-format=W3C", "--no-progress", "-o", os.devnull + ".json"]),
    ]
    has_duckdb = importlib.util.find_spec("duckdb")
    return [entry for entry in every if (has_duckdb if entry[0] == "DuckDB" else shutil.which(entry[2][0]))]


def watch_memory(pid, name, peaks):
    """The peak so far, again and again: what the kernel tells at the end counts the memory of this Python, too."""
    while True:
        try:
            with open(f"/proc/{pid}/cmdline") as line, open(f"/proc/{pid}/status") as lines:
                command = line.read().split("\0")
                peak = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
        except OSError:
            return
        if not peak:
            return
        # Until the command begins, it is a copy of this Python.
        if name in command:
            peaks += peak
        time.sleep(0.003)


def run(command, folder):
    """Seconds on the wall, of processors, and MiB at the peak."""
    command = [os.path.join(folder, "goaccess.json") if part == os.devnull + ".json" else part for part in command]
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        peaks = [0]
        name = command[0]
        watcher = threading.Thread(target=watch_memory, args=(child.pid, command[0], peaks))
        watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        watcher.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        # why503 ends with 1 where it has found something.
        # ripgrep ends with 1 where nothing is found.
        if child.returncode > (name == "rg"):
            out.seek(0)
            sys.exit(f"{command[0]} ended with {child.returncode}: {out.read().decode(errors='replace')[-400:]}")
    return wall, usage.ru_utime + usage.ru_stime, max(peaks) / 1024


def machine():
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as lines:
        memory = int(re.search(r"MemTotal:\s+(\d+)", lines.read())[1]) / (1 << 20)
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB of memory, Linux {platform.release().split('-')[0]}"


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
        chosen = commands(log)
        run(["cat", log], folder)
        taken = {}
        for _ in range(given.runs):
            for at, (name, does, command) in enumerate(chosen):
                # What takes long is not asked as often.
                if statistics.median([one[0] for one in taken.get(at, [(0,)])]) < 20 or at not in taken:
                    taken.setdefault(at, []).append(run(command, folder))
    lines = [f"{given.size} of W3C rows ({rows:,}), in the page cache; {machine()}; the median of {given.runs} runs, of what took over 20 s one.", "",
             "| program | does | seconds | × `wc -l` | processor seconds | peak memory |", "|---|---|---:|---:|---:|---:|"]
    median = lambda at, column: statistics.median([one[column] for one in taken[at]])
    for at, (name, does, _) in enumerate(chosen):
        lines.append(f"| {name} | {does} | {median(at, 0):.2f} | {median(at, 0) / median(0, 0):.1f} | {median(at, 1):.2f} | {median(at, 2):.0f} MiB |")
    table = "\n".join(lines)
    print(table)
    if given.readme:
        with open(README, encoding="utf-8") as file:
            text = file.read()
        head, rest = text.split(BEGIN, 1)
        with open(README, "w", encoding="utf-8") as file:
            file.write(f"{head}{BEGIN}\n{table}\n{END}{rest.split(END, 1)[1]}")


if __name__ == "__main__":
    main()
