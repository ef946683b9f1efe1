#!/usr/bin/env python3
"""The load that why503 must stand: 50,000 rows a second over 20 logs, for ten minutes.

    cargo build --release && python3 benches/load.py            # a try: --seconds 60

A writer makes the logs of 20 busy IIS sites. Three followers read them while they grow, each of which can be left out:
  headless  watch --headless --json   its lines must be those written, its digest that of the finished files read again
  screen    watch in a terminal       its report (key e) must count the lines written; keys are pressed and timed meanwhile
  record    record --headless         (--record) its lines, and those of its recording read again, must be those written
Each second memory, processor time and bytes to the terminal are taken down. Ends with 0 if every check passes, else 1.
Needs Linux and Python 3.9; writes only to a folder under --dir, about 2 MB for every 10,000 rows.
"""
import argparse, codecs, fcntl, glob, json, multiprocessing, os, pty, random, re, shutil, signal, statistics, struct
import subprocess, sys, tempfile, termios, threading, time

HEADER = ("#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: {now}\r\n#Fields: date time s-ip cs-method "
          "cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n")
STAMP, COUNTER = "0000-00-00 00:00:00", "@@@@@@@@@@"
# Stem, weight, usual milliseconds.
STEMS = [("/default.aspx", 30, 40), ("/shop/cart.aspx", 15, 180), ("/shop/images/logo.png", 25, 3), ("/secars/secars.dll", 12, 900),
         ("/reporting/summary.php", 3, 4000), ("/content/update.zip", 5, 12000), ("/Altiris/NS/Agent/GetClientPolicies.aspx", 6, 700),
         ("/Altiris/NS/Agent/GetPackageInfo.aspx", 2, 250), ("/api/v1/orders", 2, 90)]
STATUSES = [("200 0 0", 900), ("304 0 0", 60), ("404 0 2", 20), ("401 2 5", 12), ("500 0 64", 5), ("503 2 0", 3)]
AGENTS = ["Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/130.0.0.0+Safari/537.36", "Smc",
          "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64;+rv:132.0)+Gecko/20100101+Firefox/132.0", "Altiris+Agent"]
REFERERS = ["-", "https://shop.example.com/catalogue/tools.aspx", "https://intranet.example.com/"]
# A key, what the screen then shows (or, with !, no longer shows).
KEYS = [("?", "Keys (up"), ("?", "!Keys (up"), ("5", "5 Sources"), ("6", "6 Log"), (" ", "paused"), (" ", "!paused"), ("+", "last 10 min"),
        ("-", "last 5 min"), ("1", ""), ("\r", "Requests by application"), ("\x1b", "!Requests by application"), ("4", ""),
        ("\r", "Finding iis-503-2"), ("\x1b", "!Finding iis-503-2")]


def blocks(rows, count, rng):
    """Blocks of rows with holes for the time and for the id's leading digits: a flush costs two replacements, not `rows` rows."""
    def row(i):
        stem, _, usual = rng.choices(STEMS, [w for _, w, _ in STEMS])[0]
        status = rng.choices([s for s, _ in STATUSES], [w for _, w in STATUSES])[0]
        taken = 0 if status[0] == "4" or status == "503 2 0" else int(rng.lognormvariate(0, 1) * usual)
        tail = str(i).zfill(len(str(rows)) - 1) if rows > 1 else ""
        return (f"{STAMP} 10.0.0.5 {rng.choice(['GET', 'GET', 'POST'])} {stem} id={COUNTER}{tail} 443 - "
                f"10.{rng.randrange(4)}.{rng.randrange(250)}.{rng.randrange(250)} {rng.choice(AGENTS)} {rng.choice(REFERERS)} {status} {taken}\r\n")
    return ["".join(map(row, range(rows))).encode() for _ in range(count)]


