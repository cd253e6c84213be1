# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the parts of the benchmark run: a temporary folder with a bpffs, network namespaces, and
bpffw with a store of its own in them."""
import json, os, re, shutil, subprocess, sys, tempfile

OUT = os.path.abspath(os.environ.get("O", "build"))
BPFFW = f"{OUT}/bpffw"
RULEGEN = f"{OUT}/tests/bench/rulegen"
MEASURE = f"{OUT}/tests/bench/measure"
DRIVER = f"{OUT}/tests/bench/drive.bpf.o"
LISTS = f"{OUT}/tests/bench/lists.bpf.o"
FLOWS = f"{OUT}/tests/bench/flows.bpf.o"
SOFTIRQ = f"{OUT}/tests/bench/softirq.bpf.o"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failed(Exception):
    """A candidate cannot run: the table says why."""


def first_error(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wanted = [line for line in lines if re.search(r"error|refuse|cannot|fail|ERROR", line, re.I)]
    return re.sub(r"^/\S+?/(?=[^/]*$)", "", (wanted or lines or ["no message"])[0])[:160]


def run(*command, stdin=None, timeout=300):
    try:
        done = subprocess.run([str(word) for word in command], input=stdin, text=True,
                              capture_output=True, timeout=timeout, errors="replace")
    except subprocess.TimeoutExpired:
        raise Failed(f"not done after {timeout} s")
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}")
    if done.returncode:
        raise Failed(first_error(done.stderr + done.stdout))
    return done.stdout


class Place:
    """A temporary folder, a bpffs and network namespaces; all gone at the end."""

    def __init__(self):
        self.name = f"bfbench-{os.getpid()}"
        self.work = tempfile.mkdtemp(prefix="bpffw-bench-")
        self.namespaces = []
        self.bpffs = f"{self.work}/bpf"
        os.mkdir(self.bpffs)
        run("mount", "-t", "bpf", "bpf", self.bpffs)

    def close(self):
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)
        subprocess.run(["umount", self.bpffs])
        shutil.rmtree(self.work, ignore_errors=True)

    def namespace(self, suffix):
        name = f"{self.name}-{suffix}"
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        for setting in ("router_solicitations", "accept_dad"):
            self.inside(name, "sysctl", "-qw", f"net.ipv6.conf.default.{setting}=0")
        return name

    def drop_namespace(self, name):
        subprocess.run(["ip", "netns", "del", name])
        self.namespaces.remove(name)

    def inside(self, namespace, *command, **options):
        return run("nsenter", f"--net=/run/netns/{namespace}", *command, **options)

    def rules(self, kind, size, seed, family, device=None):
        """The folder with the rules and the trace."""
        folder = f"{self.work}/rules/{kind}-{size}-{seed}-{family}-{device}"
        os.makedirs(folder, exist_ok=True)
        run(RULEGEN, kind, size, seed, family, folder, *(["peers", device] if device else []))
        return folder

    def store(self, name):
        return f"{self.bpffs}/{name}"

    def bpffw(self, name):
        return [BPFFW, "--bpffs", self.store(name), "--state-dir", f"{self.work}/state/{name}",
                "--run-dir", f"{self.work}/run/{name}"]

    def forget_store(self, name):
        shutil.rmtree(self.store(name), ignore_errors=True)
        shutil.rmtree(f"{self.work}/state/{name}", ignore_errors=True)

    def timed(self, namespace, *command, timeout=300):
        """Wall time, peak memory and output of a command."""
        result = f"{self.work}/result"
        output = self.inside(namespace, MEASURE, "spawn", result, "sh", "-c", 'exec "$@" 2>&1',
                             "sh", *command, timeout=timeout)
        with open(result) as file:
            times = json.load(file)
        times["output"] = output
        if times["exit"]:
            raise Failed(first_error(output))
        return times

    def device(self, namespace, name):
        """A veth whose other end is in the same namespace and down."""
        run("ip", "link", "add", name, "netns", namespace, "type", "veth", "peer", "name", f"{name}p",
            "netns", namespace)

    def apply_rules(self, namespace, store, device, rules):
        file = f"{self.work}/{store}.fw"
        with open(file, "w") as to:
            to.write(f"version 1\ninterface {device}\ndefault drop\noption fragments drop\n{rules}")
        self.apply(namespace, store, file)

    def counters(self, namespace, store):
        """Packets by the rule's name."""
        ruleset = json.loads(self.inside(namespace, *self.bpffw(store), "list", "--json"))
        return {rule["name"]: rule["packets"] for rule in ruleset["rules"]}

    def apply(self, namespace, name, file, timeout=300):
        os.makedirs(f"{self.work}/state", exist_ok=True)
        os.makedirs(f"{self.work}/run", exist_ok=True)
        times = self.timed(namespace, *self.bpffw(name), "-v", "apply", "--force", file,
                           timeout=timeout)
        times["phases"] = phases(times.pop("output"))
        return times


def phases(text):
    """What the program itself says: 'compile 3.1 ms', '12 witnesses in 0.6 ms', '147 instructions',
    'bound 310 ns'; other words may come and go."""
    found = {}
    for line in text.splitlines():
        if line.startswith(" ") or re.search(r" (warning|error): ", line):
            continue
        total = re.match(r"applied .* in ([\d.]+) ms", line)
        if total:
            found["total"] = float(total[1])
            continue
        for name, value in re.findall(r"([a-z]+)\s+(?:in\s+|takes\s+)?([\d.]+) ms", line):
            found["proof" if name.startswith("prov") else name] = float(value)
        for value in re.findall(r"(\d[\d ]*) instructions", line):
            found["instructions"] = int(value.replace(" ", ""))
        for value in re.findall(r"(?:bound|worst|at most)[^,;]*?(\d[\d ]*) ns", line):
            found["bound"] = int(value.replace(" ", ""))
    return found
