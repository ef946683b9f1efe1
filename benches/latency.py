#!/usr/bin/env python3
"""How long a row that is appended takes to get onto the screen, while many are.

    cargo build --release && python3 benches/latency.py              # 10,000 rows a second
    python3 benches/latency.py --rate 1000 -- --fps 20               # what stands behind -- goes to why503

A process appends rows to a log every 10 ms and notes when; the pane of sources counts them on a terminal of 80x24, which is looked at every
few milliseconds. A row is on the screen when the count has reached it. Needs Linux and Python 3.9.
"""
import argparse, multiprocessing, os, re, sys, tempfile, time

sys.dont_write_bytecode = True
import measure
from pseudo_terminal import Program

HEADER = ("#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 00:00:00\r\n"
          "#Fields: date time cs-uri-stem c-ip sc-status sc-substatus time-taken\r\n")


def append(log, rate, seconds, told):
    """Appends rows; tells after each write when it was done, and how many there are."""
    times, rows, begin = [], 0, time.monotonic()
    with open(log, "ab", buffering=0) as file:
        while (now := time.monotonic() - begin) < seconds:
            due = int(now * rate) + 1
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
            file.write(f"{stamp} /shop/cart.aspx 10.0.0.7 200 0 15\r\n".encode() * (due - rows))
            rows = due
            times.append((time.monotonic(), rows))
            time.sleep(0.01)
    told.put(times)


def delays(times, seen):
    """Seconds of each row from when it was written to when the count on the screen had reached it."""
    found, before, shown = [], 0, iter(seen)
    at, count = next(shown)
    for written, rows in times:
        while count < rows:
            at, count = next(shown)
        found += [at - written] * (rows - before)
        before = rows
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=10_000, help="rows a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("flags", nargs="*", help="flags of why503")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "W3SVC1", "u_ex261120.log")
        os.makedirs(os.path.dirname(log))
        with open(log, "w", newline="") as file:
            file.write(HEADER)
        program = Program([os.path.abspath(measure.PROGRAM), "watch", folder, *given.flags], 80, 24)
        try:
            program.read_for(2)
            for key in "5z":
                program.press(key)
                program.read_for(0.7)
            context = multiprocessing.get_context("fork")
            told = context.Queue()
            writer = context.Process(target=append, args=(log, given.rate, given.seconds, told), daemon=True)
            writer.start()
            seen, end = [], time.monotonic() + given.seconds + 2
            while time.monotonic() < end:
                program.read_for(0.003)
                if count := re.search(r"u_ex261120\.log\s+w3c\s+(\d+)", program.screen.text()):
                    seen.append((time.monotonic(), int(count[1])))
            found = delays(told.get(timeout=10), seen)
        finally:
            program.close()
    half, most = (1000 * found[int(len(found) * part)] for part in (0.5, 0.99))
    print(f"{len(found):,} rows, {given.rate:,} a second: {half:.0f} ms at the median, {most:.0f} ms at the 99th percentile")


if __name__ == "__main__":
    sys.exit(main())
