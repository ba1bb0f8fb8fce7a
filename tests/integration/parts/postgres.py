"""A PostgreSQL of a test's own: in a folder of its own, on a socket in it, with no password. What it wrote outlives kill -9 without fsync."""
import glob, os, pathlib, pwd, shutil, signal, subprocess, time


def programs():
    """The folder with initdb and postgres, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda file: int(file.split("/")[4]))
    return pathlib.Path(found[-1]).parent if found else None


class Postgres:
    def __init__(self, folder):
        self.folder, self.bin = pathlib.Path(folder), programs()
        self.folder.mkdir(parents=True)
        self.socket, self.data = self.folder / "s", self.folder / "data"
        self.socket.mkdir()
        # It refuses to run as root: then it is the user that the package made, or nobody.
        self.user = []
        if os.geteuid() == 0:
            names = {account.pw_name for account in pwd.getpwall()}
            account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self.user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
            for part in (self.folder, self.socket):
                os.chown(part, account.pw_uid, account.pw_gid)
            for part in self.folder.parents:  # the account has to get there
                if part.stat().st_mode & 0o077 == 0:
                    part.chmod(0o711)
        subprocess.run([*self.user, self.bin / "initdb", "-D", self.data, "-A", "trust", "-U", "gyre", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
                       cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.url = f"postgresql:///postgres?host={self.socket}&user=gyre"
        self.start()

    def start(self):
        until = time.time() + 30
        while True:  # one that was killed is waited for
            self.process = subprocess.Popen([*self.user, self.bin / "postgres", "-D", self.data, "-k", self.socket, "-c", "listen_addresses=", "-c", "fsync=off"],
                                            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "a"))
            while self.process.poll() is None:
                if subprocess.run([self.bin / "pg_isready", "-q", "-h", self.socket]).returncode == 0:
                    return
                time.sleep(0.05)
            assert time.time() < until, (self.folder / "log").read_text()[-3000:]
            time.sleep(0.1)

    def kill(self):
        """kill -9 of all of it: as if the machine had gone, but for what the disk was told."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def processes(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def signal(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def ask(self, sql):
        return subprocess.run([self.bin / "psql", "-XAtq", "-h", self.socket, "-U", "gyre", "postgres", "-c", sql], check=True, text=True,
                              capture_output=True).stdout.strip()

    def run_there(self, name, command):
        """Runs a test with its rows here, in a schema for each of its workspaces."""
        done = subprocess.run(command, cwd=pathlib.Path(__file__).resolve().parents[3], text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, GYRE_ROWS=self.url + "&schema={workspace}",
                                       GYRE_BUILD=os.path.abspath(os.environ.get("GYRE_BUILD", "build"))))
        assert done.returncode == 0, f"{name}, rows in PostgreSQL:\n{done.stdout[-12000:]}"
        print(f"ok {name}, rows in PostgreSQL", flush=True)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
