"""What the scripts beside it share: the program, a command that is run and measured, the machine, and where README has its tables."""
import collections, os, platform, re, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "..", "target", "release", "why503")
README = os.path.join(HERE, "..", "README.md")

# Seconds on the wall, of processors, MiB at the peak, and what it printed.
Run = collections.namedtuple("Run", "wall cpu peak out")


def watch_memory(pid, name, peaks):
    """The peak so far, again and again: what the kernel tells at the end counts the memory of this Python, too."""
    while True:
        try:
            with open(f"/proc/{pid}/cmdline") as line, open(f"/proc/{pid}/status") as lines:
                command = line.read().split("\0")
                peak = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
        except OSError:
            return
        if not peak:
            return
        # Until the command begins, it is a copy of this Python.
        if name in command:
            peaks += peak
        time.sleep(0.003)


def run(command, fine=(0,), watch=True, **how):
    """Runs a command to its end, which must be one of those that are fine. To watch its memory takes time from it."""
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **how)
        peaks = [0]
        watcher = threading.Thread(target=watch_memory, args=(child.pid, command[0], peaks))
        if watch:
            watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        if watch:
            watcher.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if child.returncode not in fine:
        sys.exit(f"{command[0]} ended with {child.returncode}: {said.decode(errors='replace')[-400:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, max(peaks) / 1024, said)


def machine():
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as lines:
        memory = int(re.search(r"MemTotal:\s+(\d+)", lines.read())[1]) / (1 << 20)
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB of memory, Linux {platform.release().split('-')[0]}"


def into_readme(name, text):
    """Puts a text between the two comments of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    with open(README, encoding="utf-8") as file:
        head, rest = file.read().split(begin, 1)
    with open(README, "w", encoding="utf-8") as file:
        file.write(f"{head}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}")
