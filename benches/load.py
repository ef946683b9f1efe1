#!/usr/bin/env python3
"""The load that why503 must stand: 50,000 rows a second over 20 logs, for ten minutes.

    cargo build --release && python3 benches/load.py            # a try: --seconds 60

A writer makes the logs of 20 busy IIS sites. Three followers read them while they grow, each of which can be left out:
  headless  watch --headless --json   its lines must be those written, its digest that of the finished files read again
  screen    watch in a terminal       its report (key e) must count the lines written; keys are pressed and timed meanwhile
  record    record --headless         (--record) its lines, and those of its recording read again, must be those written
Each second memory, processor time and bytes to the terminal are taken down. Ends with 0 if every check passes, else 1.
Needs Linux and Python 3.9; writes only to a folder under --dir, about 2 MB for every 10,000 rows (twice that with --record).
"""
import argparse, multiprocessing, os, random, shutil, statistics, sys, tempfile, threading, time

sys.dont_write_bytecode = True
from load_followers import Follower, Terminal
from load_writer import Writer

# A key, what the screen then shows (or, with !, no longer shows).
KEYS = [("?", "Keys (up"), ("?", "!Keys (up"), ("5", "5 Sources"), ("6", "6 Log"), (" ", "paused"), (" ", "!paused"), ("+", "last 10 min"),
        ("-", "last 5 min"), ("1", ""), ("\r", "Requests by application"), ("\x1b", "!Requests by application"), ("4", ""),
        ("\r", "Finding iis-503-2"), ("\x1b", "!Finding iis-503-2")]


def watch(followers, terminal, shared, over, traffic):
    """Samples each second, and says each minute how it goes."""
    begin, last, told = time.monotonic(), 0, 0
    while not over.wait(1):
        now = time.monotonic() - begin
        for follower in followers:
            follower.sample(now)
        if terminal:
            traffic.append(terminal.bytes - last)
            last = terminal.bytes
        if now >= told + 60:
            told += 60
            state = [f"{f.name} {f.samples[-1][1]:.1f} MB {f.samples[-1][2]:.0f} %" for f in followers if f.samples]
            print(f"{now:5.0f} s: {shared[0]:>12,} rows, {', '.join(state)}", flush=True)


def drive(args, followers, terminal, shared, writer):
    """Presses keys, and samples, until the writer is done. Gives the bytes to the terminal by second."""
    over, traffic, keys, rng = threading.Event(), [], 0, random.Random(80)
    sampler = threading.Thread(target=watch, args=(followers, terminal, shared, over, traffic), daemon=True)
    sampler.start()
    drilled = time.monotonic()
    while writer.is_alive():
        # At no fixed beat, so that keys fall on every part of a second.
        writer.join(args.key_every * rng.uniform(0.5, 1.5))
        if terminal and writer.is_alive():
            terminal.press(*KEYS[keys % len(KEYS)])
            keys += 1
        if terminal and args.drill and keys % len(KEYS) == 0 and time.monotonic() - drilled > args.drill:
            terminal.drill()
            drilled = time.monotonic()
    over.set()
    sampler.join()
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


