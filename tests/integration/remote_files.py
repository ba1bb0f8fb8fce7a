#!/usr/bin/env python3
"""Files for a server on another machine (GYRE_URL): they are sent, once, go on where they were cut off, and only from who may."""
import hashlib, json, os, pathlib, shutil, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from server import Server, environment, gyre

work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-remote-"))
there, here = work / "there", work / "here"
for folder in (there, here):
    folder.mkdir()


def run(server, *words, code=0, **extra):
    done = subprocess.run([gyre, *words], cwd=here, env=environment(GYRE_URL=server.url, HOME=str(here), **extra), text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blobs():
    return {"sha256:" + file.parent.name + file.name for file in (there / ".gyre/blobs/sha256").glob("*/*")}


def missing(server, *digests):
    return {item["digest"]: item["have"] for item in server.ask("POST", "/api/blobs/missing", {"digests": digests})["missing"]}


def gathering(server):
    (here / "pump.csv").write_text("time,flow\n" + "".join(f"{i},{i * 0.5}\n" for i in range(200_000)))
    run(server, "gather", "csv", "--files", "pump.csv", "--as", "pump")
    assert "pump.csv" in json.loads(run(server, "data", "show", "pump", "--json"))["first"], "the file's name did not come along"
    assert digest_of((here / "pump.csv").read_bytes()) in blobs()
    (here / "broken.csv").write_text("time,flow\n1,2\n2,hot\n")
    said = run(server, "gather", "csv", "--files", "broken.csv", "--as", "broken", code=2)
    assert "broken.csv:3" in said and str(there) not in said, said
    print("ok a file is gathered from another machine, under its name", flush=True)

    series = here / "series"
    for part in ("a", "b"):
        (series / part).mkdir(parents=True)
        for i in range(20):
            (series / part / f"{i}.csv").write_text(f"time,flow\n1,{i}\n2,{part == 'b'}\n".replace("True", "7").replace("False", "8"))
    (series / "b/twin.csv").write_bytes((series / "a/3.csv").read_bytes())
    run(server, "gather", "csv", "--files", "series", "--as", "many")
    files = json.loads(run(server, "data", "show", "many", "--json"))
    assert files["files"] == 41, files
    before = blobs()
    run(server, "gather", "csv", "--files", "series", "--as", "again")
    assert blobs() == before, "what was there came again"
    listed = json.loads(run(server, "data", "list", "--json"))["assets"]
    kept = {asset["name"]: asset["digest"] for asset in listed}
    assert kept["many"] == kept["again"]
    print("ok a folder is gathered from another machine; what is there already is not sent", flush=True)


def resumed():
    content = os.urandom(20 << 20)
    (here / "large.csv").write_bytes(content)
    digest, piece = digest_of(content), 8 << 20
    with Server(there) as server:
        put = lambda start, data, size=len(content), name=digest: server.answer("PUT", f"/api/blobs/{name}?from={start}&size={size}", data)
        assert missing(server, digest) == {digest: 0}
        assert put(0, content[:piece])[0] == 200
        status, text = put(0, content[:piece])
        assert status == 409 and b"8388608 bytes are here" in text, text
        assert put(2 * piece, content[2 * piece:])[0] == 409
        assert put(piece, content)[0] == 400  # more than it was said to be
        server.kill()
    with Server(there) as server:
        assert missing(server, digest) == {digest: piece}
        # No CSV: the step refuses it, but by then it is there.
        said = run(server, "gather", "csv", "--files", "large.csv", "--as", "large", code=2)
        assert "large.csv" in said, said
        assert (there / ".gyre/blobs/sha256" / digest[7:9] / digest[9:]).read_bytes() == content
        assert not list((there / ".gyre/uploads").iterdir())
        print("ok a large file goes on where it was cut off, through kill -9 of the server", flush=True)

        other = digest_of(b"other")
        status, text = server.answer("PUT", "/api/blobs/" + other, b"something else")
        assert status == 400 and other.encode() in text, text
        status, text = server.answer("PUT", f"/api/blobs/{other}?from=0&size=9", b"some")
        assert status == 200 and not json.loads(text)["whole"]
        assert server.answer("PUT", f"/api/blobs/{other}?from=4&size=9", b"thing")[0] == 400
        assert missing(server, other) == {other: 0}, "a wrong half was kept"
        for name in ("sha256:..", "sha256:" + "g" * 64, "x", digest + "0"):
            assert server.answer("PUT", "/api/blobs/" + name, b"x")[0] == 400, name
        for query in ("from=-1", "from=x", "from=5&size=2", "size=1", "from=18446744073709551615&size=18446744073709551615"):
            assert server.answer("PUT", f"/api/blobs/{digest_of(b'xy')}?{query}", b"xy")[0] == 400, query
        tree = b'gyre-tree-1\n[{"digest":"' + digest_of(b"absent").encode() + b'","path":"a","size":6}]'
        status, text = server.answer("PUT", "/api/blobs/" + digest_of(tree), tree)
        assert status == 409 and b"not all of its files" in text, text
        for body in ([], {"digests": "x"}, {"digests": [1]}, {"digests": ["x"]}):
            assert server.answer("POST", "/api/blobs/missing", body)[0] == 400, body
        assert not list((there / ".gyre/uploads").iterdir())
        print("ok what is not what it was said to be is refused and leaves nothing", flush=True)



def roles():
    with Server(there, "--auth") as server:
        local = json.loads((there / ".gyre/run/server.json").read_text())["token"]
        token = {name: run(server, "user", "add", name, "--role", role, GYRE_TOKEN=local).strip()
                 for name, role in (("eve", "reader"), ("ann", "contributor"))}
        (here / "new.csv").write_text("time,flow\n1,2\n2,3\n")
        said = run(server, "gather", "csv", "--files", "new.csv", "--as", "new", code=3, GYRE_TOKEN=token["eve"])
        assert "eve is no contributor" in said, said
        assert digest_of((here / "new.csv").read_bytes()) not in blobs()
        run(server, "gather", "csv", "--files", "new.csv", "--as", "new", GYRE_TOKEN=token["ann"])
        assert digest_of((here / "new.csv").read_bytes()) in blobs()
    print("ok readers send nothing, contributors do", flush=True)


try:
    with Server(there) as server:
        gathering(server)
    resumed()
    roles()
finally:
    shutil.rmtree(work, ignore_errors=True)