class Writer:
    """Appends to all logs in turn at a steady rate. Runs in a process of its own."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        a_log = args.rate / args.files
        # A flush every 20 to 200 ms, where the rate allows it.
        self.rows = next(n for n in (1000, 100, 10, 1) if a_log >= 5 * n or n == 1)
        self.steps = max(1, round(args.rate * args.seconds / self.rows))
        self.rng = random.Random(503)
        self.blocks = blocks(self.rows, 64, self.rng)
        self.logs, self.held, self.numbers, self.rolls = [], [b""] * args.files, [0] * args.files, 0

    def bytes_needed(self):
        return sum(map(len, self.blocks)) / len(self.blocks) * self.steps

    def open_logs(self):
        """New logs, as IIS begins them when its period is over. What is held back of a row is the old log's."""
        for k, log in enumerate(self.logs):
            os.write(log, self.held[k])
            os.close(log)
        day, now = time.strftime("%y%m%d", time.gmtime()), stamp()
        self.logs = []
        for k in range(self.args.files):
            site = os.path.join(self.folder, f"W3SVC{k + 1}")
            os.makedirs(site, exist_ok=True)
            self.logs.append(os.open(os.path.join(site, f"u_ex{day}{self.rolls:02}.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND))
            self.held[k] = HEADER.format(now=now).encode()
        self.rolls += 1

    def flush(self, k):
        """One more block to log `k`; every third flush ends in the middle of a row, as those of HTTP.sys do."""
        block = self.rng.choice(self.blocks).replace(STAMP.encode(), stamp().encode())
        data = self.held[k] + block.replace(COUNTER.encode(), b"%010d" % self.numbers[k])
        self.numbers[k] += 1
        cut = len(data) - (self.rng.randrange(1, 150) if self.rng.randrange(3) == 0 else 0)
        os.write(self.logs[k], data[:cut])
        self.held[k] = data[cut:]

    def run(self, go, shared, answer):
        """`shared` holds rows written so far. Answers with rows, seconds, and how late the latest flush was."""
        self.open_logs()
        shared[0] = 0
        go.wait()
        begin, late, roll = time.monotonic(), 0.0, self.args.roll * 60
        for step in range(self.steps):
            due = begin + step * self.rows / self.args.rate
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
            late = max(late, now - due)
            if roll and now - begin > self.rolls * roll:
                self.open_logs()
            self.flush(step % self.args.files)
            shared[0] = (step + 1) * self.rows
        seconds = time.monotonic() - begin
        for k, log in enumerate(self.logs):
            os.write(log, self.held[k])
        answer.send((self.steps * self.rows, seconds, late))


def stamp():
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())


class Screen:
    """As much of a terminal as why503 uses: the cursor is moved and text is written. Colours do not matter."""
    PARTS = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|([^\x1b]+)|\x1b[^\[\]()]")

    def __init__(self, width, height):
        self.width, self.height, self.row, self.column, self.rest = width, height, 0, 0, ""
        self.cells = [[" "] * width for _ in range(height)]
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def feed(self, data):
        text, end = self.rest + self.decode(data), 0
        for part in self.PARTS.finditer(text):
            if part.start() != end:
                break
            end = part.end()
            if part[3]:
                self.write(part[3])
            elif part[2] == "H":
                numbers = [int(n or 1) for n in part[1].split(";")] if part[1] else [1, 1]
                self.row, self.column = numbers[0] - 1, (numbers + [1])[1] - 1
            elif part[2] == "J":
                self.cells = [[" "] * self.width for _ in range(self.height)]
        self.rest = text[end:]

    def write(self, text):
        for c in text:
            if c >= " " and self.row < self.height and self.column < self.width:
                self.cells[self.row][self.column] = c
                self.column += 1

    def text(self):
        return "\n".join(map("".join, self.cells))


class Follower:
    """A why503 and what was seen of it each second: memory, processor time."""

    def __init__(self, name, command, cwd, out=None, **how):
        self.name, self.command, self.samples, self.cpu = name, command, [], None
        self.errors = open(os.path.join(cwd, f"{name}.err"), "w+b")
        self.out = out or open(os.path.join(cwd, f"{name}.out"), "w+b")
        self.process = subprocess.Popen(command, cwd=cwd, stdin=how.pop("stdin", subprocess.DEVNULL), stdout=self.out, stderr=self.errors, **how)

    def sample(self, at):
        """Takes down (seconds since the beginning, MB resident, percent of a processor)."""
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
                memory = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024
            with open(f"/proc/{self.process.pid}/stat") as stat:
                used = sum(map(int, stat.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
        except (OSError, TypeError):
            return
        now, last = time.monotonic(), self.cpu
        self.cpu = (now, used)
        if last:
            self.samples.append((at, memory, 100 * (used - last[1]) / (now - last[0])))

    def read_so_far(self):
        """Bytes that it has read since it began."""
        try:
            with open(f"/proc/{self.process.pid}/io") as io:
                return int(re.search(r"rchar: (\d+)", io.read())[1])
        except OSError:
            return 0

    def end(self):
        """Asks it to end; gives its last line as JSON, if it is any."""
        self.process.send_signal(signal.SIGTERM)
        return self.summary()

    def summary(self):
        status = self.process.wait(timeout=600)
        self.out.seek(0)
        lines = self.out.read().splitlines()
        try:
            return json.loads(lines[-1])
        except (IndexError, ValueError):
            self.errors.seek(0)
            print(f"{self.name} ended with {status}: {self.errors.read().decode('utf-8', 'replace').strip()}")
            return {}


class Terminal(Follower):
    """A why503 on a terminal of 80 by 24, with somebody who presses keys."""

    def __init__(self, name, command, cwd):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color"}
        super().__init__(name, command, cwd, out=slave, stdin=slave, start_new_session=True, env=environment)
        os.close(slave)
        self.cwd, self.screen, self.bytes, self.wanted = cwd, Screen(80, 24), 0, None
        self.lock, self.shown, self.presses = threading.Condition(), None, []
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        while True:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                return
            now = time.monotonic()
            with self.lock:
                self.bytes += len(data)
                self.screen.feed(data)
                if self.wanted and self.shown is None and self.shows(self.wanted):
                    self.shown = now
                    self.lock.notify()

    def shows(self, text):
        return (text[1:] not in self.screen.text()) if text.startswith("!") else text in self.screen.text()

    def press(self, key, text, patience=10.0, note=True):
        """Presses a key and waits for what it shows. Milliseconds, or None if it was not shown in time."""
        with self.lock:
            # What is shown already tells nothing about this key.
            told = bool(text) and not self.shows(text)
            self.wanted, self.shown = (text if told else None), None
            begin = time.monotonic()
            os.write(self.master, key.encode())
            if not told:
                return None
            self.lock.wait_for(lambda: self.shown is not None, patience)
            taken = (self.shown - begin) * 1000 if self.shown is not None else None
            self.wanted = None
        if note:
            self.presses.append((key, text, taken))
        return taken

    def report(self, wanted, patience=60.0):
        """What it says in its report, asked again until it has counted what was written. (Report, seconds)."""
        begin = time.monotonic()
        while True:
            for old in glob.glob(os.path.join(self.cwd, "why503-*.json")):
                os.remove(old)
            self.press("e", "written: why503-", note=False)
            found = glob.glob(os.path.join(self.cwd, "why503-*.json"))
            report = json.load(open(found[0])) if found else {"sources": []}
            taken = time.monotonic() - begin
            if sum(s["records"] for s in report["sources"]) >= wanted or taken > patience or self.process.poll() is not None:
                return report, taken
            # Any key takes the message away.
            self.press("6", "", note=False)
            time.sleep(0.5)

    def quit(self):
        os.write(self.master, b"q")
        return self.process.wait(timeout=20)


def drive(args, followers, terminal, shared, writer):
    """Samples each second and presses keys until the writer is done."""
    begin, last_bytes, traffic, keys, rng = time.monotonic(), 0, [], 0, random.Random(80)
    next_second, next_key, next_told = 1.0, 3.0, 60.0
    while writer.is_alive():
        now = time.monotonic() - begin
        if now >= next_second:
            next_second = int(now) + 1.0
            for follower in followers:
                follower.sample(now)
            if terminal:
                traffic.append(terminal.bytes - last_bytes)
                last_bytes = terminal.bytes
        if now >= next_told:
            next_told += 60
            state = [f"{f.name} {f.samples[-1][1]:.1f} MB {f.samples[-1][2]:.0f} %" for f in followers if f.samples]
            print(f"{now:5.0f} s: {shared[0]:>12,} rows, {', '.join(state)}", flush=True)
        if terminal and now >= next_key:
            # At no fixed beat, so that keys fall on every part of a second.
            next_key = now + args.key_every * rng.uniform(0.5, 1.5)
            key, text = KEYS[keys % len(KEYS)]
            keys += 1
            terminal.press(key, text)
        time.sleep(0.02)
    return traffic


def settle(followers, patience=30.0):
    """Waits until nobody has anything left to read: a follower that lags is late, not wrong. Gives the seconds by name."""
    begin, busy = time.monotonic(), {f.name: 0.0 for f in followers}
    before = {f.name: f.read_so_far() for f in followers}
    while time.monotonic() - begin < patience:
        time.sleep(1)
        now = {f.name: f.read_so_far() for f in followers}
        moving = [name for name in now if now[name] - before[name] > 1 << 20]
        for name in moving:
            busy[name] = time.monotonic() - begin
        if not moving:
            break
        before = now
    return busy


class Verdict:
    """The checks, in the order in which they were made."""

    def __init__(self):
        self.rows = []

    def check(self, what, passed, figures):
        self.rows.append((what, passed, figures))

    def show(self):
        print()
        for what, passed, figures in self.rows:
            print(f"{'PASS' if passed else 'FAIL'}  {what:<28} {figures}")
        return 0 if all(passed for _, passed, _ in self.rows) else 1


def check_memory(args, verdict, follower):
    """Flat: the median of the last minute is that of the second, but for the timeline's due."""
    span = min(60.0, args.seconds / 4)
    def median(begin, end):
        return statistics.median([m for at, m, _ in follower.samples if begin <= at < end] or [0.0])
    minutes = [median(at, at + span) for at in (i * span for i in range(int(args.seconds // span)))]
    if len(minutes) < 4:
        return
    second, last = minutes[1], minutes[-1]
    allowed = second * args.growth / 100
    cpu = statistics.mean(cpu for _, _, cpu in follower.samples)
    print(f"{follower.name}: {cpu:.0f} % of a processor; MB each {span:.0f} s: {' '.join(f'{m:.1f}' for m in minutes)}")
    a_minute = (last - second) / (len(minutes) - 2) * 60 / span
    verdict.check(f"{follower.name}: memory flat", last - second <= allowed,
                  f"{second:.1f} MB, then {last:.1f} MB: {a_minute:+.2f} MB a minute (at most {args.growth} %)")


def check_keys(args, verdict, terminal, traffic):
    taken = sorted(t for _, _, t in terminal.presses if t is not None)
    silent = [(key, text) for key, text, t in terminal.presses if t is None]
    if not taken:
        return verdict.check("keys", False, "no key was answered")
    p50, p99, most = taken[len(taken) // 2], taken[min(len(taken) - 1, len(taken) * 99 // 100)], taken[-1]
    worst = sorted(((t, key, text) for key, text, t in terminal.presses if t is not None), reverse=True)[:5]
    print("slowest keys: " + ", ".join(f"{t:.0f} ms {key!r} {text!r}" for t, key, text in worst))
    print(f"terminal: {statistics.median(traffic):,.0f} bytes a second, at most {max(traffic):,}")
    figures = f"{len(taken)} keys: p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {most:.0f} ms"
    verdict.check("keys: all answered", not silent, f"{len(silent)} not within 10 s {silent[:3] or ''}")
    verdict.check("keys: p99 in time", p99 <= args.key_limit, figures)
    verdict.check("keys: max in time", most <= args.key_limit, figures)


def check_counts(verdict, name, summary, rows):
    """What a headless follower counted, against what was written."""
    lost = sum(s.get("lost_bytes") or 0 for s in summary.get("sources", []))
    pending = sum(s.get("pending_bytes") or 0 for s in summary.get("sources", []))
    lines, malformed = summary.get("lines"), summary.get("malformed")
    verdict.check(f"{name}: nothing lost", (lines, malformed, lost, pending) == (rows, 0, 0, 0),
                  f"{lines} of {rows} lines, {malformed} malformed, {lost} bytes lost, {pending} pending")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--rate", type=int, default=50_000, help="rows a second, over all logs")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--roll", type=float, default=0, help="minutes after which new logs begin; 0: never")
    parser.add_argument("--dir", default=None, help="where to write (default: TMPDIR)")
    parser.add_argument("--keep", action="store_true", help="leave the logs and all output there")
    parser.add_argument("--binary", default=os.path.join(here, "target", "release", "why503"))
    parser.add_argument("--no-tui", action="store_true")
    parser.add_argument("--no-headless", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--key-every", type=float, default=1.0, help="seconds between two keys")
    parser.add_argument("--key-limit", type=float, default=100.0, help="milliseconds in which a key must show")
    parser.add_argument("--growth", type=float, default=5.0, help="percent that memory may grow from the second minute to the last")
    return parser.parse_args()


def main():
    args = arguments()
    folder = tempfile.mkdtemp(prefix="why503-load-", dir=args.dir)
    try:
        return run(args, folder)
    finally:
        if args.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def run(args, folder):
    logs = os.path.join(folder, "logs")
    writer = Writer(args, logs)
    needed = writer.bytes_needed() * (2 if args.record else 1) * 1.1 + (1 << 30)
    free = shutil.disk_usage(folder).free
    if free < needed:
        print(f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free: choose another --dir, or fewer --seconds")
        return 1
    context = multiprocessing.get_context("fork")
    go, shared, (answer, to_answer) = context.Event(), context.Array("Q", [1], lock=False), context.Pipe(False)
    process = context.Process(target=writer.run, args=(go, shared, to_answer))
    process.start()
    while shared[0]:
        time.sleep(0.01)
    read = [args.binary, "watch", "--headless", "--json", "--from-start"]
    followers, terminal, headless, record = [], None, None, None
    if not args.no_headless:
        headless = Follower("headless", [*read, "logs"], folder)
    if args.record:
        record = Follower("record", [args.binary, "record", "--headless", "--json", "-o", "recording", "--from-start", "logs"], folder)
    if not args.no_tui:
        terminal = Terminal("screen", [args.binary, "watch", "logs"], folder)
    followers = [f for f in (headless, record, terminal) if f]
    time.sleep(1)
    print(f"{args.rate:,} rows a second over {args.files} logs for {args.seconds} s: {needed / 1.1e9:.1f} GB in {folder}", flush=True)
    go.set()
    traffic = drive(args, followers, terminal, shared, process)
    rows, seconds, late = answer.recv()
    process.join()
    late_by = settle(followers)
    print(f"written: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} a second, flushes at most {late * 1000:.0f} ms late")
    print("read on after the last row: " + ", ".join(f"{name} {s:.0f} s" for name, s in late_by.items()))
    verdict = Verdict()
    verdict.check("written at the rate", rows / seconds >= 0.99 * args.rate, f"{rows / seconds:,.0f} rows a second of {args.rate:,}")
    for follower in followers:
        check_memory(args, verdict, follower)
    if terminal:
        check_keys(args, verdict, terminal, traffic)
        check_screen(verdict, terminal, rows)
    again = Follower("again", [*read, "--for", "0", "logs"], folder).summary()
    check_counts(verdict, "finished logs", again, rows)
    if headless:
        live = headless.end()
        check_counts(verdict, "headless", live, rows)
        verdict.check("headless: same digest", live.get("digest") == again.get("digest"), f"{live.get('digest')} {again.get('digest')}")
    if record:
        check_counts(verdict, "record", record.end(), rows)
        replayed = Follower("replayed", [*read, "--for", "0", "recording"], folder).summary()
        check_counts(verdict, "recording", replayed, rows)
        verdict.check("recording: same digest", replayed.get("digest") == again.get("digest"), f"{replayed.get('digest')}")
    return verdict.show()


def check_screen(verdict, terminal, rows):
    report, taken = terminal.report(rows)
    counted = sum(s["records"] for s in report["sources"])
    bad = sum(s["malformed"] + s["lost_bytes"] for s in report["sources"])
    verdict.check("screen: nothing lost", (counted, bad) == (rows, 0),
                  f"{counted} of {rows} lines, {bad} malformed lines or bytes lost; reported after {taken:.1f} s")
    status = terminal.quit()
    verdict.check("screen: leaves when told", status == 0, f"status {status}")


if __name__ == "__main__":
    sys.exit(main())