def check_memory(args, verdict, follower, written):
    """Flat: the median of the last minute is that of the second, but for what a timeline is due: numbers for each second and
    application, and for each 256 KB of a log where they lie and what they tell of."""
    span = min(60.0, args.seconds / 4)
    def median(begin, end):
        return statistics.median([m for at, m, _ in follower.samples if begin <= at < end] or [0.0])
    minutes = [median(at, at + span) for at in (i * span for i in range(int(args.seconds // span)))]
    if len(minutes) < 4 or not minutes[-1]:
        return
    second, last = minutes[1], minutes[-1]
    allowed = max(1.0, second * args.growth / 100)
    if follower.name == "screen":
        allowed += args.index * written / 1e9 * (len(minutes) - 2) / len(minutes)
    cpu = statistics.mean(cpu for _, _, cpu in follower.samples)
    print(f"{follower.name}: {cpu:.0f} % of a processor; MB each {span:.0f} s: {' '.join(f'{m:.1f}' for m in minutes)}")
    a_minute = (last - second) / (len(minutes) - 2) * 60 / span
    verdict.check(f"{follower.name}: memory flat", last - second <= allowed,
                  f"{second:.1f} MB, then {last:.1f} MB: {a_minute:+.2f} MB a minute (allowed: {allowed:.1f} MB in all)")


def check_keys(args, verdict, terminal, traffic):
    taken = sorted(t for _, _, t in terminal.presses if t is not None)
    silent = [(key, text) for key, text, t in terminal.presses if t is None]
    if not taken:
        return verdict.check("keys", False, "no key was answered")
    p50, p99, most = taken[len(taken) // 2], taken[min(len(taken) - 1, len(taken) * 99 // 100)], taken[-1]
    worst = sorted(((t, key, text) for key, text, t in terminal.presses if t is not None), reverse=True)[:5]
    print("slowest keys: " + ", ".join(f"{t:.0f} ms {key!r} {text!r}" for t, key, text in worst))
    print(f"terminal: {statistics.median(traffic):,.0f} bytes a second, at most {max(traffic):,}")
    if terminal.drills:
        print("drilled into a site's requests, seconds to the answer: " + ", ".join("none" if d is None else f"{d:.1f}" for d in terminal.drills))
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
    parser.add_argument("--drill", type=float, default=0, help="seconds between drills into the requests of a site; 0: never")
    parser.add_argument("--growth", type=float, default=5.0, help="percent, and at least 1 MB, that memory may grow from the second minute to the last")
    parser.add_argument("--index", type=float, default=1.0, help="and so many MB for each GB of logs: the index of where their rows lie")
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
    to_answer.close()
    while shared[0] and process.is_alive():
        time.sleep(0.01)
    followers = []
    try:
        return judge(args, folder, writer, (process, go, shared, answer), followers)
    except EOFError:
        print("the writer failed: see above")
        return 1
    finally:
        for follower in followers:
            follower.process.kill()
        process.kill()


def judge(args, folder, writer, writing, followers):
    """Starts the followers, lets the writer write, and compares."""
    process, go, shared, answer = writing
    read = [args.binary, "watch", "--headless", "--json", "--from-start"]

    def start(wanted, kind, name, command):
        if wanted:
            followers.append(kind(name, command, folder))
        return followers[-1] if wanted else None
    headless = start(not args.no_headless, Follower, "headless", [*read, "logs"])
    recording = [args.binary, "record", "--headless", "--json", "--max-size", "1000GB", "-o", "recording", "--from-start", "logs"]
    record = start(args.record, Follower, "record", recording)
    terminal = start(not args.no_tui, Terminal, "screen", [args.binary, "watch", "logs"])
    time.sleep(1)
    print(f"{args.rate:,} rows a second over {args.files} logs for {args.seconds} s: {writer.bytes_needed() / 1e9:.1f} GB in {folder}", flush=True)
    go.set()
    traffic = drive(args, followers, terminal, shared, process)
    rows, seconds, late = answer.recv()
    process.join()
    late_by = settle([f for f in followers if f is not terminal])
    print(f"written: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} a second, flushes at most {late * 1000:.0f} ms late")
    if any(late_by.values()):
        print("read on after the last row: " + ", ".join(f"{name} {s:.0f} s" for name, s in late_by.items()))
    verdict = Verdict()
    verdict.check("written at the rate", rows / seconds >= 0.99 * args.rate, f"{rows / seconds:,.0f} rows a second of {args.rate:,}")
    for follower in followers:
        status = follower.process.poll()
        verdict.check(f"{follower.name}: still there", status is None, "running" if status is None else f"ended with {status}")
        check_memory(args, verdict, follower, writer.bytes_needed())
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
    (counted, malformed, lost), taken = terminal.report(rows)
    verdict.check("screen: nothing lost", (counted, malformed, lost) == (rows, 0, 0),
                  f"{counted} of {rows} lines, {malformed} malformed, {lost} bytes lost; reported after {taken:.1f} s")
    status = terminal.quit()
    verdict.check("screen: leaves when told", status == 0, f"status {status}")


if __name__ == "__main__":
    sys.exit(main())
