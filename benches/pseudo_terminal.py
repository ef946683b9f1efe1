"""A program on a pseudo-terminal that is read all the time, what is on its screen, and what it costs."""
import codecs, fcntl, os, pty, re, select, shutil, signal, struct, subprocess, tempfile, termios, time

TICKS = os.sysconf("SC_CLK_TCK")


def pair(width, height):
    """The two ends of a terminal of that size: ours, and the program's."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    return master, slave


class Screen:
    """As much of a terminal as is needed to find a text: the cursor is moved and text is written. Colours do not matter."""
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
            elif part[2] in ("H", "f"):
                numbers = [int(n or 1) for n in part[1].split(";")] if part[1] else [1, 1]
                self.row, self.column = numbers[0] - 1, (numbers + [1])[1] - 1
            elif part[2] == "G":
                self.column = int(part[1] or 1) - 1
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


def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Ended(Exception):
    """It has ended by itself."""


class Program:
    """A program on a terminal of its own, in a session of its own, with an empty home: nobody's settings count."""

    def __init__(self, command, width, height):
        self.home = tempfile.mkdtemp()
        self.master, slave = pair(width, height)
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR" and not name.startswith("XDG_")}
        environment.update(TERM="xterm-256color", LC_ALL="C.UTF-8", HOME=self.home)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal, env=environment)
        os.close(slave)
        self.bytes, self.screen, self.last = 0, Screen(width, height), b""

    def read_for(self, seconds):
        """Reads what it writes. What is on the screen is followed only as long as somebody wants to know."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                try:
                    data = os.read(self.master, 1 << 20)
                except OSError:
                    data = b""
                if not data:
                    self.process.wait()
                    raise Ended(f"ended with {self.process.returncode}: {plain(self.last)}")
                self.bytes += len(data)
                self.last = (self.last + data)[-400:]
                if self.screen:
                    self.screen.feed(data)

    def press(self, key):
        os.write(self.master, key.encode())

    def members(self):
        """The processes of its session: its number, the fields of its stat from the state on."""
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid:
                yield int(name), fields

    def cpu(self):
        """Seconds of processors so far, of all its processes and those that have ended. /proc/PID/stat alone would tell in steps of
        10 ms: of a process that is there, the clock tells it exactly."""
        total = 0.0
        for process, fields in self.members():
            try:
                total += time.clock_gettime((~process << 3) | 2)
            except OSError:
                total += sum(map(int, fields[11:13])) / TICKS
            total += sum(map(int, fields[13:15])) / TICKS
        return total

    def peak(self):
        """MiB of memory at the peak, of all its processes."""
        total = 0
        for process, _ in self.members():
            try:
                with open(f"/proc/{process}/status") as status:
                    total += sum(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
            except OSError:
                pass
        return total / 1024

    def close(self):
        for process, _ in list(self.members()):
            try:
                os.kill(process, signal.SIGTERM)
            except OSError:
                pass
        until = time.monotonic() + 5
        while self.process.poll() is None and time.monotonic() < until:
            try:
                self.read_for(0.05)
            except Ended:
                break
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        shutil.rmtree(self.home, ignore_errors=True)


def plain(data):
    """What of it people can read."""
    return " ".join(re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|.)|[^ -~]", " ", data.decode("utf-8", "replace")).split())[-80:]
