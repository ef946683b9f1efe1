#!/usr/bin/env python3
"""What why503 costs the terminal and the machine, beside other programs that show what goes on, in the same pseudo-terminal.

    cargo build --release && python3 benches/terminal.py              # about 15 minutes; leave the machine alone meanwhile
    python3 benches/terminal.py --only why503,htop --sizes 80x24 --seconds 5
    python3 benches/terminal.py --readme                              # and the table goes into README.md

Each program runs at each size twice: on logs that nobody writes to, and while a process appends rows to one of them. Taken down are the
time of processors (the median of a few stretches), its children's included, and the bytes that it writes to the terminal, which is read all the time; and its memory at
the peak. The others are installed with `apt-get install htop btop lnav goaccess`; they run with the settings that they come with. Needs
Linux and Python 3.9.
"""
import argparse, datetime, multiprocessing, os, random, shutil, statistics, sys, tempfile, time

sys.dont_write_bytecode = True
import load_writer, measure
from pseudo_terminal import Ended, Program, plain

# Of the log that is there before: rows a second, and minutes.
ROWS, MINUTES = 50, 10
# Seconds that a program may take longer to show what it has to.
PATIENCE = 30
# Stretches of the time in which it is looked at; of the processors' time the median counts. A virtual machine's host takes some 20 ms now
# and then, and they are put down to whoever ran.
STRETCHES = 3
# Of why503: what is on the screen, the keys that lead there, and a text that proves it.
SCREENS = [("all panes", [], "1 Requests"), ("pane 1, requests", ["1", "z"], "►1 Requests"), ("pane 2, pool", ["2", "z"], "►2 Pool"),
           ("pane 3, NS slots", ["3", "z"], "►3 NS slots"), ("pane 4, findings", ["4", "z"], "►4 Findings"),
           ("pane 5, sources", ["5", "z"], "►5 Sources"), ("pane 6, log", ["6", "z"], "►6 Log"),
           ("a site's requests by URL", ["1", "\r", "\r"], "by URL")]


def programs(folder, log):
    """(name, command, keys, a text on its screen) of all."""
    watch = [os.path.abspath(measure.PROGRAM), "watch", folder]
    of_why503 = [(f"**why503**, {name}", watch, keys, text) for name, keys, text in SCREENS]
    return [*of_why503, ("**why503** --low-bandwidth, all panes", [*watch, "--low-bandwidth"], [], "1 Requests"),
            ("htop", ["htop"], [], "Tasks:"), ("btop", ["btop"], [], "proc"), ("lnav", ["lnav", log], [], "Files ::"),
            ("GoAccess", ["goaccess", log, "--log-format=W3C"], [], "Total Requests")]


def fill(folder, log):
    """The last minutes of a busy site, and of the pool's counter."""
    some = load_writer.blocks(ROWS, 16, random.Random(5))
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
    times = [now - datetime.timedelta(seconds=ago) for ago in range(MINUTES * 60, 0, -1)]
    os.makedirs(os.path.dirname(log))
    with open(log, "wb") as file:
        file.write(load_writer.HEADER.format(now=times[0]).encode())
        for number, at in enumerate(times):
            block = some[number % len(some)].replace(load_writer.STAMP.encode(), str(at).encode())
            file.write(block.replace(load_writer.COUNTER.encode(), b"%010d" % number))
    with open(os.path.join(folder, "counters.csv"), "w", newline="") as file:
        file.write('"(PDH-CSV 4.0) (Coordinated Universal Time)(0)","\\\\WEB01\\Memory\\Pool Nonpaged Bytes"\r\n')
        file.writelines(f'"{at:%m/%d/%Y %H:%M:%S}.000","{90_000_000 + number * 10_000}"\r\n' for number, at in enumerate(times[::5]))


class Writing:
    """Appends rows to a log until it is told to end; at a rate of 0, nothing."""

    def __init__(self, folder, rate, seconds):
        self.process = None
        if rate:
            context = multiprocessing.get_context("fork")
            wanted = argparse.Namespace(rate=rate, files=1, seconds=seconds, roll=0)
            go, self.rows = context.Event(), context.Array("Q", [0], lock=False)
            writer = load_writer.Writer(wanted, folder)
            self.process = context.Process(target=writer.run, args=(go, self.rows, context.Pipe(False)[1]), daemon=True)
            self.process.start()
            go.set()

    def end(self):
        if self.process:
            self.process.kill()
            self.process.join()


