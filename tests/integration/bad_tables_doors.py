#!/usr/bin/env python3
# slow
"""Bad tables through the other doors: automatic learning, validation, answers."""
import json, pathlib, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from bad_table import BadTable, dates, infinite, rows

with tempfile.TemporaryDirectory() as folder:
    bad = BadTable(folder)
    gyre, write, learned = bad.gyre, bad.write, bad.learned

    def auto(*words):
        done = gyre("auto", "bad.csv", "--target", "y", "--budget", "2s", "--out", "auto.onnx", *words)
        return done.returncode, done.stdout + done.stderr
    for text, part in (("x,z,y\n" + rows(50, lambda i: (i, i % 3, "same")), "one label alone"),
                       ("x,z,y\n" + rows(50, lambda i: (i, i % 3, 7)), "one label alone"),
                       ("x,z,y\n" + rows(60, lambda i: ("", "", "ab"[i % 2])), "no column can help"),
                       ("x,z,y\n" + rows(60, lambda i: (i, "", "")), "missing in every row"), ("x,z,y\n", "has no rows"), ("", "is empty")):
        write(text)
        code, told = auto()
        assert code != 0 and part in told, (part, told)
    write(("x,same,y\n" + rows(60, lambda i: (("caf\u00e9", "th\u00e9")[i % 2], 5, i % 2))).encode("latin-1"))
    code, told = auto()
    for part in ("line 2 is not UTF-8", 'column "same" is left out: it is the same in every row'):
        assert code == 0 and part in told, (part, told)
    cells = lambda i: ("seven" if i % 3 == 1 else i % 9, infinite.get(i, i), dates[i % 3].format(13 + i % 12, 1 + i % 12), "" if i == 7 else "ab"[i % 2])
    write("x,x,when,y\n" + rows(120, cells) + "1,2\n")
    code, told = auto()
    for part in ('named "x" like one before it', "numbers and 40 texts", "infinite or beyond 3.4e38", "line 122 is left out", "1 row has none and is left out"):
        assert code == 0 and part in told, (part, told)
    print("ok gyre auto: refused, or a model that was told what is odd")
    learned()
    for model in ("auto.onnx", "bad.onnx"):
        for part in ("hold", "all"):
            done = gyre("validate", "table", model, "bad.csv", "--target", "y", "--part", part)
            assert done.returncode == 0 and "line 122 is left out" in done.stdout + done.stderr, done
        done = gyre("validate", "table", model, "bad.csv", "--target", "nobody")
        assert done.returncode != 0 and 'has no column "nobody"' in done.stderr, done.stderr
        write("X,X_2,WHEN\n" + "seven,inf,3.2.2024\n,,\nnever seen,1e308,no date\n", "raw.csv")
        done = gyre("--json", "predict", model, "raw.csv")
        answers = [json.loads(line)["answer"]["probabilities"] for line in done.stdout.splitlines()]
        assert done.returncode == 0 and len(answers) == 3 and all(abs(sum(one.values()) - 1) < 1e-5 for one in answers), done
        for text, part in (("x,when\n1,2024-01-01\n", "x_2"), ("x,x_2,when\n1,oops,2024-01-01\n", "oops"), ("x,x_2,when\n1,2\n", "2"), ("", "raw.csv")):
            write(text, "raw.csv")
            done = gyre("predict", model, "raw.csv")
            assert done.returncode != 0 and part in done.stderr, (text, done)
    print("ok validation and answers: each cell that cannot be is named")
