#!/usr/bin/env python3
"""How many instructions a row of a log costs, counted by callgrind: the same on any machine, however busy it is.

    apt-get install valgrind
    cargo build --release && python3 benches/instructions.py [--readme]

A small and a large log of each kind, made from a seed, are reported on with one thread; the difference, by the rows that the large one has
more, is what a row costs: starting and writing the report cost both alike. Below that the ten functions that cost most of it, without
those that they call. Needs Linux and Python 3.9.
"""
import argparse, collections, json, os, re, shutil, sys, tempfile

sys.dont_write_bytecode = True
import large_log, measure

KINDS = [("w3c", "W3C", "u_ex261120.log"), ("httperr", "HTTPERR", "httperr1.log")]
FUNCTION, CALL = re.compile(r"fn=\((\d+)\)(?: (.*))?"), re.compile(r"calls=|jump=|jcnd=")


def costs(path):
    """Instructions by function, from what callgrind wrote: each line of numbers is of the function named last, but for that after a
    call, which is of the one that was called."""
    names, found, function, skip = {}, collections.Counter(), None, False
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if name := FUNCTION.match(line):
                if name[2]:
                    names[name[1]] = name[2]
                function = name[1]
            elif CALL.match(line):
                skip = line.startswith("calls=")
            elif line[0] in "0123456789+-*" and function:
                if not skip:
                    found[function] += int(line.split()[1])
                skip = False
            elif named := re.match(r"cfn=\((\d+)\) (.*)", line):
                names[named[1]] = named[2]
    total = collections.Counter()
    for function, cost in found.items():
        total[re.sub(r"(::h[0-9a-f]{16})?('\d+)?$", "", names[function])] += cost
    return total


def counted(folder, log):
    """Instructions by function, and the rows that were counted."""
    out = os.path.join(folder, "callgrind.out")
    done = measure.run(["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", "--error-exitcode=99",
                        os.path.abspath(measure.PROGRAM), "report", "--format", "json", log], env={**os.environ, "RAYON_NUM_THREADS": "1"})
    records = sum(source["records"] for source in json.loads(done.out)["sources"])
    return costs(out), records


def a_row(folder, kind, name, sizes):
    """(instructions a row, rows more, bytes a row, [(function, instructions a row)])."""
    told = []
    for size in sizes:
        log = os.path.join(folder, name)
        rows = large_log.make(log, size, kind=kind)
        by_function, records = counted(folder, log)
        if records != rows:
            sys.exit(f"{records:,} rows were counted of {rows:,}")
        told.append((by_function, rows, os.path.getsize(log)))
    (few, fewer, smaller), (many, more, larger) = told
    rows = more - fewer
    functions = sorted(((cost - few[function]) / rows, function) for function, cost in many.items())
    total = sum(cost for cost, _ in functions)
    return total, rows, (larger - smaller) / rows, [(function, cost) for cost, function in functions[:-11:-1]]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", type=large_log.size, default=8 << 20, help="what is less than 4 MiB is read in another way")
    options.add_argument("--large", type=large_log.size, default=24 << 20)
    options.add_argument("--dir", help="where the logs go")
    options.add_argument("--readme", action="store_true", help="puts the table into README.md")
    given = options.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is missing: apt-get install valgrind")
    lines = ["| log | instructions a row | bytes a row | instructions a byte |", "|---|---:|---:|---:|"]
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        for kind, title, name in KINDS:
            total, rows, bytes_, functions = a_row(folder, kind, name, (given.small, given.large))
            print(f"{title}: {total:,.0f} instructions a row, by {rows:,} rows of {bytes_:.0f} bytes")
            for function, cost in functions:
                print(f"{cost:>10,.0f} {100 * cost / total:4.1f} %  {function}")
            lines.append(f"| {title} | {total:,.0f} | {bytes_:.0f} | {total / bytes_:.1f} |")
    if given.readme:
        measure.into_readme("instructions", "\n".join(lines))


if __name__ == "__main__":
    main()