def measured(given, at, size, rate):
    """(percent of a processor, bytes a second, MiB at the peak) of one program; or a sentence."""
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        # As the writer calls its first log.
        log = os.path.join(folder, "W3SVC1", time.strftime("u_ex%y%m%d00.log", time.gmtime()))
        fill(folder, log)
        _, command, keys, text = programs(folder, log)[at]
        if not shutil.which(command[0]):
            return "not installed"
        writing = Writing(folder, rate, given.settle + len(keys) + given.seconds + 60)
        program = Program(command, *size)
        try:
            program.read_for(given.settle)
            for key in keys:
                program.press(key)
                program.read_for(0.7)
            # On a busy machine it may take its time.
            for _ in range(PATIENCE):
                if text in program.screen.text():
                    break
                program.read_for(1)
            else:
                return f"its screen lacks {text!r}: {plain(program.last)}"
            program.screen, program.bytes = None, 0
            written = writing.process and writing.rows[0]
            shares, begin = [], time.monotonic()
            for _ in range(STRETCHES):
                cpu, now = program.cpu(), time.monotonic()
                program.read_for(given.seconds / STRETCHES)
                shares.append(100 * (program.cpu() - cpu) / (time.monotonic() - now))
            took = time.monotonic() - begin
            if rate and writing.rows[0] - written < 0.97 * rate * took:
                return f"only {(writing.rows[0] - written) / took:,.0f} rows/s were written"
            return statistics.median(shares), program.bytes / took, program.peak()
        except Ended as why:
            return str(why)
        finally:
            writing.end()
            program.close()


def cells(results):
    """The cells of a program: for each of its runs, then the highest peak."""
    row = []
    for result in results:
        row += [result, ""] if isinstance(result, str) else [f"{result[0]:.2f} %", f"{result[1]:,.0f}"]
    peaks = [result[2] for result in results if not isinstance(result, str)]
    return [*row, f"{max(peaks):.0f} MiB" if peaks else ""]


def size(text):
    return tuple(int(part) for part in text.split("x"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12, help="that each is measured for")
    parser.add_argument("--settle", type=float, default=4, help="seconds before it is measured")
    parser.add_argument("--rate", type=int, default=10_000, help="rows a second")
    parser.add_argument("--sizes", type=lambda text: [size(part) for part in text.split(",")], default=[(80, 24), (200, 60)])
    parser.add_argument("--only", default="", help="programs with one of these texts in their names: why503,htop")
    parser.add_argument("--dir", help="where the logs go")
    parser.add_argument("--readme", action="store_true", help="puts the table into README.md")
    return parser.parse_args()


def main():
    given = arguments()
    names = [name for name, *_ in programs("", "")]
    wanted = [at for at, name in enumerate(names) if any(part.lower() in name.lower() for part in given.only.split(","))]
    runs = [(size, rate) for size in given.sizes for rate in (0, given.rate)]
    heads = [f"{width}×{height} {f'{rate:,} rows/s' if rate else 'idle'}: {what}" for (width, height), rate in runs
             for what in ("processor", "bytes/s")]
    lines = [f"| program | {' | '.join(heads)} | peak memory |", "|---|" + "---:|" * (len(heads) + 1)]
    print("\n".join(lines), flush=True)
    for at in wanted:
        lines.append(f"| {names[at]} | {' | '.join(cells([measured(given, at, *run) for run in runs]))} |")
        print(lines[-1], flush=True)
    if given.readme:
        told = (f"{given.seconds:g} s each, processors in % of one, the median of {STRETCHES} stretches; a W3C log of {ROWS * MINUTES * 60:,} rows, a counter's beside it for why503; "
                f"{measure.machine()}.")
        measure.into_readme("terminal", "\n".join([told, "", *lines]))


if __name__ == "__main__":
    main()
