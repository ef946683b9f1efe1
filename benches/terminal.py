#!/usr/bin/env python3
"""What why503 costs the terminal and the machine, in a pseudo-terminal: Linux, Python 3, nothing else.

    cargo build --release && python3 benches/terminal.py target/release/why503

A write is one read of what the program wrote, so writes a second are frames a second as long as a frame fits into the terminal's buffer.
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

HEADER = (
    "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: {now}\r\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\r\n"
)
ROW = "{now} 10.0.0.5 GET /app{app}/page{page}.aspx - 443 - 10.1.{net}.{host} Mozilla/5.0 - {status} 0 0 {taken}\r\n"


def utc():
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())


class Writer(threading.Thread):
    """Appends W3C rows to a log, so many a second in steps of 50 ms."""

    def __init__(self, path, rate):
        super().__init__(daemon=True)
        self.path, self.rate, self.stop, self.lines = path, rate, threading.Event(), 0

    def run(self):
        # Rows are made before the clock runs; only their second is put in.
        rows = [
            ROW.format(now="{now}", app=i % 7, page=i % 97, net=i % 11, host=i % 251, status=200 if i % 50 else 404, taken=20 + i % 400)
            for i in range(5000)
        ]
        step, begin = 0.05, time.monotonic()
        with open(self.path, "a", newline="", buffering=1 << 20) as log:
            while not self.stop.is_set():
                wanted = int((time.monotonic() - begin) * self.rate)
                now = utc()
                log.write("".join(rows[i % 5000].replace("{now}", now) for i in range(self.lines, wanted)))
                log.flush()
                self.lines = wanted
                time.sleep(step)


class Screen:
    """A program in a terminal, and what it writes."""

    def __init__(self, command, rows, cols):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_CONFIG_HOME": "/nonexistent"}
        env.pop("NO_COLOR", None)
        self.program = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal, env=env)
        os.close(slave)
        self.master, self.bytes, self.writes = master, 0, 0

    def read_for(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.bytes += len(os.read(self.master, 1 << 20))
                except OSError:
                    sys.exit(f"it ended by itself: exit code {self.program.wait()}")
                self.writes += 1

    def cpu(self):
        """Seconds of processor time of all its threads so far. /proc/PID/stat would tell in steps of 10 ms only."""
        tasks = f"/proc/{self.program.pid}/task"
        total = 0
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/schedstat", encoding="ascii") as stat:
                    total += int(stat.read().split()[0])
            except FileNotFoundError:
                pass  # It has just ended.
        return total / 1e9

    def resident(self):
        with open(f"/proc/{self.program.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024

    def close(self):
        self.program.send_signal(signal.SIGTERM)
        while self.program.poll() is None:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    os.read(self.master, 1 << 20)
                except OSError:
                    pass
        os.close(self.master)


def measure(options, rate, args, low):
    """Runs one scenario; gives its row of the table."""
    rows, cols = options.size
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "u_ex.log")
        with open(log, "w", newline="") as file:
            file.write(HEADER.format(now=utc()))
            file.write("".join(ROW.format(now=utc(), app=1, page=i, net=1, host=i, status=200, taken=30) for i in range(200)))
        command = [options.binary, *(arg.replace("{folder}", folder) for arg in args), *(["--low-bandwidth"] if low else [])]
        writer = Writer(log, rate) if rate else None
        screen = Screen(command, rows, cols)
        if writer:
            writer.start()
        screen.read_for(options.settle)
        screen.bytes = screen.writes = 0
        cpu, begin = screen.cpu(), time.monotonic()
        screen.read_for(options.seconds)
        took = time.monotonic() - begin
        share = (screen.cpu() - cpu) / took
        row = (screen.bytes / took, screen.writes / took, 100 * share, screen.resident())
        if writer:
            writer.stop.set()
            writer.join()
        screen.close()
        return row


def size(text):
    cols, rows = (int(part) for part in text.split("x"))
    return rows, cols


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the program, such as target/release/why503")
    parser.add_argument("--seconds", type=float, default=20, help="for each scenario (default 20)")
    parser.add_argument("--settle", type=float, default=3, help="before it is measured (default 3)")
    parser.add_argument("--rate", type=int, default=10_000, help="lines a second (default 10,000)")
    parser.add_argument("--size", type=size, default=(24, 80), help="columns and rows (default 80x24)")
    parser.add_argument("--normal-only", action="store_true", help="not with --low-bandwidth: for versions that have no such flag")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    scenarios = [
        ("watch, idle", 0, ["watch", "{folder}"]),
        (f"watch, {options.rate} lines/s", options.rate, ["watch", "{folder}"]),
        ("demo", 0, ["demo"]),
    ]
    rows, cols = options.size
    print(f"{cols}x{rows}, {options.seconds:g} s each")
    print(f"{'scenario':<36}{'bytes/s':>10}{'frames/s':>10}{'CPU %':>8}{'RSS MiB':>9}")
    for name, rate, args in scenarios:
        for low in [False] if options.normal_only else [False, True]:
            bytes_, frames, cpu, resident = measure(options, rate, args, low)
            label = name + (", --low-bandwidth" if low else "")
            print(f"{label:<36}{bytes_:>10.0f}{frames:>10.2f}{cpu:>8.2f}{resident:>9.1f}", flush=True)


if __name__ == "__main__":
    main()
