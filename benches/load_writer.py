"""The writer of benches/load.py: the logs of many busy IIS sites, at a steady rate."""
import os, random, time

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
