#!/usr/bin/env python3
"""gyre score: right answers, failed rows told, and the same bytes whatever kills it."""
import json, os, pathlib, random, signal, subprocess, tempfile, time

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
random.seed(5)


def gyre(*words, ok=True):
    done = subprocess.run([build / "gyre", *map(str, words)], capture_output=True, text=True, cwd=work)
    assert (done.returncode == 0) == ok, done
    return done


def lines(name):
    return (work / name).read_text().splitlines()


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    subprocess.run([build / "gyre-tiny-model", "rows", work / "half.onnx", "0.5"], check=True)

    (work / "small.csv").write_text('id,a,b,c\n"x,1",1,2,3\r\n"he said ""no""\nand left",4,,6\nbad,7,eight,9\nshort,1,2\nlast,-1e3,0.1,inf')
    gyre("score", "half.onnx", "small.csv", "--out", "answers.csv", "--keep", "id")
    assert (work / "answers.csv").read_text() == ('row,id,y_0,y_1,y_2\n1,"x,1",0.5,1,1.5\n2,"he said ""no""\nand left",2,,3\n'
                                                  "5,last,-500,0.05,inf\n"), (work / "answers.csv").read_text()
    assert lines("answers.csv.failed.csv") == ["row,reason", '3,"column ""b"": ""eight"" is no number"', "4,the row does not have 4 cells"]
    assert sorted(file.name for file in work.iterdir()) == ["answers.csv", "answers.csv.failed.csv", "half.onnx", "small.csv"]
    print("ok csv with quotes, gaps and bad rows")

    gyre("score", "half.onnx", "small.csv", "--out", "answers.jsonl", "--keep", "id")
    assert [json.loads(line)["y_2"] for line in lines("answers.jsonl")] == [1.5, 3, None]
    gyre("score", "half.onnx", "small.csv", "--out", "answers.parquet", "--keep", "id")
    gyre("score", "half.onnx", "answers.parquet", "--out", "again.csv", "--keep", "row", "--keep", "id")
    assert (work / "again.csv").read_text() == ('row,row,id,y_0,y_1,y_2\n1,1,"x,1",0.25,0.5,0.75\n2,2,"he said ""no""\nand left",1,,1.5\n'
                                                "3,5,last,-250,0.025,inf\n"), (work / "again.csv").read_text()
    # A file that knows types gives what the same rows give as text: numbers of any width, texts of numbers, holes, kept columns.
    rows = 40_000
    (work / "wide.csv").write_text("c,unused,b,a,id\n" + "".join(f"{row / 3:.6f},x,{'' if row % 50 == 3 else row % 97},{row},n{row}\n" for row in range(rows)))
    gyre("init")
    query = 'select c::float as c, unused, b::integer as b, a::bigint as a, id from "table"'
    gyre("table", "query", "wide.csv", "--sql", query, "--out", "wide.parquet")
    for name in ("wide.csv", "wide.parquet"):
        gyre("score", "half.onnx", name, "--out", f"{name}.out.csv", "--keep", "id", "--keep", "unused")
    assert (work / "wide.parquet").read_bytes()[:4] == b"PAR1" and len(lines("wide.csv.out.csv")) == rows + 1
    assert (work / "wide.csv.out.csv").read_bytes() == (work / "wide.parquet.out.csv").read_bytes()
    gyre("table", "query", "wide.csv", "--sql", query.replace("a::bigint", "case when a = 7 then 'seven' else a::varchar end"), "--out", "texts.parquet")
    gyre("score", "half.onnx", "texts.parquet", "--out", "texts.csv", "--keep", "id", "--keep", "unused")
    assert lines("texts.csv.failed.csv") == ["row,reason", '8,"column ""a"": ""seven"" is no number"'] and len(lines("texts.csv")) == rows
    print("ok typed columns")

    (work / "twice.csv").write_text("a,b,Row\n1,2,3\n")
    assert 'two columns named "Row"' in gyre("score", "half.onnx", "twice.csv", "--out", "z.parquet", "--keep", "Row", ok=False).stderr
    print("ok Parquet out and in")

    told = gyre("score", "half.onnx", "small.csv", "--out", "z.csv", ok=False)
    assert "takes 3 columns" in told.stderr and "--keep" in told.stderr
    assert "no such file" in gyre("score", "half.onnx", "none.csv", "--out", "z.csv", ok=False).stderr
    assert "answers are written to" in gyre("score", "half.onnx", "small.csv", "--out", "z.txt", ok=False).stderr
    print("ok what cannot be scored is said")

    rows = 400_000
    with open(work / "large.csv", "w") as file:
        file.write("a,b,c\n")
        for row in range(rows):
            file.write("oops,0,0\n" if row % 1000 == 7 else f"{row},{row % 977 / 7:.5f},{row % 13}\n")
    gyre("score", "half.onnx", "large.csv", "--out", "whole.csv")
    whole, failed = (work / "whole.csv").read_bytes(), (work / "whole.csv.failed.csv").read_bytes()
    assert whole.count(b"\n") == rows - rows // 1000 + 1 and failed.count(b"\n") == rows // 1000 + 1
    gyre("score", "half.onnx", "large.csv", "--out", "one.csv", "--threads", "1")
    assert (work / "one.csv").read_bytes() == whole
    gyre("score", "half.onnx", "large.csv", "--out", "whole.parquet")
    whole_parquet = (work / "whole.parquet").read_bytes()
    print("ok one thread writes what all write")

    began = time.time()
    gyre("score", "half.onnx", "large.csv", "--out", "timed.csv", "--threads", "1")
    took = time.time() - began
    kills = 0
    for number in range(20):
        name = f"killed{number}." + ("parquet" if number % 3 == 2 else "csv")
        while True:
            job = subprocess.Popen([build / "gyre", "score", "half.onnx", "large.csv", "--out", name, "--threads", "1"], cwd=work,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                   env=dict(os.environ, GYRE_SCORE_SAVE_SECONDS="0.02"))
            time.sleep(random.uniform(0.05, 1.0) * took)
            if job.poll() is not None:
                break
            job.send_signal(signal.SIGKILL)
            job.wait()
            kills += 1
            if kills % 3 == 0:
                gyre("score", "half.onnx", "large.csv", "--out", name, "--threads", "1")
                break
        assert (work / name).read_bytes() == (whole_parquet if name.endswith("parquet") else whole) and (work / f"{name}.failed.csv").read_bytes() == failed, name
        assert not (work / f"{name}.job").exists() and not (work / f"{name}.part").exists() and not list(work.glob("*.writing"))
        (work / name).unlink()
    assert kills >= 10, kills
    print(f"ok killed {kills} times: the bytes of an undisturbed job")

    # As a step of the pipeline engine: here its process is a child of the command.
    step = ["batch", "score", "--model", "half.onnx", "--data", "large.csv", "--out", "stepped.csv"]
    began = time.time()
    gyre(*step)
    took = time.time() - began
    assert (work / "stepped.csv").read_bytes() == whole
    (work / "stepped.csv").unlink()
    with open(work / "large.csv", "a") as file:
        file.write("1,2,3\n")  # other content: what was done before is of no use
    kills = 0
    while True:
        job = subprocess.Popen([build / "gyre", *step], cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                               env=dict(os.environ, GYRE_SCORE_SAVE_SECONDS="0.02"))
        time.sleep(random.uniform(0.2, 0.9 if kills else 0.5) * took)  # the first well before the end
        if kills >= 4 or job.poll() is not None:
            break
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
        kills += 1
    assert job.wait() == 0 and kills, kills
    assert (work / "stepped.csv").read_bytes() == whole + f"{rows + 1},0.5,1,1.5\n".encode()
    (work / "nightly.yaml").write_text(f"name: nightly\nnodes:\n  answer:\n    step: score\n    inputs: {{model: 'file:{work}/half.onnx', data: 'file:{work}/large.csv'}}\n"
                                       "    options: {form: parquet}\n    keep: {answers: nightly-answers, failed: nightly-failed}\n")
    gyre("run", "nightly.yaml")
    kept = {asset["name"]: asset["digest"] for asset in json.loads(gyre("data", "list", "--json").stdout)["assets"]}
    content = work / ".gyre/blobs/sha256" / kept["nightly-failed"][7:9] / kept["nightly-failed"][9:]
    assert content.read_bytes() == failed and "nightly-answers" in kept
    print(f"ok as a step, killed {kills} times, and as a node of a pipeline")
