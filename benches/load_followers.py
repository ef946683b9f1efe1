"""The followers of benches/load.py: why503 without a screen, and on a terminal with somebody who presses keys."""
import glob, json, os, re, signal, subprocess, threading, time

from pseudo_terminal import Screen, pair


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
    # A row of a report's table of files, of a log that was written: records, malformed lines, bytes lost.
    FILE = re.compile(r'<tr><th scope="row">[^<]*</th><td>w3c</td><td[^>]*>(\d*)</td><td[^>]*>(\d*)</td><td[^>]*>(\d*)</td>')

    def __init__(self, name, command, cwd):
        self.master, slave = pair(80, 24)
        environment = {**os.environ, "TERM": "xterm-256color"}
        super().__init__(name, command, cwd, out=slave, stdin=slave, start_new_session=True, env=environment)
        os.close(slave)
        self.cwd, self.screen, self.bytes, self.wanted = cwd, Screen(80, 24), 0, None
        self.lock, self.shown, self.presses, self.drills = threading.Condition(), None, [], []
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
        """A text, a text that must not be there (!), or a pattern (~)."""
        shown = self.screen.text()
        if text[0] == "~":
            return re.search(text[1:], shown) is not None
        return text[1:] not in shown if text[0] == "!" else text in shown

    def press(self, key, text, patience=10.0, note=True):
        """Presses a key and waits for what it shows. Milliseconds, or None if it was not shown in time."""
        with self.lock:
            begin = time.monotonic()
            os.write(self.master, key.encode())
            # What is shown already tells nothing about this key.
            if not text or self.shows(text):
                return None
            taken = self.wait(text, begin, patience)
        if note:
            self.presses.append((key, text, taken))
        return taken

    def wait(self, text, begin, patience):
        """Milliseconds from `begin` until a text is shown. To be called with the lock held."""
        self.wanted, self.shown = text, begin if self.shows(text) else None
        self.lock.wait_for(lambda: self.shown is not None, patience)
        self.wanted = None
        return (self.shown - begin) * 1000 if self.shown is not None else None

    def drill(self, patience=120.0):
        """Drills into the requests of an application: the logs of the window are read again. Notes the seconds to the answer."""
        self.press("1", "")
        self.press("\r", "Requests by application")
        self.press("\r", "by URL")
        with self.lock:
            taken = self.wait(r"~(?m)^[► ]+/\S+ +\d", time.monotonic(), patience)
        self.drills.append(taken and taken / 1000)
        self.press("\x1b", "!by URL")
        self.press("\x1b", "!Requests by application")

    def report(self, wanted, patience=60.0):
        """What it says of its files in its report, asked again until it has counted what was written. ((records, malformed lines,
        bytes lost) in all, seconds)."""
        begin = time.monotonic()
        while True:
            for old in glob.glob(os.path.join(self.cwd, "why503-*.html")):
                os.remove(old)
            self.press("e", "written: why503-", note=False)
            found = glob.glob(os.path.join(self.cwd, "why503-*.html"))
            page = open(found[0], encoding="utf-8").read().partition("<h2>Files</h2>")[2] if found else ""
            counts = [sum(map(int, filter(None, column))) for column in zip(*self.FILE.findall(page))] or [0, 0, 0]
            taken = time.monotonic() - begin
            if counts[0] >= wanted or taken > patience or self.process.poll() is not None:
                return counts, taken
            # Any key takes the message away.
            self.press("6", "", note=False)
            time.sleep(0.5)

    def quit(self):
        os.write(self.master, b"q")
        return self.process.wait(timeout=20)
