#!/usr/bin/env python3
"""Bad tables: a model, or one clear error that names the table's place; never a crash, nothing left out unsaid."""
import json, pathlib, random, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from bad_table import BadTable, dates, infinite, rows

random.seed(3)


with tempfile.TemporaryDirectory() as folder:
    bad = BadTable(folder)
    gyre, write, refused, learned = bad.gyre, bad.write, bad.refused, bad.learned
    good = lambda i: (i, random.random(), "ab"[i % 2])

    write("x,z,y\n" + rows(50, lambda i: (i, i % 3, "same")))
    refused('bad.csv: the target "y" has one label alone: "same"')
    write("x,z,y\n" + rows(50, lambda i: (i, i % 3, 1.5)))
    refused('bad.csv: the target "y" is the same in every row', words=("--task", "regress"))
    print("ok one label, a constant target")

    write("x,z,y\n" + rows(5, good))
    learned()
    write("x,z,y\n" + rows(1, good))
    refused('has one label alone')
    write("x,z,y\n")
    refused("bad.csv has no rows")
    write("")
    refused("bad.csv is empty")
    write("x,z\n1,2\n3,4\n")
    refused('bad.csv has no column "y"', "it has: x, z")
    write("y\n1\n2\n")
    refused("has no column beside the target")
    print("ok five rows, one, none, no target")

    write("x,z,y\n" + rows(60, lambda i: ("", "", "ab"[i % 2])))
    refused('no column can help to learn "y"', '"x" is left out: it has no value in any row')
    write("x,z,y\n" + rows(60, lambda i: ("", i, "ab"[i % 2])))
    learned('column "x" is left out: it has no value in any row')
    write("x,z,y\n" + rows(60, lambda i: (i, "", "")))
    refused('the target "y" is missing in every row')
    write("x,z,y\n" + rows(60, lambda i: (i, i % 7, "" if i in (3, 9) else "ab"[i % 2])))
    learned('target "y": 2 rows have none and are left out; the first is row 4')
    print("ok all missing, a target with holes")

    write("x,x,,y\n" + rows(60, lambda i: (i, i % 7, i % 5, "ab"[i % 2])))
    learned('column 2 is named "x" like one before it: it is taken as "x_2"', 'column 3 has no name')
    write("x,y\n" + rows(100, lambda i: ("seven" if i == 41 else i, "ab"[i % 2])))
    learned('column "x": 1 cell is no number and taken as missing; the first is "seven" in row 42')
    write("x,z,y\n" + rows(100, lambda i: ("seven" if i % 3 == 1 else i % 9, i, "ab"[i % 2])))
    learned('column "x": numbers and 33 texts, the first is "seven" in row 2: all of it is taken as texts')
    write("x,z,y\n" + rows(120, lambda i: (i, i % 7, "U" if i % 40 == 1 else 1 + i % 2)))
    for words in ((), ("--task", "classify")):
        learned('column "y": numbers and 3 texts, the first is "U" in row 2: all of it is taken as texts', words=words)
    learned('target "y": 3 rows have none and are left out; the first is row 2', words=("--task", "regress"))
    write("x,z,y\n" + rows(120, lambda i: (i, i % 7, "U" if i % 40 == 1 else i * 1.5)))
    learned('column "y": 3 cells are no number and taken as missing')
    print("ok headers twice, mixed types, labels that are numbers but for some")

    write("x,z,y\n" + rows(100, lambda i: (infinite.get(i, i), i % 7, "ab"[i % 2])))
    learned('column "x": 4 numbers are infinite or beyond 3.4e38 and taken as missing; the first is in row 6')
    write("x,z,y\n" + rows(100, lambda i: (i, i % 7, "inf" if i == 3 else i * 1.5)))
    learned('target "y": 1 row has none', words=("--task", "regress"))
    write("x,z,y\n" + rows(100, lambda i: (1e38 * (i % 3 - 1), 1e-40 * i, i * 1e30)))
    learned(words=("--task", "regress"))
    print("ok infinities and the largest numbers")

    write("when,y\n" + rows(120, lambda i: (dates[i % 3].format(13 + i % 12, 1 + i % 12), i % 12)))
    learned("when (time)")
    write("when,y\n" + rows(120, lambda i: ("soon" if i == 50 else f"2024-{1 + i % 12}-3", i % 12)))
    learned("when (time)", 'column "when": 1 cell is no date and taken as missing; the first is "soon" in row 51')
    print("ok dates in three formats, and one that is none")

    write(b"name,z,y\n" + b"".join(b"Jos\xe9,%d,%s\nAnna,%d,b\n" % (i, b"a" if i % 3 else b"b", i) for i in range(40)))
    learned("line 2 is not UTF-8: what is not is read as Latin-1 (Windows-1252)")
    write("name,price \N{EURO SIGN},y\n".encode() + b"".join(b"Jos\xe9 \x96 \x80,%d,%s\n\xc3\xa9,%d,b\n" % (i, b"a" if i % 3 else b"b", i) for i in range(40)))
    learned("line 2 is not UTF-8")  # some lines are, some came from elsewhere
    done = gyre("data", "profile", "bad.csv")
    for name in ("price \N{EURO SIGN}", "Jos\N{LATIN SMALL LETTER E WITH ACUTE} \N{EN DASH} \N{EURO SIGN}", "\N{LATIN SMALL LETTER E WITH ACUTE}"):
        assert name in done.stdout, (name, done)
    write(b"\x00\x01\x02\x03,\xff\xfe\n\x00\x00")
    refused("bad.csv")
    write("x,z,y\n" + rows(30, good) + "1,2\n" + rows(30, good) + "1,2,a,4\n" + '1,"2,a\n')
    learned("line 32 is left out: it has too few cells", "line 63 is left out: it has too many cells")
    write("x,z,y\r\n" + "".join(f"{i},{i % 7},{'ab'[i % 2]},\r\n" for i in range(60)))
    learned('column 4 has no name: it is taken as "column4"', 'column "column4" is left out: it has no value in any row')
    print("ok bytes that are no text, broken lines, a divider at the end of each")

    write("x,y\n" + "".join(json.dumps({"x": 1}) + "\n" for _ in range(3)))
    assert gyre("train", "table", "bad.csv", "--target", "y").returncode != 0
    write('{"x": 1, "y": "a"}\n{"x": 2, "y":\n', "bad.jsonl")
    done = gyre("train", "table", "bad.jsonl", "--target", "y")
    assert done.returncode != 0 and "bad.jsonl cannot be read" in done.stderr and "line 3" in done.stderr, done.stderr
    write("x,z,y\n" + rows(100, good))
    for words, part in ((("--learner", "nobody"), 'there is no learner "nobody"'), (("--set", "rounds=0"), "rounds"),
                        (("--set", "nothing=1"), "nothing"), (("--types", "x=colour"), 'no column type "colour"'),
                        (("--types", "w=number"), 'has no column "w"'), (("--leave-out", "w"), 'has no column "w"'),
                        (("--weight", "w"), 'has no column "w"'), (("--learner", "linear", "--fill", "keep"), "holes")):
        refused(part, words=words)
    refused("cannot regress", target="x", words=("--learner", "naive-bayes"))
    print("ok wrong options")

    for learner in [one["name"] for one in json.loads(gyre("--json", "learners").stdout)]:
        write("x,z,c,y\n" + rows(30, lambda i: ("" if i % 4 == 0 else i % 5 * 1e30, random.random(), "uvw"[i % 3] if i % 5 else "", "abcd"[i % 4])))
        learned(learners=(learner,))
    print("ok every learner with few rows, holes and large numbers")

    width = 5000
    write(",".join(f"c{i}" for i in range(width)) + ",y\n" + rows(60, lambda r: [*((i * 7 + r * 13) % 101 for i in range(width)), "ab"[r % 2]]))
    learned(learners=("lightgbm",))
    print("ok 5,000 columns")
