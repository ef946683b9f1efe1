#!/usr/bin/env python3
"""How soon a very large log is on the screen: where it ends, where somebody asks for, and all of it.

    cargo build --release && python3 benches/first_screen.py                  # makes 10 GiB in the folder for temporary files
    python3 benches/first_screen.py --log /tmp/u_ex261120.log --runs 5 --readme

Each start is on a pseudo-terminal of 120x40 that is read all the time. Taken down is when the first frame came, when requests of the moment
that is looked at were on it, when all of the log was loaded, and what that took; then how long it takes from a key until the five minutes
before that moment are listed by URL. Needs Linux and Python 3.9.
"""
import argparse, os, statistics, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
import measure
from pseudo_terminal import Program

PATIENCE = 300


def until(program, seen, begin):
    """Milliseconds until something is seen."""
    while not seen(program.screen.text()):
        if time.perf_counter() - begin > PATIENCE:
            sys.exit(f"never seen:\n{program.screen.text()}")
        program.read_for(0.002)
    return 1000 * (time.perf_counter() - begin)


def start(command):
    begin = time.perf_counter()
    program = Program(command, 120, 40)
    try:
        first = until(program, lambda text: "1 Requests" in text, begin)
        rows = until(program, lambda text: "1 Requests" in text and "1 Requests · no data" not in text, begin)
        loaded = until(program, lambda text: "loading" not in text, begin)
        cpu, peak = program.cpu(), program.peak()
        program.press(" ")
        program.read_for(1)
        program.press("1\r")
        until(program, lambda text: "Requests by application" in text, time.perf_counter())
        begin = time.perf_counter()
        program.press("\r")
        listed = until(program, lambda text: "by URL" in text and "/api/v2/orders" in text, begin)
        return first, rows, loaded, cpu, peak, listed
    finally:
        program.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", help="a log that benches/large_log.py made")
    parser.add_argument("--size", default="10GiB")
    parser.add_argument("--rows-a-second", type=int, default=810)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--readme", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = args.log or os.path.join(folder, "u_ex261120.log")
        if not args.log:
            maker = os.path.join(measure.HERE, "large_log.py")
            subprocess.run([sys.executable, maker, args.size, log, "--rows-a-second", str(args.rows_a_second)], check=True)
        size = os.path.getsize(log) / (1 << 30)
        why503 = os.path.abspath(measure.PROGRAM)
        ways = [("`watch`: its end", ["watch", log]), ("`replay --from`: the middle", ["replay", "--from", "2026-11-20T13:00:00Z", log]),
                ("`replay`: its beginning", ["replay", log])]
        lines = ["| | first frame | rows on it | all of it | processors | memory | 5 minutes by URL |", "|---|--:|--:|--:|--:|--:|--:|"]
        for name, command in ways:
            # Once for the page cache.
            runs = [start([why503, *command]) for _ in range(args.runs + 1)][1:]
            first, rows, loaded, cpu, peak, listed = map(statistics.median, zip(*runs))
            spread = f"{min(run[1] for run in runs):.0f}-{max(run[1] for run in runs):.0f}"
            lines.append(f"| {name} | {first:.0f} ms | {rows:.0f} ms | {loaded / 1000:.1f} s | {cpu:.1f} s | {peak:.0f} MiB | {listed:.0f} ms |")
            print(f"{lines[-1]}  rows in {spread} ms", flush=True)
        about = f"A W3C log of {size:.1f} GiB, {args.rows_a_second} rows a second, in the page cache as far as there is room; {measure.machine()}; the median of {args.runs} starts."
        text = "\n".join([about, "", *lines])
        print(text)
        if args.readme:
            measure.into_readme("first screen", text)


if __name__ == "__main__":
    main()
